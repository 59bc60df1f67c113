"""HTTP around the query: methods, versions, negotiation, parts (RFC 9110)."""

from allegiance.torture.bodies import CSV, JSON
from allegiance.torture.case import Case, one
from allegiance.torture.message import get, message
from allegiance.torture.probe import Probe
from allegiance.torture.reply import End
from allegiance.torture.seen import REFUSED, Seen, amber, answered, green, red, told
from allegiance.torture.target import Target

_TINY = [("query", "ASK {}")]
_OK = frozenset({200})
_SECRET = "a-cookie-of-somebody"


def _old(probe: Probe) -> Seen:
    path = get(probe.target, _TINY).split(b" ")[1]
    reply = probe.send(b"GET " + path + b" HTTP/1.0\r\nAccept: " + JSON.encode() + b"\r\n\r\n")
    if reply.header("transfer-encoding") is not None:
        return red(f"{told(reply)}, in chunks, which HTTP/1.0 has not")
    return answered(reply, _OK, {400, 505})


def _head(probe: Probe) -> Seen:
    request = get(probe.target, _TINY, method="HEAD")
    try:
        with probe.connect() as connection:
            connection.send(request)
            reply = connection.reply(probe.patience, head=True)
            # What comes after the headers would be taken for the next answer.
            more = connection.reply(0.5) if reply.end is End.WHOLE else reply
    except OSError as error:
        return red(f"no connection: {error}")
    if reply.end is End.WHOLE and (more.status is not None or more.end is End.MALFORMED):
        return red(f"{told(reply)}, with a body")
    return answered(reply, _OK, REFUSED | {501})


def _trace(probe: Probe) -> Seen:
    reply = probe.send(get(probe.target, _TINY, headers=[("Cookie", _SECRET)], method="TRACE"))
    if _SECRET.encode() in reply.body:
        return red(f"{told(reply)}, with the cookie in the body")
    return answered(reply, REFUSED | {501}, {200})


def _negotiated(probe: Probe) -> Seen:
    reply = probe.get("SELECT * WHERE { VALUES ?x { 1 } }", f"{JSON};q=0, {CSV};q=0.5")
    seen = answered(reply, _OK, {406})
    if reply.status == 200 and reply.media == JSON:
        return seen & amber("as JSON, which the client refuses")
    return seen


def _ordered(probe: Probe) -> Seen:
    reply = probe.get(
        "SELECT * WHERE { VALUES ?x { 1 } }", f"text/html;q=0.1, {CSV};q=0.5, {JSON}; q=0.9"
    )
    seen = answered(reply, _OK)
    return seen if reply.media == JSON else seen & amber(f"as {reply.media}")


def _range(probe: Probe) -> Seen:
    reply = probe.send(get(probe.target, _TINY, headers=[("Range", "bytes=0-3")]))
    if reply.status == 206:
        whole = reply.header("content-range")
        return green(told(reply)) if whole and reply.size == 4 else red(f"{told(reply)}, not so")
    return answered(reply, _OK | {416}, {400})


def _kept(probe: Probe) -> Seen:
    bad = get(probe.target, [("query", "NONSENSE")], close=False)
    try:
        with probe.connect() as connection:
            connection.send(bad)
            first = connection.reply(probe.patience)
            seen = answered(first, REFUSED, {500})
            if first.closes or first.end is not End.WHOLE:
                return seen
            connection.send(get(probe.target, _TINY))
            return seen & answered(connection.reply(probe.patience), _OK)
    except OSError as error:
        return red(f"no connection: {error}")


def _pipelined(probe: Probe) -> Seen:
    texts = [f"SELECT ?x WHERE {{ VALUES ?x {{ {number} }} }}" for number in range(5)]
    requests = [get(probe.target, [("query", text)], close=False) for text in texts]
    came = []
    try:
        with probe.connect() as connection:
            connection.send(b"".join(requests))
            for number in range(5):
                reply = connection.reply(probe.patience)
                seen = answered(reply, _OK)
                if seen.verdict.value != "green":
                    # To end the connection is the server's right; to mix answers up is not.
                    text = f"{number} of 5 were answered"
                    return amber(text) if number else seen
                if f'"{number}"'.encode() not in reply.body:
                    return red(f"answer {number + 1} belongs to another request")
                came.append(reply.seconds)
    except OSError as error:
        return red(f"no connection: {error}")
    return green(f"5 answers in {came[-1] * 1000:.0f} ms")


def _method(name: str, method: str) -> Case:
    return one(
        f"http/{name}",
        f"sends the method {method[:10]}" + "…" * (len(method) > 10),
        "405 or 501",
        "RFC 9110, 9.1 and 15.5.6",
        lambda target: get(target, _TINY, method=method),
        {405, 501, 400},
        REFUSED,
    )


def _accept(name: str, does: str, accept: str | None, demands: str, good: set[int]) -> Case:
    return one(
        f"http/{name}",
        does,
        demands,
        "RFC 9110, 12.5.1",
        lambda target: get(target, _TINY, accept),
        good,
        {200, 406},
    )


def _expecting(target: Target) -> bytes:
    body = b"ASK {}"
    headers = [("Content-Type", "application/sparql-query"), ("Expect", "100-continue")]
    return message(target, "POST", None, [("Accept", JSON), *headers], body)


CASES: tuple[Case, ...] = (
    Case("http/1.0", "asks by HTTP/1.0", "an answer without chunks", "RFC 9112, 6.1 and 7", _old),
    Case("http/head", "asks by HEAD", "200 without a body", "RFC 9110, 9.3.2", _head),
    one(
        "http/options",
        "asks by OPTIONS what may be done",
        "200 or 204",
        "RFC 9110, 9.3.7",
        lambda target: message(target, "OPTIONS"),
        {200, 204},
        REFUSED | {501},
    ),
    _method("unknown-method", "BREW"),
    _method("long-method", "X" * 500),
    Case("http/trace", "sends TRACE with a cookie", "refused, no echo", "RFC 9110, 9.3.8", _trace),
    _accept("accept-any", "accepts */*", "*/*", "200", {200}),
    _accept("accept-none", "sends no Accept", None, "200", {200}),
    _accept(
        "accept-nonsense",
        "accepts what is no media type",
        ';;;q=,,/, a/b;q="x", */;q=9,,',
        "an answer, 400 or 406",
        {200, 400, 406},
    ),
    _accept("accept-image", "accepts image/png only", "image/png", "406", {406}),
    Case(
        "http/accept-zero",
        "refuses JSON with q=0 and accepts CSV",
        "not JSON",
        "RFC 9110, 12.4.2",
        _negotiated,
    ),
    Case(
        "http/accept-order",
        "prefers JSON to CSV to HTML by q-values",
        "JSON",
        "RFC 9110, 12.5.1",
        _ordered,
    ),
    Case(
        "http/range",
        "asks for bytes 0 to 3",
        "all of it, those four, or 416",
        "RFC 9110, 14.2",
        _range,
    ),
    one(
        "http/expect",
        "expects 100 (Continue)",
        "200",
        "RFC 9110, 10.1.1",
        _expecting,
        _OK,
        {417},
    ),
    Case(
        "http/after-an-error",
        "asks again on the connection of an error",
        "both are answered, or the connection is ended in words",
        "RFC 9112, 9.3",
        _kept,
    ),
    Case(
        "http/pipelined",
        "sends five queries at once on one connection",
        "five answers in their order",
        "RFC 9112, 9.3.2",
        _pipelined,
    ),
)
