"""Asking another endpoint, by the rules: only allowed origins, the address resolved once and
public, few redirects and those to allowed origins only, bounded in time and size, nothing sent of
whoever asked.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import version
from urllib.parse import quote, urljoin, urlsplit

import h11
from pyoxigraph import QueryResultsFormat, QuerySolutions, parse_query_results

from allegiance.sparql import encoding
from allegiance.sparql.failures import BadQuery, Problem
from allegiance.sparql.origins import Origin, is_public, origin_of

MEDIA = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
}
"""What solutions of another endpoint may come as."""

_MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 307, 308)
"""303 is none of them: it asks for another request by GET, not for this one elsewhere."""
_PIECE = 64 * 1024
_HEADER = 64 * 1024
_AGENT = f"Allegiance/{version('allegiance')}"

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, as this machine resolves it. Raises OSError for none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Rules:
    """Whom to ask, and how much to take. allowed: origins.  seconds, most: of one answer.

    resolve: tells the addresses of a name.
    """

    allowed: Collection[str]
    seconds: float
    most: int
    resolve: Resolve = field(default=resolve)


@dataclass(frozen=True, slots=True)
class Solutions:
    """An answer: its media type and its bytes."""

    media: str
    body: bytes


async def ask(address: str, query: bytes, rules: Rules, left: float) -> Solutions:
    """Return what another endpoint answers to a query.

    left: the seconds that whoever asks still has.
    Raises BadQuery or Stopped; their problem says what was refused, or what went wrong.
    """
    seconds = min(rules.seconds, left * 0.8)  # Time stays to tell it, or to go on with SILENT.
    try:
        async with asyncio.timeout(max(seconds, 0.01)):
            return await _follow(address, query, rules)
    except TimeoutError:
        raise Problem(
            "endpoint-time",
            f"{_told(address)} did not answer within {seconds:.3g} s.",
            "Ask it for less, or ask it on your side.",
        ).error() from None


async def _follow(address: str, query: bytes, rules: Rules) -> Solutions:
    for _ in range(_MOST_REDIRECTS + 1):
        origin = _allowed(address, rules.allowed)
        response = await _post(origin, address, query, rules)
        if response.status not in _REDIRECTS:
            found = _solutions(address, response, rules.most)
            await asyncio.to_thread(_read_through, address, found)
            return found
        to = urljoin(address, response.headers.get("location", ""))
        try:
            _allowed(to, rules.allowed)
        except BadQuery:
            raise Problem(
                "service",
                f"{_told(address)} redirects to {to[:200]}, which is not allowed.",
                "Redirects are followed only to these: " + ", ".join(rules.allowed),
            ).error() from None
        address = to
    raise _endpoint(address, f"redirects more than {_MOST_REDIRECTS} times").error()


def _allowed(address: str, allowed: Collection[str]) -> Origin:
    try:
        origin = origin_of(address)
    except ValueError:
        origin = None
    if origin is None or str(origin) not in allowed:
        raise Problem(
            "service",
            f"This server was not told to ask {address[:200]}.",
            "These are allowed: " + ", ".join(allowed),
        ).error()
    return origin


async def _addresses(origin: Origin, rules: Rules) -> Sequence[str]:
    """Return the addresses of an origin. They are resolved this once, and what is connected to is
    what was looked at: a name that changes meanwhile changes nothing.
    """
    if origin.literal:
        return origin.literal
    try:
        found = await rules.resolve(origin.host, origin.port)
    except OSError:
        raise _endpoint(str(origin), "has a name that cannot be resolved").error() from None
    for address in found:
        if not is_public(address):
            raise Problem(
                "service",
                f"{origin} is refused: its name stands for {address}, which is not a public "
                "address.",
                "If that is meant, the server's operator allows the origin by its address.",
            ).error()
    return found


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


async def _post(origin: Origin, address: str, query: bytes, rules: Rules) -> _Response:
    """Send the query, and return the response, whatever it is."""
    found = await _addresses(origin, rules)
    reader, writer = await _connect(origin, found)
    try:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEADER)
        for event in (_request(origin, address, query), h11.Data(query), h11.EndOfMessage()):
            writer.write(connection.send(event) or b"")
        await writer.drain()
        return await _read(address, connection, reader, rules.most)
    except (OSError, h11.RemoteProtocolError) as error:
        why = str(error)[:100] or type(error).__name__
        raise _endpoint(address, f"broke off, or does not speak HTTP ({why})").error() from None
    finally:
        writer.transport.abort()


async def _connect(
    origin: Origin, addresses: Sequence[str]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    secure = _trusted() if origin.scheme == "https" else None
    why = "has no address"
    for address in addresses:
        try:
            return await asyncio.open_connection(
                address,
                origin.port,
                ssl=secure,
                server_hostname=origin.host if secure else None,
            )
        except ssl.SSLError as error:
            why = f"shows no certificate to trust ({getattr(error, 'verify_message', error)})"
            break
        except OSError as error:
            why = f"cannot be reached ({error.strerror or error})"
    raise _endpoint(str(origin), why).error()


@lru_cache(1)
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


def _request(origin: Origin, address: str, query: bytes) -> h11.Request:
    parts = urlsplit(address)
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    host = str(origin).partition("://")[2]
    return h11.Request(
        method="POST",
        target=target,
        headers=[
            ("Host", host),
            ("Accept", ", ".join(MEDIA)),
            ("Accept-Encoding", "gzip"),
            ("Content-Type", "application/sparql-query"),
            ("Content-Length", str(len(query))),
            ("User-Agent", _AGENT),
            ("Connection", "close"),
        ],
    )


async def _read(
    address: str, connection: h11.Connection, reader: asyncio.StreamReader, most: int
) -> _Response:
    status, headers, body = 0, {}, bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_PIECE))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
            if status != 200:
                return _Response(status, headers, b"")
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > most:
                raise _too_large(address, most).error()
        elif isinstance(event, h11.EndOfMessage):
            return _Response(status, headers, bytes(body))


def _solutions(address: str, response: _Response, most: int) -> Solutions:
    if response.status != 200:
        try:
            phrase = " " + HTTPStatus(response.status).phrase
        except ValueError:
            phrase = ""
        raise _endpoint(address, f"answered with status {response.status}{phrase}").error()
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in MEDIA:
        raise _endpoint(address, f"answered with “{media[:80]}”, which is no SPARQL result").error()
    try:
        coding = response.headers.get("content-encoding", "")
        return Solutions(media, encoding.decode(response.body, coding, most))
    except BadQuery as error:
        if error.problem.code == "body":
            raise _too_large(address, most).error() from None
        raise _endpoint(address, "answered in a broken or unknown content coding").error() from None


def _read_through(address: str, found: Solutions) -> None:
    """Raise BadQuery or Stopped unless all of it can be read as solutions."""
    try:
        read = parse_query_results(found.body, format=MEDIA[found.media])
        if not isinstance(read, QuerySolutions):
            raise _endpoint(address, "answered yes or no, and not with solutions").error()
        for _ in read:
            pass
    except (SyntaxError, ValueError, OSError) as error:
        raise _endpoint(address, f"sent what cannot be read: {str(error)[:200]}").error() from None


def _too_large(address: str, most: int) -> Problem:
    return Problem(
        "endpoint",
        f"{_told(address)} answered with more than {most} bytes, which is the limit.",
        "Ask it for less: put more of the pattern, a FILTER or a LIMIT into the SERVICE block.",
    )


def _endpoint(address: str, why: str) -> Problem:
    return Problem("endpoint", f"{_told(address)} {why}.", "Ask it directly to see what it says.")


def _told(address: str) -> str:
    return address.partition("?")[0][:200]
