"""Evidence: the digests of texts and spans, and that every sentence is accounted for."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from allegiance.check.citation import Citation, citations
from allegiance.check.dataset import Loaded
from allegiance.check.places import Places
from allegiance.errors import TextError
from allegiance.findings import Finding, Severity
from allegiance.folder import Folder
from allegiance.texts import Source, Span, Text, digest, load, sources


def evidence(
    loaded: Loaded, texts: Path | None, places: Places, proved: dict[str, Text]
) -> Iterator[Finding]:
    """Yield what is wrong with the evidence of claims and the sentences of texts.

    texts: the folder of the texts, or None where they are not at hand.
    proved: filled with source IRI → text, for each text that is the one that was read.
    """
    triples = loaded.triples("facts", "sources")
    described = sources(triples)
    cited = citations(triples)
    for source in described:
        own = tuple(citation for citation in cited if citation.source == source.iri)
        yield from _coverage(source, own, places)
        yield from _names(loaded.folder.base, source, own, places)
        try:
            text = load(texts, source.slug) if texts else None
        except TextError as error:
            yield Finding(
                "text-unreadable",
                Severity.ERROR,
                f"{error.where}: {error.what}",
                error.help or "",
                places.node(source.iri),
                source.iri,
            )
            continue
        if text is None:
            yield _missing(source, loaded.folder, texts, places)
        elif text.sha256 != source.sha256:
            yield _other_text(source, text, places)
        else:
            proved[source.iri] = text
            yield from _digests(source, own, text, places)
            yield from _letters(source, text, places)


def _missing(source: Source, folder: Folder, texts: Path | None, places: Places) -> Finding:
    looked = [texts] if texts else list(folder.texts)
    where = " and ".join(str(path / f"{source.slug}.txt") for path in looked) or "no folder"
    return Finding(
        "text-missing",
        Severity.WARNING,
        f"the text {places.short(source.iri)} is not at hand, so none of its words is proved;"
        f" looked for {where}",
        f"put the text whose SHA-256 is {source.sha256} there, or name its folder with --texts",
        places.node(source.iri),
        source.iri,
    )


def _other_text(source: Source, text: Text, places: Places) -> Finding:
    differing = [s for s in source.sentences if digest(_words(text, s.span)) != s.sha256]
    if differing:
        first = differing[0]
        seen = (
            f"; {len(differing)} of its {len(source.sentences)} sentences differ, first"
            f" {places.short(first.iri)} at code points {first.span.start} to {first.span.end}"
        )
    else:
        seen = "; its sentences are the same, so the change lies between them"
    return Finding(
        "S01",
        Severity.ERROR,
        f"{text.path} is not the text that the claims were read from: its SHA-256 is"
        f" {text.sha256}{seen}",
        f"supply the text whose SHA-256 is {source.sha256}, or read the changed one anew",
        places.node(source.iri),
        source.iri,
    )


def _words(text: Text, span: Span) -> str:
    return text.words[span.start : span.end]


def _digests(
    source: Source, cited: tuple[Citation, ...], text: Text, places: Places
) -> Iterator[Finding]:
    if source.length != len(text.words):
        yield Finding(
            "S01",
            Severity.ERROR,
            f"the text has {len(text.words)} code points, not {source.length}",
            f"write def:length {len(text.words)}",
            places.node(source.iri),
            source.iri,
        )
    spans = [(s.iri, s.iri, s.span, s.sha256, "sentence") for s in source.sentences]
    spans += [(c.evidence, c.claim, c.span, c.sha256, "evidence") for c in cited if c.span]
    for iri, node, span, sha256, kind in spans:
        actual = digest(_words(text, span))
        if span.end > len(text.words) or sha256 != actual:
            yield Finding(
                "S01",
                Severity.ERROR,
                f"the SHA-256 of this {kind} is not that of code points {span.start} to"
                f" {span.end} of the text, which is {actual}",
                "mend the start, the end or the digest, whichever is wrong",
                places.node(iri),
                node,
            )


def _letters(source: Source, text: Text, places: Places) -> Iterator[Finding]:
    """Yield the first letter or digit of each stretch of the text that no sentence covers."""
    at = 0
    for span in [*(s.span for s in source.sentences), Span(len(text.words), len(text.words))]:
        for offset in range(at, min(span.start, len(text.words))):
            if text.words[offset].isalnum():
                yield Finding(
                    "sentence-left-out",
                    Severity.ERROR,
                    f"words of the text between code points {offset} and {span.start}"
                    " lie in no sentence",
                    "describe the sentence, or widen the one beside it",
                    places.node(source.iri),
                    source.iri,
                )
                break
        at = max(at, span.end)


def _coverage(source: Source, cited: tuple[Citation, ...], places: Places) -> Iterator[Finding]:
    def finding(rule: str, message: str, advice: str, iri: str, node: str | None = None) -> Finding:
        return Finding(rule, Severity.ERROR, message, advice, places.node(iri), node or iri)

    parts = {part.iri: part.span for part in source.parts}
    previous = None
    for sentence in source.sentences:
        span = sentence.span
        if not _within(span, parts.get(sentence.part)):
            yield finding(
                "sentence-outside-part",
                "the sentence does not lie inside its part",
                "mend the start or the end of the sentence or of the part",
                sentence.iri,
            )
        if previous and span.start < previous.span.end:
            yield finding(
                "sentences-overlap",
                f"the sentence overlaps {places.short(previous.iri)}",
                "mend the start or the end of one of them",
                sentence.iri,
            )
        previous = sentence
        by = [
            c.claim for c in cited if c.part == sentence.part and c.span and _within(c.span, span)
        ]
        if not by and not sentence.states_nothing:
            yield finding(
                "sentence-uncovered",
                "no claim cites this sentence, and it is not recorded as stating nothing",
                "claim what it says, or give the reason under def:statesNothing",
                sentence.iri,
            )
        if by and sentence.states_nothing:
            yield finding(
                "sentence-states-something",
                f"the sentence is recorded as stating nothing, but {places.short(by[0])} cites it",
                "take out def:statesNothing, or let the claim cite another sentence",
                sentence.iri,
            )
    for citation in cited:
        inside = any(
            sentence.part == citation.part and _within(citation.span, sentence.span)
            for sentence in source.sentences
        )
        if citation.span and not inside:
            yield finding(
                "evidence-outside-sentence",
                "the span does not lie inside one sentence of the part of its claim",
                "cite a span inside one sentence; another one can be further evidence",
                citation.selector,
                citation.claim,
            )


def _within(inner: Span | None, outer: Span | None) -> bool:
    return bool(inner and outer and outer.start <= inner.start and inner.end <= outer.end)


def _names(
    base: str, source: Source, cited: tuple[Citation, ...], places: Places
) -> Iterator[Finding]:
    """Yield claims and evidence whose IRIs do not say what they should (model, section 8)."""
    claims: Mapping[str, list[Citation]] = {}
    for citation in cited:
        claims.setdefault(citation.claim, []).append(citation)  # type: ignore[attr-defined]
    for claim, own in claims.items():
        numbered = {f"{claim}/evidence-{number + 1}" for number in range(len(own))}
        if {citation.evidence for citation in own} != numbered:
            yield Finding(
                "evidence-name",
                Severity.ERROR,
                "the evidence of a claim is numbered from 1, without a gap",
                f"name it {places.short(claim + '/evidence-1')} and so on",
                places.node(claim),
                claim,
            )
            continue
        first = next(c for c in own if c.evidence.endswith("/evidence-1"))
        if first.span is None:
            continue
        name = f"{base}claim/{source.slug}-{first.span.start}-{first.span.end}"
        if not re.fullmatch(re.escape(name) + r"(-[1-9][0-9]*)?", claim):
            yield Finding(
                "claim-name",
                Severity.ERROR,
                "the name of the claim is not that of its first span,"
                f" code points {first.span.start} to {first.span.end}",
                f"name it {places.short(name)}, with -2 and so on for further claims on that span,"
                " or mend the span",
                places.node(first.selector) or places.node(claim),
                claim,
            )
