"""Noticing that a graph folder has a new current release, and having it served.

In this order, so that each answer is from the release it names: the release is proved whole, in a
process of its own; what fronts are told of it is written, next to what they are told now; the
reader host opens it, and this is the moment from which new queries have it; then what fronts are
told is replaced. One that is not good is not served: the last one is served on, and that is said.
"""

import os
from pathlib import Path

import click

from allegiance.cli.apart import Apart
from allegiance.cli.shown import NO_TEXTS, Shown
from allegiance.errors import AllegianceError, ReleaseError
from allegiance.folder import Folder
from allegiance.release import Ready, Release, current_id, current_stamp, open_served
from allegiance.release.snapshots import hold
from allegiance.sparql import Readers, control

_OPEN_SECONDS = 10.0


class Switching:
    """Has the current release of a state folder served.

    state: its path.  served: what is served first.  texts: where texts were said to be.
    shown: the file by which fronts are told.

    Raises ReleaseError when the release was removed meanwhile.
    """

    def __init__(
        self,
        folder: Folder,
        state: Path,
        served: Ready,
        texts: Path | None,
        readers: Readers,
        shown: Path,
    ) -> None:
        self._folder = folder
        self._state = state
        self._texts = texts
        self._readers = readers
        self._shown = shown
        self.release = served.release
        self._held = _held(self.release)
        self._seen = current_stamp(state)
        self._work: Apart[Release] | None = None
        self._proved: Release | None = None
        self._trouble = ""
        tell(served.release, served.problem, self._at_hand())
        self._write(served.release, served.problem)
        self._replace()

    def look(self) -> None:
        """See whether another release is current, and go a step on the way to serve it."""
        if self._work is None and self._proved is None:
            stamp = current_stamp(self._state)
            if stamp == self._seen:
                return
            self._seen = stamp
            self._work = Apart(self._prove)
        try:
            self._go_on()
        except (OSError, ValueError) as error:
            # The host is being started again, or the disk for small files is full: later.
            self._say_once(f"warning: the new release cannot be served yet: {error}")

    def _go_on(self) -> None:
        try:
            if self._work is not None:
                done = self._work.result()
                if done is None:
                    return
                self._work = None
                (self._proved,) = done
            assert self._proved is not None
            self._switch(self._proved)
            self._proved = None
        except AllegianceError as error:
            self._work = self._proved = None
            if current_stamp(self._state) == self._seen:
                self._refuse(error)

    def _prove(self) -> Release:
        named = current_id(self._state)
        if named is None:
            path = str(self._state / "CURRENT")
            raise ReleaseError("no release is current any more", path, "allegiance build")
        return open_served(self._state, named)

    def _switch(self, release: Release) -> None:
        """Have a release served.

        Raises ReleaseError when it cannot be, and OSError or ValueError when it may be later.
        """
        held = _held(release)
        try:
            self._write(release, None)
            # The same one, perhaps made anew from other files, may be in the same place or not.
            if not os.path.sameopenfile(held, self._held):
                what = {"do": "open", "store": str(release.store), "name": release.id}
                what["base"] = release.base
                told = control.order(self._readers.socket, what, _OPEN_SECONDS)
                if "error" in told:
                    raise ReleaseError(str(told["error"]), str(release.store), "allegiance build")
            self.release, held, self._held = release, self._held, held
            self._replace()
        finally:
            os.close(held)
        self._trouble = ""
        tell(release, None, self._at_hand(), again=True)

    def _refuse(self, error: AllegianceError) -> None:
        """Serve on what is served, and say why."""
        tell(self.release, error, self._at_hand())
        self._write(self.release, error)
        self._replace()

    def _say_once(self, message: str) -> None:
        if message != self._trouble:
            self._trouble = message
            click.echo(message, err=True)

    def _at_hand(self) -> Path | None:
        return self._texts if self._texts is not None else self._folder.texts_at(None)

    def _write(self, release: Release, problem: AllegianceError | None) -> None:
        shown = Shown.of(release, self._at_hand(), problem.what if problem else None)
        shown.write(self._fresh)

    def _replace(self) -> None:
        self._fresh.replace(self._shown)

    @property
    def _fresh(self) -> Path:
        return self._shown.with_suffix(".new")


def _held(release: Release) -> int:
    try:
        return hold(release.store)
    except OSError as error:
        raise ReleaseError(
            f"the release was removed meanwhile: {error.strerror}", str(release.store), "try again"
        ) from None


def tell(
    release: Release, problem: AllegianceError | None, texts: Path | None, *, again: bool = False
) -> None:
    """Say on stderr what an operator should know of the release that is served.

    again: whether another one was served before.
    """
    built = release.made.get("built", "an unknown time")
    if problem is not None:
        click.echo(f"error: {problem}", err=True)
        click.secho(
            f"SERVING AN OLDER RELEASE, built {built}: {release.id[:12]}", err=True, bold=True
        )
    elif again:
        click.echo(f"Serving a new release, built {built}: {release.id[:12]}", err=True)
    if texts is None:
        click.echo(f"warning: {NO_TEXTS}\nhelp: name their folder: --texts DIR", err=True)
    if warnings := len(release.made.get("findings", ())):
        were = "was 1 warning" if warnings == 1 else f"were {warnings} warnings"
        click.echo(f"There {were} when it was built; see: allegiance check", err=True)
