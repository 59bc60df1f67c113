"""Many clients at once: each gets a whole answer, and none waits for ever."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

from allegiance.torture.case import Case
from allegiance.torture.load import count, product
from allegiance.torture.message import form
from allegiance.torture.others import is_right, quantile, small
from allegiance.torture.probe import Probe
from allegiance.torture.reply import Reply
from allegiance.torture.seen import (
    LIMITED,
    REFUSED,
    Seen,
    amber,
    answered,
    broken,
    green,
    idle,
    red,
    span,
)

_RUNAWAYS = 24
_WHY = "CWE-770; RFC 9110, 15.6.4: Service Unavailable, with Retry-After"


def _at_once(number: int, ask: Callable[[int], Reply]) -> list[Reply]:
    """Ask that many times at once."""
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(ask, range(number)))


def _worst(replies: Sequence[Reply], good: frozenset[int], fair: frozenset[int]) -> Seen:
    """Judge answers by the worst of them; the text counts them by status."""
    worst = green("")
    for reply in replies:
        seen = answered(reply, good, fair)
        if (seen & worst).verdict is not worst.verdict:
            worst = seen
    counts = Counter(reply.status if broken(reply) is None else None for reply in replies)
    told = ", ".join(f"{n} x {status or 'broken'}" for status, n in counts.most_common())
    first = f" ({worst.text})" if worst.text else ""
    slow = span(quantile([reply.seconds for reply in replies], 1))
    return Seen(worst.verdict, f"{told}{first}, slowest {slow}")


def _small_ones(probe: Probe) -> Seen:
    replies = []
    for _ in range(5):
        replies += _at_once(32, lambda _: small(probe.client))
    seen = _worst(replies, frozenset({200}), frozenset({429, 503}))
    if wrong := sum(reply.status == 200 and not is_right(reply) for reply in replies):
        return red(f"{wrong} wrong answers") & seen
    return seen


def _runaways(probe: Probe) -> Seen:
    """Let more runaways come than can run; who waits in line may wait as long as one may run."""
    patience = 2 * probe.limit + max(2.0, 2 * probe.grace)

    def ask(number: int) -> Reply:
        query = count(product(9), f"FILTER(?v0 >= -{number + 1})")
        return probe.form(query, seconds=patience)

    with probe.others() as others:
        replies = _at_once(_RUNAWAYS, ask)
    late = [one for one in replies if one.seconds > 2 * probe.limit + probe.grace]
    seen = _worst(replies, LIMITED, frozenset({200, 500}))
    if late:
        seen = seen & amber(f"{len(late)} later than twice the limit", slow=True)
    return seen & others.seen()


def _the_same(probe: Probe) -> Seen:
    """Let many ask the same work at once, as after a link was shared."""
    query = count(product(3), f"FILTER(?v0 >= -{time.time_ns()})")
    with probe.others() as others:
        replies = _at_once(
            32, lambda _: probe.form(query, seconds=2 * probe.limit + probe.patience)
        )
    return _worst(replies, LIMITED | {200}, frozenset({500})) & others.seen()


def _mistakes(probe: Probe) -> Seen:
    replies: list[Reply] = []
    with probe.others() as others:
        for turn in range(10):
            replies += _at_once(16, lambda number, t=turn: probe.form(f"NONSENSE {t} {number}"))  # type: ignore[misc]
    return _worst(replies, REFUSED, frozenset({500, 503})) & others.seen()


def _large(probe: Probe) -> Seen:
    """Let many send a megabyte each."""
    body = "ASK {} #" + "x" * 1_000_000
    request = form(probe.target, [("query", body)])
    with probe.others() as others:
        replies = _at_once(24, lambda _: probe.send(request, 2 * probe.limit + probe.patience))
    return _worst(replies, LIMITED | {200}, frozenset({500})) & others.seen()


def _mixed(probe: Probe) -> Seen:
    """Send small questions, mistakes and runaways, and leave at random moments."""
    random = Random(20261123)
    texts = [random.choice(("ASK {}", "NONSENSE", count(product(9)))) for _ in range(60)]
    moments = [random.uniform(0.001, 0.3) for _ in texts]

    def ask(number: int) -> None:
        try:
            with probe.connect() as connection:
                connection.send(form(probe.target, [("query", texts[number])]))
                connection.reply(moments[number])
        except OSError:
            return

    with probe.others() as others, ThreadPoolExecutor(12) as pool:
        list(pool.map(ask, range(len(texts))))
    waited = probe.yardstick.settle(10)
    if waited is None:
        return red("not idle after 10 s") & others.seen()
    seen = green(idle(waited)) if waited <= 1 else amber(idle(waited), slow=True)
    return seen & others.seen()


def _case(name: str, does: str, demands: str, run: Callable[[Probe], Seen], quick: bool) -> Case:
    return Case(f"storm/{name}", does, demands, _WHY, run, quick)


CASES: tuple[Case, ...] = (
    _case("small", "32 clients ask small questions, five times", "all right", _small_ones, True),
    _case("mistakes", "16 clients make 10 mistakes each", "a 4xx each", _mistakes, True),
    _case(
        "the-same",
        "32 clients ask the same work at once",
        "all whole; others are answered",
        _the_same,
        True,
    ),
    _case("large", "24 clients send 1 MB each", "all whole; others are answered", _large, True),
    _case(
        "runaways",
        f"{_RUNAWAYS} runaways at once",
        "a whole error each, within twice the limit; others are answered",
        _runaways,
        False,
    ),
    _case(
        "mixed",
        "60 requests of all kinds, left at random moments",
        "others are answered; idle again within 1 s",
        _mixed,
        False,
    ),
)
