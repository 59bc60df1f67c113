"""A store with the named graphs of a release, and readers that count what they are asked."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pyoxigraph
from pyoxigraph import NamedNode, Quad, RdfFormat, Store, Triple

from allegiance.derive import derive, reifiers
from allegiance.sparql import Readers


class Counted(Readers):
    """Readers that note the queries they pass on."""

    asked: ClassVar[list[str]] = []

    def ask(self, query: str, **how: Any) -> bytes:
        self.asked.append(query)
        return super().ask(query, **how)


def write_store(path: Path, base: str, files: dict[str, Iterable[Path]]) -> None:
    """Write a store with asserted and derived graphs, and their merge as the default graph.

    files: name of a graph → its Turtle files.
    """
    graphs: dict[str, tuple[Triple, ...]] = {
        name: tuple(
            quad.triple
            for file in paths
            for quad in pyoxigraph.parse(path=file, format=RdfFormat.TURTLE)
        )
        for name, paths in files.items()
    }
    asserted = [triple for name in graphs if name != "shapes" for triple in graphs[name]]
    derived = derive(asserted, base)
    graphs["direct"] = derived.direct
    graphs["derivation"] = derived.derivation
    graphs["inferred"] = derived.inferred
    store = Store(path)
    for name, triples in graphs.items():
        graph = NamedNode(f"{base}graph/{name}")
        for triple in triples:
            store.add(Quad(triple.subject, triple.predicate, triple.object, graph))
            store.add(Quad(triple.subject, triple.predicate, triple.object))
    reified = NamedNode(f"{base}graph/reifiers")
    for triple in reifiers(derived.derivation):
        store.add(Quad(triple.subject, triple.predicate, triple.object, reified))
    store.flush()
