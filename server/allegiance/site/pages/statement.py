"""The pages of a claim, of a situation and of an edge."""

from pyoxigraph import NamedNode

from allegiance.names import DEF, OA, RDF
from allegiance.site.ask import iri as written
from allegiance.site.claims import roles
from allegiance.site.graph import Graph, Term
from allegiance.site.page import Page, Site
from allegiance.site.pages.choice import choose
from allegiance.site.reading import reach


def claim(site: Site, iri: str) -> Page | None:
    """Return the page of a claim, or None when there is no such claim."""
    chosen = choose(site, f"VALUES ?claim {{ {written(iri)} }}", things=(iri,))
    graph = chosen.graph
    if DEF + "Claim" not in graph.iris(iri, RDF + "type"):
        return None
    names = site.names(graph)
    shown = chosen.claims[0]
    return Page(
        "claim.html",
        names.text(iri),
        names,
        iri,
        graph,
        {
            "claim": shown,
            "edges": chosen.edges,
            "given": [edge for edge in chosen.edges if iri in {c.iri for c in edge.claims}],
            "roles": roles(graph, shown.situation) if shown.situation else [],
            "nested": _nested(site, graph, shown.situation),
            "sources": {
                place.source: graph.text(place.source, DEF + "sha256") for place in shown.evidence
            },
        },
    )


def situation(site: Site, iri: str) -> Page | None:
    """Return the page of a situation, or None when the graph says nothing of it."""
    node = written(iri)
    chosen = choose(
        site,
        f"?claim def:claims {node} .",
        things=(iri,),
        more=f"?thing {reach(site.vocabulary)} {node} .",
    )
    graph = chosen.graph
    if iri not in graph:
        return None
    parents = sorted(
        (prop, parent) for prop in site.vocabulary.roles for parent in graph.named(prop, iri)
    )
    names = site.names(graph)
    return Page(
        "situation.html",
        names.text(iri),
        names,
        iri,
        graph,
        {
            "kinds": graph.iris(iri, RDF + "type"),
            "roles": roles(graph, iri),
            "nested": _nested(site, graph, iri),
            "claims": chosen.claims,
            "edges": chosen.edges,
            "parents": parents,
        },
    )


def edge(site: Site, iri: str) -> Page | None:
    """Return the page of an edge with its claims and those set against it, or None."""
    chosen = choose(
        site, f"{written(iri)} prov:wasDerivedFrom ?claim .", f"VALUES ?edge {{ {written(iri)} }}"
    )
    if not chosen.edges or iri not in chosen.graph:
        return None
    shown = chosen.edges[0]
    names = site.names(chosen.graph)
    title = " ".join(names.text(part) for part in (shown.subject, shown.property, shown.object))
    return Page("edge.html", title, names, iri, chosen.graph, {"edge": shown})


def claim_of(site: Site, iri: str) -> str:
    """Return the claim that an evidence or selector node belongs to, or the empty text."""
    owner = iri.partition("/evidence-")[0]
    known = site.ask.rows(f"{written(iri)} a ?type .", "facts", after="LIMIT 1")
    types = {OA + "SpecificResource", OA + "TextPositionSelector"}
    kinds = {getattr(row["type"], "value", "") for row in known}
    return owner if owner != iri and kinds & types else ""


def _nested(
    site: Site, graph: Graph, situation: str
) -> list[tuple[str, list[tuple[str, list[Term]]]]]:
    """Return the situations that play a role in one, at any depth, each with its own roles."""
    situations = set(site.vocabulary.situations)
    found: dict[str, list[tuple[str, list[Term]]]] = {}
    todo = [situation]
    while todo:
        for _, values in roles(graph, todo.pop()):
            for value in values:
                if not isinstance(value, NamedNode) or value.value in found:
                    continue
                # An actor has edges in this graph too, which are not shown without their claims.
                if situations & set(graph.iris(value.value, RDF + "type")):
                    found[value.value] = roles(graph, value.value)
                    todo.append(value.value)
    found.pop(situation, None)
    return [(iri, inner) for iri, inner in found.items() if inner]
