"""Terms that are used but declared nowhere, as a misspelt name is, or used as what they are not."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from pyoxigraph import NamedNode, Triple

from allegiance.check.dataset import Loaded
from allegiance.check.sparql_text import names
from allegiance.findings import Finding, Place, Severity
from allegiance.folder import Folder
from allegiance.names import CONCEPT, DEF, OWL, RDF, RDFS, SH, VOCABULARY, XSD
from allegiance.names import prefixes as prefixes_of
from allegiance.turtle import Document

_DATA = ("facts", "sources", "links")
_LANGUAGE = (OWL, RDF, RDFS, SH, XSD)
"""Vocabularies that RDF, OWL and SHACL bring with them; every other is declared in the folder."""

_CLASSES = frozenset({OWL + "Class", RDFS + "Class"})
_PROPERTIES = frozenset(
    [OWL + kind + "Property" for kind in ("Annotation", "Datatype", "Object")] + [RDF + "Property"]
)
_VERSION = NamedNode(OWL + "versionIRI")
_TYPE = NamedNode(RDF + "type")


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the files describe: IRI → the IRIs of its types. ``own``: what must be described."""

    types: dict[str, set[str]]
    own: tuple[str, ...]
    graphs: tuple[str, ...]

    def lacks(self, iri: str) -> bool:
        return iri not in self.types and not iri.startswith(self.graphs)

    def is_a(self, iri: str, kinds: frozenset[str]) -> bool:
        return iri.startswith(_LANGUAGE) or bool(self.types.get(iri, set()) & kinds)


def terms(loaded: Loaded) -> Iterator[Finding]:
    """Yield a finding for each term that a file uses and none describes.

    Looked at: what lies under the folder's base or under the vocabulary, wherever it stands,
    in the questions too; and every property and class of facts, sources and links, which also
    has to be a property or a class. To describe a thing is to give it a type.
    """
    base = loaded.folder.base
    declared = _Declared(
        _types(loaded.documents),
        (base, DEF, CONCEPT, VOCABULARY + "shape/"),
        (base + "graph/", VOCABULARY + "graph/"),
    )
    for graph, document in loaded.documents:
        yield from _in_document(document, declared, graph in _DATA)
    yield from _in_questions(loaded.folder, declared)


def _types(documents: Iterable[tuple[str, Document]]) -> dict[str, set[str]]:
    types: dict[str, set[str]] = {}
    for graph, document in documents:
        for triple in document.triples:
            if isinstance(triple.subject, NamedNode):
                if triple.predicate == _TYPE and isinstance(triple.object, NamedNode):
                    types.setdefault(triple.subject.value, set()).add(triple.object.value)
                elif graph == "shapes":
                    # What holds the prefixes of queries needs no type.
                    types.setdefault(triple.subject.value, set())
    return types


def _in_document(document: Document, declared: _Declared, data: bool) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for index, triple in enumerate(document.triples):
        for term in _used(triple):
            vocabulary = data and _is_vocabulary(triple, term)
            wrong = ""
            if declared.lacks(term.value):
                if term.value.startswith(declared.own) or (
                    vocabulary and not term.value.startswith(_LANGUAGE)
                ):
                    wrong = "undeclared"
            elif vocabulary:
                wrong = _misused(triple, term, declared)
            if wrong and (term.value, wrong) not in seen:
                seen.add((term.value, wrong))
                place = document.place(index, term)
                if wrong == "undeclared":
                    name = document.shorten(term.value)
                    yield _undeclared(name, term.value, place, declared, document.shorten)
                else:
                    yield Finding(
                        wrong,
                        Severity.ERROR,
                        f"{document.shorten(term.value)} is used as a"
                        f" {wrong.removeprefix('no-')} here, but is none",
                        "mend the name, or declare it in the ontology",
                        place,
                        term.value,
                    )
        if data and triple.predicate == _TYPE and not isinstance(triple.object, NamedNode):
            yield Finding(
                "no-class",
                Severity.ERROR,
                "the type of a thing is a class, written as an IRI",
                "name a class of the ontology",
                document.place(index, triple.object),
                triple.subject.value if isinstance(triple.subject, NamedNode) else None,
            )


def _used(triple: Triple) -> Iterator[NamedNode]:
    if triple.predicate != _VERSION:
        for term in triple:
            if isinstance(term, NamedNode):
                yield term


def _is_vocabulary(triple: Triple, term: NamedNode) -> bool:
    return term == triple.predicate or (triple.predicate == _TYPE and term == triple.object)


def _misused(triple: Triple, term: NamedNode, declared: _Declared) -> str:
    if term == triple.predicate:
        return "" if declared.is_a(term.value, _PROPERTIES) else "no-property"
    return "" if declared.is_a(term.value, _CLASSES) else "no-class"


def _in_questions(folder: Folder, declared: _Declared) -> Iterator[Finding]:
    prefixes = prefixes_of(folder.base)
    # Edges are derived, so no file describes their nodes.
    derived = folder.base + "edge/"

    def shorten(iri: str) -> str:
        for prefix, namespace in prefixes.items():
            if iri.startswith(namespace) and "/" not in iri[len(namespace) :]:
                return f"{prefix}:{iri[len(namespace) :]}"
        return f"<{iri}>"

    for path in folder.files("queries", ".rq"):
        # What cannot be read is a finding of the questions.
        text = path.read_text("utf-8", errors="replace")
        for name in names(text):
            if not name.iri.startswith(declared.own) or name.iri.startswith(derived):
                continue
            if declared.lacks(name.iri) and name.iri not in declared.own:
                place = Place(folder.name(path), name.line, name.column)
                yield _undeclared(name.written, name.iri, place, declared, shorten)


def _undeclared(
    name: str, iri: str, place: Place, declared: _Declared, shorten: Callable[[str], str]
) -> Finding:
    close = get_close_matches(iri, declared.types, n=1, cutoff=0.85)
    if close:
        advice = f"did you mean {shorten(close[0])}? Else give {name} a type in a file"
    else:
        advice = f"mend the name, or give {name} a type in a file of the folder"
    return Finding(
        "undeclared",
        Severity.ERROR,
        f"{name} is used here, but no file says what it is",
        advice,
        place,
        iri,
    )
