"""The pages of whatever release is served: one made of several answers is all from one release."""

import io
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from flask import Flask

from allegiance.cli.shown import Shown
from allegiance.site import create_app
from allegiance.sparql import Readers, Superseded
from allegiance.sparql.messages import RELEASE

_WAIT_SECONDS = 5.0
"""How long the fronts may be told of a release after the readers have it."""
_TICK = 0.01
_TRY_SECONDS = 30.0
"""For how long a page is begun anew, where releases change faster than it is made."""


class Pages:
    """A WSGI application.

    showing: tells what is served now.  readers: whoever answers queries on it.
    A page whose release goes while it is made is made anew from the next one.
    """

    def __init__(self, showing: Callable[[], Shown], readers: Readers) -> None:
        self._showing = showing
        self._readers = readers
        self._making = threading.Lock()
        self._made: tuple[Shown, Flask] | None = None

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        # Only a posted query has a body that is read, and the endpoint held it to its limit.
        posted = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == "/sparql"
        body = environ["wsgi.input"].read() if posted else b""
        until = time.monotonic() + _TRY_SECONDS
        while time.monotonic() < until:
            shown, app = self._app()
            began: list[Any] = []
            again = {**environ, "wsgi.input": io.BytesIO(body)}
            try:
                found = app(again, lambda *told, began=began: began.extend(told))
                try:
                    page = b"".join(found)
                finally:
                    if hasattr(found, "close"):
                        found.close()
            except Superseded:
                self._wait(shown)
                continue
            status, headers = began[0], began[1]
            start_response(status, [*headers, (RELEASE, shown.served.release)])
            return [page]
        start_response("503 Service Unavailable", [*_BUSY.items()])
        return [b"The release changes too fast for this page. Try again in a few seconds.\n"]

    def _app(self) -> tuple[Shown, Flask]:
        with self._making:
            shown = self._showing()
            if self._made is None or self._made[0] is not shown:
                assert shown.pages is not None
                readers = replace(self._readers, release=shown.served.release)
                self._made = shown, create_app(shown.pages, readers)
            return self._made

    def _wait(self, shown: Shown) -> None:
        """Return when something else is served than that."""
        until = time.monotonic() + _WAIT_SECONDS
        while self._showing() is shown and time.monotonic() < until:
            time.sleep(_TICK)


_BUSY: Mapping[str, str] = {
    "Content-Type": "text/plain; charset=utf-8",
    "Retry-After": "5",
    "Cache-Control": "no-store",
}
