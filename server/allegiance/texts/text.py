"""One text as it was written: its code points, never changed, and their digest."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from allegiance.errors import TextError
from allegiance.findings import Place


@dataclass(frozen=True, slots=True)
class Text:
    """A source text at hand.

    words: the whole text; offsets count its Unicode code points from 0.
    sha256: digest of its bytes, lower-case hex.
    """

    path: Path
    words: str
    sha256: str


def digest(words: str) -> str:
    """Return the SHA-256 of the UTF-8 of a span, lower-case hex."""
    return hashlib.sha256(words.encode("utf-8")).hexdigest()


def load(directory: Path, slug: str) -> Text | None:
    """Read ``<directory>/<slug>.txt``, or return None when there is no such file.

    No newline translation and no normalisation, so that offsets hold for the bytes as they are.

    Raises TextError when the file is not UTF-8, has CRLF line ends or a byte order mark.
    """
    path = directory / f"{slug}.txt"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TextError(
            f"the text cannot be read: {error.strerror}", str(path), "check its rights"
        ) from None
    if data.startswith(b"\xef\xbb\xbf"):
        raise TextError(
            "the text begins with a byte order mark",
            str(Place(str(path), 1, 1)),
            "save it as UTF-8 without one; offsets count from the first letter",
        )
    if (at := data.find(b"\r")) >= 0:
        raise TextError(
            "the text has CRLF or CR line ends",
            str(Place(str(path), data.count(b"\n", 0, at) + 1)),
            "save it with LF line ends before drawing claims from it; every offset depends on them",
        )
    try:
        words = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise TextError(
            f"the text is not UTF-8: byte 0x{data[error.start]:02x}",
            str(Place(str(path), line, column)),
            "convert it to UTF-8",
        ) from None
    return Text(path, words, hashlib.sha256(data).hexdigest())
