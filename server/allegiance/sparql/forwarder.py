"""The forwarder: the one process that asks other endpoints, for the readers and the writer.

    python -m allegiance.sparql.forwarder SOCKET --allow ORIGIN [--allow ORIGIN ...]
        [--seconds S] [--bytes N] [--calls N] [--parent PID]

A process joins over the Unix socket (``diversion``) and from then on gets its sockets here. On
each it speaks HTTP, as the engine does for SERVICE: a POST whose target holds the IRI of the other
endpoint, percent-encoded. The answer is the other's solutions, or a problem.
"""

import argparse
import asyncio
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

import h11

from allegiance.sparql import confine, federation
from allegiance.sparql.diversion import Peer, refusal
from allegiance.sparql.failures import BadQuery, Problem, Stopped
from allegiance.sparql.federation import Rules, Solutions
from allegiance.sparql.host import listen
from allegiance.sparql.query import FORWARDER, SILENT

_MOST_QUERY = 64 * 1024 * 1024
_PIECE = 64 * 1024
_HOST = urlsplit(FORWARDER).netloc.encode()


class Forwarder:
    """Asks for those who joined. calls: how often one query may have others asked."""

    def __init__(self, listener: socket.socket, rules: Rules, calls: int) -> None:
        self._listener = listener
        self._rules = rules
        self._calls = calls
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(self._listener)
            connection.setblocking(True)
            connection.settimeout(5)
            # Whoever connects sends its listener at once: only our own processes can.
            with suppress(OSError):
                peer = Peer(connection)
                connection.setblocking(False)
                _Joined(self, peer, loop)

    def answer(self, given: socket.socket, of: "_Joined") -> None:
        """Answer on one socket that a process was given."""
        task = asyncio.ensure_future(self._answer(given, of))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, given: socket.socket, of: "_Joined") -> None:
        with suppress(OSError, h11.RemoteProtocolError):
            reader, writer = await asyncio.open_connection(sock=given)
            try:
                connection = h11.Connection(h11.SERVER)
                request, query = await _request(connection, reader)
                asking = asyncio.ensure_future(self._ask(request, query, of))
                leaving = asyncio.ensure_future(reader.read(1))
                await asyncio.wait((asking, leaving), return_when=asyncio.FIRST_COMPLETED)
                leaving.cancel()
                if not asking.done():
                    asking.cancel()  # Whoever asked has ended, so nobody waits for it.
                    return
                status, media, body = asking.result()
                head = h11.Response(
                    status_code=status,
                    headers=[
                        ("Content-Type", media),
                        ("Content-Length", str(len(body))),
                        ("Connection", "close"),
                    ],
                )
                for event in (head, h11.Data(body), h11.EndOfMessage()):
                    writer.write(connection.send(event) or b"")
                await writer.drain()
            finally:
                writer.close()

    async def _ask(
        self, request: h11.Request, query: bytes, of: "_Joined"
    ) -> tuple[int, str, bytes]:
        try:
            found = await self._solutions(request, query, of)
            return 200, found.media, found.body
        except (BadQuery, Stopped) as error:
            problem = error.problem
            if not request.target.decode("ascii").startswith(f"/{SILENT}"):
                of.fail(problem)
            return problem.status, "application/problem+json", refusal(problem)

    async def _solutions(self, request: h11.Request, query: bytes, of: "_Joined") -> Solutions:
        host = dict(request.headers).get(b"host", b"")
        if request.method != b"POST" or host != _HOST or not of.may:
            raise Problem(
                "service",
                "Only what SERVICE names by its IRI in full is asked.",
                "These are allowed: " + ", ".join(self._rules.allowed),
            ).error()
        of.calls += 1
        if of.calls > self._calls:
            raise Problem(
                "endpoint",
                f"The query asks others more than {self._calls} times, which is the limit.",
                "Take SERVICE out of EXISTS and LATERAL, where it is asked once a row.",
            ).error()
        address = unquote(request.target.decode("ascii").removeprefix("/").partition("/")[2])
        return await federation.ask(address, query, self._rules, of.until - time.monotonic())


class _Joined:
    """A process that joined. may: whether it said that its query has SERVICE.  calls: how often
    that one asked.  until: when its time is over.
    """

    def __init__(self, forwarder: Forwarder, peer: Peer, loop: asyncio.AbstractEventLoop) -> None:
        self._forwarder = forwarder
        self._peer = peer
        self._loop = loop
        self.may = False
        self.calls = 0
        self.until = 0.0
        self._failed = False
        loop.add_reader(peer.connection, self._told)
        loop.add_reader(peer.listener, self._called)

    def _told(self) -> None:
        seconds = self._peer.seconds()
        if seconds is None:
            self._loop.remove_reader(self._peer.connection)
            self._loop.remove_reader(self._peer.listener)
            self._peer.close()
            return
        self.may, self.calls, self.until = True, 0, time.monotonic() + seconds
        self._failed = False

    def fail(self, problem: Problem) -> None:
        """Have the query fail, even where the engine goes on without these rows."""
        if not self._failed:
            self._failed = True
            self._peer.fail(problem)

    def _called(self) -> None:
        given = self._peer.give()
        if given is not None:
            given.setblocking(False)
            self._forwarder.answer(given, self)


async def _request(
    connection: h11.Connection, reader: asyncio.StreamReader
) -> tuple[h11.Request, bytes]:
    """Return a request and its body; raises RemoteProtocolError when it is none."""
    request: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_PIECE))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MOST_QUERY:
                raise h11.RemoteProtocolError("a query that is too long")
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return request, bytes(body)
        else:
            raise h11.RemoteProtocolError("no request came")


def main() -> NoReturn:
    """Run a forwarder until SIGTERM."""
    parser = argparse.ArgumentParser(prog="allegiance.sparql.forwarder")
    parser.add_argument("socket", type=Path)
    parser.add_argument("--allow", action="append", default=[])
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--bytes", type=int, required=True)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--parent", type=int)
    arguments = parser.parse_args()
    if arguments.parent is not None:
        confine.die_with_parent(arguments.parent)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rules = Rules(arguments.allow, arguments.seconds, arguments.bytes)
    asyncio.run(Forwarder(listen(arguments.socket), rules, arguments.calls).run())
    sys.exit(0)


if __name__ == "__main__":
    main()
