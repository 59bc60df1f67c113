"""What was acknowledged survives any kill: a sample here, three hundred by ``make soak``.

``WRITE_RESULTS=1 make soak`` also writes the results into docs/store.md.
"""

import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from running import serving

from .kills import ENDED, HEALED, Seen, judge, run_round, table

SEED = 20261124
_EACH = len(HEALED) + 1


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files of one's own; sockets take no long path."""
    folder = Path(f"/tmp/kills-{os.getpid()}")
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)


def survive(arguments, temporary, rounds, seen, tell=lambda said: None):
    for number in range(rounds):
        run_round(arguments, SEED + number, seen)
        tell(f"seed {SEED + number}: {seen.kills.total()} kills, {len(seen.told)} acknowledged")
    # The next start sweeps what those killed left, once it is a minute old.
    for left in temporary.iterdir():
        os.utime(left, (0, 0))
    with serving(*arguments, "--fronts", "1") as address:
        judge(address, seen, "at the end")
        assert len(list(temporary.iterdir())) == 1
    assert list(temporary.iterdir()) == []


def test_what_was_acknowledged_survives_any_kill(arguments, temporary):
    seen = Seen()
    survive(arguments, temporary, len(ENDED), seen)
    assert seen.kills.total() == len(ENDED) * _EACH


@pytest.mark.soak
def test_what_was_acknowledged_survives_three_hundred_kills(arguments, temporary, root, capsys):
    seen = Seen()
    with capsys.disabled():
        survive(arguments, temporary, 300 // _EACH, seen, print)
        print(f"\n{table(seen)}")
    assert seen.kills.total() == 300
    if os.environ.get("WRITE_RESULTS"):
        write(root / "docs" / "store.md", seen)


def write(path, seen):
    """Write the dated results in place of the last ones."""
    waits = sorted(seen.waits)
    told = (
        "## Kills survived\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, seed {SEED}, by `WRITE_RESULTS=1 make soak`"
        " (`tests/store/`).\n\n"
        "Two clients write, one reads, one asks a runaway query; processes are killed by SIGKILL\n"
        "at random moments. After each kill, once the server has healed or was started again:"
        " every\nacknowledged change is there, every other is whole or absent, none that was told"
        " “nothing was\nchanged” is there, no reader has seen half a change or an older state,"
        " no process and no port\nis left over.\n\n"
        f"{table(seen)}\n"
        f"{seen.kills.total()} kills, none lost anything. {seen.asked} changes were sent:"
        f" {len(seen.told)} acknowledged,\n{len(seen.denied)} told that nothing was changed,"
        f" {seen.unsure} without an outcome. From a kill until further changes were\n"
        f"acknowledged: median {waits[len(waits) // 2]:.1f} s, at most {waits[-1]:.1f} s"
        " (a commit is a process and a few fsyncs).\n"
    )
    text = path.read_text("utf-8")
    section = re.compile(r"## Kills survived\n.*?(?=\n## |\Z)", re.DOTALL)
    assert section.search(text)
    path.write_text(section.sub(lambda _: told, text), "utf-8")
