"""A proof as lines of text: a tree to read in a terminal."""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import NamedNode, Triple

from allegiance.derive.claim import ClaimRecord, Passage
from allegiance.derive.names import Names
from allegiance.derive.proof import EdgeReason, Missing, Proof, Step
from allegiance.derive.reasoner import internal
from allegiance.names import DEF, OWL, RDF
from allegiance.texts import Text, digest, load

_STRUCTURE = (
    f"{OWL}allValuesFrom",
    f"{OWL}hasValue",
    f"{OWL}intersectionOf",
    f"{OWL}members",
    f"{OWL}onProperty",
    f"{OWL}oneOf",
    f"{OWL}someValuesFrom",
    f"{OWL}unionOf",
    f"{RDF}first",
    f"{RDF}rest",
)
"""Parts of a class expression: shown where the expression is, not as premises."""

DEPTH = 20
"""How deep a tree is drawn; a terminal has no room for more."""


class Words:
    """The words of passages, where the texts are at hand.

    texts: the folder that holds ``<slug>.txt`` files.
    """

    def __init__(self, texts: Path) -> None:
        self._texts = texts
        self._loaded: dict[str, Text | None] = {}

    def __call__(self, passage: Passage) -> str:
        """Return the words in quotation marks, or in brackets why they are not shown.

        Raises TextError when the text is there but cannot be read.
        """
        if passage.slug not in self._loaded:
            self._loaded[passage.slug] = load(self._texts, passage.slug)
        text = self._loaded[passage.slug]
        if text is None:
            return f"(the text {passage.slug}.txt is not at hand)"
        words = text.words[passage.span.start : passage.span.end]
        if digest(words) != passage.sha256:
            return "(the text at hand is not the one that the claim was drawn from)"
        return f"“{words}”"


@dataclass(frozen=True, slots=True)
class _Branch:
    text: tuple[str, ...]
    below: list["_Branch"] = field(default_factory=list)


def lines(
    proof: Proof, words: Callable[[Passage], str] | None = None, width: int = 100
) -> Iterator[str]:
    """Yield a proof as a tree, line by line, no line longer than the width where words allow.

    words: gives the words of a passage; without it only their place is shown.
    """
    yield from _Page(proof, words).lines(max(width, 40))


class _Page:
    def __init__(self, proof: Proof, words: Callable[[Passage], str] | None) -> None:
        self._proof = proof
        self._names: Names = proof.names
        self._words = words
        self._steps: dict[Triple, Step] = {step.conclusion: step for step in proof.steps}
        self._shown: set[Triple] = set()

    def lines(self, width: int) -> Iterator[str]:
        proof = self._proof
        yield _clean(f"{self._names.sentence(proof.goal)}: {_verdict(proof.holds)}")
        if proof.holds:
            start = proof.steps[-1].conclusion if proof.steps else proof.goal
            root = self._statement(start)
        else:
            root = self._gaps()
        yield from _drawn(root, "", "", width)

    def _statement(self, triple: Triple, depth: int = 0) -> _Branch:
        """Return the tree of one statement that holds."""
        text = self._names.statement(triple)
        if triple in self._shown:
            return _Branch((f"{text} – shown above",))
        if depth > DEPTH:
            return _Branch((f"{text} – goes on: ask why of this alone",))
        self._shown.add(triple)
        if triple in self._proof.edges:
            return self._edge(text, self._proof.edges[triple])
        step = self._steps.get(triple)
        if step is None:
            place = self._proof.places.get(triple)
            return _Branch((f"{text} – stated in {place}" if place else f"{text} – stated",))
        return _Branch((text, f"by {step.rule}: {step.meaning}"), self._below(step, depth))

    def _below(self, step: Step, depth: int) -> list[_Branch]:
        """Return the premises of a step; a mere step on the way gives way to its own."""
        found: list[_Branch] = []
        waiting = list(reversed(step.premises))
        while waiting:
            premise = waiting.pop()
            if internal(premise):
                before = self._steps.get(premise)
                waiting.extend(reversed(before.premises) if before else ())
            elif premise.predicate.value not in _STRUCTURE:
                found.append(self._statement(premise, depth + 1))
        return found

    def _edge(self, text: str, reason: EdgeReason) -> _Branch:
        names = self._names
        own = [step for step in self._proof.steps if step.conclusion == reason.edge]
        below = [_Branch((self._rule(rule, own),)) for rule in reason.rules]
        for claim in reason.claims:
            below.append(self._claim(claim, self._situation(claim, own)))
        if reason.against:
            against = [
                _Branch(tuple(self._told(item.claim, f" {item.how}"))) for item in reason.against
            ]
            below.append(_Branch(("set against it, so read it with:",), against))
        return _Branch((f"{text} – an edge, {names.short(reason.node)}",), below)

    def _rule(self, rule: NamedNode, steps: list[Step]) -> str:
        names = self._names
        given = {
            premise.predicate.value.removeprefix(DEF): names.short(premise.object)
            for step in steps
            for premise in step.premises
            if premise.subject == rule
        }
        return (
            f"rule: {names.short(rule)} ({names.label(rule)}) gives"
            f" {given.get('directSubjectRole')} {given.get('directProperty')}"
            f" {given.get('directObjectRole')}, from a factual claim"
        )

    def _situation(self, claim: ClaimRecord, steps: list[Step]) -> list[_Branch]:
        """Return the situation of a claim: its roles, and why it is of its class."""
        about: list[Triple] = []
        for step in steps:
            if any(premise.subject == NamedNode(claim.iri) for premise in step.premises):
                about += (p for p in step.premises if p.subject == NamedNode(claim.situation))
        return [self._statement(premise) for premise in dict.fromkeys(about)]

    def _claim(self, claim: ClaimRecord, below: list[_Branch]) -> _Branch:
        return _Branch(tuple(self._told(claim, "")), below)

    def _told(self, claim: ClaimRecord, how: str) -> Iterator[str]:
        names = self._names
        yield f"{names.short(claim.iri)}{how}"
        if claim.gloss:
            yield claim.gloss
        said = ", ".join(names.label(value) for _, value in claim.dimensions)
        sources = ", ".join(names.label(source) for source in claim.according_to)
        yield said + (f"; according to {sources}" if sources else "; no nested source")
        if claim.voice:
            yield f"voice: {names.label(claim.voice)}"
        for passage in claim.passages:
            sentences = ", ".join(sentence.rpartition("/")[2] for sentence in passage.sentences)
            place = f"{passage.slug} {passage.span.start}–{passage.span.end}"
            yield f"place: {place}" + (f", sentence {sentences}" if sentences else "")
            if self._words is not None:
                yield self._words(passage)

    def _gaps(self) -> _Branch:
        proof, names = self._proof, self._names
        text = names.statement(proof.goal)
        if not proof.missing and not proof.instead:
            return _Branch((text, "No claim in the graph says so, and no rule gives it."))
        below = [self._gap(missing) for missing in proof.missing]
        if not proof.missing:
            text = f"{text} – no claim in the graph says so"
        if proof.instead:
            others = [_Branch((names.statement(edge),)) for edge in proof.instead]
            below.append(_Branch(("what does tie the two, and is never taken for it:",), others))
        return _Branch((text,), below)

    def _gap(self, missing: Missing) -> _Branch:
        why = "; ".join(missing.lacks)
        if missing.claim is None:
            label, short = self._names.label(missing.subject), self._names.short(missing.subject)
            return _Branch((f"{why}: {short}" + ("" if label == short else f" ({label})"),))
        first, *rest = self._told(missing.claim, "")
        return _Branch((f"{why}: {first}", *rest))


def _verdict(holds: bool) -> str:
    return "holds" if holds else "does not hold"


def _drawn(branch: _Branch, first: str, rest: str, width: int) -> Iterator[str]:
    stem = "│  " if branch.below else "   "
    for index, text in enumerate(branch.text):
        lead = first if index == 0 else rest + stem
        follow = rest + stem
        yield from textwrap.wrap(
            _clean(text),
            max(width, len(follow) + 30),
            initial_indent=lead,
            subsequent_indent=follow if index == 0 else follow + "  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [lead.rstrip()]
    for index, below in enumerate(branch.below):
        last = index == len(branch.below) - 1
        yield from _drawn(
            below,
            rest + ("└─ " if last else "├─ "),
            rest + ("   " if last else "│  "),
            width,
        )


def _clean(text: str) -> str:
    """Return text on one line without what could steer a terminal: texts may be hostile."""
    return "".join(letter if letter.isprintable() else "�" for letter in " ".join(text.split()))
