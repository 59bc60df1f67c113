"""How a process that evaluates queries reaches the forwarder, and nobody else.

Its call ``socket`` is answered by the forwarder, through the kernel's seccomp listener: for a
socket of TCP it gets one end of a pair, whose other end the forwarder reads. So whatever address
the engine's client for SERVICE wants to connect to, it speaks with the forwarder, which holds the
rules (``federation``). Linux from 5.14.

``Link`` is the side of the reader or writer, ``Peer`` that of the forwarder.
"""

import errno
import fcntl
import json
import os
import re
import socket
import struct
from contextlib import suppress
from pathlib import Path

from allegiance.sparql import confine
from allegiance.sparql.failures import Problem
from allegiance.sparql.query import diverted

_REQUEST = struct.Struct("=QIIiIQ6Q")
"""struct seccomp_notif: its id, process and flags, then the call: number, machine, place,
arguments."""
_RECEIVE, _ANSWER, _GIVE = 0xC0502100, 0xC0182101, 0x40182103
_GIVE_AND_ANSWER = 2
_REFUSAL = re.compile(r"Error \d{3} [^\n]* with payload:\n(\{\"forwarder\":.*\})", re.DOTALL)
_DOWN = Problem(
    "busy",
    "The process that asks other endpoints cannot be reached.",
    "Try again in a few seconds.",
)
_SECONDS = struct.Struct("=d")
_MOST_TOLD = 64 * 1024


class Link:
    """The forwarder as a process sees it whose sockets all come from there."""

    def __init__(self, connection: socket.socket | None) -> None:
        self._connection = connection
        self._asks = False

    @classmethod
    def join(cls, forwarder: Path) -> "Link":
        """Have all sockets of this process come from the forwarder at that Unix socket; if it
        cannot be reached, let this process have none.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(forwarder))
            return cls.over(connection)
        except OSError:
            connection.close()
            confine.refuse_sockets()
            return cls(None)

    @classmethod
    def over(cls, connection: socket.socket) -> "Link":
        """As ``join``, over a connection to the forwarder. Raises OSError when it cannot be."""
        listener = confine.divert_sockets()
        try:
            socket.send_fds(connection, [b"L"], [listener])
        finally:
            os.close(listener)
        return cls(connection)

    def divert(self, text: str, seconds: float) -> str:
        """Return a query or update whose SERVICE goes to the forwarder, which is told that it may
        take so many seconds from now. Without SERVICE it stays as it is.

        Raises Stopped when the forwarder is gone.
        """
        changed = diverted(text)
        self._asks = changed != text
        if self._asks:
            if self._connection is None:
                raise _DOWN.error()
            try:
                self._connection.sendall(_SECONDS.pack(seconds))
            except OSError:
                raise _DOWN.error() from None
        return changed

    def failure(self) -> Problem | None:
        """Return why a SERVICE of this query failed, if one did that is not SILENT.

        The engine does not always say so: in EXISTS and MINUS it takes such a failure for an
        answer without rows.
        """
        if self._connection is None:
            return None
        try:
            told = self._connection.recv(_MOST_TOLD, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            told = b""
        if told:
            return Problem(**json.loads(told)["forwarder"])
        return _DOWN if self._asks else None


class Peer:
    """A process that joined, as the forwarder sees it."""

    def __init__(self, connection: socket.socket) -> None:
        """Take its listener; raises OSError when it sends none."""
        _, handles, _, _ = socket.recv_fds(connection, 1, 1, socket.MSG_CMSG_CLOEXEC)
        if not handles:
            connection.close()
            raise OSError(errno.EPROTO, "a process joined without its listener")
        self.connection = connection
        self.listener = handles[0]

    def seconds(self) -> float | None:
        """Return what was told last, now that something came; None when the process has ended."""
        try:
            told = self.connection.recv(64 * _SECONDS.size)
        except BlockingIOError:
            return 0.0
        except OSError:
            return None
        size = _SECONDS.size
        return float(_SECONDS.unpack(told[-size:])[0]) if len(told) >= size else None

    def fail(self, problem: Problem) -> None:
        """Tell it why its query must fail; once a query."""
        with suppress(OSError):
            self.connection.send(refusal(problem))

    def give(self) -> socket.socket | None:
        """Answer one call of ``socket``, which waits; return our end, if the process got one."""
        request = bytearray(_REQUEST.size)
        try:
            fcntl.ioctl(self.listener, _RECEIVE, request)
        except OSError:
            return None  # Whoever called has ended meanwhile.
        call, _, _, _, _, _, family, kind, *_ = _REQUEST.unpack(request)
        if family not in (socket.AF_INET, socket.AF_INET6) or kind & 0xF != socket.SOCK_STREAM:
            answer = struct.pack("=QqiI", call, 0, -errno.EACCES, 0)
            with suppress(OSError):
                fcntl.ioctl(self.listener, _ANSWER, answer)
            return None
        mine, theirs = socket.socketpair()
        with theirs:
            given = struct.pack(
                "=QIIII", call, _GIVE_AND_ANSWER, theirs.fileno(), 0, kind & os.O_CLOEXEC
            )
            try:
                fcntl.ioctl(self.listener, _GIVE, given)
            except OSError:
                mine.close()
                return None
        return mine

    def close(self) -> None:
        """Leave it: from now on its calls fail."""
        self.connection.close()
        os.close(self.listener)


def refusal(problem: Problem) -> bytes:
    """Return the body by which the forwarder tells a problem."""
    return json.dumps({"forwarder": problem.facts()}).encode()


def refused(message: str) -> Problem | None:
    """Return the problem that the forwarder told, from the engine's message about it."""
    found = _REFUSAL.search(message)
    return None if found is None else Problem(**json.loads(found[1])["forwarder"])


def works() -> bool:
    """Return whether this system can do all that; tries it with a process of its own."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            Link.over(theirs)
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as got:
                os._exit(0 if got.getsockname() in ("", b"") else 1)
        finally:
            os._exit(1)
    theirs.close()
    ours.settimeout(10)
    try:
        peer = Peer(ours)
        given = peer.give()
        _, status = os.waitpid(pid, 0)
        peer.close()
        if given is not None:
            given.close()
        return given is not None and status == 0
    except OSError:
        os.waitpid(pid, 0)
        return False
    finally:
        ours.close()
