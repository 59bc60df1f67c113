"""Endpoints as they may be out there: good, slow, huge, redirecting, broken. All on loopback."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

JSON = "application/sparql-results+json"
ONE_ROW = json.dumps(
    {"head": {"vars": ["o"]}, "results": {"bindings": [{"o": {"type": "uri", "value": "urn:o"}}]}}
).encode()


@dataclass
class Endpoint:
    """A running endpoint: its origin, and what came: path, header fields, query."""

    origin: str
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["content-length"])).decode()
        endpoint: Endpoint = self.server.endpoint  # type: ignore[attr-defined]
        headers = {name.lower(): value for name, value in self.headers.items()}
        endpoint.asked.append((self.path, headers, query))
        parts = urlsplit(self.path)
        fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
        try:
            getattr(self, "on_" + parts.path.strip("/"), self.on_ok)(fields)
        except OSError:
            endpoint.left.set()
        self.close_connection = True

    def do_GET(self) -> None:
        self.server.endpoint.asked.append((self.path, {}, ""))  # type: ignore[attr-defined]
        self._send(ONE_ROW)

    def _send(self, body: bytes, status: int = 200, **headers: str) -> None:
        fields = {"content-type": JSON, "content-length": str(len(body)), **headers}
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def on_ok(self, fields: dict[str, str]) -> None:
        self._send(ONE_ROW)

    def on_status(self, fields: dict[str, str]) -> None:
        self._send(b"no", int(fields["is"]))

    def on_redirect(self, fields: dict[str, str]) -> None:
        self._send(b"", int(fields.get("status", "307")), location=fields.get("to", ""))

    def on_type(self, fields: dict[str, str]) -> None:
        self._send(ONE_ROW, content_type=fields["is"])

    def on_cut(self, fields: dict[str, str]) -> None:
        self._send(ONE_ROW[:40], content_length=str(len(ONE_ROW)))

    def on_broken(self, fields: dict[str, str]) -> None:
        self._send(ONE_ROW[:40])

    def on_boolean(self, fields: dict[str, str]) -> None:
        self._send(b'{"head":{},"boolean":true}')

    def on_size(self, fields: dict[str, str]) -> None:
        self._send(ONE_ROW.ljust(int(fields["is"])))

    def on_endless(self, fields: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("content-type", JSON)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")

    def on_gzip(self, fields: dict[str, str]) -> None:
        body = gzip.compress(ONE_ROW.ljust(int(fields["is"])))
        self._send(body, content_encoding="gzip")

    def on_coded(self, fields: dict[str, str]) -> None:
        self._send(ONE_ROW, content_encoding=fields["as"])

    def on_slow(self, fields: dict[str, str]) -> None:
        if not self.connection.recv(1):  # Nothing more comes but the end.
            self.server.endpoint.left.set()  # type: ignore[attr-defined]

    def on_drip(self, fields: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("content-type", JSON)
        self.send_header("content-length", "100000")
        self.end_headers()
        while True:
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def endpoint(host: str = "127.0.0.1", tls=None, port: int = 0) -> Iterator[Endpoint]:
    """Run one. tls: the context to speak TLS with, if it does."""
    server = ThreadingHTTPServer((host, port), _Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    running = Endpoint(f"{scheme}://{host}:{server.server_port}")
    server.endpoint = running  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
