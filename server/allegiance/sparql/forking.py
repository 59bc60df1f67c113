"""The reader host at work: forks a reader for each connection and tells why one ended.

It keeps each connection until its reader has ended, and so can tell the client why one ended
that could not tell itself. A query older than SLOW_SECONDS gets a lower priority and takes one of
the places for slow ones; when there is none, its reader is ended and it waits in a bounded line.
A reader that writes its answer takes none: its client sets the pace. Orders (``control``) come
over a second socket. Single-threaded, because it forks.

A reader that rests has taken nothing from its connection. So it can be ended and another forked in
its place, for a new store or its usual priority, and whoever asks meanwhile does not notice. What
a reader does may change while one looks: before it is ended for that, it is held still.
"""

import json
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from pyoxigraph import Store

from allegiance import names
from allegiance.sparql import confine, control, frames, reader
from allegiance.sparql.endings import OUTDATED, why
from allegiance.sparql.failures import Problem
from allegiance.sparql.opening import hold, opened
from allegiance.sparql.place import Place
from allegiance.sparql.reader import Shared
from allegiance.sparql.slots import IDLE, SENDING, WORKING, Slots

SLOW_SECONDS = 0.1
_TICK = 0.025
_SENDING = 64
"""Connections beyond readers and line: readers whose clients take their answers."""

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

    def full(self) -> Problem:
        """Return what a slow query is told that finds the line full."""
        return self._busy(f"and so is the line for them, which is {self.line} long")

    def late(self) -> Problem:
        """Return what a slow query is told that waited in vain."""
        return self._busy(f"and none became free in {self.wait:g} s, the limit of waiting")

    def _busy(self, why: str) -> Problem:
        return Problem(
            "busy",
            f"All {self.slow} places for slow queries are taken, {why}.",
            "Try again in a few seconds, or ask something narrower.",
        )


class Host:
    """Listens on a Unix socket and has readers answer.

    Beyond its room, connections wait in the socket's own line.
    """

    def __init__(
        self,
        store: Store,
        listener: socket.socket,
        orders: socket.socket,
        shared: Shared,
        room: Room,
        name: str = "",
        held: int | None = None,
    ) -> None:
        self._store = store
        self._name = name
        self._held = os.open(os.devnull, os.O_RDONLY) if held is None else held
        self._listener = listener
        self._orders = orders
        self._shared = shared
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
        host, age = os.getpid(), self._slots.age()
        # A SIGTERM just after the fork must not find the host's own handler in the reader.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        pid = os.fork()
        if pid == 0:
            self._become_reader(place, host, age)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        place.pid = pid
        self._pids[pid] = place

    def _become_reader(self, place: Place, host: int, age: int) -> NoReturn:
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
            self._shared,
            self._slots,
            place.slot,
            age,
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
        place.slow = False
        if place.left:
            self._drop(place)
        elif place.aside:
            self._wait(place)
        elif place.again or code == OUTDATED:
            place.again = place.lowered = False
            place.id = ""
            self._fork(place)
        else:
            idle = self._slots.look(place.slot)[0] == IDLE
            problem = _CANCELLED if place.cancelled else why(code)
            if problem is not None and (place.cancelled or not idle):
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
                    self._renew(place)
                continue
            busy = True
            if state == SENDING and place.slow:
                place.slow = False
                self._let_in()
            if now - began > SLOW_SECONDS and not place.lowered:
                self._turn_slow(place)
        while self._line and now - self._line[0].since > self._room.wait:
            place = self._line.popleft()
            self._tell(place, frames.failed(self._room.late()))
            self._drop(place)
        return busy

    def _turn_slow(self, place: Place) -> None:
        assert place.pid is not None
        if self._slow() < self._room.slow or self._slots.look(place.slot)[0] == SENDING:
            place.slow = self._slots.look(place.slot)[0] == WORKING
        elif self._end_if(place, lambda: self._slots.look(place.slot)[0] == WORKING):
            place.aside = True
            place.id = self._slots.query(place.slot)
            return
        elif place.pid is None:
            return
        place.lowered = True
        confine.lower_priority(place.pid)

    def _end_if(self, place: Place, so: Callable[[], bool]) -> bool:
        """End a reader if that is so while it is held still; return whether it was ended."""
        assert place.pid is not None
        os.kill(place.pid, signal.SIGSTOP)
        pid, status = os.waitpid(place.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            self._ended(self._pids.pop(pid), os.waitstatus_to_exitcode(status))
            return False
        held = so()
        os.kill(pid, signal.SIGKILL if held else signal.SIGCONT)
        return held

    def _renew(self, place: Place) -> None:
        """Have another reader take the place of one that rests."""
        if self._end_if(place, lambda: not self._busy(place)):
            place.again = True

    def _slow(self) -> int:
        return sum(place.slow for place in self._pids.values())

    def _wait(self, place: Place) -> None:
        place.aside = False
        if len(self._line) >= self._room.line:
            self._tell(place, frames.failed(self._room.full()))
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
                    self._shared = replace(self._shared, known=names.prefixes(order["base"]))
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
            if self._at_work(place, query) and self._end_if(
                place, partial(self._at_work, place, query)
            ):
                place.cancelled = True
                ended += 1
            elif place in self._line and place.id == query:
                self._line.remove(place)
                self._tell(place, frames.failed(_CANCELLED))
                self._drop(place)
                ended += 1
        return ended

    def _at_work(self, place: Place, query: str) -> bool:
        if place.pid is None:
            return False
        named = self._slots.query(place.slot)
        # One that was let in has its id here before its new reader says so.
        return place.id == query if not named else named == query and self._busy(place)

    def _open(self, path: Path, name: str) -> dict[str, Any]:
        try:
            store, held = opened(path), hold(path)
        except (OSError, RuntimeError) as error:
            return {"error": f"the store cannot be opened: {error}"}
        self._store, self._name = store, name
        # Readers at work have inherited the lock on the last one, and so keep it.
        os.close(self._held)
        self._held = held
        self._slots.grow()
        for place in list(self._pids.values()):
            if not self._busy(place):
                self._renew(place)
        return {"opened": True}
