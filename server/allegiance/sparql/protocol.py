"""The endpoint as an ASGI application: SPARQL 1.1 Protocol for queries, and what is next to it.

``/sparql`` answers queries, ``/livez`` and ``/readyz`` tell how the server is; any other address,
and ``/sparql`` for who prefers a page, is for the application handed in. An answer has its
status before its first byte; one that cannot be finished afterwards is broken off, so that no
client takes a part for the whole.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from allegiance.errors import AllegianceError
from allegiance.sparql import cache, encoding, formats, frames, request
from allegiance.sparql.about import About
from allegiance.sparql.answers import Way, pass_on, repeat
from allegiance.sparql.failures import BadQuery, Problem, Stopped
from allegiance.sparql.limits import ServerLimits
from allegiance.sparql.log import NOTE, Note
from allegiance.sparql.messages import (
    CORS,
    METHODS,
    Application,
    Headers,
    Receive,
    Scope,
    Send,
    Stamped,
    decoded,
    fail,
    read_body,
    read_headers,
    replay,
    send_json,
    send_whole,
    stamp,
    while_there,
)
from allegiance.sparql.pool import AsyncReaders
from allegiance.sparql.shortening import shorten

_READY_SECONDS = 5.0
_PREFLIGHT: Headers = [
    (b"allow", METHODS.encode()),
    (b"access-control-allow-methods", METHODS.encode()),
    (
        b"access-control-allow-headers",
        b"accept, authorization, content-encoding, content-type, if-match, if-none-match, "
        b"x-query-id",
    ),
    (b"access-control-max-age", b"86400"),
]


@dataclass(frozen=True, slots=True)
class Served:
    """What is served, as ``/readyz`` tells it.

    release: its id.  problem: why an older release is served than the files say, if so.
    warnings: what else an operator should know, such as which text is missing.
    """

    release: str
    problem: str | None = None
    warnings: Sequence[str] = field(default_factory=tuple)


class Endpoint:
    """The ASGI application.

    readers: who answers.
    served: tells what is served at this moment; answers are kept under the name of its release.
    site: the application that has all other addresses, or None.
    limits: all limits of the server.
    writing: the application for /update and /store, where the data may be changed.
    cache_size: bytes of answers to keep.
    """

    def __init__(
        self,
        readers: AsyncReaders,
        served: Callable[[], Served],
        site: Application | None,
        cache_size: int = cache.SIZE,
        limits: ServerLimits | None = None,
        writing: Application | None = None,
    ) -> None:
        self._limits = limits or ServerLimits()
        # Snapshots are numbered: after a restore the same number may name other data.
        self._salt = secrets.token_hex(8) if writing else ""
        self._readers = readers
        self._served = served
        self._site = site
        self._writing = writing
        self._cache = cache.Cache(cache_size)
        self._kept_of = ""
        self._about = About(readers, self._limits, "/update" if writing else None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._readers.live(receive, send)
        if scope["type"] != "http":
            return
        release = self._release()
        stamped = Stamped(send, release)
        try:
            await self._route(scope, receive, stamped, release)
        except (BadQuery, Stopped) as error:
            _note(scope).limit = error.problem.code
            await fail(stamped, error.problem)
        except asyncio.CancelledError:
            # The server ends and has waited long enough. Who has nothing yet is told.
            if not stamped.begun:
                await fail(stamped, Problem("stopped", "The server is stopping.", "Try again."))

    def _release(self) -> str:
        """Return the release that is served now; what was kept of the last one goes."""
        release = self._served().release
        if release != self._kept_of:
            self._cache.clear()
            self._kept_of = release
        return release

    async def _route(self, scope: Scope, receive: Receive, send: Send, release: str) -> None:
        path = scope["path"]
        if path == "/sparql":
            await self._sparql(scope, receive, send, release)
        elif path == "/livez":
            _only_reading(scope)
            await send_json(send, 200, {"status": "alive"})
        elif path == "/readyz":
            _only_reading(scope)
            await self._ready(send)
        elif path == "/.well-known/void":
            _only_reading(scope)
            headers = read_headers(scope)
            choice = formats.choose(headers.get("accept"), formats.GRAPHS, html=False)
            choice = choice or formats.Choice(formats.GRAPHS["turtle"], "text/turtle")
            await self._about.data(scope, headers, choice, send)
        elif self._writing is not None and _writes(path):
            await self._writing(scope, receive, send)
        elif self._site is None:
            raise Problem("address", f"There is no {path[:200]} here.", "Ask /sparql.").error()
        elif not scope["query_string"].isascii():
            raise Problem("request", "The address is not ASCII.", "Percent-encode it.").error()
        else:
            await self._site(scope, receive, send)

    async def _ready(self, send: Send) -> None:
        served = self._served()
        says: dict[str, object] = {"status": "ready", "release": served.release}
        status = 200
        try:
            async with asyncio.timeout(_READY_SECONDS):
                answer = await self._readers.stream("ASK {}", seconds=_READY_SECONDS)
                answer.close()
                says["release"] = answer.start.store or served.release
        except (AllegianceError, TimeoutError):
            status = 503
            says["status"] = "no reader answers"
        if served.problem:
            says["older_release"] = True
            says["problem"] = served.problem
        if served.warnings:
            says["warnings"] = list(served.warnings)
        stamped = [stamp(str(says["release"]))]
        await send_json(send, status, says, headers=stamped)

    async def _sparql(self, scope: Scope, receive: Receive, send: Send, release: str) -> None:
        method = scope["method"]
        if method == "OPTIONS":
            await send_whole(send, 204, [*CORS, *_PREFLIGHT], b"")
            return
        if method not in ("GET", "HEAD", "POST"):
            raise Problem(
                "method", f"{method[:20]} is not for this address.", f"Use one of {METHODS}."
            ).error()
        if len(scope["query_string"]) > self._limits.address:
            raise Problem(
                "length",
                f"The address has more than {self._limits.address} bytes, which is the limit.",
                f"Send the query by POST, as {request.QUERY}.",
            ).error()
        headers = read_headers(scope)
        body = b""
        if method == "POST":
            most = self._limits.body
            body = await read_body(headers, receive, most)
            body = encoding.decode(body, headers.get("content-encoding", ""), most)
        note = _note(scope)
        began = time.monotonic()
        way = self._way(scope, headers, body, release)
        none_match = headers.get("if-none-match")
        if way.tag is not None and await repeat(self._cache, way, none_match, send):
            note.cache = "hit"
            return
        content_type = headers.get("content-type", "")
        asked = request.parse(method, scope["query_string"], content_type, body)
        note.query = asked.query
        kind, wrong = None, None
        if asked.query is not None:
            try:
                kind = await self._readers.kind(asked.query)
            except BadQuery as error:
                wrong = error  # Who prefers a page gets this as a page.
        about = asked.query is None and asked.bare and way.safe
        choice = self._choose(asked, "graph" if about else kind, headers.get("accept"))
        if choice.format is None:
            assert self._site is not None
            await self._site(decoded(scope, body), replay(body, receive), send)
            return
        if wrong is not None:
            raise wrong
        if about:
            await self._about.service(scope, headers, choice, send)
            return
        if asked.query is None:
            raise Problem(
                "request",
                "The request brings no query.",
                "Send one: /sparql?query=…, or by POST as a form or as application/sparql-query.",
            ).error()
        query, more = asked.query, list[tuple[bytes, bytes]]()
        if asked.max_rows is not None and kind == "solutions":
            shorter = shorten(query, asked.max_rows)
            if shorter is not None:
                query = shorter
                more.append((b"x-allegiance-max-rows", b"%d" % asked.max_rows))
        tag = None
        if cache.repeatable(asked.query):
            tag = _tag(self._salt + way.release, asked, choice, way.coding)
        way = replace(way, media=choice.header, tag=tag, more=more)
        if tag is not None and await repeat(self._cache, way, none_match, send):
            note.cache = "hit"
            return
        note.cache = "miss"
        await while_there(self._answer(asked, query, choice, way, send, note, began), receive)

    def _way(self, scope: Scope, headers: Mapping[str, str], body: bytes, release: str) -> Way:
        """Return how the answer to a request goes out, as far as its header tells."""
        method = scope["method"]
        coding = encoding.choose(headers.get("accept-encoding"))
        texts = ("POST" if method == "POST" else "GET", release, coding)
        named = (headers.get(name, "") for name in ("accept", "content-type"))
        came = cache.name(
            (*(text.encode("latin-1") for text in (*texts, *named)), scope["query_string"], body)
        )
        return Way(
            media="",
            coding=coding,
            tag=self._cache.tag(came),
            release=release,
            request=came,
            safe=method != "POST",
            head=method == "HEAD",
            held=scope["http_version"] == "1.0",
        )

    def _choose(self, asked: request.Asked, kind: str | None, accept: str | None) -> formats.Choice:
        html = self._site is not None
        offered = formats.offers(kind)
        if html and "html" in asked.formats:
            return formats.Choice(None, formats.HTML)
        if asked.formats:
            found = (formats.named(name, offered) for name in asked.formats)
            choice = next((choice for choice in found if choice is not None), None)
            wanted = f"format={asked.formats[0][:40]}"
            there = [format.short for format in offered.values()]
        else:
            choice = formats.choose(accept, offered, html=html)
            wanted = f"Accept: {accept[:200] if accept else ''}"
            there = [format.media for format in offered.values()]
        if choice is None:
            raise Problem(
                "format",
                f"This answer does not come as “{wanted}”.",
                "It comes as: " + ", ".join(there),
            ).error()
        return choice

    async def _answer(
        self,
        asked: request.Asked,
        query: str,
        choice: formats.Choice,
        way: Way,
        send: Send,
        note: Note,
        began: float,
    ) -> None:
        """Have a query answered, and pass the answer on; its time counts from ``began``."""
        assert choice.format is not None
        name = choice.format.name
        version = f";{frames.RDF_11}" if choice.without_triple_terms else ""
        try:
            answer = await self._readers.stream(
                query,
                results=(name if name in formats.RESULTS else "json") + version,
                graph=(name if name in formats.GRAPHS else "turtle") + version,
                dataset=asked.dataset,
                name=note.id,
                since=began,
            )
        except BadQuery as error:
            if query == asked.query or error.problem.code != "syntax":
                raise
            # What is wrong is told in the text that came, not in the one that was made of it.
            raise await self._wrong(asked) from None
        if answer.start.store not in ("", way.release):
            # Another release was opened meanwhile: this is its answer, and is not kept.
            way = replace(way, tag=None, release=answer.start.store)
        try:
            seconds = self._readers.limits.send_seconds
            note.limit = await pass_on(answer, way, self._cache, send, seconds)
        finally:
            note.rows = answer.rows
            answer.close()

    async def _wrong(self, asked: request.Asked) -> BadQuery | Stopped:
        try:
            answer = await self._readers.stream(asked.query or "", dataset=asked.dataset)
        except (BadQuery, Stopped) as error:
            return error
        answer.close()
        return Problem(
            "request", "This query cannot be shortened by max-rows.", "Write LIMIT into it."
        ).error()


def _tag(release: str, asked: request.Asked, choice: formats.Choice, coding: str) -> str:
    """Return the name of an answer: of the release and all that made it."""
    parts = [release, asked.query or "", choice.header, coding, str(asked.max_rows)]
    parts += [f"default {name}" for name in asked.dataset.default]
    parts += [f"named {name}" for name in asked.dataset.named]
    return cache.name(part.encode() for part in parts).hex()


def _writes(path: str) -> bool:
    return path in ("/update", "/store") or path.startswith("/store/")


def _note(scope: Scope) -> Note:
    """Return what is to be told of a request, whether or not somebody will tell it."""
    note: Note = scope.setdefault(NOTE, Note(""))
    return note


def _only_reading(scope: Scope) -> None:
    if scope["method"] not in ("GET", "HEAD"):
        raise Problem("method", "This address is only read.", "Use GET or HEAD.").error()
