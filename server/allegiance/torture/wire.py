"""HTTP/1.1 over plain sockets: requests are bytes, answers are read strictly (RFC 9112)."""

import re
import select
import socket
import ssl
import struct
import time
from contextlib import suppress
from threading import Lock

from allegiance.torture.reply import End, Reply
from allegiance.torture.target import Target

_PIECE = 64 * 1024
_MAX_LINE = 64 * 1024
_KEPT = 48 * 1024 * 1024
_TAKEN = 2 * 1024 * 1024 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e]*)?")
_BODYLESS = (204, 304)


class Spent(Exception):
    """The requests that the run may make are used up."""


class Allowance:
    """How many requests a run may still make; several threads take from it."""

    def __init__(self, requests: int) -> None:
        self.made = 0
        self._most = requests
        self._lock = Lock()

    def take(self) -> None:
        """Count one request. Raises Spent when there is none left."""
        with self._lock:
            if self.made >= self._most:
                raise Spent
            self.made += 1


class Client:
    """Opens connections to one endpoint."""

    def __init__(self, target: Target, allowance: Allowance) -> None:
        self.target = target
        self._allowance = allowance
        self._context = ssl.create_default_context() if target.secure else None

    def connect(self, seconds: float = 5.0, receive_buffer: int | None = None) -> "Connection":
        """Return an open connection; it counts as a request.

        Raises OSError when there is none to be had in that time, Spent when none is left.
        """
        self._allowance.take()
        plain = socket.socket(self.target.family, socket.SOCK_STREAM)
        try:
            if receive_buffer is not None:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(seconds)
            plain.connect((self.target.address, self.target.port))
            if self._context is not None:
                return Connection(
                    self._context.wrap_socket(plain, server_hostname=self.target.host)
                )
        except BaseException:
            plain.close()
            raise
        return Connection(plain)

    def exchange(self, request: bytes, seconds: float, *, head: bool = False) -> Reply:
        """Send a request on a connection of its own and return the answer to it."""
        began = time.monotonic()
        try:
            with self.connect(seconds) as connection:
                connection.send(request, seconds)
                return connection.reply(began + seconds - time.monotonic(), head=head)
        except OSError as error:
            fault = error.strerror or str(error) or type(error).__name__
            return Reply(None, (), b"", 0, End.REFUSED, None, time.monotonic() - began, fault)


class Connection:
    """One connection, with what was received on it and not yet read."""

    def __init__(self, plain: socket.socket) -> None:
        self.socket = plain
        self.buffer = bytearray()
        self.began = time.monotonic()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection in the usual way."""
        self.socket.close()

    def reset(self) -> None:
        """End the connection as a crash does: with a reset (RST)."""
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data: bytes, seconds: float = 10.0) -> bool:
        """Send; stop when an answer comes before all is sent, as clients should (RFC 9112, 9.5).

        Returns whether all was sent. A connection that the server ended is no error here: the
        answer tells.
        """
        deadline = time.monotonic() + seconds
        rest = memoryview(data)
        events = select.poll()
        events.register(self.socket, select.POLLIN | select.POLLOUT)
        try:
            while rest and (left := deadline - time.monotonic()) > 0:
                happened = sum(event for _, event in events.poll(left * 1000))
                if happened & ~select.POLLOUT:
                    return False
                if happened:
                    self.socket.settimeout(left)
                    rest = rest[self.socket.send(rest[:_PIECE]) :]
        except OSError:
            return False
        return not rest

    def ended(self) -> bool:
        """Return whether the server has said something or ended the connection."""
        events = select.poll()
        events.register(self.socket, select.POLLIN)
        return bool(self.buffer or events.poll(0))

    def reply(self, seconds: float, *, head: bool = False) -> Reply:
        """Read the next answer; ``head``: it answers a HEAD request, and so has no body."""
        return _Reading(self, seconds).read(head)


class _Stop(Exception):
    def __init__(self, end: End, fault: str) -> None:
        self.end = end
        self.fault = fault


class _Reading:
    """One answer while it is read."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection = connection
        self._buffer = connection.buffer
        self._deadline = time.monotonic() + seconds
        self._first: float | None = 0.0 if connection.buffer else None
        self._body = bytearray()
        self._size = 0

    def read(self, head: bool) -> Reply:
        status: int | None = None
        headers: tuple[tuple[str, str], ...] = ()
        end, fault = End.WHOLE, ""
        try:
            code = 100
            while code < 200:
                code, headers = self._status(), self._headers()
            status = code
            if not head and code not in _BODYLESS:
                self._read_body(headers)
        except _Stop as stop:
            end, fault = stop.end, stop.fault
        seconds = time.monotonic() - self._connection.began
        return Reply(
            status, headers, bytes(self._body), self._size, end, self._first, seconds, fault
        )

    def _more(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise _Stop(End.LATE, "the client stopped waiting")
        try:
            self._connection.socket.settimeout(left)
            data = self._connection.socket.recv(_PIECE)
        except TimeoutError:
            raise _Stop(End.LATE, "the client stopped waiting") from None
        except OSError as error:
            raise _Stop(End.CUT, f"the connection broke: {error.strerror or error}") from None
        if not data:
            raise _Stop(End.CUT, "the connection was closed")
        if self._first is None:
            self._first = time.monotonic() - self._connection.began
        self._buffer += data

    def _line(self) -> bytes:
        start = 0
        while (at := self._buffer.find(b"\n", start)) < 0:
            start = len(self._buffer)
            if start > _MAX_LINE:
                raise _Stop(End.MALFORMED, "a line has no end")
            self._more()
        line = bytes(self._buffer[:at])
        del self._buffer[: at + 1]
        if not line.endswith(b"\r"):
            raise _Stop(End.MALFORMED, f"a line ends without CR: {line[:40]!r}")
        return line[:-1]

    def _status(self) -> int:
        line = self._line()
        if not (match := _STATUS.fullmatch(line)):
            raise _Stop(End.MALFORMED, f"this is no status line: {line[:40]!r}")
        return int(match[1])

    def _headers(self) -> tuple[tuple[str, str], ...]:
        headers = []
        while line := self._line():
            if not (match := _FIELD.fullmatch(line)):
                raise _Stop(End.MALFORMED, f"this is no header: {line[:40]!r}")
            headers.append((match[1].decode().lower(), match[2].decode("latin-1")))
        return tuple(headers)

    def _read_body(self, headers: tuple[tuple[str, str], ...]) -> None:
        lengths = {value for name, value in headers if name == "content-length"}
        coding = [value.lower() for name, value in headers if name == "transfer-encoding"]
        if coding and lengths:
            raise _Stop(End.MALFORMED, "the answer has a length and chunks")
        if coding:
            if coding != ["chunked"]:
                raise _Stop(End.MALFORMED, f"unknown transfer coding {coding[0][:40]}")
            self._chunks()
        elif lengths:
            length = lengths.pop()
            if lengths or not length.isdecimal():
                raise _Stop(End.MALFORMED, "the length of the answer is no number")
            self._take(int(length))
        else:
            self._until_closed()

    def _chunks(self) -> None:
        while True:
            line = self._line()
            if not (match := _SIZE.fullmatch(line)):
                raise _Stop(End.MALFORMED, f"this is no size of a chunk: {line[:40]!r}")
            size = int(match[1], 16)
            if size == 0:
                self._headers()
                return
            self._take(size)
            if self._line():
                raise _Stop(End.MALFORMED, "a chunk is longer than it says")

    def _take(self, count: int) -> None:
        while count:
            if not self._buffer:
                self._more()
            count -= self._keep(count)

    def _until_closed(self) -> None:
        try:
            while True:
                self._keep(len(self._buffer))
                self._more()
        except _Stop as stop:
            if stop.end is not End.CUT or "broke" in stop.fault:
                raise

    def _keep(self, most: int) -> int:
        piece = self._buffer[:most]
        del self._buffer[:most]
        if len(self._body) < _KEPT:
            self._body += piece
        self._size += len(piece)
        if self._size > _TAKEN:
            raise _Stop(End.LATE, f"the client took no more than {_TAKEN // 2**20} MiB")
        return len(piece)
