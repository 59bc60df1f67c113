"""Our own server under the whole suite, at a limit of one second.

``not-yet.txt`` names the cases that are not green; it is to shrink until it is empty. What is not
green and not in it is a fault that was not there before.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from running import serving

from .scorecard import Ran, torture

NOT_YET = Path(__file__).with_name("not-yet.txt")
LIMIT = ("--limit", "1", "--grace", "0.8", "--budget", "240", "--format", "json")


@pytest.fixture(scope="module")
def server(root: Path, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # A state folder of its own: another server may have the shared one.
    own = tmp_path_factory.mktemp("tortured") / "state"
    shutil.copytree(state, own)
    with serving(str(root), "--state", str(own), "--timeout", "1") as address:
        yield address


@pytest.fixture(scope="module")
def ran(server: str) -> Ran:
    return torture(server, *LIMIT, seconds=400)


def expected() -> set[str]:
    lines = NOT_YET.read_text().splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def test_every_case_was_run(ran: Ran):
    verdicts = {case["verdict"] for case in ran.card["cases"]}
    assert len(ran.cases) >= 60
    assert "not run" not in verdicts


def test_nothing_is_other_than_green_but_what_is_named(ran: Ran, server: str):
    faults = {name: case for name, case in ran.cases.items() if case["verdict"] != "green"}
    surprising = set(faults) - expected()
    if surprising:
        # On a busy machine a single case may be late; what is late twice is a fault.
        again = torture(server, *LIMIT, *(f"--only={name}" for name in surprising), seconds=400)
        faults |= {name: again.cases[name] for name in surprising}
    told = {name: case["seen"] for name, case in faults.items() if case["verdict"] != "green"}
    assert set(told) <= expected(), told
