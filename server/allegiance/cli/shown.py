"""What fronts are told of the release that is served, in a file that is replaced when it changes.

The reader host switches first, then this file is replaced. In between, an answer already names
the new release, while fronts still tell the old one: ``cli.pages`` waits for that.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from allegiance.names import prefixes
from allegiance.release import Release
from allegiance.site import Question, Settings, read_questions
from allegiance.sparql import Served

NO_TEXTS = "The source texts are not at hand, so their words are neither shown nor proved."


@dataclass(frozen=True, slots=True)
class Shown:
    """What is served, and what pages show of it; no pages for a plain store."""

    served: Served
    pages: Settings | None = None

    @classmethod
    def of(cls, release: Release, texts: Path | None, problem: str | None) -> "Shown":
        """Return what to show of a release.

        texts: where the texts are at hand.  problem: why it is an older one, when it is.
        """
        warnings: Sequence[str] = [] if texts else [NO_TEXTS]
        older = None if problem is None else f"An older release is served: {problem}."
        if older is not None:
            warnings = [older, *warnings]
        told = release.manifest
        return cls(
            Served(release.id, older, tuple(warnings)),
            Settings(
                base=release.base,
                title=told["title"],
                description=told["description"],
                licence=told["licence"],
                prefixes=prefixes(release.base),
                questions=read_questions(told["queries"]),
                release=release.id,
                texts=texts.resolve() if texts else None,
                warnings=tuple(warnings),
            ),
        )

    def write(self, path: Path) -> None:
        """Write it to a new file."""
        path.write_text(json.dumps(asdict(self), default=str), "utf-8")

    @classmethod
    def read(cls, path: Path) -> "Shown":
        """Read it from a file."""
        told = json.loads(path.read_text("utf-8"))
        pages = told["pages"]
        if pages is not None:
            pages["questions"] = tuple(Question(**question) for question in pages["questions"])
            pages["texts"] = Path(pages["texts"]) if pages["texts"] else None
        return cls(Served(**told["served"]), None if pages is None else Settings(**pages))


class Showing:
    """Tells what the file says now; it is read again when it was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = str(path)
        self._stamp = self._look()
        self._shown = Shown.read(path)

    def __call__(self) -> Shown:
        stamp = self._look()
        if stamp != self._stamp:
            # A replacement between the two is seen the next time.
            self._shown = Shown.read(self._path)
            self._stamp = stamp
        return self._shown

    def _look(self) -> tuple[int, int]:
        told = os.stat(self._name)  # noqa: PTH116 (asked for each request)
        return told.st_ino, told.st_mtime_ns
