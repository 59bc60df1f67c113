"""Queries that would have the endpoint call other addresses or read files."""

from collections.abc import Sequence

from allegiance.torture.bodies import CSV
from allegiance.torture.case import Case
from allegiance.torture.message import Pairs, form, get, post
from allegiance.torture.probe import Probe
from allegiance.torture.reply import Reply
from allegiance.torture.seen import LIMITED, REFUSED, Seen, answered, red, told

_DEMANDS = "nobody is called, no file is read; a whole refusal, or an answer without it"
_WHY = "SPARQL 1.1 Protocol, 4: SERVICE, FROM and LOAD make the server a tool of attackers (SSRF)"

_ANY = f"{CSV}, application/n-triples, */*;q=0.1"
_ALL = "{ { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } } LIMIT 10000"
_ACCEPTED = frozenset({200, *REFUSED, *LIMITED})


def _judged(probe: Probe, replies: Sequence[Reply], calls: int) -> Seen:
    if probe.trap.calls > calls:
        return red(f"{told(replies[0])}, and {probe.trap.url} was called")
    for reply in replies:
        if probe.trap.secret.encode() in reply.body:
            return red(f"{told(reply)}, with the text of a private file in it")
    seen = answered(replies[0], _ACCEPTED, {500, 501, 502})
    for reply in replies[1:]:
        seen = seen & answered(reply, _ACCEPTED, {500, 501, 502})
    return seen


def _query(name: str, does: str, *queries: str) -> Case:
    """Return a case of queries in which URL stands for the trap and FILE for the file."""

    def run(probe: Probe) -> Seen:
        calls = probe.trap.calls
        replies = [probe.form(_filled(probe, query), _ANY) for query in queries]
        return _judged(probe, replies, calls)

    return Case(f"reach/{name}", does, _DEMANDS, _WHY, run)


def _filled(probe: Probe, text: str) -> str:
    return text.replace("URL", probe.trap.url).replace("FILE", probe.trap.file.as_uri())


def _fields(name: str, does: str, *requests: Pairs) -> Case:
    """Return a case of requests with fields that name what must not be reached."""

    def run(probe: Probe) -> Seen:
        calls = probe.trap.calls
        replies = []
        for pairs in requests:
            filled = [(key, _filled(probe, value)) for key, value in pairs]
            replies.append(probe.send(get(probe.target, filled, CSV)))
            replies.append(probe.send(form(probe.target, filled, CSV)))
        return _judged(probe, replies, calls)

    return Case(f"reach/{name}", does, _DEMANDS, _WHY, run)


def _loads(probe: Probe) -> Seen:
    calls = probe.trap.calls
    update = f"LOAD SILENT <{probe.trap.url}> INTO GRAPH <urn:allegiance:torture>"
    target = probe.target
    replies = [
        probe.send(form(target, [("query", update)])),
        probe.send(form(target, [("update", update)])),
        probe.send(get(target, [("update", update)])),
        probe.send(post(target, update.encode(), "application/sparql-update")),
    ]
    return _judged(probe, replies, calls)


CASES: tuple[Case, ...] = (
    _query(
        "service", "asks SERVICE of a loopback address", "SELECT * { SERVICE <URL> { ?s ?p ?o } }"
    ),
    _query(
        "service-silent",
        "asks SERVICE SILENT, which hides what came of it",
        "SELECT * { SERVICE SILENT <URL> { ?s ?p ?o } }",
    ),
    _query(
        "service-variable",
        "asks SERVICE of an address that a variable holds",
        "SELECT * { VALUES ?v { <URL> } SERVICE ?v { ?s ?p ?o } }",
        "SELECT * { BIND(IRI('URL') AS ?v) SERVICE SILENT ?v { ?s ?p ?o } }",
    ),
    _query(
        "service-hidden",
        "hides SERVICE in a subquery, a prefix, odd spelling, a string that is none",
        "ASK { FILTER EXISTS { { SELECT * { SeRvIcE<URL>{ ?s ?p ?o } } } } }",
        "PREFIX e: <URL> ASK { SERVICE e: { ?s ?p ?o } }",
        "SELECT * { FILTER(1<'x>')SERVICE <URL> { ?s ?p ?o } } #'",
        "BASE <URL> ASK { SERVICE <#x> { ?s ?p ?o } }",
    ),
    _query(
        "service-file",
        "asks SERVICE of a file",
        "SELECT * { SERVICE <FILE> { ?s ?p ?o } }",
        "SELECT * { SERVICE SILENT <FILE> { ?s ?p ?o } }",
    ),
    _query(
        "from",
        "names a loopback address in FROM and FROM NAMED",
        f"SELECT * FROM <URL> {_ALL}",
        f"SELECT * FROM NAMED <URL> {_ALL}",
    ),
    _query("from-file", "names a file in FROM", f"SELECT * FROM <FILE> {_ALL}"),
    _query("from-named-file", "names a file in FROM NAMED", f"SELECT * FROM NAMED <FILE> {_ALL}"),
    _query(
        "graph-file",
        "names a file and a loopback address in GRAPH",
        "SELECT * { GRAPH <FILE> { ?s ?p ?o } }",
        "SELECT * { GRAPH <URL> { ?s ?p ?o } }",
    ),
    _fields(
        "default-graph-uri",
        "names a loopback address as default and named graph of the protocol",
        [("query", f"SELECT * {_ALL}"), ("default-graph-uri", "URL")],
        [("query", f"SELECT * {_ALL}"), ("named-graph-uri", "URL")],
    ),
    _fields(
        "default-graph-uri-file",
        "names a file as default and named graph of the protocol",
        [("query", f"SELECT * {_ALL}"), ("default-graph-uri", "FILE")],
        [("query", f"SELECT * {_ALL}"), ("named-graph-uri", "FILE")],
    ),
    _query(
        "describe", "describes a loopback address and a file", "DESCRIBE <URL>", "DESCRIBE <FILE>"
    ),
    Case(
        "reach/load",
        "sends LOAD SILENT of a loopback address to the query address, in four ways",
        "nobody is called; refused",
        _WHY,
        _loads,
    ),
)
