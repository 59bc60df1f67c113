"""One Turtle file: its triples, and where in the file each of them stands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import pyoxigraph

from allegiance.errors import TurtleError
from allegiance.findings import Place, excerpt

Node = pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Triple


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file.

    name: what findings call the file.
    triples, lines: the triples in the order of the file, and the last line (from 1) of each.
    prefixes: prefix → namespace as the file declares them.
    source: the lines of the file, for showing and for finding columns.
    """

    name: str
    triples: tuple[pyoxigraph.Triple, ...]
    lines: tuple[int, ...]
    prefixes: Mapping[str, str]
    source: tuple[str, ...]

    def place(self, index: int, term: object | None = None) -> Place:
        """Return where the triple with that index stands, at the term if that is found there."""
        line = self.lines[index]
        return Place(self.name, line, self._column(line, term))

    def places(self) -> dict[Node, Place]:
        """Return subject → where its block begins, as far as a line names the subject itself."""
        found: dict[Node, Place] = {}
        previous = 0
        for triple, line in zip(self.triples, self.lines, strict=True):
            if triple.subject not in found:
                # The triple ends on `line`; its subject stands at or above it.
                for candidate in range(line, previous, -1):
                    column = self._column(candidate, triple.subject)
                    if column is not None:
                        found[triple.subject] = Place(self.name, candidate, column)
                        break
                else:
                    found[triple.subject] = Place(self.name, line)
            previous = max(previous, line - 1)
        return found

    def shorten(self, iri: str) -> str:
        """Return an IRI as a prefixed name of this file where one fits, else in brackets."""
        for prefix, namespace in self.prefixes.items():
            if iri.startswith(namespace) and re.fullmatch(r"[\w.-]*", iri[len(namespace) :]):
                return f"{prefix}:{iri[len(namespace) :]}"
        return f"<{iri}>"

    def _column(self, line: int, term: object | None) -> int | None:
        text = self.source[line - 1] if 0 < line <= len(self.source) else ""
        if isinstance(term, pyoxigraph.NamedNode):
            written = {f"<{term.value}>"}
            for prefix, namespace in self.prefixes.items():
                if term.value.startswith(namespace):
                    local = term.value[len(namespace) :].replace("/", "\\/")
                    written.add(f"{prefix}:{local}")
        elif isinstance(term, pyoxigraph.Literal):
            written = {f'"{term.value}"', term.value}
        else:
            return None
        for form in sorted(written, key=len, reverse=True):
            match = re.search(rf"(?<![\w:/.-]){re.escape(form)}(?![\w:\\\\/-])", text)
            if match:
                return match.start() + 1
        return None


class _Lines:
    """A raw reader that hands out at most one line per ``read``, a long one in pieces.

    The parser takes no more than it needs for the next triple, so the lines handed out when
    a triple arrives end with the last line of that triple.
    """

    def __init__(self, data: bytes) -> None:
        self._lines = iter(data.splitlines(keepends=True))
        self._rest = b""
        self.count = 0

    def read(self, size: int) -> bytes:
        if not self._rest:
            self._rest = next(self._lines, b"")
            self.count += bool(self._rest)
        # More than it asked for would end the process: the parser panics.
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def read(path: Path, name: str) -> Document:
    """Parse a Turtle 1.1 file.

    Relative IRIs are an error, so that a file says the same wherever it lies. Blank nodes
    get fresh names, so that files can be merged.

    Raises TurtleError with line and column when the file is missing, unreadable or wrong.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TurtleError(
            f"the file cannot be read: {error.strerror}", name, "check the name and the rights"
        ) from None
    lines = _Lines(data)
    triples: list[pyoxigraph.Triple] = []
    ends: list[int] = []
    try:
        parser = pyoxigraph.parse(
            input=cast(IO[bytes], lines),
            format=pyoxigraph.RdfFormat.TURTLE,
            rename_blank_nodes=True,
        )
        for quad in parser:
            triples.append(quad.triple)
            ends.append(lines.count)
        prefixes = dict(parser.prefixes)
    except SyntaxError as error:
        raise _syntax_error(error, name, data) from None
    # Lines end as they do for the parser: not at every sign that Unicode calls a line end.
    source = tuple(line.decode("utf-8") for line in data.splitlines())
    return Document(name, tuple(triples), tuple(ends), prefixes, source)


def _syntax_error(error: SyntaxError, name: str, data: bytes) -> TurtleError:
    line, column = error.lineno or 1, error.offset or 1
    message = re.sub(
        r"^Parser error (?:at|between) line .*?(?:columns? \d+(?: and \d+)?"
        r"(?: and line \d+ column \d+)?): ",
        "",
        error.msg,
    )
    lines = data.splitlines()
    shown = lines[line - 1].decode("utf-8", "replace") if line <= len(lines) else ""
    text, caret = excerpt(shown, column)
    source = f"\n  {text}\n  {caret}" if shown.strip() else ""
    if "prefix" in message:
        advice = "declare the prefix at the top of the file, or write the IRI in full"
    elif "UTF-8" in message:
        advice = "save the file as UTF-8"
    elif "No scheme" in message:
        advice = "write the IRI in full: relative IRIs are not allowed here"
    elif "Unexpected end" in message:
        advice = "close what is open: a string, a bracket, or the block with a full stop"
    else:
        advice = "mend the line; the statement before it may lack its “;” or “.”"
    return TurtleError(
        f"{message[:1].lower()}{message[1:]}{source}", str(Place(name, line, column)), advice
    )
