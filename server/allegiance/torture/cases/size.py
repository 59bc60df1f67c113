"""Requests that are too deep, too long or too many: refused whole, or answered."""

import gzip
from collections.abc import Callable

from allegiance.torture.bodies import Rows, rows
from allegiance.torture.case import Case
from allegiance.torture.load import count, product
from allegiance.torture.message import FORM, QUERY, get, message, post
from allegiance.torture.probe import Asking, Probe
from allegiance.torture.reply import End, Reply
from allegiance.torture.seen import LIMITED, Seen, amber, answered, broken, in_time, red, told
from allegiance.torture.target import Target

_DEMANDS = "the right answer or a whole 4xx, 503 or 504, in time; others are answered"
_DEEP = "RFC 9110, 15.5.1: too deep a query is the client's error, not the server's end"
_LONG = "RFC 9110, 15.5.14 and 15.5.15: content and addresses that are too long have a status"
_FIELDS = "RFC 6585, 5: header fields that are too large have a status"

_TRUE: Rows = [["true"]]
_TINY = [("query", "ASK {}")]


def _case(name: str, does: str, why: str, ask: Asking, right: Rows | None = None) -> Case:
    def run(probe: Probe) -> Seen:
        with probe.others() as others:
            reply = ask(probe)
        return _judged(reply, right) & in_time(reply, probe.limit, probe.grace) & others.seen()

    return Case(f"size/{name}", does, _DEMANDS, why, run)


def _judged(reply: Reply, right: Rows | None) -> Seen:
    if reply.status in LIMITED and reply.end is End.CUT:
        # What is not read of a request may take the answer with it when the server closes.
        return amber(f"{broken(reply)}")
    seen = answered(reply, LIMITED | {200}, {500, 502, *range(402, 500)})
    if reply.status == 200 and right is not None and seen.verdict.value == "green":
        given = rows(reply)
        if given != right:
            return red(f"{told(reply)}, a wrong answer: {str(given)[:60]}")
    return seen


def _query(name: str, does: str, query: str, right: Rows | None = None) -> Case:
    return _case(name, does, _DEEP, lambda probe: probe.post(query), right)


def _request(name: str, does: str, why: str, request: Callable[[Target], bytes]) -> Case:
    return _case(name, does, why, lambda probe: probe.send(request(probe.target)), _TRUE)


def _nested(before: str, inner: str, after: str, depth: int) -> str:
    return before * depth + inner + after * depth


def _bomb(probe: Probe) -> Reply:
    """Send 64 MiB of spaces, compressed to 64 KB."""
    body = gzip.compress(b"ASK {}" + b" " * (64 * 1024 * 1024), 9)
    return probe.send(post(probe.target, body, headers=[("Content-Encoding", "gzip")]))


def _colliding(target: Target) -> bytes:
    """Return a form with 30,000 names that a weak hash (of the kind h * 31 + c) holds equal."""
    pairs = ("Aa", "BB")
    names = ("".join(pairs[number >> bit & 1] for bit in range(15)) for number in range(30_000))
    return post(
        target, "&".join(f"{name}=" for name in names).encode() + b"&query=ASK+%7B%7D", FORM
    )


def _never(seconds: float) -> Callable[[Probe], Seen]:
    """Return: announce a body of a petabyte and send none of it."""

    def run(probe: Probe) -> Seen:
        head = message(probe.target, "POST", None, [("Content-Type", QUERY)], close=False)
        head = head[:-2] + b"Content-Length: 1125899906842624\r\n\r\n"
        reply = probe.send(head, seconds)
        if reply.status is None and reply.end.value == "late":
            return Seen(answered(reply, ()).verdict, f"still waits after {seconds:.0f} s")
        return answered(reply, LIMITED, {*range(402, 500), 500})

    return run


_VALUES = " ".join(f"<urn:x:{number}>" for number in range(60_000))
_LISTED = _VALUES.replace(" ", ", ")
_PREFIXES = "".join(f"PREFIX p{number}: <urn:x:{number}/> " for number in range(20_000))
_NAMES = " ".join(f"?x{number}" for number in range(20_000))

CASES: tuple[Case, ...] = (
    _query("open-braces", "opens 20,000 braces and closes none", "ASK " + "{" * 20_000),
    _query(
        "closed-braces",
        "opens 10,000 braces and closes them",
        "ASK " + _nested("{", "", "}", 10_000),
        _TRUE,
    ),
    _query(
        "parentheses",
        "puts a number into 10,000 parentheses",
        f"ASK {{ FILTER({_nested('(', '1', ')', 10_000)} = 1) }}",
        _TRUE,
    ),
    _query(
        "brackets",
        "nests 10,000 blank nodes",
        f"ASK {{ ?s <urn:x:p> {_nested('[ <urn:x:p> ', '1', ' ]', 10_000)} }}",
    ),
    _query("lists", "nests 10,000 lists", f"ASK {{ ?s ?p {_nested('( ', '1', ' )', 10_000)} }}"),
    _query("sum", "adds 20,000 numbers", f"ASK {{ FILTER({'1+' * 20_000}1 = 20001) }}", _TRUE),
    _query("negations", "negates 20,000 times", f"ASK {{ FILTER({'!' * 20_000}true) }}", _TRUE),
    _query(
        "path-parentheses",
        "puts a path into 10,000 parentheses",
        f"ASK {{ ?s {_nested('(', '<urn:x:p>', ')', 10_000)} ?o }}",
    ),
    _query(
        "inverse-paths",
        "inverts a path 10,000 times",
        f"ASK {{ ?s {_nested('^(', '<urn:x:p>', ')', 10_000)} ?o }}",
    ),
    _query(
        "sequence",
        "follows a path of 20,000 steps",
        f"ASK {{ ?s {'<urn:x:p>/' * 20_000}<urn:x:p> ?o }}",
    ),
    _query(
        "subqueries",
        "nests 2,000 subqueries",
        _nested("SELECT * WHERE { ", "VALUES ?x { 1 }", " }", 2_000),
        [["1"]],
    ),
    _query(
        "optionals",
        "nests 2,000 OPTIONAL",
        f"ASK {{ {_nested('OPTIONAL { ', 'VALUES ?x { 1 }', ' }', 2_000)} }}",
        _TRUE,
    ),
    _query(
        "exists",
        "nests 2,000 FILTER EXISTS",
        f"ASK {{ {_nested('FILTER EXISTS { ', '', ' }', 2_000)} }}",
        _TRUE,
    ),
    _query(
        "unions",
        "unites 5,000 patterns",
        f"ASK {{ {' UNION '.join(['{}'] * 5_000)} }}",
        _TRUE,
    ),
    _query(
        "values",
        "brings 60,000 values, 900 KB",
        count(f"VALUES ?x {{ {_VALUES} }}"),
        [["60000"]],
    ),
    _query(
        "in-list",
        "compares with 60,000 values",
        count(product(1), f"FILTER(?v0 NOT IN ({_LISTED}))"),
        [["64"]],
    ),
    _query(
        "variables", "names 20,000 variables", f"SELECT {_NAMES} WHERE {{ ?x1 ?x2 ?x3 }} LIMIT 1"
    ),
    _query("prefixes", "declares 20,000 prefixes", f"{_PREFIXES} ASK {{}}", _TRUE),
    _query(
        "long-text",
        "brings a text of 900 KB",
        f'SELECT (STRLEN("{"x" * 900_000}") AS ?n) WHERE {{}}',
        [["900000"]],
    ),
    _query(
        "number",
        "multiplies a number of 100,000 digits",
        f"ASK {{ BIND({'9' * 100_000} * {'9' * 100_000} AS ?x) }}",
        _TRUE,
    ),
    _query(
        "limit",
        "takes 10^30 rows from offset 10^30 on",
        f"SELECT * WHERE {{ }} LIMIT {10**30} OFFSET {10**30}",
    ),
    _request(
        "address-64k",
        "sends a query of 64 KB in the address",
        _LONG,
        lambda target: get(target, [("query", "ASK {} #" + "x" * 65_000)]),
    ),
    _request(
        "address-1m",
        "sends a query of 1 MB in the address",
        _LONG,
        lambda target: get(target, [("query", "ASK {} #" + "x" * 1_000_000)]),
    ),
    _request(
        "body-32m",
        "sends a query of 32 MB",
        _LONG,
        lambda target: post(target, b"ASK {} #" + b"x" * 32_000_000),
    ),
    Case(
        "size/announced",
        "announces a body of a petabyte and sends none of it",
        "a whole 4xx soon, or at the limit at the latest",
        _LONG,
        lambda probe: _never(probe.patience)(probe),
    ),
    _case("gzip-bomb", "sends 64 KB that unpack to 64 MB", _LONG, _bomb),
    _request(
        "header-128k",
        "sends a header of 128 KB",
        _FIELDS,
        lambda target: get(target, _TINY, headers=[("X-Long", "x" * 131_072)]),
    ),
    _request(
        "headers-2000",
        "sends 2,000 headers",
        _FIELDS,
        lambda target: get(target, _TINY, headers=[(f"X-{n}", "x") for n in range(2_000)]),
    ),
    _request(
        "accept-1900",
        "accepts 1,900 formats by weight",
        _FIELDS,
        lambda target: get(
            target,
            _TINY,
            ", ".join(f"a/b{n};q=0.{n % 1_000:03}" for n in range(1_900)) + ", */*;q=0.1",
        ),
    ),
    _request(
        "parameters",
        "sends a form with 30,000 names that weak hashes hold equal",
        _LONG,
        _colliding,
    ),
)
