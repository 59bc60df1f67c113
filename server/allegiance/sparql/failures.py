"""What can go wrong with a query: one table of problems, with the status HTTP gives each.

A problem crosses from a reader to the front as JSON, and becomes an error of the project's
tree where it is raised: ``BadQuery`` (a QueryError) or ``Stopped`` (a LimitError).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from allegiance.errors import AllegianceError, LimitError, QueryError

PROBLEMS: Mapping[str, tuple[int, str]] = {
    "syntax": (400, "The query is not SPARQL"),
    "nesting": (400, "The query is nested too deeply"),
    "update": (400, "This is an update, not a query"),
    "dataset": (400, "A graph name is not an IRI"),
    "request": (400, "The request does not follow the SPARQL Protocol"),
    "rdf": (400, "The RDF cannot be read"),
    "refused": (403, "The engine refuses this"),
    "token": (401, "This needs the token"),
    "read-only": (403, "This endpoint is read-only"),
    "service": (403, "SERVICE is refused"),
    "endpoint": (502, "Another endpoint gave no usable answer"),
    "endpoint-time": (504, "Another endpoint took too long"),
    "address": (404, "There is nothing at this address"),
    "method": (405, "This method is not for this address"),
    "format": (406, "The answer cannot be given in that format"),
    "slow": (408, "The request did not come in time"),
    "changed": (412, "The graph is not as the request demands"),
    "body": (413, "The request is too long"),
    "length": (414, "The address is too long"),
    "shapes": (422, "The data would break the shapes"),
    "often": (429, "Too many requests"),
    "headers": (431, "The header of the request is too long"),
    "media": (415, "A query does not come in this media type"),
    "time": (504, "The query took too long"),
    "memory": (503, "The query needed too much memory"),
    "rows": (503, "The answer has too many rows"),
    "bytes": (503, "The answer is too long"),
    "busy": (503, "No place is free"),
    "cancelled": (503, "The query was cancelled"),
    "stopped": (503, "The server is stopping"),
    "unread": (503, "The answer was not taken"),
    "disk": (507, "The change cannot be written"),
    "function": (501, "A function of the query is not known here"),
    "outcome": (500, "The outcome of the change is not known"),
    "crash": (500, "The query ended its reader"),
}
"""Code → HTTP status and title."""

_STOPPED = {
    *("time", "memory", "rows", "bytes", "busy", "often"),
    *("cancelled", "stopped", "unread", "crash", "disk", "outcome", "endpoint", "endpoint-time"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong with one query.

    code: a key of PROBLEMS.  detail: one sentence.  help: one sentence, what to do.
    line, column: where in the query, from 1, column in characters.  fragment: the text there.
    """

    code: str
    detail: str
    help: str = ""
    line: int | None = None
    column: int | None = None
    fragment: str | None = None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return PROBLEMS[self.code][0]

    @property
    def title(self) -> str:
        """The same words for every problem of this code."""
        return PROBLEMS[self.code][1]

    def facts(self) -> dict[str, str | int]:
        """Return its members that have a value."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}

    def error(self) -> "BadQuery | Stopped":
        """Return the exception to raise for it."""
        return Stopped(self) if self.code in _STOPPED else BadQuery(self)


OUT_OF_TIME = Problem(
    "time",
    "The query did not finish within its time limit.",
    "Narrow it: name more of the terms, join patterns by a variable, add a LIMIT.",
)


class _WithProblem(AllegianceError):
    def __init__(self, problem: Problem) -> None:
        where = None if problem.line is None else f"line {problem.line}, column {problem.column}"
        super().__init__(problem.detail, where, problem.help or None)
        self.problem = problem


class BadQuery(_WithProblem, QueryError):
    """The query is wrong, or asks for what is refused; ``problem`` says what and where."""


class Stopped(_WithProblem, LimitError):
    """The query was ended before its answer was whole; ``problem`` says by what."""
