"""Removing releases that nobody needs: not the current one, and none that somebody has open."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from allegiance.errors import ReleaseError
from allegiance.release.release import newest_first, proved
from allegiance.release.state import (
    alone,
    aside,
    clear,
    current_id,
    lock,
    releases,
    sync,
    unwritable,
)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What became of one release. kept: why it is still there; empty when it was removed."""

    id: str
    kept: str


def prune(state: Path, keep: int = 0) -> tuple[list[Pruned], int]:
    """Remove releases of a state folder; return what became of each, the one built last first,
    and how many folders of crashed builds were removed.

    keep: how many of those built last to keep beside the current one.
    A release stays that a server or a query has open. Waits for a build that runs.

    Raises ReleaseError when there is no good current release, since an older one may be all that
    can be served, or the folder cannot be written.
    """
    if not releases(state).is_dir():
        raise ReleaseError("there are no releases here", str(state), "name another: --state DIR")
    try:
        with lock(state, "build"):
            current = current_id(state)
            if current is None:
                raise ReleaseError(
                    "no release is current, so none was removed", str(state), _BUILD_FIRST
                )
            try:
                proved(state, current)
            except ReleaseError as error:
                raise ReleaseError(
                    f"nothing was removed, since the current release is not good: {error.what}",
                    error.where,
                    _BUILD_FIRST,
                ) from None
            done = []
            for release in newest_first(state):
                if release == current:
                    done.append(Pruned(release, "current"))
                elif keep > 0:
                    keep -= 1
                    done.append(Pruned(release, "among the last that were built"))
                else:
                    done.append(Pruned(release, _remove(state, release)))
            return done, clear(state)
    except OSError as error:
        raise unwritable(state, error) from None


_BUILD_FIRST = "build first: allegiance build"


def _remove(state: Path, release: str) -> str:
    """Remove a release, or return why not."""
    path, gone = releases(state) / release, aside(state)
    try:
        with alone(path / "store"):
            # Under another name first, so that no half of it is ever taken for a release.
            path.rename(gone)
            sync(releases(state))
    except ReleaseError:
        return "a server or a query has it open"
    shutil.rmtree(gone)
    return ""
