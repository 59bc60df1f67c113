"""Orders to a reader host, over a Unix socket of its own: one line of JSON, one line back.

{"do": "status"}                          → {"running": 3, "slow": 1, "waiting": 0, …}
{"do": "end", "id": "…"}                  → {"ended": 1}
{"do": "open", "store": "/…", "name": ""} → {"opened": true} or {"error": "…"}

An order to open may bring the base IRI of the store.
"""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

MOST = 8192
"""Bytes of an order, at most."""


def address(readers: Path) -> Path:
    """Return the socket for orders to the host that has the readers at that socket."""
    return readers.with_suffix(".control")


def order(readers: Path, what: dict[str, Any], seconds: float = 30.0) -> dict[str, Any]:
    """Give an order and return what the host says.

    Raises OSError or ValueError when it says nothing.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        connection.connect(str(address(readers)))
        connection.sendall(json.dumps(what).encode() + b"\n")
        with connection.makefile("rb") as file:
            told: dict[str, Any] = json.loads(file.readline(MOST))
            return told


async def async_order(readers: Path, what: dict[str, Any], seconds: float = 5.0) -> dict[str, Any]:
    """As ``order``, for asyncio."""
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_unix_connection(str(address(readers)))
        try:
            writer.write(json.dumps(what).encode() + b"\n")
            told: dict[str, Any] = json.loads(await reader.readline())
            return told
        finally:
            writer.transport.abort()
