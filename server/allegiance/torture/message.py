"""Requests as bytes, whether they hold to the protocol or not."""

from collections.abc import Sequence
from urllib.parse import urlencode

from allegiance.torture.bodies import JSON
from allegiance.torture.target import Target

Pairs = Sequence[tuple[str, str]]

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
AGENT = "allegiance-torture"


def message(
    target: Target,
    method: str = "GET",
    address: str | None = None,
    headers: Pairs = (),
    body: bytes | None = None,
    *,
    close: bool = True,
) -> bytes:
    """Return a request.

    address: what follows the method; without it the endpoint's path.  headers: after Host.
    body: sent with its length.  close: whether it asks for the connection's end afterwards.
    """
    lines = [f"{method} {address or target.path} HTTP/1.1", f"Host: {target.authority}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append(f"User-Agent: {AGENT}")
    if close:
        lines.append("Connection: close")
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def get(
    target: Target,
    fields: Pairs,
    accept: str | None = JSON,
    headers: Pairs = (),
    *,
    method: str = "GET",
    close: bool = True,
) -> bytes:
    """Return a request with its fields in the address (SPARQL 1.1 Protocol, 2.1.1)."""
    address = f"{target.path}?{urlencode(fields)}"
    return message(target, method, address, [*_accept(accept), *headers], close=close)


def form(target: Target, fields: Pairs, accept: str | None = JSON) -> bytes:
    """Return a request with its fields in a form (SPARQL 1.1 Protocol, 2.1.2)."""
    return post(target, urlencode(fields).encode(), FORM, accept)


def post(
    target: Target,
    body: bytes,
    media: str | None = QUERY,
    accept: str | None = JSON,
    headers: Pairs = (),
    *,
    close: bool = True,
) -> bytes:
    """Return a request with a body, as a query by itself (SPARQL 1.1 Protocol, 2.1.3)."""
    typed = [("Content-Type", media)] if media is not None else []
    told = [*_accept(accept), *typed, *headers]
    return message(target, "POST", None, told, body, close=close)


def _accept(accept: str | None) -> list[tuple[str, str]]:
    return [] if accept is None else [("Accept", accept)]
