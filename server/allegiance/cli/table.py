"""Rows of an answer as a table for a terminal."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyoxigraph import BlankNode, Literal, NamedNode, QuerySolutions, Triple

Term = NamedNode | BlankNode | Literal | Triple
_NUMBERS = ("integer", "decimal", "double", "float", "nonNegativeInteger", "positiveInteger")
_GAP = "  "
_LEAST = 8


def table(solutions: QuerySolutions, prefixes: Mapping[str, str], width: int) -> Iterator[str]:
    """Yield the lines: names in prefixed form, numbers to the right.

    width: columns of the terminal; a wider table has its widest columns cut, with an ellipsis.
    """
    names = [variable.value for variable in solutions.variables]
    rows: list[list[Term | None]] = [list(solution) for solution in solutions]
    columns = list(zip(*rows, strict=True)) or [() for _ in names]
    numbers = [all(value is None or _is_number(value) for value in column) for column in columns]
    # The language is told where it tells something: where a column has more than one.
    mixed = [len({language(value) for value in column} - {None}) > 1 for column in columns]
    cells = [
        [
            "" if value is None else printable(short(value, prefixes, told))
            for value, told in zip(row, mixed, strict=True)
        ]
        for row in rows
    ]
    if not names:
        return
    widths = _fit([names, *cells], width)
    yield _line(names, widths, numbers)
    yield _GAP.join("─" * width for width in widths)
    for row in cells:
        yield _line(row, widths, numbers)


def language(term: Term | None) -> str | None:
    """Return the language of a text, or None."""
    return term.language if isinstance(term, Literal) else None


def short(term: Term, prefixes: Mapping[str, str], told: bool = True) -> str:
    """Return a term as a person writes it: a prefixed name, a text without its quotes.

    told: whether the language of a text is told.
    """
    if isinstance(term, NamedNode):
        namespaces = [item for item in prefixes.items() if term.value.startswith(item[1])]
        if namespaces:
            prefix, namespace = max(namespaces, key=lambda item: len(item[1]))
            return f"{prefix}:{term.value[len(namespace) :]}"
        return str(term)
    if isinstance(term, Literal):
        return f"{term.value}@{term.language}" if term.language and told else term.value
    if isinstance(term, Triple):
        parts = (term.subject, term.predicate, term.object)
        return f"<<( {' '.join(short(part, prefixes) for part in parts)} )>>"
    return str(term)


def printable(text: str) -> str:
    """Return a text on one line, without characters that would steer a terminal."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in text)


def _is_number(term: Term) -> bool:
    return isinstance(term, Literal) and term.datatype.value.rpartition("#")[2] in _NUMBERS


def _fit(rows: Iterable[Sequence[str]], width: int) -> list[int]:
    """Return the width of each column: as wide as its widest cell, if all of it fits."""
    widths = [max(map(_columns, column)) for column in zip(*rows, strict=True)]
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    while excess > 0 and max(widths) > _LEAST:
        widest = widths.index(max(widths))
        others = [other for index, other in enumerate(widths) if index != widest]
        floor = max(_LEAST, min(max(others, default=_LEAST), widths[widest] - 1))
        cut = min(excess, widths[widest] - floor)
        widths[widest] -= cut
        excess -= cut
    return widths


def _line(cells: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    parts = []
    for cell, width, number in zip(cells, widths, numbers, strict=True):
        text = _cut(cell, width)
        space = " " * (width - _columns(text))
        parts.append(space + text if number else text + space)
    return _GAP.join(parts).rstrip()


def _cut(text: str, width: int) -> str:
    if _columns(text) <= width:
        return text
    while text and _columns(text) >= width:
        text = text[:-1]
    return text + "…"


def _columns(text: str) -> int:
    """Return how many columns a terminal gives a text."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "FW" else 1
        for c in text
    )
