"""What a request to /update or /store asks to be changed: its graph, its RDF, its conditions."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs
from uuid import uuid4

from pyoxigraph import NamedNode
from werkzeug.http import parse_etags, parse_options_header
from werkzeug.sansio import multipart

from allegiance.release.writer import Change, Payload
from allegiance.sparql import description
from allegiance.sparql.failures import Problem
from allegiance.sparql.messages import Scope
from allegiance.sparql.query import check_update, silenced, using
from allegiance.sparql.request import parse_update

_MOST_PARTS = 100
_DATASET_MEDIA = ("application/trig", "application/x-trig", "application/n-quads")


def of_update(
    scope: Scope,
    headers: Mapping[str, str],
    body: bytes,
    base: str | None,
    allowed: Sequence[str],
) -> Change:
    """Return the change that a request to /update asks for.

    base: what relative IRIs are resolved against.  allowed: origins that SERVICE may name.
    Raises BadQuery.
    """
    asked = parse_update(scope["query_string"], headers.get("content-type", ""), body)
    check_update(asked.update, allowed)
    text = silenced(asked.update)
    if asked.default or asked.named:
        text = using(text, asked.default, asked.named)
    return Change("update", update=text, base=base)


def _address(scope: Scope, headers: Mapping[str, str], path: str) -> str:
    path = scope.get("root_path", "") + path
    return description.address(scope["scheme"], headers.get("host"), scope.get("server"), path)


def graph_of(scope: Scope, headers: Mapping[str, str]) -> str:
    """Return which graph a request is for, as ``Change`` has it.

    Raises BadQuery.
    """
    fields = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    graphs = fields.get("graph", [])
    if scope["path"] != "/store":
        raw = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        graphs = [_address(scope, headers, raw)]
    if len(graphs) + ("default" in fields) > 1:
        raise Problem("request", "The request names several graphs.", "Name one.").error()
    if not graphs:
        return "" if "default" in fields else "*"
    try:
        name = NamedNode(graphs[0])
    except ValueError:
        name = None
    if name is None or any(sign in graphs[0] for sign in '<>"{}|^`\\ \n\r\t'):
        raise Problem("dataset", "The graph is no IRI.", "Name it by an absolute IRI.").error()
    return name.value


def of_store(
    scope: Scope, headers: Mapping[str, str], graph: str, body: bytes
) -> tuple[Change, str | None]:
    """Return the change that a request to the graph store asks for, and its new address.

    graph: which it is for, by ``graph_of``.  Raises BadQuery.
    """
    method = scope["method"].lower()
    location = None
    payloads: Sequence[Payload] = ()
    if method != "delete":
        base = graph if graph not in ("", "*") else _address(scope, headers, "/store")
        payloads = _payloads(headers.get("content-type", ""), body, base)
        dataset = all(each.media in _DATASET_MEDIA for each in payloads)
        if graph == "*" and method == "post" and not dataset:
            graph = location = _address(scope, headers, f"/store/{uuid4()}")
            payloads = [Payload(each.body, each.media, graph) for each in payloads]
        elif graph == "*" and not dataset:
            raise Problem(
                "request",
                "The request is for the whole dataset, but brings a graph.",
                "Name one: /store?default or /store?graph=IRI; a dataset comes as TriG or N-Quads.",
            ).error()
    if_match = headers.get("if-match")
    return (
        Change(
            method,
            graph,
            payloads=payloads,
            if_match=None if if_match is None else _tags(if_match),
            if_none=headers.get("if-none-match", "").strip() == "*",
        ),
        location,
    )


def _tags(if_match: str) -> Sequence[str]:
    """Return the versions named by tags, each of which is of a version in one format."""
    if if_match.strip() == "*":
        return ["*"]
    return [value.rpartition(".")[0] for value in parse_etags(if_match).as_set()]


def _payloads(content_type: str, body: bytes, base: str) -> Sequence[Payload]:
    media, options = parse_options_header(content_type)
    if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii", "ascii"):
        raise Problem("media", "The RDF is not UTF-8.", "Send it as UTF-8.").error()
    if not media:
        raise Problem(
            "media", "The request has no Content-Type.", "Send one, such as text/turtle."
        ).error()
    if media != "multipart/form-data":
        return [Payload(body, media, base)]
    decoder = multipart.MultipartDecoder(
        options.get("boundary", "").encode("latin-1"), max_parts=_MOST_PARTS
    )
    found: list[tuple[str, bytearray]] = []
    try:
        decoder.receive_data(body)
        decoder.receive_data(None)
        event = decoder.next_event()
        while not isinstance(event, (multipart.Epilogue, multipart.NeedData)):
            if isinstance(event, (multipart.Field, multipart.File)):
                kind, _ = parse_options_header(event.headers.get("content-type", "text/turtle"))
                found.append((kind, bytearray()))
            elif isinstance(event, multipart.Data):
                found[-1][1].extend(event.data)
            event = decoder.next_event()
    except ValueError:
        found = []
    if not found:
        raise Problem("request", "The multipart body has no parts.", "Send RDF in parts.").error()
    return [Payload(bytes(data), kind, base) for kind, data in found]
