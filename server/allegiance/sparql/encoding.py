"""Content codings (RFC 9110, section 8.4): gzip and zstd, of answers and of requests."""

import zlib
from typing import Protocol

import zstandard
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from allegiance.sparql.failures import Problem

IDENTITY = "identity"
CODINGS = ("zstd", "gzip")
"""The codings there are, the better one first."""

SMALLEST = 1024
"""Bytes from which an answer is worth coding."""

_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 256
"""Bytes of a coded request decoded at once: not much may come of so few."""
_MOST_WINDOW = 8 * 1024 * 1024


class Encoder(Protocol):
    """Codes an answer piece by piece."""

    def compress(self, data: bytes, /) -> bytes:
        """Take a piece; return what is ready, maybe nothing."""

    def flush(self) -> bytes:
        """Return the end."""


def encoder(coding: str) -> Encoder | None:
    """Return a coder, or None for identity. It is quick rather than thorough."""
    if coding == "gzip":
        return zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=1).compressobj()
    return None


def choose(accept: str | None) -> str:
    """Return the coding for an answer, by the value of Accept-Encoding (section 12.5.3).

    Raises BadQuery when the client takes neither what there is nor the plain answer.
    """
    if not accept or not accept.strip():
        return IDENTITY
    wanted = {name.lower().removeprefix("x-"): q for name, q in parse_accept_header(accept, Accept)}
    other = wanted.get("*", 0.0)
    plain = wanted.get(IDENTITY, other if "*" in wanted else 0.001)
    best = max(CODINGS, key=lambda coding: wanted.get(coding, other))
    quality = wanted.get(best, other)
    if quality > 0 and quality >= plain:
        return best
    if plain <= 0:
        raise Problem(
            "format",
            f"This answer does not come with “Accept-Encoding: {accept[:100]}”.",
            "It comes plain, or as: " + ", ".join(CODINGS),
        ).error()
    return IDENTITY


def decode(body: bytes, coding: str, most: int) -> bytes:
    """Return the body of a request, decoded.

    coding: the value of Content-Encoding.  most: the bytes that may come of it.
    Raises BadQuery for an unknown coding, for what is not in it, and for what is too long.
    """
    coding = coding.strip().lower().removeprefix("x-")
    if coding in ("", IDENTITY):
        return body
    if coding not in CODINGS:
        raise Problem(
            "media",
            f"The body is coded as “{coding[:40]}”.",
            "Send it plain, or with Content-Encoding: " + " or ".join(CODINGS),
        ).error()
    try:
        decoded = _decoded(body, coding, most)
    except (zlib.error, zstandard.ZstdError):
        decoded = None
    if decoded is None:
        raise Problem(
            "request", f"The body is not whole {coding}.", "Send it again, or plain."
        ).error()
    if len(decoded) > most:
        raise Problem(
            "body",
            f"The body has more than {most // 1024} KiB when it is decoded.",
            "Ask in several queries.",
        ).error()
    return decoded


def _decoded(body: bytes, coding: str, most: int) -> bytes | None:
    """Return what is coded, or a bit more than may be of it; None when the end is missing."""
    found = bytearray()
    rest = body
    while rest:
        if coding == "gzip":
            inflate = zlib.decompressobj(_GZIP)
            found += inflate.decompress(rest, most + 1 - len(found))
            if len(found) > most:
                return bytes(found)
            whole, rest = inflate.eof, inflate.unused_data
        else:
            frame = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW).decompressobj()
            at = 0
            while at < len(rest) and not frame.eof:
                found += frame.decompress(rest[at : at + _PIECE])
                at += _PIECE
                if len(found) > most:
                    return bytes(found)
            whole, rest = frame.eof, frame.unused_data + rest[at:]
        if not whole:
            return None
    return bytes(found) if body else None
