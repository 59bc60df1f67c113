"""The release to serve or ask now: the current one if it fits the files, else a new one."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from allegiance.errors import AllegianceError, ReleaseError
from allegiance.folder import Folder
from allegiance.release.build import Report, build, inputs
from allegiance.release.release import Release, current, newest_first, open_release

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """A release that can be served.

    built: whether it was built just now.
    problem: why it is an older one than the files, when it is.
    """

    release: Release
    built: bool
    problem: AllegianceError | None = None


def ready(folder: Folder, state: Path, texts: Path | None, report: Report | None = None) -> Ready:
    """Return the release to serve: built if the input changed, else the current one.

    With an error in the folder, or a disk that cannot be written, the last good release.

    Raises AllegianceError when there is no good release either.
    """
    found = _good(state)
    if found and found.manifest["inputs"] == inputs(folder):
        return Ready(found, built=False)
    try:
        return Ready(build(folder, state, texts, report), built=True)
    except AllegianceError as error:
        found = found or _newest(state)
        if found is None:
            raise
        return Ready(found, built=False, problem=error)


def _good(state: Path) -> Release | None:
    try:
        return current(state)
    except ReleaseError as error:
        _LOG.warning("warning: %s: %s; it is not used", error.where, error.what)
        return None


def _newest(state: Path) -> Release | None:
    """Return the good release that was built last, whatever CURRENT says."""
    for release in newest_first(state):
        with suppress(ReleaseError):
            return open_release(state, release)
    return None
