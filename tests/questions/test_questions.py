"""Each question, asked over HTTP of the served graph, gives exactly the rows of its table."""

import csv
import io
import re
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from rdflib.plugins.sparql import prepareQuery

FOLDER = Path(__file__).parents[2] / "queries"
QUESTIONS = sorted(FOLDER.glob("*.rq"))

each = pytest.mark.parametrize("query", QUESTIONS, ids=lambda path: path.stem)


@each
def test_the_served_graph_gives_the_expected_rows(query: Path, served: str):
    asked = urllib.parse.urlencode({"query": query.read_text("utf-8")})
    request = urllib.request.Request(f"{served}/sparql?{asked}", headers={"Accept": "text/csv"})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers.get_content_type() == "text/csv"
        got = rows(answer.read().decode("utf-8"))
    assert got == rows(query.with_suffix(".csv").read_text("utf-8"))


@each
def test_a_question_says_in_words_what_it_asks(query: Path):
    first = query.read_text("utf-8").splitlines()[0]
    assert re.fullmatch(r"# [A-Z].*\?", first)


@each
def test_a_question_fixes_the_order_of_its_rows(query: Path):
    assert "\nORDER BY " in query.read_text("utf-8")


@each
def test_a_question_is_plain_sparql_11_to_another_engine(query: Path):
    prepareQuery(query.read_text("utf-8"))


@each
def test_a_question_declares_the_prefixes_it_uses_in_order(query: Path):
    text = query.read_text("utf-8")
    declared = re.findall(r"^PREFIX (\w+):", text, re.MULTILINE)
    body = re.sub(r'^PREFIX .*$|^\s*#.*$|"[^"\n]*"', "", text, flags=re.MULTILINE)
    used = set(re.findall(r"(?<![\w?])([a-z]+):[A-Za-z]", body))
    assert declared == sorted(used)


@each
def test_an_answer_has_rows_and_ends_its_lines_as_text_does(query: Path):
    table = query.with_suffix(".csv").read_bytes()
    assert b"\r" not in table
    assert table.endswith(b"\n")
    assert len(rows(table.decode("utf-8"))) > 1


def test_there_are_enough_questions_each_with_its_own_number():
    numbers = [path.stem.split("-")[0] for path in QUESTIONS]
    assert len(numbers) >= 40
    assert len(numbers) == len(set(numbers))
    assert all(re.fullmatch(r"\d{3}(-[a-z0-9]+)+", path.stem) for path in QUESTIONS)


def test_each_table_belongs_to_a_question():
    tables = sorted(path.stem for path in FOLDER.glob("*.csv"))
    assert tables == [path.stem for path in QUESTIONS]


@pytest.mark.shared
def test_questions_and_answers_hold_no_words_of_a_text():
    words = 8
    texts = (FOLDER.parents[1] / "shared" / "sources").glob("*.txt")
    runs = {run for text in texts for run in runs_of(text.read_text("utf-8"), words)}
    assert runs
    for path in sorted(FOLDER.iterdir()):
        assert not runs & runs_of(path.read_text("utf-8"), words), path.name


def rows(table: str) -> list[list[str]]:
    """Return a CSV table as rows; the first has the names of the columns."""
    return list(csv.reader(io.StringIO(table, newline="")))


def runs_of(text: str, length: int) -> set[tuple[str, ...]]:
    """Return all runs of so many words, in lower case and without punctuation."""
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}
