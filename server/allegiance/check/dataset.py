"""The files of a graph folder as named graphs, with all that is derived from them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyoxigraph
from pyoxigraph import NamedNode, Quad, Triple

from allegiance.derive import Clash, derive
from allegiance.errors import AllegianceError
from allegiance.findings import Finding, Place, Severity
from allegiance.folder import SETTINGS, Folder
from allegiance.turtle import Document, read

ASSERTED = ("ontology", "facts", "sources", "links")
"""The graphs that say something of the world and of words; the shapes only judge them."""

NEEDED = ("facts", "sources")
POSSIBLE = ("links",)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The parsed files of a folder, each with the name of the graph it belongs to."""

    folder: Folder
    documents: tuple[tuple[str, Document], ...]

    def triples(self, *graphs: str) -> tuple[Triple, ...]:
        """Return the triples of some graphs, in the order of the files."""
        return tuple(
            triple
            for name, document in self.documents
            if name in graphs
            for triple in document.triples
        )


@dataclass(frozen=True, slots=True)
class Dataset:
    """All statements of a graph folder, asserted and derived, by the name of their graph.

    base: the IRI that the names of the graphs start with, ``<base>graph/<name>``.
    clashes: contradictions found on the way; a dataset that has one is not worth much.
    """

    base: str
    graphs: Mapping[str, tuple[Triple, ...]]
    clashes: tuple[Clash, ...]

    def quads(self) -> Iterator[Quad]:
        """Yield each statement in its named graph; one that is in two graphs comes twice."""
        for name, triples in self.graphs.items():
            graph = NamedNode(f"{self.base}graph/{name}")
            for triple in triples:
                yield Quad(triple.subject, triple.predicate, triple.object, graph)

    def store(self) -> pyoxigraph.Store:
        """Return a store in memory; its default graph is the merge of all graphs."""
        store = pyoxigraph.Store()
        store.bulk_extend(self.quads())
        store.bulk_extend(Quad(*triple) for triples in self.graphs.values() for triple in triples)
        return store


def parse(folder: Folder) -> tuple[Loaded, tuple[Finding, ...]]:
    """Read every file of a folder; return what could be read, and what is wrong with the rest."""
    documents: list[tuple[str, Document]] = []
    findings: list[Finding] = []
    kinds = (("ontology", "ontology"), ("shapes", "shapes"), ("data", None))
    for kind, graph in kinds:
        for path in folder.files(kind):
            name = folder.name(path)
            if graph is None and path.stem not in NEEDED + POSSIBLE:
                findings.append(
                    Finding(
                        "file-of-no-graph",
                        Severity.ERROR,
                        "this file belongs to no graph, so nothing would read it",
                        "move its statements to data/facts.ttl, data/sources.ttl or data/links.ttl",
                        Place(name),
                    )
                )
                continue
            try:
                documents.append((graph or path.stem, read(path, name)))
            except AllegianceError as error:
                findings.append(_syntax(error, name))
    for stem in NEEDED:
        if not (folder.path / "data" / f"{stem}.ttl").is_file():
            findings.append(
                Finding(
                    "file-missing",
                    Severity.ERROR,
                    f"the folder has no data/{stem}.ttl",
                    "write it; allegiance new FOLDER makes a small folder to start from",
                    Place(SETTINGS),
                )
            )
    if not any(name == "shapes" for name, _ in documents):
        findings.append(
            Finding(
                "file-missing",
                Severity.WARNING,
                "the folder has no shapes, so little of its facts is checked",
                'add extends = "allegiance" to use the packaged ontology and shapes',
                Place(SETTINGS),
            )
        )
    return Loaded(folder, tuple(documents)), tuple(findings)


def _syntax(error: AllegianceError, name: str) -> Finding:
    numbers = (error.where or name).removeprefix(name).strip(":").split(":")
    line, column = ([int(n) for n in numbers if n.isdecimal()] + [None, None])[:2]
    return Finding(
        "syntax",
        Severity.ERROR,
        # The line is shown from the file, as for every other finding.
        error.what.partition("\n")[0],
        error.help or "",
        Place(name, line, column),
    )


def load(folder: Folder) -> Loaded:
    """Read every file of a folder.

    Raises AllegianceError at the first file that is missing or wrong.
    """
    loaded, findings = parse(folder)
    for finding in findings:
        if finding.severity is Severity.ERROR:
            where = str(finding.place) if finding.place else None
            raise AllegianceError(finding.message, where, finding.help)
    return loaded


def dataset(loaded: Loaded) -> Dataset:
    """Return what a folder says, with all that follows from it."""
    asserted = {name: loaded.triples(name) for name in (*ASSERTED, "shapes")}
    derived = derive(loaded.triples(*ASSERTED), loaded.folder.base)
    return Dataset(
        loaded.folder.base,
        asserted
        | {
            "direct": derived.direct,
            "derivation": derived.derivation,
            "inferred": derived.inferred,
        },
        derived.clashes,
    )
