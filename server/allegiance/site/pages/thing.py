"""The page of anything else that the graph describes, such as the author of a text."""

from pyoxigraph import NamedNode

from allegiance.names import RDF
from allegiance.site.ask import iri as written
from allegiance.site.page import Page, Site
from allegiance.site.reading import STATED


def thing(site: Site, iri: str) -> Page | None:
    """Return what is said of a thing and where it is named, or None when nothing is."""
    node = written(iri)
    graph = site.ask.graph(
        f"{{ VALUES ?s {{ {node} }} ?s ?p ?o }} UNION "
        f"{{ SELECT ?s ?p ({node} AS ?o) WHERE {{ ?s ?p {node} }} ORDER BY ?s LIMIT 100 }}",
        *STATED,
    )
    if iri not in graph:
        return None
    names = site.names(graph, (RDF + "type",))
    return Page(
        "thing.html",
        names.text(iri),
        names,
        iri,
        graph,
        {
            "about": sorted(graph.about(iri).items()),
            "uses": [triple for triple in graph.triples if triple.subject != NamedNode(iri)],
        },
    )
