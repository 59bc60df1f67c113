"""Lints: shapes that need the words, run where the text is the one that was read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files

import pyoxigraph
from pyoxigraph import Literal, NamedNode, Triple

from allegiance.check.citation import Citation, citations
from allegiance.check.dataset import ASSERTED, Loaded
from allegiance.check.places import Places
from allegiance.check.shacl import validate
from allegiance.check.shapes import findings
from allegiance.findings import Finding
from allegiance.names import DCTERMS, DEF, OA, RDF, SKOS
from allegiance.texts import Text

_EXACT = NamedNode(OA + "exact")
_LANGUAGE = NamedNode(DCTERMS + "language")
_REFERENCES = NamedNode(DCTERMS + "references")
_STATE = NamedNode(DEF + "State")
_TYPE = NamedNode(RDF + "type")
_OTHER_NAMES = (NamedNode(SKOS + "altLabel"), NamedNode(SKOS + "hiddenLabel"))


def lints(loaded: Loaded, texts: Mapping[str, Text], places: Places) -> Iterator[Finding]:
    """Yield a warning for each claim whose words and dimensions do not seem to fit.

    texts: source IRI → text, for the texts whose digest was proved.
    """
    if texts:
        triples = loaded.triples(*ASSERTED)
        worded = triples + with_words(triples, texts)
        yield from findings(validate(worded, lint_shapes()), places)


def lint_shapes() -> tuple[Triple, ...]:
    """Return the lints, which travel with the program: they hold for any text in English."""
    data = (files("allegiance.check") / "lints.ttl").read_bytes()
    return tuple(
        quad.triple
        for quad in pyoxigraph.parse(
            data, format=pyoxigraph.RdfFormat.TURTLE, rename_blank_nodes=True
        )
    )


def with_words(triples: Sequence[Triple], texts: Mapping[str, Text]) -> tuple[Triple, ...]:
    """Return what the lints see besides the triples; it is never written to a file.

    The selector of a claim's first span has the words under ``oa:exact``; and a claim whose
    words name a state otherwise than by its preferred label, as by its capital, has that state
    under ``dcterms:references``. Only claims of texts in English have words here.
    """
    english = {
        triple.subject.value
        for triple in triples
        if isinstance(triple.subject, NamedNode)
        and triple.predicate == _LANGUAGE
        and isinstance(triple.object, Literal)
        and triple.object.value.split("-")[0] == "en"
    }
    other_names = tuple(_other_names(triples))
    found: list[Triple] = []
    for citation in citations(triples):
        words = _words(citation, texts) if citation.source in english else None
        if words is not None:
            found.append(Triple(NamedNode(citation.selector), _EXACT, Literal(words)))
            for state, name in other_names:
                if re.search(rf"\b{re.escape(name)}\b", words):
                    found.append(Triple(NamedNode(citation.claim), _REFERENCES, state))
    return tuple(dict.fromkeys(found))


def _words(citation: Citation, texts: Mapping[str, Text]) -> str | None:
    text = texts.get(citation.source)
    if text is None or citation.span is None or not citation.evidence.endswith("/evidence-1"):
        return None
    return text.words[citation.span.start : citation.span.end]


def _other_names(triples: Sequence[Triple]) -> Iterator[tuple[NamedNode, str]]:
    states = {t.subject for t in triples if t.predicate == _TYPE and t.object == _STATE}
    named: dict[str, set[NamedNode]] = {}
    for subject, predicate, value in triples:
        if predicate not in _OTHER_NAMES or subject not in states:
            continue
        if isinstance(subject, NamedNode) and isinstance(value, Literal):
            named.setdefault(value.value, set()).add(subject)
    # A name that two states share does not say which of them is meant.
    yield from ((min(who, key=str), name) for name, who in named.items() if len(who) == 1)
