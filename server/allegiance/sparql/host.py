"""The reader host: has a store open, read-only and warm, and forks a reader for each connection.

    python -m allegiance.sparql.host STORE SOCKET [--base IRI] [--readers N] [--slow N] [--line N]
        [--wait S] [--parent PID]

It keeps each connection until its reader has ended, and so can tell the client why one ended
that could not tell itself. A query older than SLOW_SECONDS gets a lower priority and takes one of
the places for slow ones; when there is none, its reader is ended and it waits in a bounded line.
A reader that writes its answer takes none: its client sets the pace. Orders (``control``) come
over a second socket. Single-threaded, because it forks. A store that cannot be opened: a message
on stderr and exit code 3.

``open`` switches to another store at once: new readers have that one, readers at work go on with
theirs, idle ones end. The name given with it is told in each answer's START.
"""

import argparse
import fcntl
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import warnings
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pyoxigraph import Store

from allegiance import names
from allegiance.sparql import confine, control, frames, reader
from allegiance.sparql.failures import Problem
from allegiance.sparql.place import Place
from allegiance.sparql.slots import IDLE, SENDING, WORKING, Slots

UNOPENED = 3
SLOW_SECONDS = 0.1
_TICK = 0.025
_BACKLOG = 512
_SENDING = 64
"""Connections beyond readers and line: readers whose clients take their answers."""

_BUSY = Problem(
    "busy",
    "All places for slow queries are taken, and the line for them is full or too slow.",
    "Try again in a few seconds, or ask something narrower.",
)
_CANCELLED = Problem("cancelled", "The query was cancelled by its id.")


@dataclass(frozen=True, slots=True)
class Room:
    """How many a host takes: readers at once, slow ones among them, slow ones that wait, and for
    how many seconds.
    """

    readers: int = 16
    slow: int = 4
    line: int = 32
    wait: float = 10.0


class Host:
    """Listens on a Unix socket and has readers answer.

    Beyond its room, connections wait in the socket's own line.
    """

    def __init__(
        self,
        store: Store,
        listener: socket.socket,
        orders: socket.socket,
        known: Mapping[str, str],
        room: Room,
        name: str = "",
        held: int | None = None,
        relative: str | None = None,
    ) -> None:
        self._store = store
        self._name = name
        self._held = os.open(os.devnull, os.O_RDONLY) if held is None else held
        self._listener = listener
        self._orders = orders
        self._known = known
        self._relative = relative
        self._room = room
        self._most = room.readers + room.line + _SENDING
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)
        self._slots = Slots(self._most, self._wake.fileno())
        self._free = list(reversed(range(self._most)))
        self._places: dict[int, Place] = {}
        self._pids: dict[int, Place] = {}
        self._line: deque[Place] = deque()
        self._givers: dict[int, socket.socket] = {}
        self._poll = select.poll()

    def run(self) -> NoReturn:
        """Serve until SIGTERM."""
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for end in (self._woken, self._listener, self._orders):
            self._poll.register(end, select.POLLIN)
        try:
            while True:
                busy = self._look()
                self._slots.sleep(not busy)
                # A query that began before it was said that we sleep has not woken us.
                timeout = _TICK if busy or self._working() else None
                events = self._poll.poll(None if timeout is None else timeout * 1000)
                self._slots.sleep(False)
                # Clients that left come first: reaping frees their number for a new client.
                for handle, _ in sorted(events, key=lambda event: event[0] not in self._places):
                    self._event(handle)
        finally:
            for pid in self._pids:
                os.kill(pid, signal.SIGKILL)

    def _event(self, handle: int) -> None:
        if handle == self._woken.fileno():
            self._reap()
        elif handle == self._listener.fileno():
            self._accept()
        elif handle == self._orders.fileno():
            self._take_giver()
        elif handle in self._givers:
            self._obey(self._givers.pop(handle))
        elif handle in self._places:
            # Only a client that left shows here: its reader works for nobody.
            self._leave(self._places[handle])

    # Coming and going

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        connection.setblocking(True)
        place = Place(connection, self._free.pop())
        self._places[connection.fileno()] = place
        self._poll.register(connection, 0)
        if len(self._places) == self._most:
            self._poll.unregister(self._listener)
        self._fork(place)

    def _fork(self, place: Place) -> None:
        self._slots.clear(place.slot)
        host = os.getpid()
        # A SIGTERM just after the fork must not find the host's own handler in the reader.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        pid = os.fork()
        if pid == 0:
            self._become_reader(place, host)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        place.pid = pid
        self._pids[pid] = place

    def _become_reader(self, place: Place, host: int) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            confine.die_with_parent(host)
            if place.slow:
                confine.lower_priority(0)
            for other in self._places.values():
                if other is not place:
                    other.connection.close()
            for mine in (self._listener, self._orders, self._woken, *self._givers.values()):
                mine.close()
            # The engine's last words on a failed allocation are for the host to translate.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        except BaseException:
            os._exit(1)
        reader.read(
            self._store,
            self._name,
            place.connection,
            self._known,
            self._slots,
            place.slot,
            self._relative,
        )

    def _leave(self, place: Place) -> None:
        self._poll.unregister(place.connection)
        place.left = True
        if place.pid is not None:
            os.kill(place.pid, signal.SIGKILL)
        else:
            self._line.remove(place)
            self._drop(place)

    def _reap(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)
        while self._pids:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._ended(self._pids.pop(pid), os.waitstatus_to_exitcode(status))

    def _ended(self, place: Place, code: int) -> None:
        place.pid = None
        if place.slow:
            place.slow = False
        if place.aside and not place.left:
            self._wait(place)
        else:
            idle = self._slots.look(place.slot)[0] == IDLE
            problem = _CANCELLED if place.cancelled else _why(code)
            if problem is not None and not place.left and (place.cancelled or not idle):
                self._tell(place, frames.failed(problem))
            self._drop(place)
        self._let_in()

    def _tell(self, place: Place, frame: bytes) -> None:
        # If it takes nothing: an answer without END tells enough.
        with suppress(OSError):
            place.connection.send(frame, socket.MSG_DONTWAIT)

    def _drop(self, place: Place) -> None:
        if not place.left:
            self._poll.unregister(place.connection)
        del self._places[place.connection.fileno()]
        place.connection.close()
        self._free.append(place.slot)
        if len(self._places) == self._most - 1:
            self._poll.register(self._listener, select.POLLIN)

    # Slow queries

    def _working(self) -> bool:
        return bool(self._line) or any(self._busy(place) for place in self._pids.values())

    def _busy(self, place: Place) -> bool:
        return self._slots.look(place.slot)[0] != IDLE

    def _look(self) -> bool:
        """See which queries have become slow; return whether to look again soon."""
        now = time.monotonic()
        busy = bool(self._line)
        for place in list(self._pids.values()):
            state, began = self._slots.look(place.slot)
            if state == IDLE:
                if place.lowered and not place.slow:
                    self._kill(place)
                continue
            busy = True
            if state == SENDING and place.slow:
                place.slow = False
                self._let_in()
            if now - began > SLOW_SECONDS and not place.lowered:
                self._turn_slow(place)
        while self._line and now - self._line[0].since > self._room.wait:
            place = self._line.popleft()
            self._tell(place, frames.failed(_BUSY))
            self._drop(place)
        return busy

    def _turn_slow(self, place: Place) -> None:
        assert place.pid is not None
        if self._slow() < self._room.slow or self._slots.look(place.slot)[0] == SENDING:
            place.slow = self._slots.look(place.slot)[0] == WORKING
        else:
            # Held still while it is looked at, so that it does not begin to send meanwhile.
            os.kill(place.pid, signal.SIGSTOP)
            pid, status = os.waitpid(place.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                self._ended(self._pids.pop(pid), os.waitstatus_to_exitcode(status))
                return
            if self._slots.look(place.slot)[0] == WORKING:
                place.aside = True
                place.id = self._slots.query(place.slot)
                os.kill(place.pid, signal.SIGKILL)
                return
            os.kill(place.pid, signal.SIGCONT)
        place.lowered = True
        confine.lower_priority(place.pid)

    def _slow(self) -> int:
        return sum(place.slow for place in self._pids.values())

    def _wait(self, place: Place) -> None:
        place.aside = False
        if len(self._line) >= self._room.line:
            self._tell(place, frames.failed(_BUSY))
            self._drop(place)
            return
        place.since = time.monotonic()
        self._line.append(place)
        self._tell(place, frames.pack(frames.AGAIN))

    def _let_in(self) -> None:
        while self._line and self._slow() < self._room.slow:
            place = self._line.popleft()
            place.slow = place.lowered = True
            self._fork(place)

    def _kill(self, place: Place) -> None:
        if place.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(place.pid, signal.SIGKILL)

    # Orders

    def _take_giver(self) -> None:
        try:
            giver, _ = self._orders.accept()
        except BlockingIOError:
            return
        giver.settimeout(1)
        self._givers[giver.fileno()] = giver
        self._poll.register(giver, select.POLLIN)

    def _obey(self, giver: socket.socket) -> None:
        self._poll.unregister(giver)
        with giver, suppress(OSError, ValueError, KeyError):
            said = self._do(json.loads(giver.recv(control.MOST)))
            giver.sendall(json.dumps(said).encode() + b"\n")

    def _do(self, order: Mapping[str, Any]) -> dict[str, Any]:
        match order["do"]:
            case "status":
                return self._status()
            case "end":
                return {"ended": self._cancel(order["id"])}
            case "open":
                if "base" in order:
                    self._known = names.prefixes(order["base"])
                return self._open(Path(order["store"]), order["name"])
        return {"error": "no such order"}

    def _status(self) -> dict[str, Any]:
        states = [self._slots.look(place.slot)[0] for place in self._pids.values()]
        return {
            "working": states.count(WORKING),
            "sending": states.count(SENDING),
            "idle": states.count(IDLE),
            "slow": self._slow(),
            "waiting": len(self._line),
            "name": self._name,
        }

    def _cancel(self, query: str) -> int:
        ended = 0
        for place in list(self._places.values()):
            if place.pid is None:
                if place.id == query:
                    self._line.remove(place)
                    self._tell(place, frames.failed(_CANCELLED))
                    self._drop(place)
                    ended += 1
            elif self._slots.query(place.slot) == query and self._busy(place):
                place.cancelled, place.aside = True, False
                self._kill(place)
                ended += 1
        return ended

    def _open(self, path: Path, name: str) -> dict[str, Any]:
        try:
            store, held = opened(path), _hold(path)
        except (OSError, RuntimeError) as error:
            return {"error": f"the store cannot be opened: {error}"}
        self._store, self._name = store, name
        # Readers at work have inherited the lock on the last one, and so keep it.
        os.close(self._held)
        self._held = held
        # Who is at work takes note of this only at the end of it, and who is not, at once.
        for pid in self._pids:
            os.kill(pid, signal.SIGTERM)
        return {"opened": True}


def _why(code: int) -> Problem | None:
    """Return what to tell the client of a reader that ended with that code."""
    if code == 0:
        return None
    if code in (-signal.SIGALRM, -signal.SIGPROF):
        return Problem(
            "time",
            "The query did not finish within its time limit.",
            "Narrow it: name more of the terms, join patterns by a variable, add a LIMIT.",
        )
    if code == -signal.SIGABRT:
        return reader.out_of_memory()
    if code == reader.NOT_TAKEN:
        return Problem("unread", "The client did not take the answer in time.", "Read it faster.")
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
    return Problem(
        "crash",
        f"The engine failed on this query (its process ended {how}).",
        "Write the query in another way, and please report it.",
    )


def listen(path: Path) -> socket.socket:
    """Return a Unix socket that only this user can connect to."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.setblocking(False)
    listener.listen(_BACKLOG)
    return listener


def _hold(path: Path) -> int:
    """Keep whoever removes old stores from this one, as long as a process has it open."""
    handle = os.open(path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return handle


def opened(path: Path) -> Store:
    """Open a store for reading, and read from it.

    Raises OSError or RuntimeError when that is not possible.
    """
    store = Store.read_only(str(path))
    bool(store.query("ASK { ?s ?p ?o }"))
    return store


def main() -> NoReturn:
    """Run a reader host."""
    parser = argparse.ArgumentParser(prog="allegiance.sparql.host")
    parser.add_argument("store", type=Path)
    parser.add_argument("socket", type=Path)
    parser.add_argument("--base", default=names.VOCABULARY)
    parser.add_argument("--readers", type=int, default=Room().readers)
    parser.add_argument("--slow", type=int, default=Room().slow)
    parser.add_argument("--line", type=int, default=Room().line)
    parser.add_argument("--wait", type=float, default=Room().wait)
    parser.add_argument("--name", default="")
    parser.add_argument("--relative", default=None)
    parser.add_argument("--sockets", action="store_true")
    parser.add_argument("--parent", type=int)
    arguments = parser.parse_args()
    if arguments.parent is not None:
        confine.die_with_parent(arguments.parent)
    # Forking with the engine's threads about is tried and good: they hold no lock then.
    warnings.filterwarnings("ignore", message=".*multi-threaded.*", category=DeprecationWarning)
    try:
        held = _hold(arguments.store)
        store = opened(arguments.store)
    except (OSError, RuntimeError) as error:
        print(f"the store cannot be opened: {error}", file=sys.stderr)
        sys.exit(UNOPENED)
    orders = listen(control.address(arguments.socket))
    listener = listen(arguments.socket)
    if not arguments.sockets:
        confine.refuse_sockets()
    gc.freeze()
    room = Room(arguments.readers, arguments.slow, arguments.line, arguments.wait)
    known = names.prefixes(arguments.base)
    Host(store, listener, orders, known, room, arguments.name, held, arguments.relative).run()


if __name__ == "__main__":
    main()
