"""Behind the proxies of docs/examples, as they stand there but for their ports."""

import http.client
import json
import re
import shutil
import socket
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .running_server import Running, until

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ENDLESS = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
CLIENT = "198.51.100.7"
NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log stderr error;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{port}; include {folder}/example.conf; }}
}}
"""


class Behind:
    """A server, and a proxy in front of it: ``base`` is where the proxy has it."""

    def __init__(self, server: Running, port: int, base: str) -> None:
        self.server, self.port, self.base = server, port, base

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, self.base + path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def example(name: str, server: Running) -> str:
    text = (EXAMPLES / name).read_text("utf-8")
    assert "127.0.0.1:7200" in text
    return text.replace("127.0.0.1:7200", server.url.removeprefix("http://").rstrip("/"))


@contextmanager
def nginx(server: Running, folder: Path) -> Iterator[Behind]:
    port = free_port()
    (folder / "example.conf").write_text(example("nginx.conf", server))
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    with running("nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), port=port):
        yield Behind(server, port, "/graph")


@contextmanager
def caddy(server: Running, folder: Path) -> Iterator[Behind]:
    port = free_port()
    text = "{\n\tadmin off\n}\n" + example("Caddyfile", server)
    text = text.replace("graph.example.org {", f"http://127.0.0.1:{port} {{")
    (folder / "Caddyfile").write_text(text)
    command = ("caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile")
    with running(*command, port=port):
        yield Behind(server, port, "")


@contextmanager
def running(*command: str, port: int) -> Iterator[None]:
    def there() -> bool:
        assert process.poll() is None, said(process)
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            until(there, 30)
            yield
        finally:
            process.terminate()


def said(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None
    return process.stderr.read().decode()


@pytest.fixture(scope="module", params=[nginx, caddy], ids=["nginx", "caddy"])
def behind(
    request: pytest.FixtureRequest, root: Path, state: Path, tmp_path_factory
) -> Iterator[Behind]:
    name = request.param.__name__
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}, which is not here")
    own = shutil.copytree(state, tmp_path_factory.mktemp(name) / "state")  # Another one is served.
    path = ("--base-path", "/graph") if name == "nginx" else ()
    arguments = ("--trust-proxy", "127.0.0.1", "--timeout", "2", "--log", "json", *path)
    with (
        Running(str(root), "--state", str(own), "--port", "0", *arguments) as server,
        request.param(server, tmp_path_factory.mktemp(name)) as proxied,
    ):
        yield proxied
    if name == "nginx":
        # nginx passes on what it was told; Caddy believes nobody that it was not told to.
        assert f'"client": "{CLIENT}"' in server.err


def sparql(query: str) -> str:
    return "/sparql?" + urllib.parse.urlencode({"query": query})


def test_pages_lead_to_pages_below_its_path(behind: Behind):
    status, _, body = behind.ask("/", **{"X-Forwarded-For": CLIENT})
    assert status == 200
    own = re.findall(r'(?:href|src|action)="(/[^"]*)"', body.decode())
    assert own
    for address in own:
        assert address.startswith(behind.base + "/")
    for address in own[:5]:
        assert behind.ask(address.removeprefix(behind.base).partition("#")[0])[0] == 200


def test_the_endpoint_names_its_address_as_the_client_sees_it(behind: Behind):
    _, _, body = behind.ask("/sparql", Accept="text/turtle")
    assert f"<http://127.0.0.1:{behind.port}{behind.base}/sparql>" in body.decode()


def test_a_long_query_an_id_and_a_coding_pass(behind: Behind):
    query = "ASK {} #" + "a" * 30_000
    status, headers, body = behind.ask(sparql(query), Accept="text/csv", **{"X-Query-Id": "mine"})
    assert (status, body.strip()) == (200, b"true")
    assert {name.lower(): value for name, value in headers.items()}["x-query-id"] == "mine"
    many = sparql("SELECT * { ?s ?p ?o } LIMIT 1000")
    _, headers, body = behind.ask(many, Accept="text/csv", **{"Accept-Encoding": "gzip"})
    assert body[:2] == b"\x1f\x8b"


def test_an_error_and_what_is_too_long_are_told_as_they_are(behind: Behind):
    status, _, body = behind.ask(sparql("SELECT * {"))
    assert status == 400
    assert json.loads(body)["title"] == "The query is not SPARQL"
    media = {"Content-Type": "application/sparql-query"}
    assert behind.ask("/sparql", "POST", b"ASK {}".ljust(1024**2), **media)[0] == 200
    assert behind.ask("/sparql", "POST", b"ASK {}".ljust(1024**2 + 1), **media)[0] == 413


def test_an_answer_that_breaks_off_is_seen_to_break_off(behind: Behind):
    if (
        not behind.base
        and subprocess.check_output(("caddy", "version")).lstrip(b"v")[:4] == b"2.6."
    ):
        pytest.xfail("Caddy 2.6 ends it as if it were whole, as the example says")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        behind.ask(sparql(ENDLESS), Accept="text/csv")


def test_the_metrics_are_not_for_everybody(behind: Behind):
    assert behind.ask("/metrics")[0] == 404
    assert behind.ask("/readyz")[0] == 200
