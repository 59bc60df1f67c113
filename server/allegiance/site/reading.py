"""What a page about claims needs of the graph, in one query however many the claims."""

from collections.abc import Sequence

from pyoxigraph import NamedNode, Triple

from allegiance.names import RDF
from allegiance.site.ask import Ask, iri, values
from allegiance.site.graph import Graph
from allegiance.site.vocabulary import Vocabulary

STATED = ("facts", "sources", "links")
"""The graphs that people wrote, without what was derived from them."""

_SENTENCES = """
    ?claim def:assertedIn ?part ; def:evidence / oa:hasSelector ?at .
    ?at oa:start ?from ; oa:end ?to .
    ?sentence dcterms:isPartOf ?part ; oa:hasSelector ?place .
    ?place oa:start ?first ; oa:end ?last .
    FILTER (?first < ?to && ?last > ?from)
    ?sentence oa:hasSelector? ?s . ?s ?p ?o .
"""


def reach(vocabulary: Vocabulary) -> str:
    """Return the path that leads from a situation to what plays a role in it."""
    return "|".join(iri(role) for role in vocabulary.roles) or iri(RDF + "nil")


def describe(
    ask: Ask, vocabulary: Vocabulary, claims: Sequence[str], things: Sequence[str] = ()
) -> Graph:
    """Return what is said of the things, and of the claims with all that they rest on.

    That is each claim's evidence, the sentences it lies in, its part and source, its situation
    with what plays a role in it, and the claims it is set against.
    An edge's node among the things brings the edge itself.
    """
    branches = []
    if things:
        branches.append(f"{values('s', things)} ?s ?p ?o .")
    if claims:
        chosen = values("claim", claims)
        path = (
            "( def:evidence / oa:hasSelector? | def:voice"
            " | def:assertedIn / dcterms:isPartOf? / oa:hasSelector?"
            " | def:contrastsWith | ^def:contrastsWith | def:alternativeTo | ^def:alternativeTo"
            f" | def:claims / ({reach(vocabulary)})* )?"
        )
        branches.append(f"{chosen} ?claim {path} ?s . ?s ?p ?o .")
        branches.append(f"{chosen} {_SENTENCES}")
    if not branches:
        return Graph(())
    pattern = " UNION ".join(f"{{ {branch} }}" for branch in branches)
    graph = ask.graph(pattern, *STATED, "derivation")
    return Graph((*graph.triples, *_edges(graph)))


def _edges(graph: Graph) -> list[Triple]:
    edges = []
    for node in graph.named(RDF + "type", RDF + "Statement"):
        subject, prop = graph.iri(node, RDF + "subject"), graph.iri(node, RDF + "predicate")
        for value in graph.objects(node, RDF + "object"):
            edges.append(Triple(NamedNode(subject), NamedNode(prop), value))
    return edges
