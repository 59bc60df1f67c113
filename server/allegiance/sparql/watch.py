"""Around the endpoint: who asks, under which id, how often; what is counted and logged.

Answers ``/metrics`` and ``DELETE /queries/<id>`` itself. The id of a query comes from the request
header X-Query-Id or is made here, and is in each answer.
"""

import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

from allegiance.sparql import control, metrics
from allegiance.sparql.admission import FairUse
from allegiance.sparql.counters import BUCKETS, STATUSES, Counters
from allegiance.sparql.failures import Problem
from allegiance.sparql.log import NOTE, Log, Note
from allegiance.sparql.messages import (
    CORS,
    Application,
    Message,
    Receive,
    Scope,
    Send,
    fail,
    send_whole,
)

_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_UNCOUNTED = ("/livez", "/readyz", "/metrics")


@dataclass(frozen=True, slots=True)
class Behind:
    """A proxy in front. path: what it serves us under, such as ``/graph``.

    trusted: networks of proxies whose X-Forwarded-… headers count.
    """

    path: str = ""
    trusted: Sequence[str] = ()


class Watch:
    """The ASGI application around another.

    readers: the readers' socket, next to which orders are given.
    """

    def __init__(
        self,
        application: Application,
        readers: Path,
        counters: Counters,
        log: Log,
        fair_use: FairUse | None = None,
        behind: Behind | None = None,
    ) -> None:
        self._application = application
        self._readers = readers
        self._counters = counters
        self._log = log
        self._fair_use = fair_use
        self._behind = behind or Behind()
        self._trusted = [ip_network(network) for network in self._behind.trusted]
        self._flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        scope = self._placed(scope)
        note = Note(_id(scope), scope["method"], scope["path"], _client(scope))
        scope[NOTE] = note
        watched = _Watched(send, note)
        began = time.monotonic()
        self._flight += 1
        self._counters.set("in_flight", self._flight)
        try:
            await self._answer(scope, receive, watched, note)
        finally:
            self._flight -= 1
            self._counters.set("in_flight", self._flight)
            note.seconds = time.monotonic() - began
            note.cut = watched.begun and not watched.ended
            self._count(note)
            self._log.write(note)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, note: Note) -> None:
        path, method = scope["path"], scope["method"]
        if self._fair_use is not None and path not in _UNCOUNTED:
            wait = self._fair_use.take(note.client)
            if wait:
                note.limit = "often"
                most = self._fair_use.per_minute
                problem = Problem(
                    "often",
                    f"This client sent more than {most} requests a minute, which is the limit.",
                    f"Wait {max(1, round(wait))} s, then send fewer at once.",
                )
                await fail(send, problem, retry_after=max(1, round(wait)))
                return
        if path == "/metrics" and method in ("GET", "HEAD"):
            await self._metrics(send)
        elif path.startswith("/queries/") and method == "DELETE":
            await self._end(path.removeprefix("/queries/"), send)
        else:
            await self._application(scope, receive, send)

    async def _metrics(self, send: Send) -> None:
        try:
            host = await control.async_order(self._readers, {"do": "status"})
        except (OSError, ValueError, TimeoutError):
            host = {}
        body = metrics.text(self._counters.sums(), host)
        headers = [(b"content-type", metrics.MEDIA), (b"cache-control", b"no-store")]
        await send_whole(send, 200, headers, body)

    async def _end(self, name: str, send: Send) -> None:
        ended = 0
        if _ID.fullmatch(name):
            try:
                told = await control.async_order(self._readers, {"do": "end", "id": name})
                ended = told["ended"]
            except (OSError, ValueError, KeyError, TimeoutError):
                problem = Problem("busy", "The readers cannot be reached.", "Try again.")
                await fail(send, problem)
                return
        if ended:
            await send_whole(send, 204, [*CORS], b"")
        else:
            await fail(
                send,
                Problem(
                    "address",
                    "No query of that id is running.",
                    "Take the id from X-Query-Id; a query that has ended cannot be ended.",
                ),
            )

    def _count(self, note: Note) -> None:
        add = self._counters.add
        add("requests")
        add("seconds", note.seconds)
        add(f"status {note.status}" if note.status in STATUSES else "status other")
        for edge in BUCKETS:
            if note.seconds <= edge:
                add(f"under {edge:g}")
        add("bytes", note.bytes)
        add("rows", note.rows or 0)
        add("cut", note.cut)
        add("queries", note.query is not None)
        add("hits", note.cache == "hit")
        add("misses", note.cache == "miss")
        if note.limit:
            add(f"limit {note.limit}")

    def _placed(self, scope: Scope) -> Scope:
        """Return the scope as the proxy in front meant it."""
        scope = dict(scope)
        if self._trusted and scope.get("client"):
            _believe(scope, self._trusts)
        path = self._behind.path
        if path and (scope["path"] == path or scope["path"].startswith(path + "/")):
            # The proxy passed the whole address on; one that took its part off needs nothing.
            scope["path"] = scope["path"][len(path) :] or "/"
        if path:
            scope["root_path"] = path
        return scope

    def _trusts(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


class _Watched:
    """A ``send`` that notes what goes out, and puts the id into the header."""

    def __init__(self, send: Send, note: Note) -> None:
        self._send = send
        self._note = note
        self.begun = False
        self.ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            self._note.status = message["status"]
            name = (b"x-query-id", self._note.id.encode())
            message = {**message, "headers": [*message.get("headers", ()), name]}
        elif message["type"] == "http.response.body":
            self._note.bytes += len(message.get("body", b""))
            self.ended = not message.get("more_body", False)
        await self._send(message)


def _id(scope: Scope) -> str:
    for key, value in scope["headers"]:
        if key == b"x-query-id":
            told: str = value.decode("latin-1")
            if _ID.fullmatch(told):
                return told
    return secrets.token_hex(16)


def _client(scope: Scope) -> str:
    return str(scope["client"][0]) if scope.get("client") else "-"


def _believe(scope: Scope, trusts: Callable[[str], bool]) -> None:
    """Take client and scheme from what trusted proxies say: the last address that is not one."""
    if not trusts(scope["client"][0]):
        return
    chain: list[str] = []
    for key, value in scope["headers"]:
        if key == b"x-forwarded-for":
            chain += [part.strip() for part in value.decode("latin-1").split(",")]
        elif key == b"x-forwarded-proto" and value in (b"http", b"https"):
            scope["scheme"] = value.decode()
    for host in reversed(chain):
        try:
            ip_address(host)
        except ValueError:
            return
        scope["client"] = (host, 0)
        if not trusts(host):
            return
