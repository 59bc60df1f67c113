"""Runaways of eight kinds end at their limit, whole, and nobody else notices."""

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from serve.running_server import Running, descendants, until

from .asking import RUNAWAY, RUNAWAYS, Told, ask, metric

LIMIT = 1.0
DOCS = Path(__file__).parents[2] / "docs" / "limits.md"
HEADING = "## Runaways, measured\n"
TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def server(own: Path):
    with Running(
        str(own), "--port", "0", "--timeout", str(LIMIT), "--memory", "256M", "--log", "none"
    ) as running:
        yield running


def timed(server: Running, query: str) -> tuple[Told, float]:
    began = time.monotonic()
    told = ask(server, query, "*/*")
    return told, time.monotonic() - began


def burnt(server: Running) -> float:
    """Return the seconds of CPU that all its processes have used."""
    total = 0
    for pid in descendants(server.process.pid):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def run(server: Running, times: int, slack: float) -> dict[str, object]:
    """Run each kind so many times; return what was measured."""
    over, back, statuses = [], [], {}
    for _ in range(times):
        for kind, query in RUNAWAYS.items():
            told, took = timed(server, query)
            began = time.monotonic()
            assert ask(server, "ASK {}").body.strip() == b"true"
            until(lambda: metric(server, 'readers{state="working"}') == 0, 1)
            back.append(time.monotonic() - began)
            assert told.status in (503, 504), (kind, told)
            assert told.problem == ("time" if told.status == 504 else "memory")
            assert "limit is" in told.detail
            if told.status == 504:
                over.append(took - LIMIT)
            assert took < LIMIT + slack, (kind, took)
            statuses[f"{kind} {told.status}"] = statuses.get(f"{kind} {told.status}", 0) + 1
    before = burnt(server)
    time.sleep(1)
    idle = burnt(server) - before
    assert idle < 0.1, f"{idle} s of CPU were used in a second after the last one"
    return {
        "runaways": sum(statuses.values()),
        "answers": statuses,
        "over_limit_p50": round(statistics.median(over), 4),
        "over_limit_max": round(max(over), 4),
        "full_strength_p50": round(statistics.median(back), 4),
        "full_strength_max": round(max(back), 4),
        "cpu_in_the_second_after": round(idle, 3),
    }


def latency(server: Running, seconds: float) -> dict[str, object]:
    """Ask quick queries while four runaways run; return what was measured."""
    took = []
    with ThreadPoolExecutor(4) as pool:
        until_ = time.monotonic() + seconds
        running = [pool.submit(ask, server, RUNAWAY) for _ in range(4)]
        while time.monotonic() < until_:
            for number, one in enumerate(running):
                if one.done():
                    assert one.result().status == 504
                    running[number] = pool.submit(ask, server, RUNAWAY)
            began = time.monotonic()
            # Each another, so that none comes from the cache.
            assert ask(server, f"SELECT * {{ ?s ?p {len(took)} }}").status == 200
            took.append(time.monotonic() - began)
        for one in running:
            one.result()
    took.sort()
    return {
        "quick_queries": len(took),
        "p50": round(took[len(took) // 2], 4),
        "p99": round(took[int(len(took) * 0.99)], 4),
        "max": round(took[-1], 4),
    }


def test_runaways_of_each_kind(server: Running):
    run(server, 1, slack=0.5)


def test_quick_queries_stay_quick_and_none_fails(server: Running):
    assert latency(server, 3)["p99"] < 0.2  # generous: the figures are made by the soak


@pytest.mark.soak
def test_a_hundred_runaways_and_what_others_notice(server: Running):
    figures = {**run(server, 13, slack=0.3), "meanwhile": latency(server, 30)}
    assert figures["runaways"] >= 100
    assert figures["meanwhile"]["p99"] < 0.03
    if os.environ.get("WRITE_RESULTS"):
        write(figures)


def write(figures: dict[str, object]) -> None:
    """Write what was measured into the last section of docs/limits.md."""
    text = DOCS.read_text("utf-8").partition(HEADING)[0]
    meanwhile = figures["meanwhile"]
    answers = ", ".join(f"{what} × {times}" for what, times in sorted(figures["answers"].items()))
    rows = (
        ("runaways of 8 kinds, each with a whole answer", figures["runaways"]),
        ("over the limit of 1 s: median, longest", seconds(figures, "over_limit")),
        ("until all its readers rest again: median, longest", seconds(figures, "full_strength")),
        ("CPU in the second after the last", f"{figures['cpu_in_the_second_after']} s"),
        ("quick queries while 4 runaways run, none failed", meanwhile["quick_queries"]),
        ("their time: median, p99, longest", seconds(meanwhile, "", "p50", "p99", "max")),
    )
    table = "\n".join(f"| {what} | {value} |" for what, value in rows)
    told = (
        f"{datetime.now(UTC):%Y-%m-%d}, on {os.cpu_count()} cores, by `WRITE_RESULTS=1 make soak` "
        f"(`tests/limits/test_runaways.py`), time limit {LIMIT:g} s, memory limit 256 MiB.\n\n"
        f"| what | figure |\n|---|---|\n{table}\n\nKind and status: {answers}.\n"
    )
    DOCS.write_text(f"{text}{HEADING}\n{told}", "utf-8")


def seconds(figures: dict[str, object], name: str, *which: str) -> str:
    keys = which or (f"{name}_p50", f"{name}_max")
    return ", ".join(f"{1000 * figures[key]:.0f} ms" for key in keys)
