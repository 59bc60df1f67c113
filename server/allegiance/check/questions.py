"""Questions: each query of the folder gives exactly the rows of its table."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph

from allegiance.check.sparql_text import bare
from allegiance.findings import Finding, Place, Severity
from allegiance.folder import Folder

_AT = re.compile(r"^error at (\d+):(\d+): ")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text: the names of its columns, and its rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def questions(folder: Folder, store: pyoxigraph.Store) -> Iterator[Finding]:
    """Yield each question whose answer is not its table, or that has none.

    store: its default graph is the merge of all graphs.
    """
    queries = {path.stem: path for path in folder.files("queries", ".rq")}
    tables = {path.stem: path for path in folder.files("queries", ".csv")}
    for stem in sorted(set(queries) | set(tables)):
        if stem not in tables:
            yield _error(
                "question-without-answer",
                "this question has no table of its expected rows",
                f"write queries/{stem}.csv",
                Place(folder.name(queries[stem])),
            )
        elif stem not in queries:
            yield _error(
                "answer-without-question",
                "this table belongs to no question",
                f"write queries/{stem}.rq, or remove the table",
                Place(folder.name(tables[stem])),
            )
        else:
            yield from _question(folder, queries[stem], tables[stem], store)


def _error(rule: str, message: str, advice: str, place: Place) -> Finding:
    return Finding(rule, Severity.ERROR, message, advice, place)


def _question(
    folder: Folder, query: Path, table: Path, store: pyoxigraph.Store
) -> Iterator[Finding]:
    name = folder.name(query)
    try:
        text = query.read_text("utf-8")
        expected = _table(table.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        wrong = table if isinstance(error, UnicodeDecodeError) and "text" in locals() else query
        place = Place(folder.name(wrong))
        yield _error("question", f"the file cannot be read: {error}", "save it as UTF-8", place)
        return
    if not re.match(r"#[ \t]*\S", text):
        yield _error(
            "question-without-words",
            "the file does not begin with its question in words",
            "begin it with a line such as: # Who supplies arms to whom?",
            Place(name, 1),
        )
    if re.search(r"\bSERVICE\b", bare(text), re.IGNORECASE):
        yield _error(
            "question",
            "a question asks this graph only; SERVICE would ask another server",
            "take the SERVICE out",
            Place(name),
        )
        return
    try:
        answer = store.query(text)
        if not isinstance(answer, pyoxigraph.QuerySolutions):
            yield _error("question", "a question is a SELECT query", "ask by SELECT", Place(name))
            return
        serialized = answer.serialize(format=pyoxigraph.QueryResultsFormat.CSV)
    except (SyntaxError, ValueError, RuntimeError, OSError) as error:
        yield _wrong_query(str(error), text, name)
        return
    got = _table((serialized or b"").decode("utf-8"))
    ordered = bool(re.search(r"\bORDER\s+BY\b", bare(text), re.IGNORECASE))
    if difference := _difference(expected, got, ordered):
        yield _error(
            "question",
            f"the answer is not that of {folder.name(table)}: {difference}",
            "if the new answer is right, write it into the table; else mend facts or query",
            Place(name, 1),
        )


def _wrong_query(reason: str, query: str, name: str) -> Finding:
    match = _AT.match(reason)
    message = _AT.sub("", reason).partition("\n")[0]
    place = Place(name)
    if match:
        # The engine points behind the keyword that it tried last, not at where it tried it.
        tried = re.fullmatch(r"expected ([A-Z]+)", message)
        lines = query.split("\n")
        at = sum(len(line) + 1 for line in lines[: int(match[1]) - 1]) + int(match[2]) - 1
        at -= len(tried[1]) if tried else 0
        place = Place(name, query.count("\n", 0, at) + 1, at - query.rfind("\n", 0, at))
    return _error("question", f"the query is wrong: {message}", "mend the query", place)


def _table(text: str) -> Table:
    rows = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""))]
    # A table of one column whose value is unbound has empty lines, which the reader gives as ().
    columns = rows[0] if rows else ()
    return Table(columns, tuple(row or ("",) for row in rows[1:]))


def _difference(expected: Table, got: Table, ordered: bool) -> str:
    """Return how two tables differ, in words; empty when they do not."""
    if expected.columns != got.columns:
        return f"the columns are {', '.join(got.columns)}, not {', '.join(expected.columns)}"
    missing = Counter(expected.rows) - Counter(got.rows)
    added = Counter(got.rows) - Counter(expected.rows)
    parts = []
    if missing:
        parts.append(f"{missing.total()} missing, such as {', '.join(next(iter(missing)))}")
    if added:
        parts.append(f"{added.total()} too many, such as {', '.join(next(iter(added)))}")
    if not parts and ordered and expected.rows != got.rows:
        at = next(
            n
            for n, pair in enumerate(zip(expected.rows, got.rows, strict=True))
            if pair[0] != pair[1]
        )
        parts.append(f"the same rows in another order, from row {at + 1} on")
    return "; ".join(parts)
