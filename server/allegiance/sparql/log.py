"""One line a request on stderr, plain or JSON; the text of a query only by its hash."""

import hashlib
import json
import sys
import time
from dataclasses import dataclass
from typing import TextIO

NOTE = "allegiance.note"
"""Key of the ASGI scope under which a request's Note is."""


@dataclass(slots=True)
class Note:
    """What is told of one request. Those who answer it write into it.

    id: under which its query can be ended.  query: its text.  rows: of the answer.
    cache: hit or miss.  limit: the code of the problem, if there was one.
    """

    id: str
    method: str = ""
    path: str = ""
    client: str = ""
    status: int = 0
    seconds: float = 0.0
    bytes: int = 0
    rows: int | None = None
    cache: str | None = None
    limit: str | None = None
    cut: bool = False
    query: str | None = None

    def facts(self, *, with_text: bool) -> dict[str, object]:
        """Return what to tell; the query as a hash, and its text only when asked."""
        facts: dict[str, object] = {
            "id": self.id,
            "client": self.client,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "seconds": round(self.seconds, 4),
            "bytes": self.bytes,
            "rows": self.rows,
            "cache": self.cache,
            "limit": self.limit,
            "cut": self.cut or None,
        }
        if self.query is not None:
            facts["query"] = digest(self.query)
            if with_text:
                facts["text"] = self.query
        return {key: value for key, value in facts.items() if value is not None}


def digest(query: str) -> str:
    """Return the hash by which a log names a query."""
    return hashlib.sha256(query.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Log:
    """Writes the lines.

    form: json, plain, or none.  text: whether to write the text of queries.
    slow_seconds: a request that took longer is written with the text of its query and marked.
    """

    def __init__(
        self,
        form: str = "none",
        *,
        text: bool = False,
        slow_seconds: float | None = None,
        out: TextIO | None = None,
    ) -> None:
        self._form = form
        self._text = text
        self._slow_seconds = slow_seconds
        self._out = out or sys.stderr

    def write(self, note: Note) -> None:
        """Write the line of a request."""
        slow = self._slow_seconds is not None and note.seconds > self._slow_seconds
        if self._form == "none" and not slow:
            return
        facts = note.facts(with_text=self._text or slow)
        if slow:
            facts["slow"] = True
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if self._form == "plain":
            line = f"{now} " + " ".join(f"{key}={_plain(value)}" for key, value in facts.items())
        else:
            line = json.dumps({"time": now, **facts})
        # One write, so that lines of several processes do not mix.
        self._out.write(line + "\n")
        self._out.flush()


def _plain(value: object) -> str:
    """Return a value for a line of words: nothing in it can begin another word or line."""
    text = str(value)
    return text if text.isascii() and text.isprintable() and " " not in text else json.dumps(text)
