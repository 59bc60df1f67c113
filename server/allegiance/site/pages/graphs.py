"""The pages of the named graphs: what each holds, how much, and how to get it."""

from pyoxigraph import Literal, NamedNode, Triple

from allegiance.names import DCTERMS, GRAPHS, RDF, RDFS, XSD
from allegiance.site.ask import iri as written
from allegiance.site.graph import Graph
from allegiance.site.page import Page, Site

VOID = "http://rdfs.org/ns/void#"

HOLDS = {
    "ontology": "The terms, their axioms and the value sets.",
    "facts": "Entities, situations and claims, as people wrote them.",
    "sources": "The texts, their parts and their sentences, as spans with digests.",
    "links": "Links from our entities to those of others.",
    "shapes": "What the asserted data must conform to, as SHACL.",
    "direct": "The edges: plain triples derived from factual claims.",
    "derivation": "For each edge its rule, its claims and the claims set against it.",
    "inferred": "What the ontology adds to all that.",
    "reifiers": "Ties each derivation node to its edge, in RDF 1.2.",
}


def named_graph(site: Site, iri: str) -> Page | None:
    """Return the page of a named graph, or None when there is no such graph."""
    name = iri.rpartition("/")[2]
    if name not in GRAPHS or iri != f"{site.settings.base}graph/{name}":
        return None
    query = f"SELECT (COUNT(*) AS ?count) WHERE {{ GRAPH {written(iri)} {{ ?s ?p ?o }} }}"
    count = site.ask.answer(query).rows[0][0]
    size = count.value if isinstance(count, Literal) else "0"
    node = NamedNode(iri)
    graph = Graph(
        (
            Triple(node, NamedNode(RDF + "type"), NamedNode(VOID + "Dataset")),
            Triple(node, NamedNode(RDFS + "label"), Literal(name, language="en")),
            Triple(node, NamedNode(DCTERMS + "description"), Literal(HOLDS[name], language="en")),
            Triple(node, NamedNode(DCTERMS + "license"), NamedNode(site.settings.licence)),
            Triple(
                node,
                NamedNode(VOID + "triples"),
                Literal(size, datatype=NamedNode(XSD + "integer")),
            ),
        )
    )
    whole = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH {written(iri)} {{ ?s ?p ?o }} }}"
    return Page(
        "graph.html",
        f"Graph “{name}”",
        site.names(graph),
        iri,
        graph,
        {"name": name, "holds": HOLDS[name], "size": int(size), "query": whole, "all": GRAPHS},
    )
