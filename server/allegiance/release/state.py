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


def all_ids(state: Path) -> list[str]:
    """Return the ids of all releases that are there, whole or not."""
    folder = releases(state)
    paths = folder.iterdir() if folder.is_dir() else ()
    return sorted(path.name for path in paths if _ID.fullmatch(path.name))


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


def current_stamp(state: Path) -> tuple[int, ...] | None:
    """Return what changes whenever CURRENT is written, or None when it is not there."""
    try:
        told = (state / "CURRENT").stat()
    except OSError:
        return None
    return told.st_dev, told.st_ino, told.st_mtime_ns, told.st_size


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
    """Hold the state folder for one build (or prune), or for one server, at a time.

    Builds wait for each other; a second server is refused. The lock ends with the process.

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
def alone(store: Path) -> Iterator[None]:
    """Have a store that nobody has open, and nobody opens meanwhile; it need not be there.

    Raises ReleaseError when a server or a query has it open.
    """
    try:
        handle = os.open(store, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReleaseError(
                "the store cannot be replaced: a server or a query has it open",
                str(store),
                "stop that one first",
            ) from None
        yield
    finally:
        os.close(handle)


@contextmanager
def unfinished(state: Path) -> Iterator[Path]:
    """Give an empty folder for a release in the making, gone afterwards unless it was renamed.

    What crashed builds left is removed too: call it under the build lock.
    """

    clear(state)
    path = aside(state)
    path.mkdir()
    try:
        yield path
    finally:
        clear(state)


def aside(state: Path) -> Path:
    """Return the name of a folder that counts as no release."""
    return releases(state) / f"{_UNFINISHED}{os.getpid()}"


def clear(state: Path) -> int:
    """Remove what crashed builds left, under the build lock; return how many folders it was."""
    rubbish = list(releases(state).glob(_UNFINISHED + "*"))
    for folder in rubbish:
        shutil.rmtree(folder)
    return len(rubbish)
