"""The snapshots of a plain store: closed, immutable, sealed; CURRENT names one of them.

    DIR/CURRENT                     twelve digits and their digest; replaced atomically
    DIR/snapshots/<number>/store/   what readers open, read-only
    DIR/snapshots/<number>/seal.json  engine, digests of its files, versions of its graphs

A commit makes the next snapshot from a clone whose unchanged files are hard links. Everything is
on disk (fsync) before CURRENT names it. A reader host holds a shared lock on the folder of the
snapshot it has open, which its readers inherit, so that none is removed that is still read.
"""

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pyoxigraph import Store

from allegiance.errors import ReleaseError
from allegiance.release.state import set_current, sync

_NUMBER = re.compile(r"\d{12}")
_UNFINISHED = ".unfinished"
_KEPT = 2
_MOST_GRAPHS = 10_000
_RESTORE = "restore a backup into a new folder: allegiance restore BACKUP DIR"


@dataclass(frozen=True, slots=True)
class Versions:
    """In which commit each graph was last changed, as far as is known: what an update may have
    changed counts as changed. ``all`` holds for graphs that are not named.
    """

    all: int = 0
    graphs: Mapping[str, int] = field(default_factory=dict)

    def of(self, graph: str) -> int:
        """Return the version of a graph; "" is the default graph, "*" the whole dataset."""
        if graph == "*":
            return max(self.all, *self.graphs.values(), 0)
        return max(self.all, self.graphs.get(graph, 0))

    def changed(self, graph: str | None, number: int) -> "Versions":
        """Return the versions after a commit that changed one graph, or any (None)."""
        if graph is None or len(self.graphs) >= _MOST_GRAPHS:
            return Versions(number)
        return Versions(self.all, {**self.graphs, graph: number})


@dataclass(frozen=True, slots=True)
class Seal:
    """What a snapshot says of itself. id: of the store, drawn when it was made or restored."""

    id: str
    engine: str
    files: Mapping[str, str]
    versions: Versions

    @classmethod
    def read(cls, snapshot: Path) -> "Seal":
        """Read the seal of a snapshot.

        Raises ReleaseError when it is missing or damaged.
        """
        try:
            read: dict[str, Any] = json.loads((snapshot / "seal.json").read_text("utf-8"))
            told = read["seal"]
            if read["digest"] != _check(json.dumps(told)):
                raise ValueError("it is not what was written")
            told["versions"] = Versions(**told["versions"])
            return cls(**told)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ReleaseError(
                f"the seal of the snapshot cannot be read: {error}",
                str(snapshot / "seal.json"),
                _RESTORE,
            ) from None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot. number: how many commits made it, as in the name of its folder."""

    path: Path

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.path.name

    @property
    def number(self) -> int:
        """How many commits made it."""
        return int(self.path.name)

    @property
    def store(self) -> Path:
        """The folder of its store."""
        return self.path / "store"


def is_store(folder: Path) -> bool:
    """Return whether a folder holds snapshots."""
    return (folder / "CURRENT").is_file() and (folder / "snapshots").is_dir()


def current(folder: Path) -> Snapshot:
    """Return the current snapshot.

    Raises ReleaseError when there is none, or CURRENT is damaged.
    """
    path = folder / "CURRENT"
    try:
        name, _, check = path.read_text("ascii").strip().partition(" ")
    except (OSError, UnicodeDecodeError) as error:
        raise ReleaseError(
            f"the name of the current snapshot cannot be read: {error}", str(path), _RESTORE
        ) from None
    snapshot = Snapshot(folder / "snapshots" / name)
    if not _NUMBER.fullmatch(name) or check != _check(name) or not snapshot.path.is_dir():
        raise ReleaseError("this names no snapshot that is here", str(path), _RESTORE)
    return snapshot


def create(folder: Path) -> Snapshot:
    """Return the current snapshot of a store, which is made, empty, where there is none.

    Raises ReleaseError when the folder holds something else or cannot be written.
    """
    if is_store(folder):
        return current(folder)
    if any(_NUMBER.fullmatch(path.name) and int(path.name) for path in folder.glob("snapshots/*")):
        raise ReleaseError(
            "the name of the current snapshot is missing", str(folder / "CURRENT"), _RESTORE
        )
    if folder.exists() and any(name.name != "snapshots" for name in folder.iterdir()):
        raise ReleaseError(
            "this folder holds something that is no store of ours", str(folder), "name an empty one"
        )
    try:
        (folder / "snapshots").mkdir(parents=True, exist_ok=True)
        with unfinished(folder) as fresh:
            Store(fresh / "store").flush()
            seal(fresh, secrets.token_hex(8), Versions(), None)
            promoted = promote(folder, fresh, 0)
        sync(folder.absolute().parent)
        return promoted
    except OSError as error:
        raise ReleaseError(
            f"the store cannot be made: {error.strerror or error}",
            str(folder),
            "name a folder on a disk with room and write access",
        ) from None


class unfinished:  # noqa: N801 (reads as a verb: with unfinished(...) as folder)
    """An empty folder for a snapshot in the making, gone afterwards unless it was promoted."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "snapshots" / _UNFINISHED

    def __enter__(self) -> Path:
        shutil.rmtree(self._path, ignore_errors=True)
        self._path.mkdir()
        return self._path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._path, ignore_errors=True)


def clone(snapshot: Snapshot, folder: Path) -> Path:
    """Make a store in a folder that is the same as a snapshot's; return it, to be written to."""
    # What the engine's own backup does, without opening the store: its tables never change, so
    # they are linked; it appends to the others, so they are copied.
    store = folder / "store"
    store.mkdir()
    for name in Seal.read(snapshot.path).files:
        if name.endswith(".sst"):
            (store / name).hardlink_to(snapshot.store / name)
        else:
            shutil.copyfile(snapshot.store / name, store / name)
    return store


def seal(fresh: Path, named: str, versions: Versions, before: Snapshot | None) -> None:
    """Write all of a snapshot in the making to disk, then its seal.

    before: the snapshot it was cloned from; a file that both share is known already.
    """
    known = Seal.read(before.path).files if before else {}
    files = {}
    for file in sorted((fresh / "store").iterdir()):
        if not _sealed(file):
            continue
        old = before.store / file.name if before else None
        if old and file.name in known and old.exists() and old.samefile(file):
            files[file.name] = known[file.name]
            continue
        files[file.name] = _digest(file)
        sync(file)
    sync(fresh / "store")
    told = asdict(Seal(named, engine(), files, versions))
    whole = {"seal": told, "digest": _check(json.dumps(told))}
    (fresh / "seal.json").write_text(json.dumps(whole) + "\n", "utf-8")
    sync(fresh / "seal.json")
    sync(fresh)


class Unconfirmed(ReleaseError):
    """CURRENT names the new snapshot, but the disk did not say that it has that.

    After a failed fsync nothing that was in memory then counts as written, even if a later fsync
    succeeds; so it counts as confirmed only once CURRENT was written anew (``confirm``).
    """

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            f"the disk did not confirm what was written: {error.strerror or error}",
            str(folder / "CURRENT"),
            "see to the disk",
        )


def promote(folder: Path, fresh: Path, number: int) -> Snapshot:
    """Let CURRENT name a sealed snapshot; when this returns, it does so on disk.

    Raises OSError when CURRENT names what it did before, and Unconfirmed when it names the new
    one, as far as can be seen, but perhaps not on disk.
    """
    snapshot = Snapshot(folder / "snapshots" / f"{number:012d}")
    # One of that number is what a crash left between the two steps: nobody was told of it.
    shutil.rmtree(snapshot.path, ignore_errors=True)
    fresh.rename(snapshot.path)
    try:
        sync(snapshot.path.parent)
        _name(folder, snapshot)
    except OSError as error:
        if not _may_name(folder, snapshot):
            shutil.rmtree(snapshot.path, ignore_errors=True)
            raise
        try:
            confirm(folder)
        except (OSError, ReleaseError):
            raise Unconfirmed(folder, error) from None
    return snapshot


def confirm(folder: Path) -> Snapshot:
    """Write anew what CURRENT says, so that it is on disk when this returns; return it.

    Raises OSError when it cannot be written, and ReleaseError as ``current``.
    """
    now = current(folder)
    _name(folder, now)
    return now


def _name(folder: Path, snapshot: Snapshot) -> None:
    set_current(folder, f"{snapshot.name} {_check(snapshot.name)}")


def _may_name(folder: Path, snapshot: Snapshot) -> bool:
    try:
        return current(folder) == snapshot
    except ReleaseError:
        return True


def verify(snapshot: Snapshot) -> Seal:
    """Return the seal of a snapshot, once each of its files was found as it was written.

    Raises ReleaseError that names the file that was not.
    """
    told = Seal.read(snapshot.path)
    for name, digest in told.files.items():
        file = snapshot.store / name
        try:
            found = _digest(file)
        except OSError as error:
            found = str(error.strerror)
        if found != digest:
            raise ReleaseError(
                "the store is damaged: this file is not what was written", str(file), _RESTORE
            )
    return told


def hold(store: Path) -> int:
    """Keep a snapshot from being removed as long as the handle returned is open somewhere.

    Raises OSError when it is not there.
    """
    handle = os.open(store, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return handle


def prune(folder: Path) -> None:
    """Remove snapshots that are neither current, nor the one before, nor held by a reader.

    Call it while none is being made, and once the disk has confirmed which is current: until then
    it may have an older one.
    """
    now = current(folder).number
    shutil.rmtree(folder / "snapshots" / _UNFINISHED, ignore_errors=True)
    for path in (folder / "snapshots").iterdir():
        if not _NUMBER.fullmatch(path.name) or now - _KEPT < int(path.name) <= now:
            continue
        with suppress(OSError):
            handle = os.open(path / "store", os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
            finally:
                os.close(handle)


def copy(source: Path, target: Path) -> Snapshot:
    """Copy the current snapshot of a store, which may be written to meanwhile, to a new folder.

    Every byte is checked against the seal on the way and is on disk when this returns.
    Raises ReleaseError when the source is damaged or the target is not empty or not writable.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ReleaseError("there is something here already", str(target), "name a new folder")
    snapshot, handle = _held(source)
    try:
        told = verify(snapshot)
        (target / "snapshots").mkdir(parents=True)
        with unfinished(target) as fresh:
            (fresh / "store").mkdir()
            for name in told.files:
                shutil.copyfile(snapshot.store / name, fresh / "store" / name)
            seal(fresh, secrets.token_hex(8), told.versions, None)
            if Seal.read(fresh).files != told.files:
                raise ReleaseError("the copy is not the same as the store", str(target))
            done = promote(target, fresh, snapshot.number)
        sync(target.absolute().parent)
        return done
    except OSError as error:
        raise ReleaseError(
            f"the store cannot be copied: {error.strerror or error}",
            error.filename,
            "name a folder on a disk with room and write access",
        ) from None
    finally:
        os.close(handle)


def _held(folder: Path) -> tuple[Snapshot, int]:
    while True:
        snapshot = current(folder)
        try:
            return snapshot, hold(snapshot.store)
        except OSError:
            if current(folder) == snapshot:
                raise ReleaseError(
                    "the current snapshot is not here", str(snapshot.store), _RESTORE
                ) from None


def engine() -> str:
    """Return name and version of the engine whose files these are."""
    return f"pyoxigraph {version('pyoxigraph')}"


def _sealed(file: Path) -> bool:
    # The engine writes its log and its lock also when it only reads; they hold no data.
    return not file.name.startswith("LOG") and file.name != "LOCK"


def _check(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
