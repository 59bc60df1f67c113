"""Writing over HTTP: SPARQL 1.1 Update at /update, the Graph Store Protocol at /store.

``/store?graph=IRI`` is a graph, ``/store?default`` the default one, ``/store`` the whole dataset,
and ``/store/…`` the graph whose IRI is that address. Reading is open; changes need the token, and
go to the writer (``writer``), which makes each one whole or not at all.
"""

import asyncio
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from allegiance.errors import ReleaseError
from allegiance.release.snapshots import Seal
from allegiance.release.writer import Change, tag
from allegiance.sparql import changes, encoding, formats
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
from allegiance.sparql.writer import pack

_METHODS = "GET, HEAD, PUT, POST, DELETE, OPTIONS"
_DATASETS = ("trig", "nquads")
_MOST_TOLD = 64 * 1024 * 1024
"""Bytes of what the writer tells of one change, which may hold a report."""

_UNKNOWN = Problem(
    "outcome",
    "The writer ended before it told the outcome: the change is whole or absent.",
    "See whether it is there before you send it again.",
)


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
            graph = changes.graph_of(scope, headers)
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
                changes.of_update, scope, headers, body, self._to.base, self._readers.allowed
            )
        else:
            change, location = changes.of_store(scope, headers, graph, body)
        try:
            await while_there(self._write(change, headers, location, send), receive)
        except asyncio.CancelledError:
            # The server ends and has waited long enough.
            raise _UNKNOWN.error() from None

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
            raise _UNKNOWN.error() from None
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
        where = "?s ?p ?o" if graph == "" else f"GRAPH <{graph}> {{ ?s ?p ?o }}"
        query = "" if graph == "*" else f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {where} }}"
        answer = await self._readers.stream(query, graph=choice.format.name, whole=graph == "*")
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


async def _tell(send: Send, problem: Problem, headers: Headers) -> None:
    async def with_headers(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            names = {name for name, _ in headers}
            kept = [(name, value) for name, value in message["headers"] if name not in names]
            message = {**message, "headers": [*kept, *headers]}
        await send(message)

    await fail(with_headers, problem)
