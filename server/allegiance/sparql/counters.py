"""Counters that several processes keep in one file, each in a row of its own, so without locks."""

import mmap
import os
from pathlib import Path

BUCKETS = (0.005, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Seconds of the histogram of requests."""

STATUSES = (
    *(200, 204, 206, 301, 302, 303, 304, 308, 400, 401, 403, 404, 405, 406, 408, 409),
    *(410, 412, 413, 414, 415, 416, 422, 429, 431, 500, 501, 503, 504),
)
LIMITED = (
    *("time", "memory", "rows", "bytes", "busy", "often", "unread"),
    *("cancelled", "crash", "body", "length", "headers", "slow", "nesting"),
)
GAUGES = ("in_flight", "connections")
"""What says how it is now, and not how often it was."""

NAMES = (
    *(f"status {status}" for status in STATUSES),
    "status other",
    *(f"limit {code}" for code in LIMITED),
    *(f"under {edge:g}" for edge in BUCKETS),
    *("requests", "seconds", "queries", "rows", "bytes", "cut", "hits", "misses"),
    *GAUGES,
)

_COLUMN = {name: column for column, name in enumerate(NAMES)}
_WIDTH = len(NAMES)


def make(path: Path, rows: int) -> None:
    """Write a file for so many processes, all zero."""
    path.write_bytes(bytes(8 * _WIDTH * rows))


class Counters:
    """The counters of one process (``row``), and the sum of all."""

    def __init__(self, path: Path | None, row: int = 0) -> None:
        if path is None:
            self._memory = memoryview(bytearray(8 * _WIDTH)).cast("d")
        else:
            handle = os.open(path, os.O_RDWR)
            try:
                self._memory = memoryview(mmap.mmap(handle, 0)).cast("d")
            finally:
                os.close(handle)
        self._at = row * _WIDTH
        # One that was killed left its last values here; what it counted stays.
        for gauge in GAUGES:
            self.set(gauge, 0)

    def add(self, name: str, value: float = 1) -> None:
        """Add to a counter of this process; one that is not in NAMES is left out."""
        column = _COLUMN.get(name)
        if column is not None:
            self._memory[self._at + column] += value

    def set(self, name: str, value: float) -> None:
        """Set a counter of this process."""
        self._memory[self._at + _COLUMN[name]] = value

    def sums(self) -> dict[str, float]:
        """Return the sum of each over all processes."""
        return {name: sum(self._memory[column::_WIDTH]) for name, column in _COLUMN.items()}
