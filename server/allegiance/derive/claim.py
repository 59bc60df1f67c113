"""One claim as a reader wants it: what it says, how, on whose word, and where."""

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Store, Triple

from allegiance.derive.names import value, values
from allegiance.names import DEF, OA
from allegiance.texts import Source, Span, sources


@dataclass(frozen=True, slots=True)
class Passage:
    """A cited span of a text.

    source: IRI of the text; slug: the last part of it.
    span: code points of the whole text; sha256: digest of the span.
    sentences: IRIs of the sentences that it touches, in order.
    """

    source: str
    slug: str
    span: Span
    sha256: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """A claim; all but the gloss are IRIs, empty where the graph does not say.

    dimensions: (property, value) pairs, in the order of the definition of a factual claim.
    according_to: the nested sources.
    """

    iri: str
    situation: str
    gloss: str
    dimensions: tuple[tuple[str, str], ...]
    voice: str
    according_to: tuple[str, ...]
    part: str
    passages: tuple[Passage, ...]


class Claims:
    """Reads claims from a closed graph.

    store: the graph. asserted: the triples that describe the sources.
    dimensions: the properties that are shown, in order.
    """

    def __init__(
        self, store: Store, asserted: Iterable[Triple], dimensions: tuple[NamedNode, ...]
    ) -> None:
        self._store = store
        self._sources = {source.iri: source for source in sources(asserted)}
        self._dimensions = dimensions

    def about(self, situation: NamedNode) -> tuple[NamedNode, ...]:
        """Return the claims on a situation, in order of IRI."""
        found = self._store.quads_for_pattern(None, NamedNode(f"{DEF}claims"), situation, None)
        subjects = {quad.subject for quad in found if isinstance(quad.subject, NamedNode)}
        return tuple(sorted(subjects, key=str))

    def read(self, claim: NamedNode) -> ClaimRecord:
        """Return what the graph says of a claim."""
        dimensions = (
            (dimension.value, chosen)
            for dimension in self._dimensions
            for chosen in self._iris(claim, dimension)
        )
        # evidence-2 comes before evidence-10.
        evidence = sorted(self._iris(claim, _def("evidence")), key=lambda iri: (len(iri), iri))
        return ClaimRecord(
            claim.value,
            self._iri(claim, _def("claims")),
            self._text(claim, _def("gloss")),
            tuple(dimensions),
            self._iri(claim, _def("voice")),
            tuple(self._iris(claim, _def("accordingTo"))),
            self._iri(claim, _def("assertedIn")),
            tuple(self._passage(NamedNode(iri)) for iri in evidence),
        )

    def _passage(self, evidence: NamedNode) -> Passage:
        text = self._iri(evidence, NamedNode(f"{OA}hasSource"))
        selector = value(self._store, evidence, NamedNode(f"{OA}hasSelector"))
        span = Span(
            self._number(selector, NamedNode(f"{OA}start")),
            self._number(selector, NamedNode(f"{OA}end")),
        )
        source = self._sources.get(text)
        return Passage(
            text,
            text.rstrip("/").rpartition("/")[2],
            span,
            self._text(evidence, _def("sha256")),
            _touched(source, span) if source else (),
        )

    def _iris(self, subject: NamedNode, predicate: NamedNode) -> list[str]:
        found = values(self._store, subject, predicate)
        return [term.value for term in found if isinstance(term, NamedNode)]

    def _iri(self, subject: NamedNode, predicate: NamedNode) -> str:
        return next(iter(self._iris(subject, predicate)), "")

    def _text(self, subject: NamedNode, predicate: NamedNode) -> str:
        found = value(self._store, subject, predicate)
        return found.value if isinstance(found, Literal) else ""

    def _number(self, subject: object, predicate: NamedNode) -> int:
        text = self._text(subject, predicate) if isinstance(subject, NamedNode) else ""
        return int(text) if text.isdecimal() else 0


def _touched(source: Source, span: Span) -> tuple[str, ...]:
    return tuple(
        sentence.iri
        for sentence in source.sentences
        if sentence.span.start < span.end and span.start < sentence.span.end
    )


def _def(name: str) -> NamedNode:
    return NamedNode(f"{DEF}{name}")
