"""One finding of a check: what is wrong, where, how bad, what to do.

In: nothing. Out: ``Finding``, ``Place``, ``Severity``, ``excerpt``. Imports nothing of the project.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: an error stops a release, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a file; line and column count from 1, column in characters."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    rule: the short name of the check or the IRI of the shape that found it.
    message: one sentence, what is wrong.
    help: one sentence, what to do; empty when the message says it.
    place: where, if it is in a file.
    node: the IRI of what it is about, if it is about one node.
    """

    rule: str
    severity: Severity
    message: str
    help: str = ""
    place: Place | None = None
    node: str | None = None


def excerpt(line: str, column: int, length: int = 1, width: int = 100) -> tuple[str, str]:
    """Return a line and, for below it, carets under a place; a long line only near the place.

    column: counts from 1.  length: of the place, in characters.
    What is not printable becomes a space or “�”, so that one character takes one column and a
    line from outside cannot steer a terminal.
    """
    shown = "".join(
        " " if letter.isspace() else letter if letter.isprintable() else "\ufffd"
        for letter in line.rstrip("\r\n")
    )
    at = min(column - 1, len(shown))
    begin = max(0, min(at - width // 2, len(shown) - width))
    end = begin + width
    before, after = "… " * (begin > 0), " …" * (end < len(shown))
    carets = "^" * max(1, min(length, min(end, len(shown)) - at))
    return f"{before}{shown[begin:end]}{after}", " " * (len(before) + at - begin) + carets
