"""The readers as the front asks them: connections that are used again, and places to queue for.

A query that passes takes one of the front's places for quick ones until its answer begins, or
until it is no longer quick; slow ones are counted by the host.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from allegiance.sparql import frames
from allegiance.sparql.client import BUSY, GONE, TRIES, again, checked, make_request
from allegiance.sparql.failures import Problem
from allegiance.sparql.frames import BrokenFrame, Dataset, Limits, Request, Start
from allegiance.sparql.messages import Receive, Send
from allegiance.sparql.query import check, silenced

_LONG = 20_000
"""Characters of a query that are tokenized at once; longer ones would hold up other clients."""
_MOST_BUFFERED = 4 * frames.DATA_SIZE
_QUICK_SECONDS = 0.1
_IDLE_SECONDS = 10.0
_GRACE_SECONDS = 2.0


class _Connection(asyncio.Protocol):
    """Frames as they come from one reader; reading stops while too many are not taken."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._frames: deque[tuple[bytes, bytes]] = deque()
        self._held = 0
        self._paused = False
        self._lost = False
        self._waiter: asyncio.Future[None] | None = None
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        at = 0
        while len(self._buffer) - at >= frames.HEAD_SIZE:
            try:
                kind, length = frames.unpack_head(self._buffer[at : at + frames.HEAD_SIZE])
            except BrokenFrame:
                self.close()
                self.connection_lost(None)
                return
            end = at + frames.HEAD_SIZE + length
            if len(self._buffer) < end:
                break
            self._frames.append((kind, bytes(self._buffer[at + frames.HEAD_SIZE : end])))
            self._held += length
            at = end
        del self._buffer[:at]
        if self._held > _MOST_BUFFERED and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        if self._frames:
            self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def usable(self) -> bool:
        """Whether its reader waits for a query, as far as is known here."""
        return not (self._lost or self._frames or self._buffer or self.transport.is_closing())

    def ask(self, request: Request) -> None:
        self.transport.write(request.pack())

    async def frame(self) -> tuple[bytes, bytes] | None:
        """Return the next frame, or None when the other side has left."""
        while not self._frames:
            if self._lost:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        kind, payload = self._frames.popleft()
        self._held -= len(payload)
        if self._paused and self._held < _MOST_BUFFERED // 2 and not self._lost:
            self._paused = False
            self.transport.resume_reading()
        return kind, payload

    def close(self) -> None:
        self.transport.abort()


@dataclass(frozen=True, slots=True)
class Places:
    """What one front may do at once: so many queries that are still quick, so many requests that
    wait or work, so many answers that are being sent.
    """

    quick: int = 12
    flight: int = 256
    sending: int = 48


@dataclass(slots=True)
class _Counts:
    flight: int = 0
    sending: dict["AsyncAnswer", float] = field(default_factory=dict)


class AsyncReaders:
    """The readers for asyncio, in two steps: look at the query, then ask it."""

    def __init__(
        self,
        socket: Path,
        limits: Limits | None = None,
        places: Places | None = None,
        allowed: Sequence[str] = (),
    ) -> None:
        self.socket = socket
        self.limits = limits or Limits()
        self.places = places or Places()
        self.allowed = tuple(allowed)
        self._idle: deque[_Connection] = deque()
        self._quick = asyncio.Semaphore(self.places.quick)
        self._counts = _Counts()
        self._sweeper: asyncio.TimerHandle | None = None

    async def kind(self, query: str) -> str | None:
        """Return the kind of answer a query asks for; result and errors as ``query.check``."""
        if len(query) > _LONG:
            return await asyncio.to_thread(check, query, self.allowed)
        return check(query, self.allowed)

    async def stream(
        self,
        query: str,
        *,
        results: str = "json",
        graph: str = "ntriples",
        dataset: Dataset | None = None,
        seconds: float | None = None,
        name: str = "",
    ) -> "AsyncAnswer":
        """Return the answer once its first bytes are there; close it. As ``Readers.stream``, but
        for a query that passed ``kind``.

        name: under which the query can be ended.
        """
        query = silenced(query, self.allowed)
        request = make_request(query, results, graph, dataset, self.limits, seconds, name)
        if self._counts.flight >= self.places.flight:
            raise Problem(
                "busy",
                f"More than {self.places.flight} requests are in flight, which is the limit.",
                "Try again in a few seconds.",
            ).error()
        self._make_room()
        self._counts.flight += 1
        try:
            # The kernel's timer ends a query; this one is for a host that does not answer.
            async with asyncio.timeout(request.limits.seconds + _GRACE_SECONDS):
                return await self._begin(request)
        except TimeoutError:
            raise BUSY.error() from None
        finally:
            self._counts.flight -= 1

    async def _begin(self, request: Request) -> "AsyncAnswer":
        began = time.monotonic()
        turn = _Turn(self._quick)
        try:
            await turn.take(min(request.limits.seconds, 10))
            tried = 0
            while True:
                connection, used = await self._connect()
                answer = AsyncAnswer(self, connection, request)
                try:
                    connection.ask(again(request, time.monotonic() - began))
                    if await answer.begin(began):
                        self._counts.sending[answer] = time.monotonic()
                        return answer
                except BaseException:
                    answer.close()
                    raise
                connection.close()
                tried += not used
                if tried == TRIES:
                    raise GONE.error()
        finally:
            turn.give()

    async def _connect(self) -> tuple[_Connection, bool]:
        """Return a connection, and whether it was used before: then its reader may just end."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection, True
            connection.close()
        loop = asyncio.get_running_loop()
        try:
            _, made = await loop.create_unix_connection(_Connection, str(self.socket))
        except OSError:
            raise BUSY.error() from None
        return made, False

    def give_back(self, connection: _Connection) -> None:
        """Keep a connection whose reader stays."""
        if not connection.usable or len(self._idle) >= self.places.quick:
            connection.close()
            return
        connection.idle_since = time.monotonic()
        self._idle.append(connection)
        if self._sweeper is None:
            self._sweep()

    def _sweep(self) -> None:
        """Close what was idle for long, so that its reader ends and the host can sleep."""
        now = time.monotonic()
        while self._idle and now - self._idle[0].idle_since > _IDLE_SECONDS:
            self._idle.popleft().close()
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(_IDLE_SECONDS / 2, self._sweep) if self._idle else None

    def forget(self) -> None:
        """Close all idle connections: the next query gets a new reader."""
        while self._idle:
            self._idle.pop().close()

    async def live(self, receive: Receive, send: Send) -> None:
        """Speak the lifespan protocol of ASGI: at the end, close what is open."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self.forget()
                if self._sweeper is not None:
                    self._sweeper.cancel()
                await asyncio.sleep(0)  # Closing takes a turn of the loop.
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    def _make_room(self) -> None:
        """Break off the answer whose client has taken nothing for longest, if room is short."""
        sending = self._counts.sending
        if len(sending) < self.places.sending:
            return
        slowest = min(sending, key=sending.__getitem__)
        if time.monotonic() - sending[slowest] < 1:
            raise Problem(
                "busy", "Too many long answers are being sent.", "Try again in a few seconds."
            ).error()
        slowest.close()

    def moved(self, answer: "AsyncAnswer") -> None:
        """Note that a client took a piece of an answer."""
        if answer in self._counts.sending:
            self._counts.sending[answer] = time.monotonic()

    def done(self, answer: "AsyncAnswer") -> None:
        """Note that an answer is closed."""
        self._counts.sending.pop(answer, None)

    @property
    def in_flight(self) -> tuple[int, int]:
        """How many requests wait for an answer, and how many answers are being sent."""
        return self._counts.flight, len(self._counts.sending)


class _Turn:
    """One of the places for quick queries, given back when it is over or has become slow."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._taken = False
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._places.acquire()
        except TimeoutError:
            raise BUSY.error() from None
        self._taken = True
        self._timer = asyncio.get_running_loop().call_later(_QUICK_SECONDS, self.give)

    def give(self) -> None:
        if self._taken:
            self._taken = False
            self._places.release()
        if self._timer is not None:
            self._timer.cancel()


class AsyncAnswer:
    """One answer as it comes: ``start``, then pieces of bytes by iterating; then ``rows``."""

    start: Start

    def __init__(self, readers: AsyncReaders, connection: _Connection, request: Request) -> None:
        self._readers = readers
        self._connection = connection
        self._request = request
        self._whole = False
        self._stays = False
        self._closed = False
        self.rows: int | None = None

    async def begin(self, began: float) -> bool:
        """Wait for what the answer is; return False when the reader left without a word."""
        frame = await self._connection.frame()
        while frame is not None and frame[0] == frames.AGAIN:
            self._connection.ask(again(self._request, time.monotonic() - began))
            frame = await self._connection.frame()
            if frame is None:
                raise GONE.error()
        if frame is None:
            return False
        kind, payload = checked(*frame, self._request.limits)
        if kind != frames.START:
            raise GONE.error()
        self.start = frames.unpack_start(payload)
        return True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            frame = await self._connection.frame()
            if frame is None:
                raise GONE.error()
            kind, payload = checked(*frame, self._request.limits)
            if kind == frames.END:
                end = frames.unpack_end(payload)
                self.rows, self._stays, self._whole = end.rows, end.stays, True
                return
            yield payload
            self._readers.moved(self)

    def close(self) -> None:
        """Leave; if the answer is not whole yet, its reader is ended."""
        if self._closed:
            return
        self._closed = True
        self._readers.done(self)
        if self._whole and self._stays:
            self._readers.give_back(self._connection)
        else:
            self._connection.close()
