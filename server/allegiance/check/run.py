"""The whole check of a graph folder, step by step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import NamedNode

from allegiance.check.dataset import Dataset, Loaded, dataset, parse
from allegiance.check.edges import edges
from allegiance.check.evidence import evidence
from allegiance.check.lints import lints
from allegiance.check.literals import literals
from allegiance.check.ontology import clashes
from allegiance.check.ontology import hermit as judged
from allegiance.check.places import Places
from allegiance.check.questions import questions
from allegiance.check.shapes import shapes
from allegiance.check.terms import terms
from allegiance.check.waivers import unused, waives
from allegiance.findings import Finding, Severity
from allegiance.folder import Folder, Waiver
from allegiance.names import DEF, RDF
from allegiance.texts import Text

STEPS = ("syntax", "terms", "literals", "shapes", "evidence", "ontology", "questions")
"""The steps in their order, by the names that messages use."""


@dataclass(slots=True)
class Tally:
    """What a check looked at, for a summary; filled while it runs.

    proved, missing: IRIs of the texts whose words were proved, and of those that were not.
    """

    claims: int = 0
    sentences: int = 0
    questions: int = 0
    proved: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def check(
    folder: Folder,
    texts: Path | None,
    *,
    hermit: bool = True,
    tally: Tally | None = None,
    step: Callable[[str], None] = lambda name: None,
) -> Iterator[Finding]:
    """Yield what is wrong with a graph folder, step by step, as it is found.

    texts: the folder of its texts, or None where they are not at hand.
    hermit: whether to ask HermiT, which takes the longest.
    tally: filled with what was looked at.
    step: told the name of each step when it begins.

    A step that would be meaningless after errors in an earlier one is left out, and that is said.
    """
    left = list(folder.waivers)
    used: set[Waiver] = set()
    tally = tally or Tally()
    for finding in _steps(folder, texts, hermit, tally, step):
        waived = [waiver for waiver in left if waives(waiver, finding)]
        used.update(waived)
        if not waived:
            yield finding
    if not tally.missing:
        # Without the words a waiver of a lint cannot show what it is good for.
        yield from unused(waiver for waiver in left if waiver not in used)


def _steps(
    folder: Folder, texts: Path | None, hermit: bool, tally: Tally, step: Callable[[str], None]
) -> Iterator[Finding]:
    step("syntax")
    loaded, wrong = parse(folder)
    yield from wrong
    if any(finding.severity is Severity.ERROR for finding in wrong):
        # What the other files lack may stand in the broken one.
        tally.missing.append("")
        yield _skipped("syntax", "the files cannot all be read")
        return
    places = Places(document for _, document in loaded.documents)
    _count(loaded, folder, tally)
    step("terms")
    yield from terms(loaded)
    step("literals")
    yield from literals(loaded)
    step("shapes")
    yield from shapes(loaded, places)
    step("evidence")
    proved: dict[str, Text] = {}
    for finding in evidence(loaded, texts, places, proved):
        yield finding
        if finding.rule in ("text-missing", "text-unreadable"):
            tally.missing.append(finding.node or "")
    tally.proved.extend(proved)
    yield from lints(loaded, proved, places)
    step("ontology")
    whole = dataset(loaded)
    yield from clashes(whole, places)
    if hermit:
        yield from judged(loaded, places)
    if whole.clashes:
        yield _skipped("ontology", "from a contradiction anything would follow")
        return
    yield from edges(loaded, whole, places)
    step("questions")
    yield from questions(folder, whole.store())


def _skipped(after: str, reason: str) -> Finding:
    rest = ", ".join(STEPS[STEPS.index(after) + 1 :])
    return Finding(
        "skipped",
        Severity.WARNING,
        f"not checked: {rest}, since {reason}",
        "mend the errors above and check again",
    )


def _count(loaded: Loaded, folder: Folder, tally: Tally) -> None:
    kinds = [
        t.object for t in loaded.triples("facts", "sources") if t.predicate.value == RDF + "type"
    ]
    tally.claims = kinds.count(NamedNode(DEF + "Claim"))
    tally.sentences = kinds.count(NamedNode(DEF + "Sentence"))
    tally.questions = len(folder.files("queries", ".rq"))


__all__ = ["STEPS", "Dataset", "Tally", "check"]
