"""The W3C SPARQL suites over HTTP, on a plain store: what fails is what the engine itself fails."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from running import serving

CONFORMANCE = Path(__file__).parents[2].parent / "shared" / "conformance"
TOKEN = "a-token-for-the-suites-only"
EXPECTED = "expected/pyoxigraph-0.5.13.txt"


def run(address: str, mock: int, out: Path, *arguments: str) -> dict[str, object]:
    runners = CONFORMANCE / "runners"
    subprocess.run(
        [
            *(sys.executable, "run_sparql_http.py", "--suite", "../suites/w3c-rdf-tests", "--wipe"),
            *("--query-url", f"{address}/sparql", "--update-url", f"{address}/update"),
            *("--gsp-url", f"{address}/store", "--token", TOKEN, "--mock-port", str(mock)),
            *("--expected-failures", EXPECTED, "--out", str(out), *arguments),
        ],
        cwd=runners,
        capture_output=True,
        check=False,
    )
    report: dict[str, object] = json.loads(out.read_text())
    return report


def failed(report: dict[str, object]) -> set[str]:
    return {test["id"] for test in report["tests"] if test["status"] == "fail"}  # type: ignore


def expected() -> set[str]:
    lines = (CONFORMANCE / "runners" / EXPECTED).read_text().splitlines()
    return {line for line in lines if line.startswith("sparql/")}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suites")
    (folder / "token").write_text(TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as free:
        mock = free.getsockname()[1]
    arguments = ["--store", str(folder / "store"), "--token-file", str(folder / "token")]
    allow = ["--service-allow", f"http://127.0.0.1:{mock}", "--log", "none"]
    with serving(*arguments, *allow) as address:
        yield address, mock


@pytest.mark.shared
def test_all_suites_fail_only_where_the_engine_does(server, tmp_path):
    report = run(*server, tmp_path / "report.json")
    tests = report["tests"]
    assert failed(report) == expected()
    assert sum(test["status"] == "pass" for test in tests) >= 1273
    of_11 = [test for test in tests if test["group"].startswith("sparql11")]
    assert sum(test["status"] == "pass" for test in of_11) >= 543


@pytest.mark.shared
@pytest.mark.parametrize(
    "way",
    [
        ("--query-method", "get", "--update-method", "form", "--state", "gsp"),
        ("--query-method", "post", "--accept", "xml"),
    ],
    ids=" ".join,
)
def test_updates_and_results_pass_by_every_way(server, tmp_path, way):
    report = run(
        *server,
        tmp_path / "report.json",
        *("--groups", "sparql11-(update-eval|result-formats|gsp.*)", *way),
    )
    assert report["tests"]
    assert failed(report) <= expected()
