"""The other clients: small questions asked all the while, each on a connection of its own."""

import time
from collections.abc import Sequence
from threading import Event, Thread

from allegiance.torture import bodies
from allegiance.torture.message import get
from allegiance.torture.reply import End, Reply
from allegiance.torture.seen import Seen, amber, green, red, span
from allegiance.torture.wire import Client, Spent

EVERY = 0.05
PATIENCE = 2.0
_SLOW = 1.0
"""Seconds from which on a slow small answer is red."""


def small(client: Client) -> Reply:
    """Ask a small question that no cache knows, and return the answer."""
    query = f"ASK {{ VALUES ?n {{ {time.time_ns()} }} }}"
    return client.exchange(get(client.target, [("query", query)]), PATIENCE)


def is_right(reply: Reply) -> bool:
    """Return whether it is the whole answer to a small question."""
    try:
        return reply.end is End.WHOLE and bodies.rows(reply) == [["true"]]
    except bodies.Unreadable:
        return False


class Others:
    """Asks for as long as the block lasts, then tells how they fared."""

    def __init__(self, client: Client, grace: float) -> None:
        self._client = client
        self._grace = grace
        self._seconds: list[float] = []
        self._failed: list[Reply] = []
        self._over = Event()
        self._thread = Thread(target=self._ask, daemon=True)

    def __enter__(self) -> "Others":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(2 * PATIENCE)

    def _ask(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            try:
                reply = small(self._client)
            except Spent:
                return
            self._seconds.append(reply.seconds)
            if not is_right(reply):
                self._failed.append(reply)
            self._over.wait(max(0.0, EVERY - (time.monotonic() - began)))

    def seen(self) -> Seen:
        """Judge how they fared: all were answered, and soon."""
        asked, failed = len(self._seconds), len(self._failed)
        if not asked:
            return amber("no other client was there")
        high = quantile(self._seconds, 0.99)
        text = f"others: {asked} asked, p99 {span(high)}"
        if failed:
            first = self._failed[0]
            how = first.status if first.status is not None else first.fault
            slow = all(reply.end is End.LATE or reply.status == 504 for reply in self._failed)
            return red(f"{text}, {failed} failed (first: {how})", slow=slow)
        if high <= self._grace:
            return green(text)
        return (amber if high <= max(_SLOW, self._grace) else red)(text, slow=True)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
