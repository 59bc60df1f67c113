"""Writing over HTTP: SPARQL 1.1 Update at /update, the Graph Store Protocol at /store.

``/store?graph=IRI`` is a graph, ``/store?default`` the default one, ``/store`` the whole dataset,
and ``/store/…`` the graph whose IRI is that address. Reading is open; changes need the token, and
go to the writer (``writer``), which makes each one whole or not at all.
"""

import asyncio
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from pyoxigraph import (
    DefaultGraph,
    NamedNode,
    Quad,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    parse_query_results,
    serialize,
)
from werkzeug.http import parse_etags, parse_options_header
from werkzeug.sansio import multipart

from allegiance.errors import ReleaseError
from allegiance.release.snapshots import Seal
from allegiance.release.writer import Change, Payload, tag
from allegiance.sparql import description, encoding, formats
from allegiance.sparql.answers import VARY, Way, pass_on
from allegiance.sparql.cache import Cache, matches
from allegiance.sparql.failures import PROBLEMS, Problem
from allegiance.sparql.limits import ServerLimits
from allegiance.sparql.messages import (
    CORS,
    NO_SNIFFING,
    Headers,
    Receive,
    Scope,
    Send,
    fail,
    read_body,
    read_headers,
    send_json,
    send_whole,
    stamp,
    while_there,
)
from allegiance.sparql.pool import AsyncReaders
from allegiance.sparql.query import check_update, silenced, using
from allegiance.sparql.request import parse_update
from allegiance.sparql.writer import pack

_METHODS = "GET, HEAD, PUT, POST, DELETE, OPTIONS"
_DATASETS = ("trig", "nquads")
_DATASET_MEDIA = ("application/trig", "application/x-trig", "application/n-quads")
_MOST_PARTS = 100
_MOST_TOLD = 64 * 1024 * 1024
_ALL = "SELECT ?s ?p ?o ?g { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"


def hashed(token: str) -> str:
    """Return the hash by which a front knows the token."""
    return sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Written:
    """Where changes go. socket: the writer's.  folder: of the store.  token: ``hashed``."""

    socket: Path
    folder: Path
    token: str
    base: str | None = None


class Writing:
    """The ASGI application for /update and /store."""

    def __init__(self, to: Written, readers: AsyncReaders, limits: ServerLimits) -> None:
        self._to = to
        self._readers = readers
        self._limits = limits
        self._waiting = 0
        self._seal = lru_cache(4)(lambda name: Seal.read(to.folder / "snapshots" / name))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; raises BadQuery and Stopped for the endpoint to tell."""
        method, path = scope["method"], scope["path"]
        if method == "OPTIONS":
            allow = b"POST, OPTIONS" if path == "/update" else _METHODS.encode()
            told: Headers = [
                (b"allow", allow),
                (b"access-control-allow-methods", allow),
                (b"access-control-allow-headers", b"accept, authorization, content-type, if-match"),
            ]
            await send_whole(send, 204, [*CORS, *told], b"")
            return
        headers = read_headers(scope)
        allowed = "POST" if path == "/update" else _METHODS
        if method not in allowed.split(", "):
            problem = Problem("method", f"{method[:20]} is not for this address.", allowed)
            await _tell(send, problem, [(b"allow", allowed.encode())])
            return
        if path == "/store" or path.startswith("/store/"):
            graph = _graph(scope, headers)
            if method in ("GET", "HEAD"):
                await while_there(self._read(scope, headers, graph, send), receive)
                return
        if not self._may(headers):
            problem = Problem(
                "token",
                "Changes need the token.",
                "Send it: Authorization: Bearer TOKEN",
            )
            await _tell(send, problem, [(b"www-authenticate", b"Bearer")])
            return
        most = self._limits.body
        body = await read_body(headers, receive, most)
        body = encoding.decode(body, headers.get("content-encoding", ""), most)
        location = None
        if path == "/update":
            change = await asyncio.to_thread(
                _update, scope, headers, body, self._to, self._readers.allowed
            )
        else:
            change, location = _store(scope, headers, graph, body)
        await while_there(self._write(change, headers, location, send), receive)

    def _may(self, headers: Mapping[str, str]) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = sha256(token.strip().encode("latin-1")).hexdigest()
        return scheme.lower() == "bearer" and hmac.compare_digest(given, self._to.token)

    # Changing

    async def _write(
        self, change: Change, headers: Mapping[str, str], location: str | None, send: Send
    ) -> None:
        if self._waiting >= self._limits.line:
            raise Problem(
                "busy", "The line of changes is full.", "Try again in a few seconds."
            ).error()
        self._waiting += 1
        try:
            told = await self._give(change)
        finally:
            self._waiting -= 1
        if "code" in told:
            await self._refuse(told, headers, send)
            return
        answer: Headers = [*CORS, NO_SNIFFING, (b"cache-control", b"no-store")]
        if change.graph is not None:
            version = tag(self._seal(told["snapshot"]).id, self._versions(told), change.graph)
            answer.append((b"x-allegiance-version", version.encode()))
        if told["created"]:
            if location is not None:
                answer.append((b"location", location.encode()))
            await send_whole(send, 201, answer, b"")
        else:
            await send_whole(send, 204, answer, b"")

    def _versions(self, told: Mapping[str, Any]) -> Any:
        return self._seal(told["snapshot"]).versions

    async def _give(self, change: Change) -> dict[str, Any]:
        try:
            reader, writer = await asyncio.open_unix_connection(
                str(self._to.socket), limit=_MOST_TOLD
            )
        except OSError:
            raise Problem(
                "busy", "The writer cannot be reached; nothing was changed.", "Try again."
            ).error() from None
        try:
            writer.write(pack(change))
            told = await reader.readline()
            said: dict[str, Any] = json.loads(told)
            return said
        except (OSError, ValueError):
            raise Problem(
                "crash",
                "The writer ended before it told the outcome: the change is whole or absent.",
                "See whether it is there before you send it again.",
            ).error() from None
        finally:
            writer.transport.abort()

    async def _refuse(
        self, told: Mapping[str, Any], headers: Mapping[str, str], send: Send
    ) -> None:
        code = told["code"] if told["code"] in PROBLEMS else "crash"
        problem = Problem(code, told["detail"], told["help"])
        if not told.get("turtle"):
            raise problem.error()
        choice = formats.choose(
            headers.get("accept"), {"turtle": formats.GRAPHS["turtle"]}, html=False
        )
        accept = headers.get("accept", "*/*")
        if choice is not None and "turtle" in accept:
            media, body = choice.header, told["turtle"]
        elif "text/plain" in accept:
            media, body = "text/plain; charset=utf-8", told["text"] + "\n"
        else:
            facts = {"title": problem.title, "status": 422, "detail": problem.detail}
            value = {**facts, "help": problem.help, "report": told["text"].splitlines()}
            await send_json(send, 422, value, "application/problem+json", CORS)
            return
        await send_whole(
            send, 422, [*CORS, NO_SNIFFING, (b"content-type", media.encode())], body.encode()
        )

    # Reading

    async def _read(self, scope: Scope, headers: Mapping[str, str], graph: str, send: Send) -> None:
        there = formats.GRAPHS
        if graph == "*":
            there = {name: there[name] for name in _DATASETS}
        choice = formats.choose(headers.get("accept"), there, html=False)
        if choice is None or choice.format is None:
            raise Problem(
                "format",
                f"A graph does not come as “{headers.get('accept', '')[:200]}”.",
                "It comes as: " + ", ".join(format.media for format in there.values()),
            ).error()
        if graph not in ("", "*") and not await self._exists(graph):
            raise Problem(
                "address", "There is no such graph.", "Put one there, or ask /sparql."
            ).error()
        if graph == "*":
            await self._read_all(choice, scope, headers, send)
            return
        where = "?s ?p ?o" if graph == "" else f"GRAPH <{graph}> {{ ?s ?p ?o }}"
        answer = await self._readers.stream(
            f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {where} }}", graph=choice.format.name
        )
        try:
            more = self._tag(answer.start.store, graph, choice.format.name)
            if more and matches(more, headers.get("if-none-match")):
                tagged = (b"etag", f'"{more}"'.encode())
                head: Headers = [*CORS, VARY, stamp(answer.start.store), tagged]
                await send({"type": "http.response.start", "status": 304, "headers": head})
                await send({"type": "http.response.body"})
                return
            way = Way(
                choice.header,
                encoding.choose(headers.get("accept-encoding")),
                None,
                answer.start.store,
                b"",
                head=scope["method"] == "HEAD",
                held=scope["http_version"] == "1.0",
                more=[(b"etag", f'"{more}"'.encode())] if more else [],
            )
            await pass_on(answer, way, Cache(0), send, self._limits.send_seconds)
        finally:
            answer.close()

    async def _exists(self, graph: str) -> bool:
        answer = await self._readers.stream(f"ASK {{ GRAPH <{graph}> {{}} }}", results="csv")
        try:
            return b"".join([data async for data in answer]).strip() == b"true"
        finally:
            answer.close()

    def _tag(self, snapshot: str, graph: str, format: str) -> str | None:
        try:
            told = self._seal(snapshot)
        except ReleaseError:
            return None
        return f"{tag(told.id, told.versions, graph)}.{format}"

    async def _read_all(
        self, choice: formats.Choice, scope: Scope, headers: Mapping[str, str], send: Send
    ) -> None:
        answer = await self._readers.stream(_ALL, results="tsv")
        try:
            told = bytearray()
            async for data in answer:
                told += data
                if len(told) > _MOST_TOLD:
                    raise Problem(
                        "bytes",
                        f"The dataset has more than {_MOST_TOLD // 1024**2} MiB.",
                        "Get it graph by graph, or take a backup: allegiance backup",
                    ).error()
        finally:
            answer.close()
        assert choice.format is not None
        engine = formats.GRAPHS[choice.format.name].engine
        body = await asyncio.to_thread(_dataset, bytes(told), engine)
        more = self._tag(answer.start.store, "*", choice.format.name)
        media = (b"content-type", choice.header.encode())
        head: Headers = [*CORS, NO_SNIFFING, VARY, stamp(answer.start.store), media]
        if more:
            head.append((b"etag", f'"{more}"'.encode()))
        await send_whole(send, 200, head, body)


def _dataset(tsv: bytes, format: RdfFormat) -> bytes:
    found = parse_query_results(tsv, format=QueryResultsFormat.TSV)
    assert isinstance(found, QuerySolutions)
    quads = (Quad(row[0], row[1], row[2], row[3] or DefaultGraph()) for row in found)
    return serialize(quads, format=format) or b""


async def _tell(send: Send, problem: Problem, headers: Headers) -> None:
    async def with_headers(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            names = {name for name, _ in headers}
            kept = [(name, value) for name, value in message["headers"] if name not in names]
            message = {**message, "headers": [*kept, *headers]}
        await send(message)

    await fail(with_headers, problem)


def _update(
    scope: Scope, headers: Mapping[str, str], body: bytes, to: Written, allowed: Sequence[str]
) -> Change:
    asked = parse_update(scope["query_string"], headers.get("content-type", ""), body)
    check_update(asked.update, allowed)
    text = silenced(asked.update, allowed)
    if asked.default or asked.named:
        text = using(text, asked.default, asked.named)
    return Change("update", update=text, base=to.base)


def _address(scope: Scope, headers: Mapping[str, str], path: str) -> str:
    path = scope.get("root_path", "") + path
    return description.address(scope["scheme"], headers.get("host"), scope.get("server"), path)


def _graph(scope: Scope, headers: Mapping[str, str]) -> str:
    """Return which graph a request is for, as ``Change`` has it."""
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


def _store(
    scope: Scope, headers: Mapping[str, str], graph: str, body: bytes
) -> tuple[Change, str | None]:
    """Return the change that a request to the graph store asks for, and its new address."""
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
