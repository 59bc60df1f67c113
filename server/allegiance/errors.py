"""The one tree of errors. Each says what is wrong, where, and what to do.

AllegianceError
├── UsageError     the command or request was put wrongly (exit 2)
├── FolderError    a graph folder is missing something or is none
├── TurtleError    an RDF file cannot be read
├── TextError      a source text cannot be read
├── ReasonerError  the OWL reasoner could not run
├── ReleaseError   a release cannot be built, opened or switched to
├── QueryError     a SPARQL query is wrong
└── LimitError     a query ran into a limit of the server
"""


class AllegianceError(Exception):
    """An error a user can act on.

    what: one sentence, what is wrong.
    where: the place, such as ``facts.ttl:12:5``, where there is one.
    help: one sentence, what to do next.
    """

    exit_code = 1

    def __init__(self, what: str, where: str | None = None, help: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.help = help

    def __reduce__(self) -> tuple[object, ...]:
        # Children take other arguments, so an error that crosses processes is not made anew.
        return _remade, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\nhelp: {self.help}" if self.help else ""
        return f"{place}{self.what}{advice}"


def _remade(
    kind: type[AllegianceError], args: tuple[object, ...], facts: dict[str, object]
) -> AllegianceError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class UsageError(AllegianceError):
    """The command or request was put wrongly."""

    exit_code = 2


class FolderError(AllegianceError):
    """A graph folder is missing something or is none."""

    exit_code = 2


class TurtleError(AllegianceError):
    """An RDF file cannot be read."""


class TextError(AllegianceError):
    """A source text cannot be read."""


class ReasonerError(AllegianceError):
    """The OWL reasoner could not run."""


class ReleaseError(AllegianceError):
    """A release cannot be built, opened or switched to."""


class QueryError(AllegianceError):
    """A SPARQL query is wrong."""


class LimitError(AllegianceError):
    """A query ran into a limit of the server."""
