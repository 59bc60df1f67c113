"""Literals that a store would write in another way, or that have no value in their datatype."""

import re
from collections.abc import Iterator

import pyoxigraph
from pyoxigraph import Literal, NamedNode, Quad

from allegiance.check.dataset import Loaded
from allegiance.check.shacl import quiet
from allegiance.findings import Finding, Place, Severity
from allegiance.names import RDF, XSD
from allegiance.turtle import Document

_THING = NamedNode("urn:allegiance:literal")

# What can hold a sign of a string without being one comes first; then a string with its tag.
_TAGGED = re.compile(
    r"""<[^<>"{}|^`\\\s]*>|\#[^\n]*|
    (?:\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}|
    "(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')(?P<tag>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)?""",
    re.VERBOSE | re.DOTALL,
)


def literals(loaded: Loaded) -> Iterator[Finding]:
    """Yield a finding for each literal that a store rewrites (S35) or that has no value."""
    for _, document in loaded.documents:
        yield from _rewritten(document)
        yield from _upper_case(document)


def _rewritten(document: Document) -> Iterator[Finding]:
    store = pyoxigraph.Store()
    known: dict[Literal, Literal] = {}
    wrong: dict[Literal, bool] = {}
    for index, triple in enumerate(document.triples):
        said = triple.object
        if not isinstance(said, Literal):
            continue
        if said not in known:
            quad = Quad(_THING, _THING, said)
            store.add(quad)
            known[said] = next(
                (back.object for back in store if isinstance(back.object, Literal)), said
            )
            store.clear()
            wrong[said] = known[said] == said and _ill_typed(said)
        node = triple.subject.value if isinstance(triple.subject, NamedNode) else None
        if wrong[said]:
            yield Finding(
                "literal-of-no-value",
                Severity.ERROR,
                f"{_written(document, said)} is not written as a literal of its datatype is",
                "mend the value or the datatype",
                document.place(index, said),
                node,
            )
        if known[said] != said:
            yield Finding(
                "S35",
                Severity.ERROR,
                f"a store would rewrite {_written(document, said)}"
                f" as {_written(document, known[said])}",
                f"write {_written(document, known[said])}, so that what is checked is served",
                document.place(index, said),
                node,
            )


def _ill_typed(literal: Literal) -> bool:
    """Say whether a literal has no value in its datatype, such as ``"abc"^^xsd:integer``."""
    if literal.datatype.value in (XSD + "string", RDF + "langString"):
        return False
    from rdflib import Literal as Value
    from rdflib import URIRef

    with quiet():
        return bool(Value(literal.value, datatype=URIRef(literal.datatype.value)).ill_typed)


def _written(document: Document, literal: Literal) -> str:
    datatype = literal.datatype.value
    if datatype.startswith(XSD):
        return f'"{literal.value}"^^xsd:{datatype[len(XSD) :]}'
    return f'"{literal.value}"^^{document.shorten(datatype)}'


def _upper_case(document: Document) -> Iterator[Finding]:
    # The parser turns language tags into lower case, so they are looked for in the file.
    text = "\n".join(document.source)
    for match in _TAGGED.finditer(text):
        tag = match["tag"]
        if tag and tag != tag.lower():
            at = match.start("tag")
            line = text.count("\n", 0, at) + 1
            yield Finding(
                "S35",
                Severity.ERROR,
                f"a store would rewrite the language tag {tag} as {tag.lower()}",
                f"write {tag.lower()}",
                Place(document.name, line, at - text.rfind("\n", 0, at)),
            )
