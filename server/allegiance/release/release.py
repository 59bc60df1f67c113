"""One release on disk: opening it, and telling whether it is whole."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allegiance.errors import ReleaseError
from allegiance.release.state import all_ids, alone, current_id, releases, unwritable
from allegiance.release.store import sound, write_store

_AGAIN = "build it anew: allegiance build"

TOLD = frozenset(("id", "base", "title", "description", "licence", "queries", "inputs"))
"""What each manifest tells: with it a release is served without the files it was made of."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release that was found whole.

    id: SHA-256 of its ``graph.nq``, lower-case hex.
    manifest: what it says of itself, the same on every machine.
    made: when, from which commit, with which tools and warnings it was built here.
    """

    id: str
    path: Path
    manifest: Mapping[str, Any]
    made: Mapping[str, Any]

    @property
    def store(self) -> Path:
        """The folder of its store; open it read-only."""
        return self.path / "store"

    @property
    def base(self) -> str:
        """The base IRI of its graph."""
        return str(self.manifest["base"])


def current(state: Path) -> Release | None:
    """Return the current release of a state folder, or None when there is none yet.

    Raises ReleaseError when what CURRENT names is missing or damaged.
    """
    named = current_id(state)
    return open_release(state, named) if named else None


def open_release(state: Path, release: str) -> Release:
    """Open a release and prove that it is whole; its store is made anew when it is not.

    Raises ReleaseError when the release is missing or damaged, or its store is not sound and
    somebody has it open.
    """
    found = proved(state, release)
    if not sound(found.path):
        try:
            with alone(found.store):
                write_store(found.path, found.base)
        except OSError as error:
            raise unwritable(state, error) from None
    return found


def open_served(state: Path, release: str) -> Release:
    """Open a release as ``open_release``, for who leaves it as it is.

    Raises ReleaseError when anything of it is missing or damaged, or of another engine.
    """
    found = proved(state, release)
    if not sound(found.path):
        raise ReleaseError(
            "the store of the release is damaged, or was made by another version of the engine",
            str(found.store),
            _AGAIN,
        )
    return found


def proved(state: Path, release: str) -> Release:
    """Return a release whose graph is what was built; its store is not looked at.

    Raises ReleaseError when the release is missing or damaged.
    """
    path = releases(state) / release
    graph = path / "graph.nq"
    manifest = _json(path / "manifest.json")
    try:
        with graph.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReleaseError(
            f"the graph of the release cannot be read: {error.strerror}", str(graph), _AGAIN
        ) from None
    if digest != release or manifest.get("id") != release or not manifest.keys() >= TOLD:
        damaged = graph if digest != release else path / "manifest.json"
        raise ReleaseError(
            "the release is damaged: this is not what was built", str(damaged), _AGAIN
        )
    return Release(release, path, manifest, _json(path / "build.json"))


def newest_first(state: Path) -> list[str]:
    """Return the ids of all releases, the one that was built last first."""

    def built(release: str) -> tuple[str, int]:
        path = releases(state) / release / "build.json"
        try:
            return str(_json(path).get("built", "")), path.stat().st_mtime_ns
        except (ReleaseError, OSError):
            return "", 0

    return sorted(all_ids(state), key=built, reverse=True)


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ReleaseError(
            f"this file of the release cannot be read: {error}", str(path), _AGAIN
        ) from None
    if not isinstance(value, dict):
        raise ReleaseError("this file of the release is not what was built", str(path), _AGAIN)
    return value
