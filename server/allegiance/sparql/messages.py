"""ASGI messages: reading a request, answering whole, knowing when a client left.

See https://asgi.readthedocs.io/en/latest/specs/www.html. The endpoint itself is in ``protocol``.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from allegiance import names
from allegiance.sparql.encoding import CODINGS
from allegiance.sparql.failures import Problem

Message = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

METHODS = "GET, HEAD, POST, OPTIONS"
NO_SNIFFING = (b"x-content-type-options", b"nosniff")
CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"cache-status, etag, retry-after, x-allegiance-max-rows, x-allegiance-release, x-query-id",
    ),
]
_OF_CODED = (b"content-encoding", b"content-length", b"transfer-encoding")
_DISCARDED = 16
"""How many times the limit of a body is read before the connection is cut."""


async def while_there(work: Awaitable[None], receive: Receive) -> None:
    """Do the work until it is done or the client has left, whichever is first."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
    if not working.cancelled() and (error := working.exception()):
        raise error


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def read_body(headers: Mapping[str, str], receive: Receive, most: int) -> bytes:
    """Return the body, of at most so many bytes.

    One that is too long is read on for a while before it is refused: a client that is cut off
    while it sends does not see the answer.
    """
    declared = headers.get("content-length", "0")
    size = int(declared) if declared.isdecimal() else 0
    body = bytearray()
    more = size <= _DISCARDED * most
    while more and size <= _DISCARDED * most:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem("request", "The request broke off.").error()
        data = message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) <= most:
            body += data
            size = max(size, len(body))
        else:
            size += len(data)
    if size > most:
        raise Problem(
            "body",
            f"The body has more than {most} bytes, which is the limit.",
            "Ask in several queries.",
        ).error()
    return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body that was read already first."""
    first = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return first.pop() if first else await receive()

    return replayed


def decoded(scope: Scope, body: bytes) -> Scope:
    """Return the scope of a request whose body was decoded, for another application."""
    headers = [(name, value) for name, value in scope["headers"] if name not in _OF_CODED]
    if len(headers) == len(scope["headers"]):
        return scope
    if scope["method"] == "POST":
        headers.append((b"content-length", b"%d" % len(body)))
    return {**scope, "headers": headers}


def read_headers(scope: Scope) -> Mapping[str, str]:
    """Return the request's headers; one that came in several lines is one list."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


RELEASE = "X-Allegiance-Release"
"""The header that names the release an answer is from."""
_STAMP = RELEASE.lower().encode()


def stamp(release: str) -> tuple[bytes, bytes]:
    """Return the header that names the release an answer is from."""
    return _STAMP, release.encode()


class Stamped:
    """A ``send`` that names a release in each answer that does not name its own, and knows whether
    one has begun.
    """

    def __init__(self, send: Send, release: str) -> None:
        self._send = send
        self._stamp = stamp(release)
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ())]
            if all(name.lower() != _STAMP for name, _ in headers):
                headers.append(self._stamp)
            message["headers"] = headers
            self.begun = True
        await self._send(message)


async def fail(send: Send, problem: Problem, retry_after: int = 5) -> None:
    """Answer with a problem as JSON (RFC 9457)."""
    facts = problem.facts()
    code = facts.pop("code")
    body = {
        "type": f"{names.VOCABULARY}problem/{code}",
        "title": problem.title,
        "status": problem.status,
        **facts,
    }
    headers = [*CORS]
    if problem.status == 405:
        headers.append((b"allow", METHODS.encode()))
    if problem.status in (429, 503):
        headers.append((b"retry-after", b"%d" % retry_after))
    if problem.status == 415:
        headers.append((b"accept-encoding", ", ".join(CODINGS).encode()))
    if problem.status == 413:
        # What is left of the body is not worth reading.
        headers.append((b"connection", b"close"))
    await send_json(send, problem.status, body, "application/problem+json", headers)


_STEERING = re.compile("[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\x7f-\x9f]")
"""Characters that change how the text around them is shown, as in a terminal."""


def json_text(value: Mapping[str, object]) -> bytes:
    """Return JSON as UTF-8, with characters that steer a display as escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode() + b"\n"


async def send_json(
    send: Send,
    status: int,
    value: Mapping[str, object],
    media: str = "application/json",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    body = json_text(value)
    told = [
        *headers,
        NO_SNIFFING,
        (b"content-type", media.encode()),
        (b"cache-control", b"no-store"),
    ]
    await send_whole(send, status, told, body)


async def send_whole(send: Send, status: int, headers: Headers, body: bytes) -> None:
    if status != 204:
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
