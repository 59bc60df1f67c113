"""The passages that claims cite, as the facts describe them."""

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from allegiance.names import DEF, OA
from allegiance.texts import Span


@dataclass(frozen=True, slots=True, order=True)
class Citation:
    """One passage that a claim cites; IRIs, but for the span and its digest.

    What the facts leave out is empty, the span None: saying so is the work of the shapes.
    """

    claim: str
    evidence: str
    selector: str
    part: str
    source: str
    span: Span | None
    sha256: str


def citations(triples: Iterable[Triple]) -> tuple[Citation, ...]:
    """Return the citations that the triples describe, in order of claim and evidence."""
    wanted = {
        DEF + "assertedIn", DEF + "evidence", DEF + "sha256",
        OA + "end", OA + "hasSelector", OA + "hasSource", OA + "start",
    }  # fmt: skip
    values: dict[tuple[str, str], list[str]] = {}
    for triple in triples:
        if triple.predicate.value not in wanted or not isinstance(triple.subject, NamedNode):
            continue
        if isinstance(triple.object, Literal | NamedNode):
            key = (triple.subject.value, triple.predicate.value)
            values.setdefault(key, []).append(triple.object.value)

    def one(subject: str, predicate: str) -> str:
        return next(iter(values.get((subject, predicate), ())), "")

    def span(selector: str) -> Span | None:
        start, end = one(selector, OA + "start"), one(selector, OA + "end")
        # No text is so long that a place in it has more digits.
        if all(number.isdecimal() and len(number) < 16 for number in (start, end)):
            return Span(int(start), int(end))
        return None

    found = []
    for (claim, predicate), evidences in values.items():
        if predicate == DEF + "evidence":
            for evidence in evidences:
                selector = one(evidence, OA + "hasSelector")
                found.append(
                    Citation(
                        claim,
                        evidence,
                        selector,
                        one(claim, DEF + "assertedIn"),
                        one(evidence, OA + "hasSource"),
                        span(selector),
                        one(evidence, DEF + "sha256"),
                    )
                )
    return tuple(sorted(found, key=lambda citation: (citation.claim, citation.evidence)))
