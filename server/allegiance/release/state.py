"""The state folder: which release is current, and who may work on it.

``releases/<id>/`` holds the releases, ``CURRENT`` names one of them. Locks are taken on the
folders themselves, so that a release on a read-only disk can be served.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from allegiance.errors import ReleaseError

_ID = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = ".unfinished-"


def releases(state: Path) -> Path:
    """Return the folder that holds the releases."""
    return state / "releases"


def current_id(state: Path) -> str | None:
    """Return the id that CURRENT names, or None when there is no release yet.

    Raises ReleaseError when CURRENT is damaged.
    """
    path = state / "CURRENT"
    try:
        named = path.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ReleaseError(
            f"the name of the current release cannot be read: {error}", str(path), _REMOVE
        ) from None
    if not _ID.fullmatch(named):
        raise ReleaseError("this names no release", str(path), _REMOVE)
    return named


_REMOVE = "delete the file; the next build writes it anew"


def set_current(state: Path, release: str) -> None:
    """Let CURRENT name a release: the old name or the new one is on disk, never half of one."""
    path = state / "CURRENT"
    fresh = state / ".CURRENT.new"
    with fresh.open("w", encoding="ascii") as file:
        file.write(release + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync(state)


def sync(path: Path) -> None:
    """Have the operating system write a file or a folder's entries to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prepare(state: Path) -> None:
    """Make the state folder.

    Raises ReleaseError when the disk is read-only or full.
    """
    try:
        releases(state).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(state, error) from None


def unwritable(state: Path, error: OSError) -> ReleaseError:
    """Return the error to raise when the state folder cannot be written."""
    return ReleaseError(
        f"the state folder cannot be written: {error.strerror or error}",
        str(state),
        "name a folder on a disk with room and write access: --state DIR",
    )


@contextmanager
def lock(state: Path, purpose: Literal["build", "serve"]) -> Iterator[None]:
    """Hold the state folder for one build, or for one server, at a time.

    A build waits for another build; a second server is refused. The lock ends with the process.

    Raises ReleaseError when another server has the folder, or there is none.
    """
    path = releases(state) if purpose == "build" else state
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise unwritable(state, error) from None
    try:
        wait = 0 if purpose == "build" else fcntl.LOCK_NB
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | wait)
        except BlockingIOError:
            raise ReleaseError(
                "another server already serves from this state folder",
                str(state),
                "stop it, or give this one a folder of its own: --state DIR",
            ) from None
        yield
    finally:
        os.close(handle)


@contextmanager
def unfinished(state: Path) -> Iterator[Path]:
    """Give an empty folder for a release in the making, gone afterwards unless it was renamed.

    What crashed builds left is removed too: call it under the build lock.
    """

    def clear() -> None:
        for rubbish in releases(state).glob(_UNFINISHED + "*"):
            shutil.rmtree(rubbish)

    clear()
    path = releases(state) / f"{_UNFINISHED}{os.getpid()}"
    path.mkdir()
    try:
        yield path
    finally:
        clear()
