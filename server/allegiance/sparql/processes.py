"""Starting a reader host as a child of this process, and waiting until its readers answer."""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from allegiance.errors import AllegianceError, ReleaseError
from allegiance.sparql.client import Readers
from allegiance.sparql.frames import Limits
from allegiance.sparql.limits import ServerLimits

_PREFIX = "allegiance-"
_LONGEST_FOLDER = 70
_YOUNG_SECONDS = 60.0
"""Age below which a folder is left alone: its owner may not have taken the lock yet."""


def start_host(
    store: Path,
    socket: Path,
    base: str,
    limits: ServerLimits | None = None,
    name: str = "",
    *,
    relative: str | None = None,
    forwarder: Path | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a reader host. It ends with the thread that called this, by the kernel.

    What it says goes into a file next to its socket: see ``said``.
    """
    limits = limits or ServerLimits()
    command = [sys.executable, "-m", "allegiance.sparql.host", str(store), str(socket)]
    command += ["--base", base, "--parent", str(os.getpid())]
    command += ["--name", name]
    command += ["--relative", relative] if relative is not None else []
    command += ["--forwarder", str(forwarder)] if forwarder is not None else []
    command += ["--readers", str(limits.readers), "--slow", str(limits.slow)]
    command += ["--line", str(limits.line), "--wait", str(limits.host_wait())]
    with _log(socket).open("ab") as log:
        # A group of its own, so that Ctrl+C reaches only us, and we end it in order.
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
        )


@dataclass(frozen=True, slots=True)
class Federation:
    """How SERVICE reaches others: the forwarder's socket, the allowed origins, the limits."""

    socket: Path
    allowed: Sequence[str]
    limits: ServerLimits

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the forwarder. It ends with the thread that called this, by the kernel."""
        self.socket.unlink(missing_ok=True)
        command = [sys.executable, "-m", "allegiance.sparql.forwarder", str(self.socket)]
        for origin in self.allowed:
            command += ["--allow", origin]
        command += ["--seconds", str(self.limits.service_seconds)]
        command += ["--bytes", str(self.limits.service_bytes)]
        command += ["--calls", str(self.limits.service_calls), "--parent", str(os.getpid())]
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), process_group=0
        )

    def wait(self, process: "subprocess.Popen[bytes]", seconds: float = 30.0) -> None:
        """Return when the forwarder listens.

        Raises AllegianceError when it ended, or does not in time.
        """
        until = time.monotonic() + seconds
        while not self.socket.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise AllegianceError(
                    "the forwarder for SERVICE could not start", help="see what was said above"
                )
            time.sleep(0.01)


def said(socket: Path) -> str:
    """Return what the host of that socket said last; nothing as long as all is well."""
    lines = _log(socket).read_text("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def _log(socket: Path) -> Path:
    return socket.with_suffix(".log")


def wait_for_host(host: "subprocess.Popen[bytes]", readers: Readers, seconds: float = 60.0) -> None:
    """Return when a reader has answered.

    Raises ReleaseError when the host cannot open the store or does not answer in time.
    """
    until = time.monotonic() + seconds
    while True:
        with suppress(AllegianceError):
            readers.ask("ASK {}", seconds=5)
            return
        if host.poll() is not None:
            why = said(readers.socket) or f"exit code {host.returncode}"
            raise ReleaseError(
                f"the readers could not start: {why}",
                help="build the release anew: allegiance build",
            )
        if time.monotonic() > until:
            raise ReleaseError("the readers did not start in time", help="try again")
        time.sleep(0.01)


def end(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """End a child: SIGTERM, and when it does not go in that time, SIGKILL."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give a folder for sockets that only this user can enter, gone afterwards.

    What servers left that were killed goes too: whoever lives holds a lock on its folder.
    """
    within = Path(tempfile.gettempdir())
    if len(str(within)) > _LONGEST_FOLDER:
        within = Path("/tmp")  # The kernel takes no longer path for a socket.
    _sweep(within)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=within) as name:
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(handle)


def _sweep(within: Path) -> None:
    for folder in within.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            told = folder.lstat()
            young = time.time() - told.st_mtime < _YOUNG_SECONDS
            if young or told.st_uid != os.getuid() or not stat.S_ISDIR(told.st_mode):
                continue
            handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(handle)


@contextmanager
def serving(store: Path, base: str, limits: Limits | None = None) -> Iterator[Readers]:
    """Run readers over a store for as long as the block lasts.

    Raises ReleaseError when the store cannot be opened.
    """
    with private_folder() as folder:
        readers = Readers(folder / "readers.sock", limits or Limits())
        host = start_host(store, readers.socket, base)
        try:
            wait_for_host(host, readers)
            yield readers
        finally:
            end(host, 5)
