"""A run over many mutants: draws them, judges them on both cores, and sums up."""

import multiprocessing
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from allegiance.findings import Severity

from .blocks import Facts
from .judge import Judge, Verdict
from .mutants import Faults, Mutant, mutants, name
from .words import Words

Kind = Callable[[Facts, Words], Faults]


@dataclass(frozen=True, slots=True)
class Rate:
    """What became of the mutants of one kind.

    possible: how many there could be. by_rule: caught by a check that holds for any facts.
    by_answer: caught only by a question whose answer is known. warned: found, but no error.
    """

    kind: str
    possible: int
    verdicts: tuple[Verdict, ...]

    @property
    def drawn(self) -> int:
        return len(self.verdicts)

    @property
    def by_rule(self) -> int:
        return sum(v.caught and v.step != "questions" for v in self.verdicts)

    @property
    def by_answer(self) -> int:
        return sum(v.caught and v.step == "questions" for v in self.verdicts)

    @property
    def warned(self) -> int:
        return sum(v.severity is Severity.WARNING for v in self.verdicts)

    @property
    def survivors(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if not v.caught)

    @property
    def caught(self) -> float:
        """The share that would stop a release."""
        return (self.by_rule + self.by_answer) / self.drawn


def draw(kind: Kind, count: int, facts: Facts, words: Words, seed: int) -> tuple[int, list[Mutant]]:
    """Return how many mutants of a kind there could be, and some of them, the same each time."""
    possible = mutants(kind, facts, words)
    chosen = random.Random(f"{seed} {name(kind)}").sample(possible, min(count, len(possible)))
    return len(possible), chosen


def run(
    kinds: Iterable[tuple[Kind, int]], folder: Path, text: Path, work: Path, seed: int
) -> list[Rate]:
    """Judge so many mutants of each kind, in two processes."""
    facts, words = Facts(folder, text), Words(folder / "ontology")
    drawn = {name(kind): draw(kind, count, facts, words, seed) for kind, count in kinds}
    every = [mutant for _, chosen in drawn.values() for mutant in chosen]
    # pySHACL keeps some memory of each run, so a worker does not live long.
    context = multiprocessing.get_context("spawn")
    with context.Pool(2, _begin, (folder, text, work), maxtasksperchild=150) as pool:
        verdicts = list(pool.imap(_judge, every))
    return [
        Rate(kind, possible, tuple(v for v in verdicts if v.mutant.kind == kind))
        for kind, (possible, _) in drawn.items()
    ]


_JUDGES: list[Judge] = []
"""The judge of a worker process, with a copy of the folder of its own."""


def _begin(folder: Path, text: Path, work: Path) -> None:
    own = work / multiprocessing.current_process().name
    own.mkdir()
    _JUDGES.append(Judge(folder, text, own))


def _judge(mutant: Mutant) -> Verdict:
    return _JUDGES[0].judge(mutant)


def table(rates: Sequence[Rate]) -> str:
    """Return the rates as a Markdown table."""
    rows = [
        "| kind | possible | drawn | by a rule | by a known answer | caught | warned | missed |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for r in rates:
        missed = r.drawn - r.by_rule - r.by_answer - r.warned
        rows.append(
            f"| {r.kind} | {r.possible} | {r.drawn} | {r.by_rule} | {r.by_answer} |"
            f" {r.caught:.0%} | {r.warned} | {missed} |"
        )
    drawn = sum(r.drawn for r in rates)
    rule, answer = (sum(getattr(r, n) for r in rates) for n in ("by_rule", "by_answer"))
    warned = sum(r.warned for r in rates)
    rows.append(
        f"| all | {sum(r.possible for r in rates)} | {drawn} | {rule} | {answer} |"
        f" {(rule + answer) / drawn:.0%} | {warned} | {drawn - rule - answer - warned} |"
    )
    return "\n".join(rows) + "\n"


def survivors(rates: Sequence[Rate]) -> str:
    """Return what no error was found of, as a Markdown list."""
    lines = []
    for rate in rates:
        for verdict in rate.survivors:
            note = f" (warning {verdict.rule})" if verdict.severity else ""
            lines.append(f"- {rate.kind}: `{verdict.mutant.what}`{note}")
    return "\n".join(lines) + "\n"
