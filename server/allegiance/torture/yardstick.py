"""Whether the endpoint is idle: a piece of work, timed when it was, and again."""

import time
from statistics import median

from allegiance.torture import load
from allegiance.torture.message import form
from allegiance.torture.others import small
from allegiance.torture.reply import Reply
from allegiance.torture.wire import Client

_SIZES = (400, 4_000, 20_000, 100_000, 400_000)
_ENOUGH = 0.04
"""Seconds of work by which a busy server is told from an idle one."""

_PATIENCE = 2.0


class Yardstick:
    """A query that takes a known time on the idle endpoint.

    What still runs for a client that left takes a share of the processor, and so shows here.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._made = 0
        self._size = _SIZES[0]
        self.usual = 0.0

    def calibrate(self) -> bool:
        """Find the size of the work and the time it takes; return whether that could be had."""
        for size in _SIZES:
            self._size = size
            replies = [self._work(), self._work()]
            if any(reply.status != 200 for reply in replies):
                return self.usual > 0
            self.usual = min(reply.seconds for reply in replies)
            if self.usual >= _ENOUGH:
                break
        self.usual = median([self.usual, *(self._work().seconds for _ in range(2))])
        return True

    def settle(self, most: float) -> float | None:
        """Wait until the endpoint is idle; return the seconds it took, or None: not in ``most``."""
        began = time.monotonic()
        bound = 3 * self.usual + 0.1
        while (waited := time.monotonic() - began) < most:
            if small(self._client).status == 200:
                reply = self._work()
                if reply.status == 200 and reply.seconds <= bound:
                    return waited
            time.sleep(0.02)
        return None

    def _work(self) -> Reply:
        self._made += 1
        query = load.count(load.rows_of(self._size), f"FILTER(?a0 >= -{self._made})")
        return self._client.exchange(form(self._client.target, [("query", query)]), _PATIENCE)
