"""The words of a text at the place that evidence names, shown only where they are proved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from allegiance.errors import TextError
from allegiance.texts import Text, digest, load


@dataclass(frozen=True, slots=True)
class Fragment:
    """Words of a text, and whether they are cited; none is ever changed."""

    words: str
    cited: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """Words with the cited ones marked, or why there are none.

    missing: one sentence why no words are shown; empty when they are, and then they were proved
    against the digest that the graph records.
    """

    fragments: tuple[Fragment, ...] = ()
    missing: str = ""

    @property
    def proved(self) -> bool:
        """Whether words are shown, and so were proved."""
        return bool(self.fragments)


class Texts:
    """The texts at hand in one folder, each read once for as long as its file stays the same."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._read: dict[str, tuple[tuple[int, int], Text]] = {}

    def passage(
        self,
        source: str,
        cited: Sequence[tuple[int, int]],
        around: tuple[int, int],
        proved: tuple[int, int],
        proof: str,
    ) -> Passage:
        """Return the words of ``around`` with the cited spans marked.

        source: IRI of the source. proof: the digest that the graph records for the span
        ``proved``; words are shown only where it holds. Offsets are code points of the whole text.
        """
        slug = source.rpartition("/")[2]
        try:
            text = self._text(slug)
        except TextError as error:
            return Passage(missing=f"The text at hand cannot be read: {error.what}.")
        if text is None:
            return Passage(missing="The text is not at hand here.")
        start, end = proved
        if not 0 <= start < end <= len(text.words) or digest(text.words[start:end]) != proof:
            return Passage(
                missing="The text at hand is another one than the claim was drawn from: "
                "the words at this place do not have the digest that the graph records."
            )
        return Passage(tuple(_fragments(text.words, cited, around)))

    def state(self, source: str, sha256: str) -> str:
        """Return whether a text is ``proved``, ``other`` (another digest) or ``missing``."""
        try:
            text = self._text(source.rpartition("/")[2])
        except TextError:
            return "other"
        if text is None:
            return "missing"
        return "proved" if text.sha256 == sha256 else "other"

    def _text(self, slug: str) -> Text | None:
        if self._folder is None or not slug:
            return None
        try:
            status = (self._folder / f"{slug}.txt").stat()
        except (OSError, ValueError):
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._read.get(slug)
        if known and known[0] == stamp:
            return known[1]
        text = load(self._folder, slug)
        if text is not None:
            self._read[slug] = (stamp, text)
        return text


def _fragments(
    words: str, cited: Sequence[tuple[int, int]], around: tuple[int, int]
) -> Iterable[Fragment]:
    first, last = around
    at = first
    for start, end in sorted(cited):
        start, end = max(start, at), min(end, last)
        if start >= end:
            continue
        if start > at:
            yield Fragment(words[at:start], False)
        yield Fragment(words[start:end], True)
        at = end
    if at < last:
        yield Fragment(words[at:last], False)
