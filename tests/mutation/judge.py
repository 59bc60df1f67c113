"""Whether a check finds a fault: it must say something that it does not say of the true facts."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from allegiance.check import check
from allegiance.check.dataset import Dataset, dataset, parse
from allegiance.check.edges import edges
from allegiance.check.evidence import evidence
from allegiance.check.lints import lints
from allegiance.check.literals import literals
from allegiance.check.ontology import clashes
from allegiance.check.places import Places
from allegiance.check.questions import questions
from allegiance.check.shapes import shapes
from allegiance.check.terms import terms
from allegiance.check.waivers import short
from allegiance.findings import Finding, Severity
from allegiance.folder import Folder, find
from allegiance.texts import Text

from .blocks import Facts
from .mutants import Mutant
from .words import Words

Key = tuple[str, str, str, str | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check said first of a mutant that it does not say of the facts.

    step: the step that said it, or “” for a survivor; rule: by which rule.
    severity: a warning only where there was no error.
    """

    mutant: Mutant
    step: str = ""
    rule: str = ""
    severity: Severity | None = None

    @property
    def caught(self) -> bool:
        """Whether the fault would stop a release."""
        return self.severity is Severity.ERROR


class Judge:
    """A copy of a graph folder and its text, into which faults are put one after the other."""

    def __init__(self, folder: Path, text: Path, work: Path) -> None:
        self.path = work / "graph"
        self.texts = self.path / "texts"
        self.path.mkdir()
        for name in ("ontology", "shapes", "data", "queries"):
            if (folder / name).is_dir():
                shutil.copytree(folder / name, self.path / name)
        shutil.copy(folder / "allegiance.toml", self.path)
        self.texts.mkdir()
        shutil.copy(text, self.texts)
        self.facts = Facts(self.path, self.texts / text.name)
        self.words = Words(self.path / "ontology")
        self._true = _Run(self.folder, self.texts)
        self._said: dict[str, set[Key]] = {}
        # Before any fault is put in: it reads the text, and the lints need what it proved.
        self._known("evidence")

    @property
    def folder(self) -> Folder:
        return find(self.path)

    def _known(self, step: str) -> set[Key]:
        """Return what a step says of the true facts, asked once."""
        if step not in self._said:
            self._said[step] = {_key(finding) for finding in _STEPS[step](self._true)}
        return self._said[step]

    def judge(self, mutant: Mutant) -> Verdict:
        """Return what the steps of the check say of a mutant, the quick ones asked first.

        HermiT is not asked. Each step judges the files for itself, so their order is free.
        """
        warned: Verdict | None = None
        with _Changed(self, mutant):
            run = _Run(self.folder, self.texts)
            for step, findings in _STEPS.items():
                new = [f for f in findings(run) if _key(f) not in self._known(step)]
                for finding in sorted(new, key=lambda f: f.severity is not Severity.ERROR):
                    verdict = Verdict(mutant, step, short(finding.rule), finding.severity)
                    if verdict.caught:
                        return verdict
                    warned = warned or verdict
                if run.broken:
                    break
        return warned or Verdict(mutant)

    def whole(self, mutant: Mutant | None) -> set[Key]:
        """Return all that the whole check says of a mutant, or of the facts as they are."""
        if mutant is None:
            return {_key(f) for f in check(self.folder, self.texts, hermit=False)}
        with _Changed(self, mutant):
            return {_key(f) for f in check(self.folder, self.texts, hermit=False)}


def _key(finding: Finding) -> Key:
    return (finding.rule, finding.severity, finding.message, finding.node)


class _Changed:
    """The files of a judge with a fault in them, for as long as the block lasts."""

    def __init__(self, judge: Judge, mutant: Mutant) -> None:
        self._path = judge.path
        self._new = judge.facts.applied(mutant.edits)
        self._old = {**judge.facts.files, judge.facts.text: judge.facts.words}

    def __enter__(self) -> None:
        self._write(self._new)

    def __exit__(self, *_: object) -> None:
        self._write({name: self._old[name] for name in self._new})

    def _write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self._path / name).write_bytes(text.encode("utf-8"))


class _Run:
    """What the steps of one check share; what is derived is made when first needed."""

    def __init__(self, folder: Folder, texts: Path) -> None:
        self.folder = folder
        self.texts = texts
        self.loaded, self.wrong = parse(folder)
        self.broken = any(finding.severity is Severity.ERROR for finding in self.wrong)
        self.places = Places(document for _, document in self.loaded.documents)
        self.proved: dict[str, Text] = {}

    @cached_property
    def dataset(self) -> Dataset:
        return dataset(self.loaded)


def _edges(run: _Run) -> Iterator[Finding]:
    yield from clashes(run.dataset, run.places)
    if not run.dataset.clashes:
        yield from edges(run.loaded, run.dataset, run.places)


def _questions(run: _Run) -> Iterator[Finding]:
    if not run.dataset.clashes:
        yield from questions(run.folder, run.dataset.store())


_STEPS: dict[str, Callable[[_Run], Iterator[Finding]]] = {
    "syntax": lambda run: iter(run.wrong),
    "evidence": lambda run: evidence(run.loaded, run.texts, run.places, run.proved),
    "terms": lambda run: terms(run.loaded),
    "literals": lambda run: literals(run.loaded),
    "ontology": _edges,
    "shapes": lambda run: shapes(run.loaded, run.places),
    "questions": _questions,
    "lints": lambda run: lints(run.loaded, run.proved, run.places),
}
"""The steps of the check, the quick ones first; questions after the shapes, so that the table
tells what is caught by a rule and what only by a known answer."""
