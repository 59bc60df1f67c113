"""The supervisor: the process of ``allegiance serve``.

Starts the reader host and the fronts, starts them again when they die, and ends them in order.

A new release or snapshot needs no new process: whoever makes it has the host open it
(``sparql.control``, the order "open"). Queries that begin afterwards have the new store, those at
work go on with the old one, which is closed with the last of their readers; a START frame names
the store that was asked. For a graph folder that is ``cli.switching``, which ``Begin.look`` calls.
"""

import http.client
import select
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from allegiance.errors import AllegianceError
from allegiance.sparql import Readers
from allegiance.sparql.processes import Federation, said, wait_for_host

_MOST_STARTS = 5  # as the message of Child.keep says
_WITHIN_SECONDS = 60.0
_START_SECONDS = 60.0
_DRAIN_SECONDS = 12.0
_LOOK_SECONDS = 1.0


class Child:
    """A process that is started again when it dies, but not for ever."""

    def __init__(self, name: str, start: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self._name = name
        self._start = start
        self._starts: deque[float] = deque(maxlen=_MOST_STARTS)
        self.process = self._begin()

    def _begin(self) -> "subprocess.Popen[bytes]":
        self._starts.append(time.monotonic())
        return self._start()

    def keep(self) -> None:
        """Start it again if it died.

        Raises AllegianceError when it died too often.
        """
        code = self.process.poll()
        if code is None:
            return
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        full = len(self._starts) == _MOST_STARTS
        if full and time.monotonic() - self._starts[0] < _WITHIN_SECONDS:
            raise AllegianceError(
                f"the {self._name} ended {how}, the fifth time within a minute: the server stops",
                help="see what was said above; then start it again, or build the release anew",
            )
        click.echo(f"warning: the {self._name} ended {how}; it is started again", err=True)
        self.process = self._begin()


@dataclass(frozen=True, slots=True)
class Begin:
    """How processes are started: the reader host, the writer if there is one, and the module that
    each front runs.

    look: called each second, and whenever a child ends, to see whether there is something new.
    """

    host: Callable[[], "subprocess.Popen[bytes]"]
    writer: Callable[[], "subprocess.Popen[bytes]"] | None = None
    front: str = "allegiance.cli.front"
    look: Callable[[], None] | None = None


class Supervisor:
    """Runs the processes of one server.

    listener: bound, not yet listening.
    settings: the file that tells the fronts what to do.  fronts: how many.
    federation: the forwarder to run, if SERVICE may reach others.
    """

    def __init__(
        self,
        readers: Readers,
        listener: socket.socket,
        settings: Path,
        fronts: int,
        begin: Begin,
        federation: Federation | None = None,
    ) -> None:
        self._fronts = fronts
        self._readers = readers
        self._listener = listener
        self._stop = 0
        self._woken, self._wake = socket.socketpair()
        for side in (self._woken, self._wake):
            side.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._settings = settings
        self._begin = begin
        self._federation = federation

    def _start_front(self, number: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", self._begin.front, str(self._settings), str(number)],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            pass_fds=[self._listener.fileno()],
            process_group=0,
        )

    def _on_stop(self, number: int, frame: object) -> None:
        self._stop += 1

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or Ctrl+C; a second one ends it without waiting.

        ready: called once all answer.
        Raises AllegianceError when a process cannot start or dies too often.
        """
        fronts: list[Child] = []
        writers: list[Child] = []
        readers: list[Child] = []
        try:
            if self._federation is not None:
                readers.append(Child("forwarder", self._federation.start))
                self._federation.wait(readers[0].process)
            readers.append(Child("reader host", self._begin.host))
            wait_for_host(readers[-1].process, self._readers, _START_SECONDS)
            if self._begin.writer is not None:
                writers.append(Child("writer", self._begin.writer))
            for number in range(self._fronts):
                fronts.append(Child("front", partial(self._start_front, number)))
            if self._wait_for_front(fronts[0].process):
                ready()
            while not self._stop:
                self._sleep(None if self._begin.look is None else _LOOK_SECONDS)
                for child in (*readers, *writers, *fronts) if not self._stop else ():
                    child.keep()
                if self._begin.look is not None and not self._stop:
                    self._begin.look()
        finally:
            if self._stop:
                click.echo("Ending; a second time ends it without waiting.", err=True)
            # The fronts first: as long as they have requests to finish, they need the readers. The
            # writer too: it finishes the change it is at, and tells what waits that we stop.
            for children in ([*fronts, *writers], *([child] for child in reversed(readers))):
                self._end(children)
            if message := said(self._readers.socket):
                click.echo(f"warning: the reader host said: {message}", err=True)

    def _end(self, children: Sequence[Child]) -> None:
        """End processes: they have a bounded time for it, and none once told a second time."""
        until = time.monotonic() + _DRAIN_SECONDS
        left = [child.process for child in children if child.process.poll() is None]
        for process in left:
            process.terminate()
        while left and self._stop < 2 and (seconds := until - time.monotonic()) > 0:
            self._sleep(seconds)
            left = [process for process in left if process.poll() is None]
        for process in left:
            process.kill()
            process.wait()

    def _sleep(self, seconds: float | None = None) -> None:
        """Wait for a signal: to stop, or that a child has ended."""
        if select.select([self._woken], [], [], seconds)[0]:
            self._woken.recv(4096)

    def _wait_for_front(self, front: "subprocess.Popen[bytes]") -> bool:
        """Return whether the front answers; not, when this process was told to stop before.

        Raises AllegianceError when it died or does not answer in time.
        """
        host, port = self._listener.getsockname()[:2]
        until = time.monotonic() + _START_SECONDS
        while not self._stop:
            if front.poll() is not None:
                raise AllegianceError(
                    f"the front could not start (exit code {front.returncode})",
                    help="see what was said above",
                )
            connection = http.client.HTTPConnection(_reachable(host), port, timeout=5)
            try:
                connection.request("GET", "/livez")
                if connection.getresponse().status == 200:
                    return True
            except OSError:
                if time.monotonic() > until:
                    raise AllegianceError("the front did not start in time") from None
                time.sleep(0.02)
            finally:
                connection.close()
        return False


def _reachable(host: str) -> str:
    """Return an address to reach a socket at that listens on all."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
