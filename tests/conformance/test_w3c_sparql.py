"""The W3C suites over HTTP, on a plain store: what fails is what the engine itself fails."""

import json
import random
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from running import serving

CONFORMANCE = Path(__file__).parents[2].parent / "shared" / "conformance"
RUNNERS = CONFORMANCE / "runners"
SUITE = ("--suite", "../suites/w3c-rdf-tests", "--wipe", "--query-url")
TOKEN = "a-token-for-the-suites-only"
EXPECTED = "expected/pyoxigraph-0.5.13.txt"
SEED = 20261125
SAMPLE = 60
WAYS = [
    ("--query-method", "get", "--accept", "xml", "--state", "gsp", "--update-method", "form"),
    ("--query-method", "post", "--accept", "json", "--state", "gsp", "--update-method", "post"),
    ("--query-method", "get", "--accept", "json", "--state", "query", "--update-method", "post"),
    ("--query-method", "post", "--accept", "xml", "--state", "query", "--update-method", "form"),
    ("--query-method", "form", "--accept", "xml", "--load", "update", "--update-method", "form"),
]
"""Besides the usual: form and JSON, updates by POST, loaded by GSP, read back by queries."""


def run(address: str, mock: int, out: Path, *arguments: str) -> dict[str, object]:
    subprocess.run(
        [
            *(sys.executable, "run_sparql_http.py", *SUITE, f"{address}/sparql"),
            *("--update-url", f"{address}/update", "--gsp-url", f"{address}/store"),
            *("--dataset-url", f"{address}/store", "--token", TOKEN, "--mock-port", str(mock)),
            *("--expected-failures", EXPECTED, "--out", str(out), *arguments),
        ],
        cwd=RUNNERS,
        capture_output=True,
        check=False,
    )
    report: dict[str, object] = json.loads(out.read_text())
    return report


def with_status(report: dict[str, object], *statuses: str) -> set[str]:
    return {test["id"] for test in report["tests"] if test["status"] in statuses}  # type: ignore


def failed(report: dict[str, object]) -> set[str]:
    return with_status(report, "fail", "error")


def expected(*suites: str) -> set[str]:
    lines = (RUNNERS / EXPECTED).read_text().splitlines()
    return {line for line in lines if line.startswith(suites)}


def sample() -> str:
    """Return a pattern of the ids of some tests, the same each time."""
    listed = subprocess.run(
        [sys.executable, "run_sparql_http.py", *SUITE, "http://localhost/", "--list"],
        cwd=RUNNERS,
        capture_output=True,
        text=True,
        check=True,
    )
    ids = sorted(line.split()[1] for line in listed.stdout.splitlines())
    drawn = random.Random(SEED).sample(ids, SAMPLE)
    return f"^({'|'.join(map(re.escape, drawn))})$"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    # In memory where that can be: thousands of commits, each synced, and none has to last.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        folder = Path(name)
        (folder / "token").write_text(TOKEN)
        with socket.create_server(("127.0.0.1", 0)) as free:
            mock = free.getsockname()[1]
        arguments = ["--store", str(folder / "store"), "--token-file", str(folder / "token")]
        allow = ["--service-allow", f"http://127.0.0.1:{mock}", "--log", "none"]
        with serving(*arguments, *allow) as address:
            yield address, mock


def holds(report: dict[str, object]) -> None:
    """See that a report of all SPARQL suites is as good as the engine."""
    assert failed(report) == expected("sparql/")
    passed = with_status(report, "pass")
    assert len(passed) >= 1273
    assert sum(name.startswith("sparql/sparql11/") for name in passed) >= 543


@pytest.mark.shared
def test_all_suites_fail_only_where_the_engine_does(server, tmp_path):
    holds(run(*server, tmp_path / "report.json"))


@pytest.mark.shared
@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_a_sample_passes_by_every_way(server, tmp_path, way):
    report = run(*server, tmp_path / "report.json", "--filter", sample(), *way)
    assert len(report["tests"]) == SAMPLE
    assert failed(report) <= expected("sparql/")


@pytest.mark.shared
@pytest.mark.soak
@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_all_suites_pass_by_every_way(server, tmp_path, way):
    holds(run(*server, tmp_path / "report.json", *way))


@pytest.mark.shared
@pytest.mark.soak
def test_rdf_by_the_graph_store_protocol_is_read_as_the_suites_say(server, tmp_path):
    report = run(*server, tmp_path / "report.json", "--all", "--groups", "rdf1.*")
    assert failed(report) == expected("rdf/")
    assert not with_status(report, "skip")
