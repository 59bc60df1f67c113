"""A page's graph in other formats, chosen by ``Accept`` or by ``?format=``."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyoxigraph import Triple
from werkzeug.datastructures import MIMEAccept

from allegiance.site.graph import Graph
from allegiance.turtle import to_rdflib

HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Format:
    """A format of graphs: its name in ``?format=``, how links call it, its media type."""

    name: str
    label: str
    media: str
    rdflib: str


GRAPHS = (
    Format("ttl", "Turtle", "text/turtle", "turtle"),
    Format("nt", "N-Triples", "application/n-triples", "nt"),
    Format("rdf", "RDF/XML", "application/rdf+xml", "xml"),
    Format("jsonld", "JSON-LD", "application/ld+json", "json-ld"),
)
"""https://www.w3.org/TR/turtle/, …/n-triples/, …/rdf-syntax-grammar/, …/json-ld11/"""

TABLES = {"csv": "CSV", "json": "JSON", "xml": "XML", "tsv": "TSV"}
"""What the endpoint calls formats of rows in ``?format=``, and how links call them."""


def choose(accept: MIMEAccept, asked: str | None) -> Format | str | None:
    """Return the format to answer in, ``HTML``, or None when none is acceptable.

    asked: the value of ``?format=``; it goes before ``Accept``.
    """
    if asked is not None:
        return next((format for format in GRAPHS if format.name == asked), None)
    if not accept:
        return HTML
    media = accept.best_match([HTML, *(format.media for format in GRAPHS)])
    return next((format for format in GRAPHS if format.media == media), media)


def serialize(graph: Graph, format: Format, prefixes: Mapping[str, str]) -> bytes:
    """Return a graph in a format, without triples that hold triple terms (RDF 1.2).

    Raises ValueError when the format cannot write it: RDF/XML has no name for some properties.
    """
    plain = to_rdflib(
        triple
        for triple in graph.triples
        if not isinstance(triple.object, Triple) and not isinstance(triple.subject, Triple)
    )
    for prefix, namespace in prefixes.items():
        plain.bind(prefix, namespace)
    if format.rdflib == "json-ld":
        text = plain.serialize(format=format.rdflib, auto_compact=True)
    else:
        text = plain.serialize(format=format.rdflib)
    return text.encode("utf-8")
