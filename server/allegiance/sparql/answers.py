"""An answer on its way out: coded, kept for the next time, and whole or visibly broken off."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import IO, Protocol

from allegiance.sparql import cache, encoding
from allegiance.sparql.cache import Cache, Kept
from allegiance.sparql.failures import BadQuery, Problem, Stopped
from allegiance.sparql.frames import Start
from allegiance.sparql.messages import CORS, NO_SNIFFING, Headers, Send, send_whole, stamp

_IN_MEMORY = 1024 * 1024
_MOST_WHOLE = 256 * 1024 * 1024
"""Bytes of an answer that is held back until it is whole."""
_PIECE = 64 * 1024
_UNREAD = "unread"
VARY = (b"vary", b"accept, accept-encoding")


class Coming(Protocol):
    """An answer as it comes from a reader."""

    start: Start

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield its bytes in pieces."""


@dataclass(frozen=True, slots=True)
class Way:
    """How an answer goes out.

    media: the value of Content-Type.  coding: the content coding.
    tag: its name for the cache, or None when it may differ the next time.
    release: what the answer is from.
    request: the name of the request, byte for byte.
    safe: whether the method is GET or HEAD.  head: whether only its header is wanted.
    held: whether it must be whole before it begins, since HTTP/1.0 cannot tell an answer that
    breaks off from one that ends.
    more: further headers.
    """

    media: str
    coding: str
    tag: str | None
    release: str
    request: bytes
    safe: bool = True
    head: bool = False
    held: bool = False
    more: Headers = field(default_factory=list)

    def headers(self, coded: bool) -> Headers:
        """Return the headers that belong to the answer itself."""
        told = [(b"content-type", self.media.encode()), *self.more]
        if coded:
            told.append((b"content-encoding", self.coding.encode()))
        return told

    def around(self, hit: bool) -> Headers:
        """Return the headers that belong to this response."""
        told = [*CORS, NO_SNIFFING, VARY, (b"accept-ranges", b"none"), stamp(self.release)]
        if self.tag is None:
            told.append((b"cache-control", b"no-store"))
            return told
        told.append((b"cache-status", b"allegiance; hit" if hit else b"allegiance; fwd=miss"))
        told.append((b"cache-control", b"no-cache"))
        if self.safe:
            told.append((b"etag", f'"{self.tag}"'.encode()))
        return told


async def repeat(cached: Cache, way: Way, if_none_match: str | None, send: Send) -> bool:
    """Answer from what was answered before, if that is possible; return whether it was."""
    assert way.tag is not None
    if way.safe and cached.answered(way.tag) and cache.matches(way.tag, if_none_match):
        await send({"type": "http.response.start", "status": 304, "headers": way.around(True)})
        await send({"type": "http.response.body"})
        return True
    kept = cached.get(way.tag)
    if kept is None:
        return False
    cached.note(way.tag, way.request)
    await send_whole(send, 200, [*way.around(True), *kept.headers], kept.body)
    return True


async def pass_on(
    answer: Coming, way: Way, cached: Cache, send: Send, send_seconds: float
) -> str | None:
    """Send an answer as it comes, as fast as the client takes it; return the code of the problem
    that broke it off, if one did.

    send_seconds: how long the client may take for one piece.
    Raises BadQuery and Stopped as long as nothing was sent.
    """
    if answer.start.length is not None:
        await _at_once(answer, way, cached, send)
    elif way.head:
        await _begin(way, send, [*way.around(False), *way.headers(way.coding != encoding.IDENTITY)])
        await send({"type": "http.response.body"})
    elif way.held:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            async for data in _coded(answer, way):
                file.write(data)
                if file.tell() > _MOST_WHOLE:
                    raise _TOO_LONG.error()
            return await _send_file(file, way, send, send_seconds)
    else:
        return await _stream(answer, way, cached, send, send_seconds)
    return None


_TOO_LONG = Problem(
    "bytes",
    f"The answer has more than {_MOST_WHOLE // 1024**2} MiB.",
    "Ask by HTTP/1.1, add a LIMIT, or ask in parts.",
)


async def _at_once(answer: Coming, way: Way, cached: Cache, send: Send) -> None:
    body = b"".join([data async for data in answer])
    coder = encoding.encoder(way.coding) if len(body) >= encoding.SMALLEST else None
    if coder is not None:
        body = coder.compress(body) + coder.flush()
    kept = Kept(way.headers(coder is not None), body)
    _keep(cached, way, kept)
    await send_whole(send, 200, [*way.around(False), *kept.headers], kept.body)


async def _stream(
    answer: Coming, way: Way, cached: Cache, send: Send, send_seconds: float
) -> str | None:
    headers = way.headers(way.coding != encoding.IDENTITY)
    await _begin(way, send, [*way.around(False), *headers])
    kept: bytearray | None = bytearray() if way.tag is not None else None
    try:
        async for data in _coded(answer, way):
            if kept is not None:
                kept += data
                if len(kept) > cached.most:
                    kept = None
            async with asyncio.timeout(send_seconds):
                await send({"type": "http.response.body", "body": data, "more_body": True})
    except (Stopped, BadQuery) as error:
        return error.problem.code  # Without a last message the server cuts the connection.
    except TimeoutError:
        return _UNREAD
    _keep(cached, way, Kept(headers, bytes(kept)) if kept is not None else None)
    await send({"type": "http.response.body"})
    return None


def _keep(cached: Cache, way: Way, kept: Kept | None) -> None:
    if way.tag is not None:
        cached.note(way.tag, way.request)
        if kept is not None:
            cached.put(way.tag, kept)


async def _coded(answer: Coming, way: Way) -> AsyncIterator[bytes]:
    coder = encoding.encoder(way.coding)
    async for data in answer:
        if ready := data if coder is None else coder.compress(data):
            yield ready
    if coder is not None:
        yield coder.flush()


async def _send_file(file: IO[bytes], way: Way, send: Send, send_seconds: float) -> str | None:
    length = (b"content-length", b"%d" % file.tell())
    told = way.headers(way.coding != encoding.IDENTITY)
    await _begin(way, send, [*way.around(False), *told, length])
    file.seek(0)
    try:
        while data := file.read(_PIECE):
            async with asyncio.timeout(send_seconds):
                await send({"type": "http.response.body", "body": data, "more_body": True})
    except TimeoutError:
        return _UNREAD
    await send({"type": "http.response.body"})
    return None


async def _begin(way: Way, send: Send, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers})
