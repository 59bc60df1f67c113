"""An endpoint elsewhere, asked by the SPARQL 1.1 Protocol."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message
from http.client import HTTPException
from typing import IO

from allegiance import names
from allegiance.errors import LimitError, QueryError
from allegiance.sparql import Problem
from allegiance.sparql.formats import GRAPHS, RESULTS

_PIECE = 64 * 1024
_MARGIN = 5.0
"""Seconds beyond the limit of the query, so that the endpoint can say itself that it is over."""


class Remote:
    """An endpoint by its address; of a server's root, its ``/sparql``."""

    def __init__(self, url: str, timeout: float) -> None:
        if urllib.parse.urlsplit(url).path in ("", "/"):
            url = urllib.parse.urljoin(url, "/sparql")
        self._url = url
        self._timeout = timeout
        self.prefixes = names.prefixes(names.VOCABULARY)

    def answer(self, query: str, format: str) -> Iterator[bytes]:
        """Yield the answer in pieces.

        Raises BadQuery or QueryError when the endpoint refuses, LimitError when it does not
        answer in time or breaks off.
        """
        media = (RESULTS.get(format) or GRAPHS[format]).media
        request = urllib.request.Request(
            self._url,
            data=urllib.parse.urlencode({"query": query}).encode(),
            headers={"Accept": media, "User-Agent": "allegiance"},
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout + _MARGIN) as response:
                self._same(response.headers, media)
                while data := response.read(_PIECE):
                    yield data
        except urllib.error.HTTPError as error:
            with error:
                raise self._refused(error) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise LimitError(
                f"the endpoint did not answer to the end: {reason or type(error).__name__}",
                self._url,
                "see that it runs and can be reached; name it like http://127.0.0.1:7200/sparql",
            ) from None

    def _same(self, headers: Message, media: str) -> None:
        given = headers.get_content_type()
        if given != media:
            raise QueryError(
                f"the endpoint answered with {given} where {media} was asked",
                self._url,
                "see that the address is that of a SPARQL endpoint",
            )

    def _refused(self, error: "urllib.error.HTTPError") -> Exception:
        body, help = _read(error), None
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(body)
            if "line" in told:
                members = {key: told[key] for key in _MEMBERS if key in told}
                return Problem(str(told["type"]).rpartition("/")[2], **members).error()
            body, help = told["detail"].encode(), told.get("help")
        text = " ".join(body.decode("utf-8", "replace").split())[:300]
        kind = LimitError if error.code >= 500 else QueryError
        return kind(f"the endpoint answered {error.code} {error.reason}: {text}", self._url, help)


_MEMBERS = ("detail", "help", "line", "column", "fragment")


def _read(response: IO[bytes]) -> bytes:
    try:
        return response.read(_PIECE)
    except (OSError, HTTPException):
        return b""
