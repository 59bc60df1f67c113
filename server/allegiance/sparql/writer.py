"""The writer: one process that makes the commits of a plain store, one after the other.

    python -m allegiance.sparql.writer STORE SOCKET READERS [--seconds S] [--memory N]
        [--shapes FILE ...] [--forwarder SOCKET] [--parent PID]

A change comes over a Unix socket: a line of JSON, then the bytes of its payloads; the outcome goes
back as a line of JSON. Each is made on a clone by a forked process, under the limits of a query,
held by the kernel. When it is sealed and on disk, CURRENT names it, the reader host opens it, and
then the client is told. What waits, waits in the socket's own line; at SIGTERM it is told that
nothing was changed.

No change begins before the disk has confirmed what CURRENT names: at the start, since the last
writer may have been killed just before it did, and after a failed fsync. Then, as after an order
that the reader host did not take, it is tried again until disk, readers and writer agree.
"""

import argparse
import errno
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn

from pyoxigraph import Store, Triple

from allegiance import turtle
from allegiance.errors import AllegianceError
from allegiance.release import snapshots
from allegiance.release.writer import Change, Payload, Unfit, write
from allegiance.sparql import confine, control
from allegiance.sparql.diversion import Link, refused
from allegiance.sparql.failures import Stopped
from allegiance.sparql.host import listen

_LINE = 512
_SWITCH_SECONDS = 20.0
_GIVE_SECONDS = 30.0
_AGAIN_SECONDS = 1.0

Outcome = dict[str, Any]


def pack(change: Change) -> bytes:
    """Return a change as it goes to the writer."""
    told = asdict(replace(change, payloads=()))
    told["payloads"] = [[each.media, each.base, len(each.body)] for each in change.payloads]
    return json.dumps(told).encode() + b"\n" + b"".join(each.body for each in change.payloads)


def _unpack(line: bytes, read: Any) -> Change:
    told: dict[str, Any] = json.loads(line)
    payloads = []
    for media, base, size in told.pop("payloads"):
        body = read(size)
        if len(body) < size:
            raise EOFError
        payloads.append(Payload(body, media, base))
    return Change(**told, payloads=payloads)


class Writer:
    """Commits to one store.

    readers: the readers' socket, or None for none.  shapes: what each commit must conform to.
    """

    def __init__(
        self,
        folder: Path,
        listener: socket.socket,
        readers: Path | None,
        seconds: float,
        memory: int,
        shapes: Sequence[Triple],
        *,
        forwarder: Path | None = None,
    ) -> None:
        self._folder = folder
        self._listener = listener
        self._readers = readers
        self._seconds = seconds
        self._memory = memory
        self._shapes = shapes
        self._forwarder = forwarder
        self._stop = False
        self._confirmed = False
        self._behind = readers is not None

    def run(self) -> None:
        """Serve until SIGTERM; a commit that has begun is finished, what waits is refused."""
        woken, wake = socket.socketpair()
        wake.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "_stop", True))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        poll = select.poll()
        for end in (woken, self._listener):
            poll.register(end, select.POLLIN)
        while not self._stop:
            self._settle()
            poll.poll(_AGAIN_SECONDS * 1000 if self._behind or not self._confirmed else None)
            self._next()
        while self._next():
            pass

    def _next(self) -> bool:
        """Serve the first of the line; return whether there was one."""
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return False
        with connection, suppress(OSError, EOFError):
            self._serve(connection)
        if self._confirmed:
            with suppress(OSError, AllegianceError):
                snapshots.prune(self._folder)
        return True

    def _settle(self) -> None:
        """Have the disk confirm what is current, and the readers open it."""
        try:
            if not self._confirmed:
                now = snapshots.confirm(self._folder)
                self._confirmed = True
            elif self._behind:
                now = snapshots.current(self._folder)
        except (OSError, AllegianceError):
            return
        if self._behind:
            self._switch(now, _AGAIN_SECONDS)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_GIVE_SECONDS)
        with connection.makefile("rb") as file:
            change = _unpack(file.readline(), file.read)
        # A client that left while it waited in the line wants nothing any more.
        connection.settimeout(0)
        try:
            if connection.recv(1) == b"":
                return
        except BlockingIOError:
            pass
        connection.settimeout(_GIVE_SECONDS)
        outcome = _STOPPING if self._stop else self._commit(change)
        connection.sendall(json.dumps(outcome).encode() + b"\n")

    def _commit(self, change: Change) -> Outcome:
        try:
            if not self._confirmed:
                snapshots.confirm(self._folder)
                self._confirmed = True
            before = snapshots.current(self._folder)
            with snapshots.unfinished(self._folder) as fresh:
                outcome = self._apart(before, fresh, change)
                if "code" in outcome:
                    return outcome
                after = snapshots.promote(self._folder, fresh, before.number + 1)
        except OSError as error:
            return _disk(error)
        except snapshots.Unconfirmed as error:
            return self._unconfirmed(before, error)
        except AllegianceError as error:
            return {"code": "crash", "detail": error.what, "help": error.help or ""}
        self._switch(after, _SWITCH_SECONDS)
        return {**outcome, "snapshot": after.name}

    def _unconfirmed(self, before: snapshots.Snapshot, error: snapshots.Unconfirmed) -> Outcome:
        """Go on from what CURRENT names now, and tell what is known of the change."""
        print(f"warning: {error.what} ({error.where})", file=sys.stderr, flush=True)
        self._confirmed = False
        self._behind = self._readers is not None
        with suppress(AllegianceError):
            self._switch(snapshots.current(self._folder), _SWITCH_SECONDS)
        return {
            "code": "outcome",
            "detail": f"The change was made, but {error.what}: it may be gone after a power loss.",
            "help": (
                "Changes are refused until the disk confirms; once one is accepted, this one is "
                f"safe. It is there if X-Allegiance-Release is greater than {before.name}."
            ),
        }

    def _apart(self, before: snapshots.Snapshot, fresh: Path, change: Change) -> Outcome:
        """Make the change in a process of its own and return what came of it."""
        reading, writing = os.pipe()
        parent = os.getpid()
        with os.fdopen(reading, "rb") as pipe:
            # A SIGTERM just after the fork must not find our own handler in the child.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            try:
                pid = os.fork()
                if pid == 0:
                    self._be_child(parent, writing, before, fresh, change)
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
                os.close(writing)
            told = pipe.read()
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == 0 and told:
            outcome: Outcome = json.loads(told)
            return outcome
        return self._why(code)

    def _be_child(
        self, parent: int, writing: int, before: snapshots.Snapshot, fresh: Path, change: Change
    ) -> NoReturn:
        try:
            link = self._become_child(parent)
            said = json.dumps(self._change(before, fresh, change, link)).encode()
            confine.limit_wall_time(0)
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(said)
        finally:
            os._exit(0)

    def _become_child(self, parent: int) -> Link | None:
        signal.set_wakeup_fd(-1)
        # A commit that has begun is finished, also when SIGTERM goes to all processes at once.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        confine.die_with_parent(parent)
        link = None if self._forwarder is None else Link.join(self._forwarder)
        if link is None:
            confine.refuse_sockets()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        confine.limit_stack()
        confine.limit_memory(self._memory)
        confine.limit_wall_time(self._seconds)
        return link

    def _change(
        self, before: snapshots.Snapshot, fresh: Path, change: Change, link: Link | None
    ) -> Outcome:
        try:
            text = change.update if link is None else link.divert(change.update, self._seconds)
            done = write(before, fresh, replace(change, update=text), self._shapes)
            if link is not None and (failed := link.failure()):
                return dict(failed.facts())
            return asdict(done)
        except Stopped as error:
            return dict(error.problem.facts())
        except Unfit as error:
            if error.code == "refused" and (told := refused(error.what)):
                return dict(told.facts())
            if error.code == "syntax" and link is not None:
                error = _as_it_came(change, error)
            text, turtle_ = error.report
            return {
                "code": error.code,
                "detail": error.what,
                "help": error.help or "",
                "text": text,
                "turtle": turtle_,
            }
        except AllegianceError as error:
            return {"code": "crash", "detail": error.what, "help": error.help or ""}
        except MemoryError:
            return self._why(-signal.SIGABRT)
        except (OSError, RuntimeError) as error:
            return _disk(error)

    def _why(self, code: int) -> Outcome:
        if code == -signal.SIGALRM:
            return {
                "code": "time",
                "detail": f"The change did not finish in time. The limit is {self._seconds:g} s.",
                "help": "Nothing was changed. Change less at once.",
            }
        if code == -signal.SIGABRT:
            size = self._memory // 1024**2
            return {
                "code": "memory",
                "detail": f"The change needed too much memory. The limit is {size} MiB.",
                "help": "Nothing was changed. Change less at once.",
            }
        if code == -signal.SIGSEGV:
            return {
                "code": "nesting",
                "detail": "The update is nested too deeply, or chains too many parts: the engine "
                f"has {confine.STACK // 1024**2} MiB of stack for it.",
                "help": "Nothing was changed. Chain less, or change the data in several updates.",
            }
        return {
            "code": "crash",
            "detail": f"The engine failed on this change (its process ended with {code}).",
            "help": "Nothing was changed. Try it in another way, and please report it.",
        }

    def _switch(self, to: snapshots.Snapshot, seconds: float) -> None:
        """Have the readers open a snapshot. A host that starts meanwhile opens what is current."""
        until = time.monotonic() + seconds
        what = {"do": "open", "store": str(to.store), "name": to.name}
        self._behind = self._readers is not None
        while self._readers is not None and self._behind and time.monotonic() < until:
            with suppress(OSError, ValueError):
                self._behind = "opened" not in control.order(self._readers, what)
            if self._behind and self._stop:
                return  # The host may have been told to stop, too.
            if self._behind:
                time.sleep(0.02)


_STOPPING = {
    "code": "stopped",
    "detail": "The server is stopping; nothing was changed.",
    "help": "Send the change again once it is back.",
}


_NO_SPACE = os.strerror(errno.ENOSPC)


def _as_it_came(change: Change, error: Unfit) -> Unfit:
    """Return an error of syntax by the places of the update as it came, not as the engine got it.

    An update that cannot be parsed is not begun, so trying it once more changes nothing.
    """
    try:
        Store().update(change.update, base_iri=change.base)
    except SyntaxError as again:
        return Unfit("syntax", f"{again}", error.help or "")
    except (OSError, RuntimeError):
        pass
    return error


def _disk(error: Exception) -> Outcome:
    # An error of the engine has no number, only its text.
    full = getattr(error, "errno", None) == errno.ENOSPC or _NO_SPACE in str(error)
    why = "the disk is full" if full else str(error)
    return {
        "code": "disk",
        "detail": f"The change could not be written: {why}.",
        "help": "Nothing was changed. Make room on the disk, or let it be written to.",
    }


def main() -> NoReturn:
    """Run the writer of a store."""
    parser = argparse.ArgumentParser(prog="allegiance.sparql.writer")
    parser.add_argument("store", type=Path)
    parser.add_argument("socket", type=Path)
    parser.add_argument("readers", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--memory", type=int, default=512 * 1024**2)
    parser.add_argument("--shapes", type=Path, action="append", default=[])
    parser.add_argument("--forwarder", type=Path)
    parser.add_argument("--parent", type=int)
    arguments: Mapping[str, Any] = vars(parser.parse_args())
    if arguments["parent"] is not None:
        confine.die_with_parent(arguments["parent"])
    # Changes that come from now on wait in its line.
    listener = listen(arguments["socket"])
    shapes = [
        triple
        for number, path in enumerate(arguments["shapes"])
        for triple in turtle.read(path, f"shapes{number}").triples
    ]
    if shapes:
        import pyshacl  # noqa: F401 (so that each change finds it loaded)
    Writer(
        arguments["store"],
        listener,
        arguments["readers"],
        arguments["seconds"],
        arguments["memory"],
        shapes,
        forwarder=arguments["forwarder"],
    ).run()
    sys.exit(0)


if __name__ == "__main__":
    main()
