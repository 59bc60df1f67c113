"""Requests whose ends or headers are not clear, as smugglers and injectors send them (RFC 9112)."""

from collections.abc import Callable

from allegiance.torture.bodies import JSON
from allegiance.torture.case import Case
from allegiance.torture.message import QUERY, get, message
from allegiance.torture.probe import Probe
from allegiance.torture.reply import End, Reply
from allegiance.torture.seen import REFUSED, Seen, amber, answered, broken, green, red, told
from allegiance.torture.target import Target

_TINY = [("query", "ASK {}")]
_BODY = b"ASK {}"
_OK = frozenset({200})
_SMUGGLED = [("query", "ASK { FILTER('smuggled' = 'x') }")]
_CRLF = "\r\nX-Injected: yes\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"


def _headed(*lines: bytes, address: bytes | None = None, version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join([b"GET " + (address or b"/") + b" " + version, *lines, b"", b""])


def _address(target: Target) -> bytes:
    return get(target, _TINY).split(b" ")[1]


def _host(target: Target) -> bytes:
    return b"Host: " + target.authority.encode()


def _posted(target: Target, *lines: bytes) -> bytes:
    head = message(target, "POST", None, [("Content-Type", QUERY), ("Accept", JSON)], close=False)
    return head[:-2] + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def _raw(
    name: str,
    does: str,
    demands: str,
    why: str,
    lines: tuple[bytes, ...],
    good: frozenset[int],
    fair: frozenset[int] = frozenset(),
    *,
    host: bool = True,
) -> Case:
    """Return a case of a query by GET with header lines as they are given."""

    def run(probe: Probe) -> Seen:
        hosted = (_host(probe.target),) if host else ()
        accept = b"Accept: " + JSON.encode()
        request = _headed(
            *hosted, accept, *lines, b"Connection: close", address=_address(probe.target)
        )
        return _refused(probe.send(request), good, fair)

    return Case(f"framing/{name}", does, demands, why, run)


def _refused(reply: Reply, good: frozenset[int], fair: frozenset[int] = frozenset()) -> Seen:
    """Judge the answer to what is no HTTP: to end the connection is fair, if not kind."""
    if reply.status is None and reply.end is End.CUT:
        return amber(f"{broken(reply)}")
    return answered(reply, good, fair)


def _smuggled(
    probe: Probe,
    request: bytes,
    good: frozenset[int],
    fair: frozenset[int] = frozenset(),
    goes_on: Callable[[str], Seen] = red,
) -> Seen:
    """Send a request that ends in two places, then another, and count the answers.

    goes_on: the verdict where the other is answered too.
    """
    second = get(probe.target, _SMUGGLED, close=False)
    try:
        with probe.connect() as connection:
            connection.send(request + second)
            first = connection.reply(probe.patience)
            if first.status is None and first.end is End.CUT:
                return amber(f"{broken(first)}")
            more = connection.reply(1.0) if first.end is End.WHOLE else first
    except OSError as error:
        return red(f"no connection: {error}")
    if first.end is End.WHOLE and more.status is not None:
        return goes_on(f"{told(first)}, then {more.status} on a connection that had to end")
    return answered(first, good, fair)


def _both_ends(probe: Probe) -> Seen:
    chunked = b"6\r\nASK {}\r\n0\r\n\r\n"
    head = _posted(probe.target, b"Content-Length: 6", b"Transfer-Encoding: chunked")
    # To go by the chunks is right, only the connection must not go on (RFC 9112, 6.1).
    return _smuggled(probe, head + chunked, REFUSED | _OK, goes_on=amber)


def _two_lengths(probe: Probe) -> Seen:
    head = _posted(probe.target, b"Content-Length: 6", b"Content-Length: 60")
    return _smuggled(probe, head + _BODY, REFUSED)


def _odd_length(probe: Probe) -> Seen:
    return _smuggled(probe, _posted(probe.target, b"Content-Length: +6") + _BODY, REFUSED, _OK)


def _odd_coding(probe: Probe) -> Seen:
    head = _posted(probe.target, b"Transfer-Encoding: xchunked")
    return _smuggled(probe, head + b"6\r\nASK {}\r\n0\r\n\r\n", REFUSED | {501})


def _chunked(probe: Probe) -> Seen:
    head = _posted(probe.target, b"Transfer-Encoding: chunked", b"Connection: close")
    return answered(probe.send(head + b"1\r\nA\r\n5;x=y\r\nSK {}\r\n0\r\nX: y\r\n\r\n"), _OK, {411})


def _bad_chunks(size: bytes) -> bytes:
    return size + b"\r\nASK {}\r\n0\r\n\r\n"


def _no_size(probe: Probe) -> Seen:
    head = _posted(probe.target, b"Transfer-Encoding: chunked", b"Connection: close")
    return _refused(probe.send(head + _bad_chunks(b"six")), REFUSED)


def _huge_size(probe: Probe) -> Seen:
    head = _posted(probe.target, b"Transfer-Encoding: chunked", b"Connection: close")
    return _refused(probe.send(head + _bad_chunks(b"fffffffffffffffff6")), REFUSED)


def _whole_address(probe: Probe) -> Seen:
    origin = f"http://{probe.target.authority}".encode()
    request = _headed(
        _host(probe.target),
        b"Accept: " + JSON.encode(),
        b"Connection: close",
        address=origin + _address(probe.target),
    )
    return answered(probe.send(request), _OK, REFUSED)


def _injected(probe: Probe) -> Seen:
    fields = [("query", "ASK {}"), ("format", _CRLF), ("default-graph-uri", _CRLF), ("x", _CRLF)]
    origin = [("Origin", "http://a.example/%0d%0aX-Injected:%20yes")]
    replies = [
        probe.send(get(probe.target, fields, headers=origin)),
        probe.send(get(probe.target, [("query", f"ASK {{ {_CRLF}")])),
        probe.send(message(probe.target, address="/%0d%0aX-Injected:%20yes/..//")),
        probe.send(message(probe.target, address="//x.example/%0d%0aX-Injected:%20yes")),
    ]
    seen = green("")
    for reply in replies:
        if reply.header("x-injected") is not None:
            return red(f"{told(reply)}, with a header of the client's making")
        seen = seen & answered(reply, range(200, 500), {500, 501})
    return seen


def _garbage(probe: Probe) -> Seen:
    reply = probe.send(
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xff" * 200 + b"\r\n\r\n"
    )
    if reply.end is End.CUT and reply.status is None:
        return green(f"{broken(reply)}")
    return answered(reply, REFUSED)


def _long_line(probe: Probe) -> Seen:
    reply = probe.send(b"GET /" + b"x" * 4_000_000)
    if reply.end is End.CUT:
        # What is not read of a request may take the answer with it when the server closes.
        return amber(f"{broken(reply)}")
    return answered(reply, REFUSED)


_HOST = "RFC 9112, 3.2: without one Host header, or with two, the answer is 400"
_ENDS = "RFC 9112, 6.1 and 6.3: where a request ends in two places, one of them is an attack"

CASES: tuple[Case, ...] = (
    _raw("no-host", "sends no Host", "400", _HOST, (), frozenset({400}), _OK, host=False),
    _raw(
        "two-hosts", "sends two Hosts", "400", _HOST, (b"Host: x.example",), frozenset({400}), _OK
    ),
    _raw(
        "space-before-colon",
        "puts a space before the colon of a header",
        "400",
        "RFC 9112, 5.1",
        (b"X-Odd : 1",),
        frozenset({400}),
        _OK,
    ),
    _raw(
        "folded-header",
        "lets a header go on in the next line",
        "400, or an answer",
        "RFC 9112, 5.2",
        (b"X-Odd: 1,", b" 2"),
        frozenset({200, 400}),
    ),
    _raw(
        "null-in-header",
        "puts a null into a header",
        "400, or an answer",
        "RFC 9110, 5.5",
        (b"X-Odd: a\x00b",),
        frozenset({200, 400}),
    ),
    _raw(
        "bare-carriage-return",
        "puts a carriage return into a header",
        "400, or an answer without the header it makes",
        "RFC 9112, 2.2",
        (b"X-Odd: a\rX-Injected: yes",),
        frozenset({200, 400}),
    ),
    _raw(
        "header-without-name",
        "sends a header without a name",
        "400",
        "RFC 9112, 5",
        (b": x",),
        frozenset({400}),
        _OK,
    ),
    Case(
        "framing/whole-address",
        "sends the whole URL in the request line",
        "200",
        "RFC 9112, 3.2.2: a server must accept it",
        _whole_address,
    ),
    Case("framing/chunked", "sends a query in chunks", "200", "RFC 9112, 7.1", _chunked),
    Case(
        "framing/chunk-without-size", "sends a chunk whose size is a word", "400", _ENDS, _no_size
    ),
    Case("framing/huge-chunk", "sends a chunk of 2^68 bytes", "400 or 413", _ENDS, _huge_size),
    Case(
        "framing/length-and-chunks",
        "sends a length and chunks, then another request",
        "400, or one answer and the end of the connection",
        _ENDS,
        _both_ends,
    ),
    Case(
        "framing/two-lengths", "sends two lengths, then another request", "400", _ENDS, _two_lengths
    ),
    Case(
        "framing/odd-length", "sends the length +6, then another request", "400", _ENDS, _odd_length
    ),
    Case(
        "framing/odd-coding",
        "sends an unknown transfer coding, then another request",
        "400 or 501",
        _ENDS,
        _odd_coding,
    ),
    Case(
        "framing/injection",
        "puts line ends and headers into parameters, addresses and Origin",
        "no header of the client's making in an answer",
        "RFC 9110, 5.5; CWE-113",
        _injected,
    ),
    Case(
        "framing/garbage",
        "opens TLS where HTTP is spoken, or speaks none in it",
        "400, or the end of the connection",
        "RFC 9112, 2.2",
        _garbage,
    ),
    Case(
        "framing/endless-line",
        "sends a request line of 4 MB that does not end",
        "414 or another 4xx",
        "RFC 9112, 3",
        _long_line,
        quick=False,
    ),
)
