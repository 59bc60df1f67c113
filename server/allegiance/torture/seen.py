"""Verdicts, and what they rest on."""

from collections.abc import Container
from dataclasses import dataclass
from enum import Enum

from allegiance.torture import bodies
from allegiance.torture.reply import End, Reply


class Verdict(Enum):
    """What is made of a case, the better first."""

    GREEN = "green"
    AMBER = "amber"  # Harmless, but not as it should be.
    RED = "red"  # Dangerous, or a lie.
    NOT_RUN = "not run"


_ORDER = list(Verdict)


@dataclass(frozen=True, slots=True)
class Seen:
    """A verdict with what was seen, as one short phrase.

    slow: whether it rests on times alone, which a busy machine lengthens.
    """

    verdict: Verdict
    text: str
    slow: bool = False

    def __and__(self, other: "Seen") -> "Seen":
        """Return the worse verdict, with both texts."""
        worse = max(self.verdict, other.verdict, key=_ORDER.index)
        slow = all(seen.slow for seen in (self, other) if seen.verdict is not Verdict.GREEN)
        text = "; ".join(text for text in (self.text, other.text) if text)
        return Seen(worse, text, slow and worse is not Verdict.GREEN)


def green(text: str) -> Seen:
    """Return: as it should be."""
    return Seen(Verdict.GREEN, text)


def amber(text: str, *, slow: bool = False) -> Seen:
    """Return: harmless, but not as it should be."""
    return Seen(Verdict.AMBER, text, slow)


def red(text: str, *, slow: bool = False) -> Seen:
    """Return: dangerous, or a lie."""
    return Seen(Verdict.RED, text, slow)


LIMITED = frozenset({400, 408, 413, 414, 422, 429, 431, 503, 504})
"""What a server may say to a request that is too much for it."""

REFUSED = frozenset(range(400, 500))

_LATE = 2.0
"""Seconds over a limit from which on an answer is red."""


def span(seconds: float) -> str:
    """Return a time in words as short as its size allows."""
    return f"{seconds * 1000:.0f} ms" if seconds < 0.995 else f"{seconds:.2f} s"


def idle(waited: float) -> str:
    """Return after what time the endpoint was idle again, in words."""
    return f"idle after {span(waited)}" if waited >= 0.01 else "idle at once"


def told(reply: Reply) -> str:
    """Return status and time."""
    return f"{reply.status} in {span(reply.seconds)}"


def broken(reply: Reply) -> str | None:
    """Return why an answer is not whole and readable, or None: it is."""
    if reply.end is End.REFUSED:
        return f"no connection: {reply.fault}"
    if reply.status is None:
        if reply.end is End.LATE:
            return f"no answer in {span(reply.seconds)}"
        if reply.end is End.CUT:
            return f"{reply.fault} without a status after {span(reply.seconds)}"
        return f"not HTTP: {reply.fault}"
    if reply.end is not End.WHOLE:
        return f"{told(reply)}, then {reply.fault}, {reply.size:,} bytes in"
    fault = bodies.fault(reply)
    return f"{told(reply)}, but {fault}" if fault else None


def answered(reply: Reply, good: Container[int], fair: Container[int] = ()) -> Seen:
    """Judge an answer that must be whole and readable, by its status: green, amber or else red."""
    if fault := broken(reply):
        return red(fault)
    if reply.status in good:
        return green(told(reply))
    if reply.status in fair:
        return amber(told(reply))
    return red(told(reply))


def in_time(reply: Reply, limit: float, grace: float) -> Seen:
    """Judge when an answer ended."""
    over = reply.seconds - limit
    if over <= grace:
        return green("")
    text = f"{span(over)} over the limit"
    return (amber if over <= max(_LATE, 2 * grace) else red)(text, slow=True)


def ended(
    reply: Reply, limit: float, grace: float, rows: bodies.Rows | None, *, streams: bool = False
) -> Seen:
    """Judge the answer to a runaway: a whole error in time, or all of the right answer.

    rows: the right answer, where it is known and can be given.
    streams: whether its rows may go out before the end; then a connection that is visibly cut is
    an honest end, and the limit holds for the work only, so that it may take twice as long.
    """
    if streams and reply.status == 200 and reply.end is End.LATE:
        text = f"200, still sending after {span(reply.seconds)}, {reply.size:,} bytes"
        return amber(text, slow=True)
    when = in_time(reply, 2 * limit if streams else limit, grace)
    if reply.status == 200:
        return _ended_as_success(reply, rows, streams) & when
    return answered(reply, LIMITED, {500, 502}) & when


def _ended_as_success(reply: Reply, rows: bodies.Rows | None, streams: bool) -> Seen:
    if reply.end is End.CUT:
        text = f"{broken(reply)}"
        return green(text) if streams else amber(text)
    if fault := broken(reply):
        return red(fault)
    if rows is not None:
        told_rows = bodies.rows(reply)
        if told_rows != rows:
            return red(f"{told(reply)}, a wrong answer: {str(told_rows)[:60]}")
    elif streams:
        return red(f"{told(reply)}, an answer that cannot be whole: {reply.size:,} bytes")
    return green(told(reply))
