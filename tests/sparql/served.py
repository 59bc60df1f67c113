"""A front over readers, and plain HTTP to ask it with."""

import http.client
import json
import os
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from allegiance.sparql import AsyncReaders, Endpoint, Limits, Served, ServerLimits, control
from allegiance.sparql.pool import Places
from allegiance.sparql.processes import serving

from .small import RELEASE


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def problem(self) -> dict[str, object]:
        assert self.media == "application/problem+json"
        told = json.loads(self.body)
        assert told["status"] == self.status
        assert set(told) >= {"type", "title", "status", "detail"}
        return told


@dataclass(frozen=True, slots=True)
class Server:
    """A running front: its port, and the process id of the reader host behind it."""

    port: int
    host: int
    socket: Path

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, response.read())
        finally:
            connection.close()

    def get(self, query: str, accept: str | None = None, **fields: str) -> Answer:
        asked = urllib.parse.urlencode({"query": query, **fields})
        return self.request("GET", f"/sparql?{asked}", headers={"Accept": accept} if accept else {})

    def post(self, body: bytes, media: str, accept: str = "*/*", path: str = "/sparql") -> Answer:
        return self.request("POST", path, body, {"Content-Type": media, "Accept": accept})

    def readers(self) -> set[int]:
        """Return the process ids of the readers, at work or waiting for more."""
        return children(self.host)

    def status(self) -> dict[str, int]:
        """Return what the reader host says of its readers."""
        return control.order(self.socket, {"do": "status"})

    def works(self) -> bool:
        """Return whether any reader is at work."""
        status = self.status()
        return status["working"] + status["sending"] > 0

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


def children(pid: int) -> set[int]:
    try:
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return set()
    return {int(child) for child in told.split()}


def until(condition, seconds: float = 5.0) -> float:
    """Wait until a condition holds; return how long it took; fail when it does not."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not come about in time"
        time.sleep(0.005)
    return time.monotonic() - began


async def page(scope, receive, send) -> None:
    """Stand in for the pages: say which address and body came."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    text = f"page {scope['method']} {scope['path']} ".encode() + body
    headers = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(text))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


@contextmanager
def front(
    store: Path,
    limits: Limits,
    site=page,
    drain: int | None = None,
    places: Places | None = None,
) -> Iterator[Server]:
    """Run readers and a front over a store; ``drain`` are the seconds it has to end."""
    before = children(os.getpid())
    with serving(store, "https://example.org/", limits) as readers:
        (host,) = children(os.getpid()) - before
        endpoint = Endpoint(
            AsyncReaders(readers.socket, limits, places),
            lambda: Served(RELEASE, None, ("a warning",)),
            site,
            limits=ServerLimits(timeout=limits.seconds, memory=limits.memory),
        )
        config = uvicorn.Config(
            endpoint,
            http="httptools",
            loop="uvloop",
            ws="none",
            lifespan="on",
            log_config=None,
            timeout_graceful_shutdown=drain,
        )
        server = uvicorn.Server(config)
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: server.started)
            yield Server(listener.getsockname()[1], host, readers.socket)
        finally:
            server.should_exit = True
            thread.join()
            listener.close()
