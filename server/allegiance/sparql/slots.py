"""What each reader is doing, in memory that it shares with its host.

A reader writes its own slot and no other; the host reads them all. So the host knows of each query
how old it is, without a message for each.
"""

import mmap
import os
import struct
import time
from contextlib import suppress

IDLE, WORKING, SENDING = 0, 1, 2

ID_SIZE = 64
"""Bytes of a query's id, at most."""

_HEAD = struct.Struct("=QdB")
_SIZE = 128
_ASLEEP = 0


class Slots:
    """So many slots, made before the first fork; ``wake`` is a file descriptor."""

    def __init__(self, count: int, wake: int) -> None:
        self._memory = mmap.mmap(-1, (count + 1) * _SIZE)
        self._wake = wake

    def begin(self, slot: int, query: str) -> None:
        """Say that this reader works on the query of that id from now on; wakes the host."""
        name = query.encode()[:ID_SIZE]
        at = _SIZE * (slot + 1)
        self._memory[at + 32 : at + 32 + ID_SIZE] = name.ljust(ID_SIZE, b"\0")
        _HEAD.pack_into(self._memory, at, 0, time.monotonic(), WORKING)
        if self._memory[_ASLEEP]:
            with suppress(BlockingIOError):
                os.write(self._wake, b"\0")

    def turn(self, slot: int, state: int) -> None:
        """Say that the reader is now in that state: IDLE, WORKING or SENDING."""
        self._memory[_SIZE * (slot + 1) + 16] = state

    def look(self, slot: int) -> tuple[int, float]:
        """Return a reader's state, and when its query began (``time.monotonic``)."""
        _, began, state = _HEAD.unpack_from(self._memory, _SIZE * (slot + 1))
        return state, began

    def query(self, slot: int) -> str:
        """Return the id of the query a reader works on, or of the last one."""
        at = _SIZE * (slot + 1) + 32
        return self._memory[at : at + ID_SIZE].rstrip(b"\0").decode()

    def clear(self, slot: int) -> None:
        """Make a slot ready for its next reader."""
        at = _SIZE * (slot + 1)
        self._memory[at : at + _SIZE] = bytes(_SIZE)

    def sleep(self, asleep: bool) -> None:
        """Say whether the host waits to be woken by the next query."""
        self._memory[_ASLEEP] = asleep
