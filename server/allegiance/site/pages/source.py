"""The page of a source: the text sentence by sentence, each with what is claimed there."""

from dataclasses import dataclass

from allegiance.names import DCTERMS, DEF, RDF
from allegiance.site.ask import iri as written
from allegiance.site.claims import Claim, claim, overlap, span
from allegiance.site.graph import Graph
from allegiance.site.page import Page, Site
from allegiance.site.passages import Passage


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: our paraphrase, the words where they are at hand, and its claims.

    start, end: code points of the source.
    """

    iri: str
    start: int
    end: int
    sha256: str
    paraphrase: str
    silent: str
    passage: Passage
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a source with its lines; IRIs but for the numbers."""

    iri: str
    genre: str
    authors: tuple[str, ...]
    start: int
    end: int
    lines: tuple[Line, ...]


def source(site: Site, iri: str) -> Page | None:
    """Return the page of a source text, or None when there is no such text."""
    node = written(iri)
    graph = site.ask.graph(
        f"{{ {node} (^dcterms:isPartOf)* / oa:hasSelector? ?s . ?s ?p ?o }}"
        f" UNION {{ {node} ^dcterms:isPartOf / ^def:assertedIn"
        " / ( def:evidence / oa:hasSelector? )? ?s . ?s ?p ?o }",
        "facts",
        "sources",
    )
    if DEF + "SourceText" not in graph.iris(iri, RDF + "type"):
        return None
    names = site.names(graph)
    parts = sorted(
        (span(graph, part), part)
        for part in graph.named(DCTERMS + "isPartOf", iri)
        if DEF + "Part" in graph.iris(part, RDF + "type")
    )
    sha256 = graph.text(iri, DEF + "sha256")
    return Page(
        "source.html",
        names.text(iri),
        names,
        iri,
        graph,
        {
            "authors": graph.objects(iri, DCTERMS + "creator"),
            "language": graph.text(iri, DCTERMS + "language"),
            "sha256": sha256,
            "length": graph.number(iri, DEF + "length"),
            "state": site.texts.state(iri, sha256),
            "parts": [_section(site, graph, iri, part) for _, part in parts],
        },
    )


def _section(site: Site, graph: Graph, source: str, part: str) -> Section:
    claims = [
        claim(graph, site.texts, site.vocabulary, node)
        for node in sorted(graph.named(DEF + "assertedIn", part))
    ]
    sentences = sorted(
        (span(graph, node), node)
        for node in graph.named(DCTERMS + "isPartOf", part)
        if DEF + "Sentence" in graph.iris(node, RDF + "type")
    )
    start, end = span(graph, part)
    lines = tuple(_line(site, graph, source, place, node, claims) for place, node in sentences)
    return Section(
        part,
        graph.iri(part, DCTERMS + "type"),
        tuple(graph.iris(part, DCTERMS + "creator")),
        start,
        end,
        lines,
    )


def _line(
    site: Site,
    graph: Graph,
    source: str,
    place: tuple[int, int],
    node: str,
    claims: list[Claim],
) -> Line:
    here = sorted(
        (claim.evidence[0].start, claim.iri, claim)
        for claim in claims
        if claim.evidence and node in claim.evidence[0].sentences
    )
    cited = [
        (evidence.start, evidence.end)
        for claim in claims
        for evidence in claim.evidence
        if overlap((evidence.start, evidence.end), place)
    ]
    sha256 = graph.text(node, DEF + "sha256")
    return Line(
        iri=node,
        start=place[0],
        end=place[1],
        sha256=sha256,
        paraphrase=graph.text(node, DEF + "paraphrase"),
        silent=graph.text(node, DEF + "statesNothing"),
        passage=site.texts.passage(source, cited, place, place, sha256),
        claims=tuple(claim for _, _, claim in here),
    )


def source_of(site: Site, iri: str) -> str:
    """Return the source that a part, a sentence or a selector lies in, or the empty text."""
    rows = site.ask.rows(
        f"{written(iri)} (^oa:hasSelector)? / dcterms:isPartOf+ ?source ."
        " ?source a def:SourceText .",
        "sources",
        after="LIMIT 1",
    )
    return getattr(rows[0]["source"], "value", "") if rows else ""


def anchor_of(iri: str) -> str:
    """Return the id on the source's page of a part, a sentence or its selector."""
    return iri.removesuffix("/position").rpartition("/")[2]
