"""``allegiance query``: ask the current release of a folder, or an endpoint elsewhere."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from allegiance.cli.arguments import STATE, TEXTS
from allegiance.errors import QueryError, UsageError
from allegiance.findings import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from allegiance.sparql import BadQuery, Readers

RESULTS = ("csv", "tsv", "json", "xml")
GRAPHS = ("turtle", "ntriples", "rdfxml", "jsonld")


@click.command(
    "query", short_help="Ask with SPARQL.", context_settings={"auto_envvar_prefix": "ALLEGIANCE"}
)
@click.option(
    "--on",
    metavar="FOLDER|URL",
    help="A graph folder, or the address of an endpoint; without it the current folder if it is "
    "a graph folder, else the packaged graph.",
)
@click.option(
    "-q",
    "--query",
    "text",
    metavar="TEXT|FILE",
    help="The query, or a file that holds it; without it the query is read from stdin.",
)
@click.option(
    "--format",
    type=click.Choice(["table", *RESULTS, *GRAPHS]),
    help="How to print the answer; without it a table on a terminal and CSV elsewhere, and "
    "Turtle for a graph.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 86400),
    metavar="S",
    default=30.0,
    show_default=True,
    help="Seconds that the query may take.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Print the query as the engine gets it, in place of the answer.",
)
@TEXTS
@STATE
def command(
    on: str | None,
    text: str | None,
    format: str | None,
    timeout: float,
    explain: bool,
    texts: Path | None,
    state: Path | None,
) -> None:
    """Ask the current release with SPARQL; it is built first if the files changed.

    \b
    Example: allegiance query -q "SELECT * WHERE { ?s ?p ?o } LIMIT 10"
    """
    from allegiance.sparql import BadQuery, check, rewrite

    asked = _asked(text)
    try:
        kind = check(asked.text) or "solutions"
        if explain:
            _explain(asked.text, rewrite(asked.text))
            return
        with _target(on, texts, state, timeout) as target:
            _print(target, asked.text, kind, format)
    except BadQuery as error:
        raise _with_source(error, asked) from None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query and where it was read from."""

    text: str
    where: str


def _asked(given: str | None) -> _Asked:
    if given is None or given == "-":
        if sys.stdin.isatty():
            raise UsageError("there is no query", help="give one with -q, or through a pipe")
        return _Asked(_decoded(sys.stdin.buffer.read(), "stdin"), "stdin")
    path = Path(given)
    with suppress(OSError, ValueError):  # Most queries are no possible names of files.
        if path.is_file():
            return _Asked(_decoded(path.read_bytes(), given), given)
    if given.endswith((".rq", ".sparql")):
        raise UsageError("there is no such file", given, "name a file that holds a query")
    return _Asked(given, "query")


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError("the query is not UTF-8", f"{where}, byte {error.start}") from None


class _Target(Protocol):
    """Who answers: the readers of a release, or an endpoint."""

    @property
    def prefixes(self) -> "Mapping[str, str]":
        """Prefix → namespace, to shorten names with."""
        ...

    def answer(self, query: str, format: str) -> Iterator[bytes]:
        """Yield the answer, in pieces; ``format`` is one of RESULTS or GRAPHS."""
        ...


@contextmanager
def _target(
    on: str | None, texts: Path | None, state: Path | None, timeout: float
) -> Iterator[_Target]:
    from allegiance.cli.remote import Remote

    if on is not None and on.startswith(("http://", "https://")):
        yield Remote(on, timeout)
        return
    from allegiance import folder as folders
    from allegiance.cli.messages import progress
    from allegiance.release import ready
    from allegiance.sparql import Limits
    from allegiance.sparql.processes import serving

    folder = folders.find(Path(on) if on is not None else None)
    with progress(f"building {folder.title} if its files changed"):
        found = ready(folder, folder.state(state), folder.texts_at(texts))
    if found.problem is not None:
        click.echo(f"error: {found.problem}\nThe last good release is asked.", err=True)
    base = found.release.base
    with serving(found.release.store, base, Limits(seconds=timeout)) as readers:
        yield _Local(readers, base)


class _Local:
    def __init__(self, readers: "Readers", base: str) -> None:
        from allegiance.names import prefixes

        self._readers = readers
        self.prefixes: Mapping[str, str] = prefixes(base)

    def answer(self, query: str, format: str) -> Iterator[bytes]:
        results = format if format in RESULTS else "csv"
        graph = format if format in GRAPHS else "turtle"
        with self._readers.stream(query, results=results, graph=graph) as answer:
            yield from answer


def _explain(written: str, rewritten: str) -> None:
    click.echo(rewritten)
    if rewritten == written:
        click.echo("The engine gets the query as it is written.", err=True)
    else:
        click.echo("EXISTS was rewritten; the answers are the same.", err=True)


def _print(target: _Target, query: str, kind: str, format: str | None) -> None:
    fitting = GRAPHS if kind == "graph" else ("table", *RESULTS)
    if format is None:
        terminal = sys.stdout.isatty()
        format = "turtle" if kind == "graph" else "table" if terminal else "csv"
    elif format not in fitting:
        raise UsageError(
            f"this answer is {'a graph' if kind == 'graph' else 'no graph'}, so it does not come "
            f"as {format}",
            help="name one of: " + ", ".join(fitting),
        )
    if format == "table":
        _print_table(b"".join(target.answer(query, "json")), target.prefixes)
        return
    last = b""
    out = sys.stdout.buffer
    for data in target.answer(query, format):
        out.write(data)
        last = data
    if not last.endswith(b"\n"):
        out.write(b"\n")
    out.flush()


def _print_table(answer: bytes, prefixes: "Mapping[str, str]") -> None:
    from pyoxigraph import QueryBoolean, QueryResultsFormat, parse_query_results

    from allegiance.cli.table import table

    results = parse_query_results(answer, format=QueryResultsFormat.JSON)
    if isinstance(results, QueryBoolean):
        click.echo("true" if results else "false")
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    rows = -2
    for line in table(results, prefixes, width):
        click.echo(line)
        rows += 1
    if sys.stderr.isatty():
        rows = max(rows, 0)
        click.echo(f"{rows:,} row{'s' * (rows != 1)}", err=True)


def _with_source(error: "BadQuery", asked: _Asked) -> QueryError:
    """Return the error with the line of the query it is about, and carets under the place."""
    problem = error.problem
    if problem.line is None or problem.column is None:
        return QueryError(problem.detail, asked.where, problem.help or None)
    lines = asked.text.split("\n")
    line = lines[problem.line - 1] if problem.line <= len(lines) else ""
    length = len((problem.fragment or " ").split("\n")[0])
    shown, carets = excerpt(line, problem.column, length)
    number = str(problem.line)
    what = f"{problem.detail}\n {number} | {shown}\n {' ' * len(number)} | {carets}"
    where = f"{asked.where}:{problem.line}:{problem.column}"
    return QueryError(what, where, problem.help or None)
