"""Clients that are slow, silent or gone: they take nothing from others and leave no work."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

from allegiance.torture.bodies import CSV, JSON, Unreadable, rows
from allegiance.torture.case import Case
from allegiance.torture.load import SIDE, count, product
from allegiance.torture.message import QUERY, form, get, message
from allegiance.torture.others import is_right, small
from allegiance.torture.probe import Probe
from allegiance.torture.reply import End, Reply
from allegiance.torture.seen import Seen, amber, broken, green, idle, red, span, told
from allegiance.torture.wire import Connection

_SLOW_CLIENTS = 60
_PATIENCE = 10.0
"""Seconds for which a server may wait for a request to be finished."""

_WORKING = 24
_BACK = 1.0
"""Seconds after which work for a client that left must have ended."""

_MOST_BACK = 10.0
_ROWS = 3
_WAITING = 40
_LARGE = f'SELECT * WHERE {{ {product(_ROWS)} BIND("{"x" * 100}" AS ?text) }}'
_UNREAD = 3.0

_SLOW_WHY = "CWE-400; RFC 9110, 15.5.9: Request Timeout"
_GONE_WHY = "CWE-400: work that nobody waits for is taken from those who do"


def _open(probe: Probe, number: int, stack: ExitStack, **how: int) -> list[Connection]:
    """Return up to that many connections; a server may refuse some."""
    connections = []
    with suppress(OSError):
        for _ in range(number):
            connections.append(stack.enter_context(probe.connect(**how)))
    return connections


def _slow(opening: Callable[[Probe], bytes], drip: bytes) -> Callable[[Probe], Seen]:
    """Return: begin many requests, go on by a few bytes now and then, and never end."""

    def run(probe: Probe) -> Seen:
        with probe.others() as others, ExitStack() as stack:
            connections = _open(probe, _SLOW_CLIENTS, stack)
            for connection in connections:
                connection.send(opening(probe))
            began = time.monotonic()
            held = list(connections)
            while held and time.monotonic() - began < _PATIENCE:
                time.sleep(0.25)
                held = [one for one in held if not one.ended() and one.send(drip, 1)]
            waited = time.monotonic() - began
        text = f"{len(held)} of {len(connections)} held after {span(waited)}"
        return (amber(text) if held else green(text)) & others.seen()

    return run


def _half_header(probe: Probe) -> bytes:
    return get(probe.target, [("query", "ASK {}")], close=False)[:-2]


def _half_body(probe: Probe) -> bytes:
    head = message(probe.target, "POST", None, [("Content-Type", QUERY)], close=False)
    return head[:-2] + b"Content-Length: 5000\r\n\r\nASK {} #"


def _silent(probe: Probe) -> Seen:
    with probe.others() as others, ExitStack() as stack:
        connections = _open(probe, 200, stack)
        time.sleep(1)
    return green(f"{len(connections)} connections") & others.seen()


def _begun(probe: Probe, stack: ExitStack, query: str, accept: str = JSON) -> list[Connection]:
    """Ask on many connections at once and return them, unread."""
    request = form(probe.target, [("query", query)], accept)
    connections = _open(probe, _WORKING, stack)
    for connection in connections:
        connection.send(request)
    return connections


def _back(probe: Probe, text: str) -> Seen:
    """Judge how soon the endpoint is idle again."""
    waited = probe.yardstick.settle(_MOST_BACK)
    if waited is None:
        return red(f"{text}; not idle after {span(_MOST_BACK)}")
    seen = f"{text}; {idle(waited)}"
    return green(seen) if waited <= _BACK else amber(seen, slow=True)


def _leaves(leave: Callable[[Connection], None]) -> Callable[[Probe], Seen]:
    def run(probe: Probe) -> Seen:
        with ExitStack() as stack:
            connections = _begun(probe, stack, count(product(9)))
            time.sleep(min(0.5, probe.limit / 2))
            for connection in connections:
                leave(connection)
        return _back(probe, f"{len(connections)} left")

    return run


def _leaves_while_reading(probe: Probe) -> Seen:
    with ExitStack() as stack:
        connections = _begun(probe, stack, f"SELECT * WHERE {{ {product(6)} }}", CSV)
        first: Sequence[bytes] = ()
        with suppress(OSError):
            connections[0].socket.settimeout(probe.patience)
            first = [connections[0].socket.recv(4096)]
        time.sleep(min(0.2, probe.limit / 2))
        for connection in connections:
            connection.close()
    return _back(probe, f"{len(connections)} left, {len(b''.join(first)):,} bytes read")


def _leaves_while_sending(probe: Probe) -> Seen:
    with ExitStack() as stack:
        connections = _open(probe, _WORKING, stack)
        for index, connection in enumerate(connections):
            request = form(probe.target, [("query", count(product(9)))])
            connection.send(request[: len(request) * (index + 1) // (len(connections) + 1)])
            connection.close()
    return _back(probe, f"{len(connections)} left")


def _unread(probe: Probe) -> Seen:
    """Let many clients ask for many rows and read none; then one reads on."""
    request = form(probe.target, [("query", _LARGE)], CSV)
    with ExitStack() as stack:
        with probe.others() as others:
            connections = _open(probe, _WAITING, stack, receive_buffer=4096)
            for connection in connections:
                connection.send(request)
            time.sleep(_UNREAD)
        if not connections:
            return red("no connection")
        for connection in connections[1:]:
            connection.close()
        reply = connections[0].reply(probe.patience + 10)
    return _honest(reply, SIDE**_ROWS) & others.seen()


def _slowly(probe: Probe) -> Seen:
    """Read rows with pauses, for about as long as the limit."""
    request = form(probe.target, [("query", _LARGE)], CSV)
    try:
        with probe.connect(receive_buffer=65536) as connection:
            connection.send(request)
            began = time.monotonic()
            connection.socket.settimeout(probe.patience)
            with suppress(OSError):
                while time.monotonic() - began < min(probe.limit, 3) + probe.grace:
                    data = connection.socket.recv(32 * 1024)
                    if not data:
                        break
                    connection.buffer += data
                    time.sleep(0.02)
            return _honest(connection.reply(probe.patience + 10), SIDE**_ROWS)
    except OSError as error:
        return red(f"no connection: {error}")


def _honest(reply: Reply, number: int) -> Seen:
    """Judge an answer of that many rows: it is whole, or seen to be cut, or an error."""
    if reply.status != 200:
        fault = broken(reply)
        return red(fault) if fault else green(told(reply))
    if reply.end is End.CUT:
        return green(f"{broken(reply)}")
    if reply.end is not End.WHOLE:
        return amber(f"{broken(reply)}")
    try:
        given = len(rows(reply) or ())
    except Unreadable as error:
        return red(f"{told(reply)}, but {error}")
    text = f"{told(reply)}, {given:,} of {number:,} rows"
    return green(text) if given == number else red(text)


def _aborts(probe: Probe) -> Seen:
    """Connect and reset at once, many times."""
    made = 0
    with probe.others() as others:
        for index in range(100):
            with suppress(OSError):
                connection = probe.connect()
                if index % 2:
                    connection.send(_half_header(probe))
                connection.reset()
                made += 1
    right = is_right(small(probe.client))
    text = f"{made} reset"
    return (green(text) if right else red(f"{text}, then no answer")) & others.seen()


CASES: tuple[Case, ...] = (
    Case(
        "clients/slow-header",
        f"begins {_SLOW_CLIENTS} requests and adds a header byte now and then (slowloris)",
        f"others are answered; each is ended within {_PATIENCE:.0f} s",
        _SLOW_WHY,
        _slow(_half_header, b"X"),
        quick=False,
    ),
    Case(
        "clients/slow-body",
        f"begins {_SLOW_CLIENTS} bodies and adds a byte now and then",
        f"others are answered; each is ended within {_PATIENCE:.0f} s",
        _SLOW_WHY,
        _slow(_half_body, b"x"),
        quick=False,
    ),
    Case(
        "clients/silent",
        "opens 200 connections and says nothing",
        "others are answered",
        _SLOW_WHY,
        _silent,
    ),
    Case(
        "clients/unread",
        f"{_WAITING} clients ask for {SIDE**_ROWS:,} rows each and read none for {_UNREAD:.0f} s",
        "others are answered; who reads on gets all rows or sees the cut",
        _SLOW_WHY,
        _unread,
        quick=False,
    ),
    Case(
        "clients/slow-reader",
        f"reads {SIDE**_ROWS:,} rows slowly",
        "all rows, or a cut that is seen",
        "RFC 9112, 8",
        _slowly,
        quick=False,
    ),
    Case(
        "clients/leaves",
        f"begins {_WORKING} runaways and leaves",
        f"idle again within {_BACK:.0f} s",
        _GONE_WHY,
        _leaves(Connection.close),
    ),
    Case(
        "clients/resets",
        f"begins {_WORKING} runaways and resets the connections",
        f"idle again within {_BACK:.0f} s",
        _GONE_WHY,
        _leaves(Connection.reset),
        quick=False,
    ),
    Case(
        "clients/leaves-reading",
        f"leaves in the middle of {_WORKING} answers without end",
        f"idle again within {_BACK:.0f} s",
        _GONE_WHY,
        _leaves_while_reading,
        quick=False,
    ),
    Case(
        "clients/leaves-sending",
        f"leaves in the middle of {_WORKING} requests",
        f"idle again within {_BACK:.0f} s",
        _GONE_WHY,
        _leaves_while_sending,
    ),
    Case(
        "clients/aborts",
        "connects and resets 100 times",
        "others are answered",
        _GONE_WHY,
        _aborts,
    ),
)
