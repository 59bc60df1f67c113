"""Faults put into the facts are found: all that touch the evidence, most of the others.

``make soak`` draws several hundred; ``WRITE_RESULTS=1 make soak`` also writes docs/mutation.md.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from .draw import Kind, Rate, draw, run, survivors, table
from .judge import Judge
from .mutants import (
    CERTAIN,
    OTHERS,
    changed_class,
    dropped_block,
    dropped_claim,
    flipped_dimension,
    misspelt_name,
    name,
    swapped_roles,
    written_edge,
)

SEED = 20261124
TEXT = "south-caucasus.txt"

FLOORS = {
    "swapped roles": 0.75,
    "flipped dimension": 0.9,
    "dropped claim": 0.9,
    "changed class": 0.9,
    "changed contrast": 0.8,
    "exchanged salience": 0.9,
    "changed qualifier": 0.55,
    "dropped role": 0.8,
    "mistaken thing": 0.5,
    "exchanged situations": 0.65,
    "changed nesting": 0.9,
    "changed voice": 1.0,
    # That a claim needs a further passage to be understood, no check can tell.
    "dropped evidence": 0.0,
    "changed number": 0.85,
    "written edge": 1.0,
    "misspelt name": 1.0,
    "dropped block": 1.0,
}
"""The share of each kind that must be caught, somewhat below what was measured."""

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def text(root: Path) -> Path:
    return root.parent / "shared" / "sources" / TEXT


@pytest.fixture(scope="module")
def judge(root: Path, text: Path, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(root, text, tmp_path_factory.mktemp("mutation"))


@pytest.mark.parametrize("kind", CERTAIN, ids=name)
def test_every_fault_in_the_evidence_is_caught(kind, judge):
    _, chosen = draw(kind, 8, judge.facts, judge.words, SEED)
    assert len(chosen) == 8
    assert [m.what for m in chosen if not judge.judge(m).caught] == []


@pytest.mark.parametrize("kind", [written_edge, misspelt_name, dropped_block], ids=name)
def test_every_edge_by_hand_and_every_loose_end_is_caught(kind, judge):
    _, chosen = draw(kind, 5, judge.facts, judge.words, SEED)
    assert len(chosen) == 5
    assert [m.what for m in chosen if not judge.judge(m).caught] == []


def test_most_faults_in_what_is_said_are_caught(judge):
    kinds = (swapped_roles, flipped_dimension, dropped_claim, changed_class)
    chosen = [draw(kind, 1, judge.facts, judge.words, SEED)[1][0] for kind in kinds]
    assert sum(judge.judge(mutant).caught for mutant in chosen) >= 3


@pytest.fixture(scope="module")
def rates(root: Path, text: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Rate]:
    """A long run over all kinds."""
    kinds = [(kind, 80) for kind in CERTAIN] + [(kind, 24) for kind in OTHERS]
    return run(kinds, root, text, tmp_path_factory.mktemp("many"), SEED)


@pytest.mark.soak
def test_every_kind_of_fault_is_caught_as_often_as_it_was(rates, root, capsys):
    with capsys.disabled():
        print(f"\n{table(rates)}\n{survivors(rates)}")
    if os.environ.get("WRITE_RESULTS"):
        write(root / "docs" / "mutation.md", rates)
    assert sum(rate.drawn for rate in rates) >= 200
    certain = {name(kind) for kind in CERTAIN}
    floors = {rate.kind: 1.0 if rate.kind in certain else FLOORS[rate.kind] for rate in rates}
    assert {r.kind: r.caught for r in rates if r.caught < floors[r.kind]} == {}


@pytest.mark.soak
@pytest.mark.parametrize("kind", CERTAIN + OTHERS, ids=name)
def test_the_whole_check_says_the_same_as_its_steps(kind, judge):
    known = judge.whole(None)
    _, (mutant,) = draw(kind, 1, judge.facts, judge.words, SEED + 1)
    new = judge.whole(mutant) - known
    verdict = judge.judge(mutant)
    assert verdict.caught == any(key[1] == "error" for key in new), mutant.what
    assert bool(verdict.step) == bool(new), mutant.what


def write(path: Path, rates: list[Rate]) -> None:
    """Write the dated results of a long run."""
    kinds = "".join(f"- {name(kind)}: {_first_line(kind)}\n" for kind in CERTAIN + OTHERS)
    path.write_text(
        "# What the check catches\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, seed {SEED}, by `WRITE_RESULTS=1 make soak`"
        " (`tests/mutation/`).\n\n"
        "Each mutant is the graph with one fault put in. It is caught when `allegiance check`,"
        " without\nHermiT, finds an error that the true graph does not have. A rule (a shape,"
        " a digest, an axiom)\nholds for any graph; a known answer is a table in `queries/`,"
        " which tells that something has changed,\nnot which of the two is true."
        " Every mutant of the first four kinds must be caught.\n\n"
        f"{table(rates)}\n## The kinds\n\n{kinds}\n"
        f"## What was not caught\n\n{survivors(rates)}",
        "utf-8",
    )


def _first_line(kind: Kind) -> str:
    said = (kind.__doc__ or "").partition("\n")[0]
    return said[:1].lower() + said[1:]
