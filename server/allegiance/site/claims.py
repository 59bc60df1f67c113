"""Claims and edges as a page shows them, made from the graph that ``reading.describe`` gives."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from allegiance.names import CONCEPT, DCTERMS, DEF, OA, PROV, RDF
from allegiance.site.graph import Graph, Term
from allegiance.site.passages import Passage, Texts
from allegiance.site.vocabulary import Vocabulary

DIMENSIONS = ("polarity", "certainty", "modality", "claimKind", "timeframe")
"""How a claim is made, in the order in which it is told."""

PLAIN = {
    "polarity": "affirmative",
    "certainty": "certain",
    "modality": "actual",
    "claimKind": "report",
    "timeframe": "current",
}
"""What each dimension is when a claim can give an edge."""

WORDS = {
    "negative": "denied",
    "probable": "only probable",
    "possible": "only possible",
    "uncommitted": "left open",
    "intended": "only intended",
    "required": "only required",
    "offered": "only offered",
    "hypothetical": "only supposed",
    "evaluation": "the author’s evaluation",
    "forecast": "a forecast",
    "past": "past only",
    "recentPast": "recent past only",
    "future": "yet to come",
}
"""What a page says of a claim that is not plain in one dimension."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place in a text: code points ``start`` to ``end`` of the source, and their digest.

    sentences: IRIs of the sentences that it lies in, in the order of the text.
    """

    iri: str
    source: str
    start: int
    end: int
    sha256: str
    sentences: tuple[str, ...]
    passage: Passage


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim: what it says, how, on whose word and where. Texts but ``gloss`` are IRIs.

    said: in words, each way in which it is not a plain, present fact; empty when it is one.
    """

    iri: str
    gloss: str
    situation: str
    kinds: tuple[str, ...]
    said: tuple[str, ...]
    dimensions: tuple[tuple[str, str], ...]
    voice: str
    according: tuple[str, ...]
    contrasts: tuple[str, ...]
    alternatives: tuple[str, ...]
    part: str
    source: str
    genre: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A derived edge with claims it was derived from, and all those set against it.

    total: how many claims it was derived from, shown or not.
    """

    iri: str
    subject: str
    property: str
    object: str
    rules: tuple[str, ...]
    claims: tuple[Claim, ...]
    against: tuple[Claim, ...]
    total: int


def claim(graph: Graph, texts: Texts, vocabulary: Vocabulary, iri: str) -> Claim:
    """Return a claim; what its description lacks is left empty."""
    situation = graph.iri(iri, DEF + "claims")
    dimensions = tuple(
        (DEF + name, value) for name in DIMENSIONS for value in graph.iris(iri, DEF + name)[:1]
    )
    part = graph.iri(iri, DEF + "assertedIn")
    evidence = tuple(
        place(graph, texts, part, node) for node in sorted(graph.iris(iri, DEF + "evidence"))
    )
    return Claim(
        iri=iri,
        gloss=graph.text(iri, DEF + "gloss"),
        situation=situation,
        kinds=tuple(graph.iris(situation, RDF + "type")) if situation else (),
        said=tuple(_said(vocabulary, dimensions)),
        dimensions=dimensions,
        voice=graph.iri(iri, DEF + "voice"),
        according=tuple(graph.iris(iri, DEF + "accordingTo")),
        contrasts=_both_ways(graph, iri, "contrastsWith"),
        alternatives=_both_ways(graph, iri, "alternativeTo"),
        part=part,
        source=graph.iri(part, DCTERMS + "isPartOf") if part else "",
        genre=graph.iri(part, DCTERMS + "type") if part else "",
        evidence=evidence,
    )


def place(graph: Graph, texts: Texts, part: str, node: str) -> Evidence:
    """Return one piece of evidence with the words of the sentences that it lies in."""
    source = graph.iri(node, OA + "hasSource")
    sha256 = graph.text(node, DEF + "sha256")
    start, end = span(graph, node)
    sentences = (
        sorted(
            (span(graph, sentence), sentence)
            for sentence in graph.named(DCTERMS + "isPartOf", part)
            if overlap(span(graph, sentence), (start, end))
        )
        if part
        else []
    )
    around = (
        min([start, *(place[0] for place, _ in sentences)]),
        max([end, *(place[1] for place, _ in sentences)]),
    )
    passage = texts.passage(source, [(start, end)], around, (start, end), sha256)
    names = tuple(sentence for _, sentence in sentences)
    return Evidence(node, source, start, end, sha256, names, passage)


def span(graph: Graph, node: str) -> tuple[int, int]:
    """Return the code points that a node's selector names; (0, 0) when it names none."""
    selector = graph.iri(node, OA + "hasSelector")
    if not selector:
        return (0, 0)
    return (graph.number(selector, OA + "start") or 0, graph.number(selector, OA + "end") or 0)


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Return whether two spans share a code point."""
    return one[0] < other[1] and one[1] > other[0]


def edge(graph: Graph, texts: Texts, vocabulary: Vocabulary, iri: str) -> Edge:
    """Return a derived edge with the claims behind it that the graph describes.

    Every claim that is set against it must be among those.
    """

    def claims(prop: str) -> tuple[Claim, ...]:
        return tuple(
            claim(graph, texts, vocabulary, node)
            for node in sorted(graph.iris(iri, prop))
            if node in graph
        )

    return Edge(
        iri=iri,
        subject=graph.iri(iri, RDF + "subject"),
        property=graph.iri(iri, RDF + "predicate"),
        object=graph.iri(iri, RDF + "object"),
        rules=tuple(graph.iris(iri, DEF + "rule")),
        claims=claims(PROV + "wasDerivedFrom"),
        against=claims(DEF + "setAgainst"),
        total=len(graph.iris(iri, PROV + "wasDerivedFrom")),
    )


def both_ways(
    edges: Iterable[Edge], symmetric: Callable[[str], bool], first: str = ""
) -> tuple[Edge, ...]:
    """Return edges with the two directions of a symmetric relation as one.

    The one keeps every claim for and against either direction. first: the IRI that is to be its
    subject where it can be.
    """
    found: dict[tuple[str, frozenset[str]], Edge] = {}
    for edge in edges:
        ends = frozenset((edge.subject, edge.object))
        key = (edge.property if symmetric(edge.property) else edge.iri, ends)
        other = found.get(key)
        if other is None:
            found[key] = edge
            continue
        kept = edge if edge.subject == first else other
        found[key] = replace(
            kept,
            claims=tuple(dict.fromkeys((*other.claims, *edge.claims))),
            against=tuple(dict.fromkeys((*other.against, *edge.against))),
        )
    return tuple(found.values())


def roles(graph: Graph, node: str) -> list[tuple[str, list[Term]]]:
    """Return property → values of a situation, without its types and labels, in order."""
    return sorted(
        (prop, values)
        for prop, values in graph.about(node).items()
        if prop.startswith(DEF) and prop != DEF + "claims"
    )


def _said(vocabulary: Vocabulary, dimensions: tuple[tuple[str, str], ...]) -> list[str]:
    said = []
    for prop, value in dimensions:
        name, word = prop.removeprefix(DEF), value.removeprefix(CONCEPT)
        if PLAIN.get(name) == word:
            continue
        label = vocabulary.label(value)
        said.append(WORDS.get(word) or (label.value if label else word))
    return said


def _both_ways(graph: Graph, node: str, name: str) -> tuple[str, ...]:
    return tuple(sorted({*graph.iris(node, DEF + name), *graph.named(DEF + name, node)}))
