"""A small store, with the odd terms that formats stumble over in graphs of their own."""

from pathlib import Path

from pyoxigraph import NamedNode, Quad, Store

BASE = "https://example.org/"
RELEASE = "feed" * 16
SIZE = 2000

ODD = """
PREFIX : <https://example.org/>
INSERT DATA {
  GRAPH :words { :a :says "plain", "a \\"quoted\\", comma'd \\t tab \\n line"@en, "عربي"@ar, 5, 1.5, true, "<&>" }
  GRAPH :control { :a :says "bell \\u0007" }
  GRAPH :return { :a :says "one\\rtwo" }
  GRAPH :nonames { :a <https://example.org/1/> :b }
  GRAPH :triples { :edge <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> <<( :a :p :b )>> }
}
"""  # noqa: E501

RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
ENDLESS = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


def iri(name: str) -> NamedNode:
    return NamedNode(BASE + name)


def write(path: Path) -> None:
    """Write the store: a default graph of SIZE triples, one named graph of one, and the odd."""
    store = Store(str(path))
    store.bulk_extend(
        Quad(iri(f"s{number}"), iri(f"p{number % 7}"), iri(f"s{number * 7 % SIZE}"))
        for number in range(SIZE)
    )
    store.add(Quad(iri("only"), iri("here"), iri("named"), iri("graph")))
    store.update(ODD)
    store.flush()
