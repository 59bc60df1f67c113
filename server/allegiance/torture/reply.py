"""One answer of the endpoint, as a client saw it."""

from dataclasses import dataclass
from enum import Enum


class End(Enum):
    """How an answer ended."""

    WHOLE = "whole"
    CUT = "cut"  # The connection ended before the answer did.
    LATE = "late"  # The client stopped waiting, or took no more.
    MALFORMED = "malformed"  # It is not HTTP.
    REFUSED = "refused"  # There was no connection.


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, or what came of it.

    status: None when none came.  headers: names in small letters, in order.
    body: its first bytes, decoded from chunks.  size: bytes of the body that came.
    first, seconds: from the first byte of the request until the first of the answer, and until
    its end.  fault: what was wrong with how it ended.
    """

    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    size: int
    end: End
    first: float | None
    seconds: float
    fault: str = ""

    def header(self, name: str) -> str | None:
        """Return the value of a header, the first if there are more."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def media(self) -> str:
        """The media type, without parameters, in small letters; empty without one."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def closes(self) -> bool:
        """Whether the server says that the connection ends with this answer."""
        return (self.header("connection") or "").lower() == "close"
