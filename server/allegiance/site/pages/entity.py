"""The page of an entity: what stands between it and others, and all that is claimed of it."""

from allegiance.names import DCTERMS, DEF, OWL, PROV, RDF, SKOS
from allegiance.site.ask import iri as written
from allegiance.site.claims import Claim, both_ways
from allegiance.site.page import Page, Site
from allegiance.site.pages.choice import MOST, choose
from allegiance.site.reading import reach

MATCHES = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")


def entity(site: Site, iri: str) -> Page | None:
    """Return the page of an entity, or None when the graph says nothing of it.

    Nor has the author of a text one, unless texts speak of them.
    """
    node = written(iri)
    claims = (
        f"{{ ?claim ({reach(site.vocabulary)}|def:claims)+ {node} . ?claim a def:Claim }}"
        f" UNION {{ ?claim def:accordingTo {node} }}"
    )
    edges = f"{{ ?edge rdf:subject {node} }} UNION {{ ?edge rdf:object {node} }}"
    inside = f"?thing def:locatedIn|def:belongsTo {node} ."
    chosen = choose(site, claims, edges, (iri,), inside)
    graph = chosen.graph
    nobody = not chosen.claims and not chosen.edges
    if iri not in graph or (nobody and PROV + "Agent" in graph.iris(iri, RDF + "type")):
        return None
    names = site.names(graph)
    relations = {claim.iri for edge in chosen.edges for claim in edge.claims}
    others = [claim for claim in chosen.claims if claim.iri not in relations]
    return Page(
        "entity.html",
        names.text(iri),
        names,
        iri,
        graph,
        {
            "types": graph.iris(iri, RDF + "type"),
            "other": [*graph.objects(iri, SKOS + "altLabel")],
            "note": graph.literal(iri, SKOS + "scopeNote")
            or graph.literal(iri, SKOS + "definition")
            or graph.literal(iri, DCTERMS + "description"),
            "matches": [
                (SKOS + name, match) for name in MATCHES for match in graph.iris(iri, SKOS + name)
            ],
            "naming": [
                (DEF + name, graph.iris(iri, DEF + name))
                for name in ("belongsTo", "locatedIn")
                if graph.iris(iri, DEF + name)
            ],
            "inside": [
                (DEF + name, sorted(graph.named(DEF + name, iri)))
                for name in ("belongsTo", "locatedIn")
                if graph.named(DEF + name, iri)
            ],
            "replaced": graph.iris(iri, DCTERMS + "isReplacedBy"),
            "deprecated": graph.text(iri, OWL + "deprecated") == "true",
            "edges": both_ways(chosen.edges, site.vocabulary.symmetric, iri),
            "plain": [claim for claim in others if not claim.said and not claim.according],
            "turned": [claim for claim in others if claim.said or claim.according],
            "sources": _sources(chosen.claims),
            "total": chosen.total,
            "most": MOST,
        },
    )


def _sources(claims: tuple[Claim, ...]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for claim in claims:
        counts[claim.source] = counts.get(claim.source, 0) + 1
    return sorted((source, count) for source, count in counts.items() if source)
