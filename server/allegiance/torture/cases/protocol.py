"""The SPARQL 1.1 Protocol: what is a query, what is none, and what has to be refused."""

from collections.abc import Callable

from allegiance.torture.bodies import CSV, GRAPHS, JSON, TSV, XML, Rows, Unreadable, rows
from allegiance.torture.case import Case, one
from allegiance.torture.message import FORM, QUERY, UPDATE, form, get, message, post
from allegiance.torture.probe import Asking, Probe
from allegiance.torture.seen import LIMITED, REFUSED, Seen, amber, answered, red, told
from allegiance.torture.target import Target

_NOTHING = "DELETE DATA { <urn:allegiance:torture> <urn:allegiance:torture> 1 }"
"""An update that changes nothing: what it would take away was never there."""

_OK = frozenset({200})
_ANY_OK = frozenset(range(200, 300))
_QUERY_WHY = "SPARQL 1.1 Protocol, 2.1: exactly one query, by GET, by a form or by itself"
_UPDATE_WHY = (
    "SPARQL 1.1 Protocol, 2.2: an update is asked for as one, by POST, where it is offered"
)
_STATUS_WHY = "SPARQL 1.1 Protocol, 2.1.6: a query that is none is answered with a 4xx"
_ERRORS_WHY = "SPARQL 1.1 Query, 17.3 and 18.5: an error in an expression leaves it unbound"


def _right(name: str, does: str, why: str, ask: Asking, right: Rows) -> Case:
    """Return a case whose answer is known."""

    def run(probe: Probe) -> Seen:
        reply = ask(probe)
        seen = answered(reply, _OK)
        if reply.status != 200 or seen.verdict.value != "green":
            return seen
        try:
            given = rows(reply)
        except Unreadable as error:
            return red(f"{told(reply)}, but {error}")
        if given is None:
            return red(f"{told(reply)}, as {reply.media or 'nothing'}")
        return seen if given == right else red(f"{told(reply)}, a wrong answer: {str(given)[:60]}")

    return Case(f"protocol/{name}", does, "the right answer, whole", why, run)


def _update(name: str, does: str, request: Callable[[Target], bytes]) -> Case:
    """Return a case of an update, which is not for the address of queries."""

    def run(probe: Probe) -> Seen:
        reply = probe.send(request(probe.target))
        if reply.status == 200 and reply.media in GRAPHS:
            return amber(f"{told(reply)}, a description of the service, as if nothing were asked")
        return answered(reply, REFUSED, {500, 501})

    return Case(f"protocol/{name}", does, "a 4xx", _UPDATE_WHY, run)


def _as(media: str) -> Case:
    kind = media.rpartition("/")[2].rpartition("+")[2]
    name = {"tab-separated-values": "tsv"}.get(kind, kind)
    query = 'SELECT ?a ?b WHERE { VALUES (?a ?b) { ("x, \\"y\\"\\n" <urn:x:y>) (UNDEF 7) } }'
    empty = "" if media == CSV else None
    return _right(
        f"as-{name}",
        f"asks for two rows with a comma, quotes, a line end and a gap, as {media}",
        "SPARQL 1.1 Query Results JSON, XML, CSV and TSV Formats",
        lambda probe: probe.form(query, media),
        [['x, "y"\n', "urn:x:y"], [empty, "7"]],
    )


CASES: tuple[Case, ...] = (
    _right("get", "asks by GET", _QUERY_WHY, lambda probe: probe.get("ASK {}"), [["true"]]),
    _right("form", "asks by a form", _QUERY_WHY, lambda probe: probe.form("ASK {}"), [["true"]]),
    _right(
        "post",
        "asks by POST of a query",
        _QUERY_WHY,
        lambda probe: probe.post("ASK {}"),
        [["true"]],
    ),
    _as(JSON),
    _as(XML),
    _as(CSV),
    _as(TSV),
    _right(
        "errors-in-expressions",
        "divides by zero, calls what is no function, reads what is no number",
        _ERRORS_WHY,
        lambda probe: probe.form(
            "SELECT ?a ?b ?c WHERE { BIND(1/0 AS ?a) BIND(ABS('x') AS ?b) "
            "BIND(<http://www.w3.org/2001/XMLSchema#integer>('x') AS ?c) }"
        ),
        [[None, None, None]],
    ),
    one(
        "protocol/no-query",
        "sends no query",
        "a 4xx, or the service description",
        "SPARQL 1.1 Service Description, 2",
        lambda target: message(target, headers=[("Accept", "*/*")]),
        _ANY_OK | REFUSED,
    ),
    one(
        "protocol/empty-query",
        "sends a query without a character",
        "a 4xx",
        _STATUS_WHY,
        lambda target: get(target, [("query", "")]),
        REFUSED,
        {200},
    ),
    one(
        "protocol/syntax-error",
        "sends what is no query",
        "a 4xx",
        _STATUS_WHY,
        lambda target: form(target, [("query", "SELECT WHERE { ?s ?p }")]),
        REFUSED,
        {500},
    ),
    one(
        "protocol/query-twice",
        "sends two queries in one request",
        "a 4xx, rather than a guess",
        _QUERY_WHY,
        lambda target: get(target, [("query", "ASK {}"), ("query", "ASK { FILTER(false) }")]),
        REFUSED,
        {200},
    ),
    one(
        "protocol/query-and-update",
        "sends a query and an update in one request",
        "a 4xx, rather than a guess",
        _QUERY_WHY,
        lambda target: form(target, [("query", "ASK {}"), ("update", _NOTHING)]),
        REFUSED,
        {200},
    ),
    _update(
        "update-by-get",
        "sends an update that changes nothing by GET",
        lambda target: get(target, [("update", _NOTHING)]),
    ),
    one(
        "protocol/update-as-query",
        "sends an update that changes nothing as a query",
        "a 4xx",
        _UPDATE_WHY,
        lambda target: form(target, [("query", _NOTHING)]),
        REFUSED,
        {500},
    ),
    _update(
        "update-as-form",
        "sends an update that changes nothing to the query address, as a form",
        lambda target: form(target, [("update", _NOTHING)]),
    ),
    _update(
        "update-by-post",
        "sends an update that changes nothing to the query address, by itself",
        lambda target: post(target, _NOTHING.encode(), UPDATE),
    ),
    one(
        "protocol/media-wrong",
        "sends a query as text/plain",
        "a 4xx",
        "RFC 9110, 15.5.16: Unsupported Media Type",
        lambda target: post(target, b"ASK {}", "text/plain"),
        REFUSED,
        {200},
    ),
    one(
        "protocol/media-missing",
        "sends a body without Content-Type",
        "a 4xx",
        "RFC 9110, 15.5.16: Unsupported Media Type",
        lambda target: post(target, b"ASK {}", None),
        REFUSED,
        {200},
    ),
    one(
        "protocol/media-nonsense",
        "sends a Content-Type that is none",
        "a 4xx",
        "RFC 9110, 8.3",
        lambda target: post(target, b"ASK {}", ';;/=;charset="\\'),
        REFUSED,
        {200},
    ),
    one(
        "protocol/form-as-query",
        "sends a form but says that it is a query",
        "a 4xx",
        _STATUS_WHY,
        lambda target: post(target, b"query=ASK+%7B%7D", QUERY),
        REFUSED,
    ),
    one(
        "protocol/query-as-form",
        "sends a query but says that it is a form",
        "a 4xx",
        _QUERY_WHY,
        lambda target: post(target, b"ASK {}", FORM),
        REFUSED,
        {200},
    ),
    one(
        "protocol/graph-is-no-iri",
        "names a default graph that is no IRI",
        "a 4xx",
        "SPARQL 1.1 Protocol, 2.1.4",
        lambda target: get(target, [("query", "ASK {}"), ("default-graph-uri", "<no iri> {")]),
        REFUSED,
        {200},
    ),
    one(
        "protocol/unknown-function",
        "calls a function that nobody has",
        "an answer or a refusal, whole",
        _ERRORS_WHY,
        lambda target: form(target, [("query", "ASK { FILTER(<urn:x:nobody>(1)) }")]),
        {200, *LIMITED, 501},
        {500},
    ),
)
