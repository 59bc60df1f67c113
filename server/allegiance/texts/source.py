"""A source as the graph describes it: the text's digest, its parts and its sentences."""

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from allegiance.names import DCTERMS, DEF, OA, RDF


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Code points ``start`` to ``end`` of a whole text; 0-based, end excluded."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text with one author and genre; all IRIs."""

    iri: str
    span: Span
    genre: str
    author: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence: which part it is of, its digest, what it says in the project's own words.

    states_nothing: why no claim cites it; empty when claims do.
    """

    iri: str
    part: str
    span: Span
    sha256: str
    paraphrase: str
    states_nothing: str


@dataclass(frozen=True, slots=True)
class Source:
    """A source text: digest and length of the whole, parts and sentences in its order."""

    iri: str
    title: str
    sha256: str
    length: int
    language: str
    parts: tuple[Part, ...]
    sentences: tuple[Sentence, ...]

    @property
    def slug(self) -> str:
        """The last part of its IRI; the text's file is ``<slug>.txt``."""
        return self.iri.rstrip("/").rpartition("/")[2]


def sources(triples: Iterable[Triple]) -> tuple[Source, ...]:
    """Return the sources that the triples describe, in order of IRI.

    What a description lacks is left empty or 0: saying so is the work of the shapes.
    """
    values: dict[tuple[str, str], list[str]] = {}
    kinds: dict[str, list[str]] = {}
    for triple in triples:
        if not isinstance(triple.subject, NamedNode):
            continue
        if not isinstance(triple.object, Literal | NamedNode):
            continue
        subject, predicate, value = (
            triple.subject.value,
            triple.predicate.value,
            triple.object.value,
        )
        values.setdefault((subject, predicate), []).append(value)
        if predicate == RDF + "type":
            kinds.setdefault(value, []).append(subject)

    def one(subject: str, predicate: str) -> str:
        return next(iter(values.get((subject, predicate), ())), "")

    def number(subject: str, predicate: str) -> int:
        value = one(subject, predicate)
        # No text is so long that a place in it has more digits.
        return int(value) if value.isdecimal() and len(value) < 16 else 0

    def span(subject: str) -> Span:
        position = one(subject, OA + "hasSelector")
        return Span(number(position, OA + "start"), number(position, OA + "end"))

    parts: dict[str, list[Part]] = {}
    for iri in kinds.get(DEF + "Part", ()):
        part = Part(iri, span(iri), one(iri, DCTERMS + "type"), one(iri, DCTERMS + "creator"))
        parts.setdefault(one(iri, DCTERMS + "isPartOf"), []).append(part)
    sentences: dict[str, list[Sentence]] = {}
    for iri in kinds.get(DEF + "Sentence", ()):
        sentence = Sentence(
            iri,
            one(iri, DCTERMS + "isPartOf"),
            span(iri),
            one(iri, DEF + "sha256"),
            one(iri, DEF + "paraphrase"),
            one(iri, DEF + "statesNothing"),
        )
        sentences.setdefault(sentence.part, []).append(sentence)

    def source(iri: str) -> Source:
        own = sorted(parts.get(iri, ()), key=lambda part: part.span)
        return Source(
            iri,
            one(iri, DCTERMS + "title"),
            one(iri, DEF + "sha256"),
            number(iri, DEF + "length"),
            one(iri, DCTERMS + "language"),
            tuple(own),
            tuple(
                sorted(
                    (sentence for part in own for sentence in sentences.get(part.iri, ())),
                    key=lambda sentence: sentence.span,
                )
            ),
        )

    return tuple(source(iri) for iri in sorted(kinds.get(DEF + "SourceText", ())))
