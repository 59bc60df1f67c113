"""Fair use: a bucket of tokens for each client, in a file that all fronts share.

A bucket holds as many tokens as a client may spend at once, here a sixth of its minute, and fills
at an even pace. Clients are told apart by a keyed hash, so that nobody can choose whose bucket is
theirs. Two fronts that look at one bucket at the same moment may let one request more pass.
"""

import hashlib
import mmap
import os
import secrets
import struct
import time
from pathlib import Path

_BUCKETS = 4096
_TRIED = 8
_BUCKET = struct.Struct("=8sdd")
_KEY_SIZE = 16


def make(path: Path) -> None:
    """Write a file of empty buckets, with a key of its own."""
    path.write_bytes(secrets.token_bytes(_KEY_SIZE) + bytes(_BUCKET.size * _BUCKETS))


class FairUse:
    """How many requests a client may still send.

    per_minute: of each client; 0 for any number.
    """

    def __init__(self, path: Path, per_minute: int) -> None:
        handle = os.open(path, os.O_RDWR)
        try:
            self._memory = mmap.mmap(handle, 0)
        finally:
            os.close(handle)
        self._key = self._memory[:_KEY_SIZE]
        self._rate = per_minute / 60
        self._most = max(1.0, per_minute / 6)
        self.per_minute = per_minute

    def take(self, client: str) -> float:
        """Take a token of a client; return the seconds to wait when it has none, else 0."""
        if not self.per_minute:
            return 0.0
        name = hashlib.blake2b(client.encode(), digest_size=8, key=self._key).digest()
        now = time.monotonic()
        at, tokens = self._find(name, now)
        if tokens < 1:
            return (1 - tokens) / self._rate
        _BUCKET.pack_into(self._memory, at, name, tokens - 1, now)
        return 0.0

    def _find(self, name: bytes, now: float) -> tuple[int, float]:
        """Return where a client's bucket is and what is in it; of others the fullest makes room."""
        first = int.from_bytes(name, "big")
        fullest, most = 0, -1.0
        for number in range(_TRIED):
            at = _KEY_SIZE + _BUCKET.size * ((first + number) % _BUCKETS)
            owner, tokens, since = _BUCKET.unpack_from(self._memory, at)
            tokens = min(self._most, tokens + (now - since) * self._rate)
            if owner == name:
                return at, tokens
            if owner == bytes(8):
                tokens = self._most + 1
            if tokens > most:
                fullest, most = at, tokens
        return fullest, self._most
