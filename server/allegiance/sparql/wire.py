"""HTTP/1.1 as it comes over a connection: what is refused before there is a request.

uvicorn's own protocol answers a broken header in plain words, and waits for ever for one that
does not come. Here each refusal is a problem as JSON, and header, body and connections are held to
their limits.
"""

import asyncio
import socket
from typing import Any

from httptools import HttpParserCallbackError
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from allegiance import names
from allegiance.sparql.counters import STATUSES, Counters
from allegiance.sparql.failures import Problem
from allegiance.sparql.limits import ServerLimits
from allegiance.sparql.messages import json_text

_PACE = 16 * 1024
"""Bytes a second at which a body may take longer than its time."""
_LATER = 1.5
"""Times the time for a piece: whoever sends an answer gives it up first, and tells why."""
_NO_HOST = Problem(
    "request",
    "A request of HTTP/1.1 has one header field Host (RFC 9112, section 3.2).",
    "Send one: Host and the name from the address.",
)
_BROKEN = Problem(
    "request", "This is no HTTP/1.1 request.", "Send a request line, a header and a blank line."
)


def protocol(limits: ServerLimits, fronts: int, counters: Counters) -> type[HttpToolsProtocol]:
    """Return the class of protocol for uvicorn's ``http`` setting.

    fronts: how many share the limit of connections.
    """
    return type(
        "Wire",
        (_Wire,),
        {
            "limits": limits,
            "most": max(1, limits.connections // fronts),
            "counters": counters,
        },
    )


class _Wire(HttpToolsProtocol):
    """One connection of a client."""

    limits: ServerLimits
    most: int
    counters: Counters

    _timer: asyncio.TimerHandle | None = None
    _problem: Problem | None = None
    _in_head = True
    _head = 0
    _came = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._let_go_of_who_takes_nothing(transport)
        self.counters.set("connections", len(self.connections))
        if len(self.connections) > self.most:
            self._refuse(
                Problem(
                    "busy",
                    f"More than {self.limits.connections} connections are open, the limit.",
                    "Try again in a few seconds.",
                )
            )
            return
        self._wait_for("header", self.limits.header_seconds)

    def _let_go_of_who_takes_nothing(self, transport: asyncio.Transport) -> None:
        """Have the kernel end a connection whose client takes nothing of what was sent, also
        when it is closed here and still has bytes to send.
        """
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(self.limits.send_seconds * _LATER * 1000)
            transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds
            )

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_for_nothing()
        super().connection_lost(exc)
        self.counters.set("connections", len(self.connections))

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_head:
            if self._timer is None:
                self._wait_for("header", self.limits.header_seconds)
            self._head += len(data)
        super().data_received(data)
        most = self.limits.address + self.limits.header
        if self._in_head and self._head > most and not self.transport.is_closing():
            self._refuse(self._long_header())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._fields = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.limits.address:
            self._stop(
                Problem(
                    "length",
                    f"The address has more than {self.limits.address} bytes, which is the limit.",
                    "Send the query by POST, as application/sparql-query.",
                )
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += len(name) + len(value) + 4
        if self._fields > self.limits.header:
            self._stop(self._long_header())
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head = 0
        self._wait_for_nothing()
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            self._stop(_NO_HOST)
        try:
            super().on_headers_complete()
        except Exception:
            # An address that is none, such as one with a broken port.
            self._stop(_BROKEN)
        if self.cycle is not None and self.parser.get_method() not in (b"GET", b"HEAD"):
            self._came = 0
            self._wait_for("body", self.limits.body_seconds)

    def on_body(self, body: bytes) -> None:
        self._came += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._head = 0
        self._wait_for_nothing()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._problem or _BROKEN)

    def _long_header(self) -> Problem:
        return Problem(
            "headers",
            f"The header has more than {self.limits.header} bytes, which is the limit.",
            "Send fewer or shorter header fields.",
        )

    def _stop(self, problem: Problem) -> None:
        """End parsing with that problem."""
        self._problem = problem
        raise HttpParserCallbackError(problem.detail)

    def _wait_for(self, what: str, seconds: float) -> None:
        self._wait_for_nothing()
        self._timer = self.loop.call_later(seconds, self._late, what, seconds)

    def _wait_for_nothing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self, what: str, seconds: float) -> None:
        self._timer = None
        if what == "header" and self._head == 0:
            self.transport.close()  # Nothing was asked, so nothing is answered.
            return
        if what == "body" and self._came >= _PACE * seconds:
            self._came = 0
            self._wait_for(what, seconds)  # A long one that comes at a good pace.
            return
        self._refuse(
            Problem(
                "slow",
                f"The {what} did not come within {seconds:g} s, which is the limit.",
                "Send the request faster.",
            )
        )

    def _refuse(self, problem: Problem) -> None:
        """Answer, unless an answer is on its way, and close the connection."""
        self._wait_for_nothing()
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy and self.cycle.response_started:
            self.transport.close()
            return
        if busy:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.counters.add("requests")
        status = problem.status if problem.status in STATUSES else "other"
        self.counters.add(f"status {status}")
        self.counters.add(f"limit {problem.code}")
        self.transport.write(response(problem))
        self.transport.close()


def response(problem: Problem) -> bytes:
    """Return a whole answer that says the problem, and that the connection closes."""
    facts: dict[str, Any] = problem.facts()
    code = facts.pop("code")
    told = {
        "type": f"{names.VOCABULARY}problem/{code}",
        "title": problem.title,
        "status": problem.status,
        **facts,
    }
    body = json_text(told)
    lines = [
        b"access-control-allow-origin: *",
        b"x-content-type-options: nosniff",
        b"content-type: application/problem+json",
        b"cache-control: no-store",
        b"content-length: %d" % len(body),
        b"connection: close",
    ]
    if problem.status == 503:
        lines.append(b"retry-after: 5")
    return STATUS_LINE[problem.status] + b"\r\n".join(lines) + b"\r\n\r\n" + body
