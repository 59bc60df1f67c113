"""``allegiance query``: on a release, on an endpoint elsewhere, on a terminal, in a pipe."""

import csv
import io
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, parse

from .running_server import COMMAND, Running, run

PREFIXES = "PREFIX def: <https://w3id.org/allegiance/def/>\n"
ARMS = PREFIXES + "SELECT ?a ?b { ?a def:suppliesArmsTo ?b } ORDER BY ?a ?b"
GRAPH = PREFIXES + "CONSTRUCT { ?a def:suppliesArmsTo ?b } WHERE { ?a def:suppliesArmsTo ?b }"
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.fixture(params=["folder", "endpoint"])
def on(request: pytest.FixtureRequest, isles: Path, running: Running) -> str:
    return str(isles) if request.param == "folder" else running.url


def ask(on: str, *arguments: str, **kwargs) -> subprocess.CompletedProcess[str]:
    return run("query", "--on", on, *arguments, **kwargs)


def test_in_a_pipe_rows_come_as_csv(on: str):
    ended = ask(on, "-q", ARMS)
    assert ended.returncode == 0
    header, *rows = csv.reader(io.StringIO(ended.stdout), strict=True)
    assert header == ["a", "b"]
    assert rows
    assert all(row[0].startswith("https://") for row in rows)


def test_a_graph_comes_as_turtle(on: str):
    ended = ask(on, "-q", GRAPH)
    assert ended.returncode == 0
    assert len(list(parse(ended.stdout, format=RdfFormat.TURTLE))) > 0


@pytest.mark.parametrize("format", ["csv", "tsv", "json", "xml", "table"])
def test_rows_come_in_the_format_named(on: str, format: str):
    ended = ask(on, "-q", ARMS, "--format", format)
    assert ended.returncode == 0
    assert ended.stdout.endswith("\n")
    if format == "json":
        assert json.loads(ended.stdout)["results"]["bindings"]


@pytest.mark.parametrize("format", ["turtle", "ntriples", "rdfxml", "jsonld"])
def test_a_graph_comes_in_the_format_named(on: str, format: str):
    ended = ask(on, "-q", GRAPH, "--format", format)
    assert ended.returncode == 0
    assert "suppliesArmsTo" in ended.stdout


def test_a_query_comes_from_a_file_or_from_stdin(on: str, tmp_path: Path):
    (tmp_path / "arms.rq").write_text(ARMS)
    from_text = ask(on, "-q", ARMS)
    assert ask(on, "-q", str(tmp_path / "arms.rq")).stdout == from_text.stdout
    assert ask(on, input=ARMS).stdout == from_text.stdout


def test_a_truth_value_is_printed(on: str):
    assert ask(on, "-q", "ASK {}").stdout == "true\n"
    assert ask(on, "-q", "ASK { FILTER(false) }", "--format", "table").stdout == "false\n"


def test_a_syntax_error_shows_the_line_and_the_place(on: str, tmp_path: Path):
    text = "SELECT *\nWHERE {\n  ?s skos:prefLabel ?o\n}\n"
    ended = ask(on, "-q", text)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "error: query:3:6: The prefix “skos:” is not declared.",
        " 3 |   ?s skos:prefLabel ?o",
        "   |      ^^^^^^^^^^^^^^",
        "help: Add this line at the top: PREFIX skos: <http://www.w3.org/2004/02/skos/core#>",
    ]
    (tmp_path / "a.rq").write_text(text)
    assert f"error: {tmp_path / 'a.rq'}:3:6: " in ask(on, "-q", str(tmp_path / "a.rq")).stderr


@pytest.mark.parametrize("query", ["DROP ALL", "SELECT * { SERVICE <http://a/> {} }", ""])
def test_what_is_refused_is_told(on: str, query: str):
    ended = ask(on, "-q", query)
    assert ended.returncode == 1
    assert "help: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_query_over_its_time_is_told(isles: Path):
    ended = ask(str(isles), "-q", RUNAWAY, "--timeout", "0.3")
    assert ended.returncode == 1
    assert "limit is 0.3 s" in ended.stderr


def test_an_endpoint_that_runs_into_its_limit_is_believed(running: Running):
    ended = ask(running.url, "-q", RUNAWAY)
    assert ended.returncode == 1
    assert "limit is 1 s" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-q", "nothing.rq"], "no such file"),
        (["-q", ARMS, "--format", "turtle"], "does not come as turtle"),
        (["-q", GRAPH, "--format", "csv"], "does not come as csv"),
        (["-q", ARMS, "--format", "pdf"], "--format"),
    ],
)
def test_wrong_use_ends_with_two(isles: Path, arguments: list[str], words: str):
    ended = ask(str(isles), *arguments)
    assert ended.returncode == 2
    assert words in ended.stderr


def test_a_query_that_is_not_utf8_is_wrong_use(isles: Path, tmp_path: Path):
    (tmp_path / "a.rq").write_bytes(b"ASK { # \xff }")
    ended = ask(str(isles), "-q", str(tmp_path / "a.rq"))
    assert ended.returncode == 2
    assert "UTF-8" in ended.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://no.such.host.invalid/sparql"])
def test_an_endpoint_that_is_not_there_is_told(url: str):
    ended = ask(url, "-q", "ASK {}")
    assert ended.returncode == 1
    assert "did not answer" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_address_that_is_no_endpoint_is_told(running: Running):
    ended = ask(f"{running.url}livez", "-q", "ASK {}")
    assert ended.returncode == 1
    assert f"{running.url}livez: the endpoint answered 405" in ended.stderr


def test_a_reader_of_the_pipe_that_leaves_is_no_error(isles: Path):
    query = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 100000"
    command = f"'{COMMAND}' query --on '{isles}' -q '{query}' | head -1"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "a,b,c,d,e,f"
    assert ended.stderr == ""


def test_on_a_terminal_rows_come_as_a_table_that_fits(isles: Path):
    shown = on_terminal(isles, 40, ARMS)
    lines = shown.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("a "))
    assert set(lines[start + 1]) == {"─", " "}
    assert lines[start + 2].startswith("id:")
    assert all(len(line) <= 40 for line in lines[start:])
    assert any(line.endswith(" row") or line.endswith(" rows") for line in lines)


def test_a_table_lets_no_text_steer_the_terminal(isles: Path):
    shown = on_terminal(isles, 80, 'SELECT ("a\\u001B[31mred\\nline" AS ?x) (12 AS ?n) {}')
    assert "\x1b[31m" not in shown
    assert "a�[31mred line" in shown


def on_terminal(folder: Path, columns: int, query: str) -> str:
    """Return what the command writes to a terminal of that width."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns), "TERM": "dumb"}
    with subprocess.Popen(
        [COMMAND, "query", "--on", str(folder), "-q", query],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=env,
    ) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:
                break
            if not data:
                break
            said += data
        assert process.wait(30) == 0, said.decode()
    os.close(ours)
    return said.decode().replace("\r\n", "\n")
