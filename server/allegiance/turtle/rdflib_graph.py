"""pyoxigraph triples as an rdflib graph, for the libraries that read only those."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyoxigraph

from allegiance.names import XSD

if TYPE_CHECKING:
    import rdflib


def to_rdflib(triples: Iterable[pyoxigraph.Triple]) -> "rdflib.Graph":
    """Return the triples as an rdflib graph.

    pyoxigraph types a plain literal ``xsd:string``, rdflib leaves it untyped and holds the
    two different; so ``xsd:string`` becomes none.
    """
    from rdflib import BNode, Graph, Literal, URIRef

    def term(value: object) -> BNode | Literal | URIRef:
        if isinstance(value, pyoxigraph.NamedNode):
            return URIRef(value.value)
        if isinstance(value, pyoxigraph.BlankNode):
            return BNode(value.value)
        if not isinstance(value, pyoxigraph.Literal):
            raise TypeError(f"rdflib has no {type(value).__name__}")
        if value.language:
            return Literal(value.value, lang=value.language)
        if value.datatype.value == XSD + "string":
            return Literal(value.value)
        return Literal(value.value, datatype=URIRef(value.datatype.value), normalize=False)

    graph = Graph(bind_namespaces="none")
    for triple in triples:
        graph.add((term(triple.subject), term(triple.predicate), term(triple.object)))
    return graph
