"""What SERVICE may reach, what is sent there, how long it may take and how much may come back."""

import json
import socket
import ssl
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from allegiance.sparql import diversion
from running import command
from serve.running_server import Running, alive, descendants, kill, until
from store.test_plain_store import TOKEN
from store.test_plain_store import update as change_store

from .endpoints import Endpoint, endpoint

EMPTY = "o,p,s\r\n,,\r\n"
TIGHT = ("--service-seconds", "1", "--service-bytes", "20K", "--service-calls", "3")


@pytest.fixture(scope="module")
def good() -> Iterator[Endpoint]:
    """An endpoint that may be asked."""
    with endpoint() as running:
        yield running


@pytest.fixture(scope="module")
def trap() -> Iterator[Endpoint]:
    """An endpoint that may not be asked."""
    with endpoint() as running:
        yield running


def store(folder: Path, *more: str) -> Running:
    (folder / "token").write_text(TOKEN)
    arguments = ("--store", str(folder / "store"), "--token-file", str(folder / "token"))
    return Running(*arguments, "--port", "0", "--fronts", "1", "--log", "none", *more)


@pytest.fixture(scope="module")
def server(good: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with store(tmp_path_factory.mktemp("federation"), "--service-allow", good.origin, *TIGHT) as it:
        yield it


def ask(server: Running, query: str) -> tuple[int, str]:
    status, body = server.ask(query)
    return status, body.decode()


def service(server: Running, iri: str, silent: str = "") -> tuple[int, str]:
    return ask(server, f"SELECT ?o ?p ?s {{ SERVICE {silent} <{iri}> {{ ?s ?p ?o }} }}")


def refused(told: tuple[int, str], status: int, code: str) -> str:
    """Return the detail of a problem, which must have that status and code."""
    problem = json.loads(told[1])
    assert (told[0], problem["type"].rpartition("/")[2]) == (status, code), told
    assert problem["help"]
    return str(problem["detail"])


def test_an_allowed_endpoint_is_asked_and_its_rows_are_joined(server, good):
    told = ask(
        server,
        f"SELECT * {{ VALUES ?o {{ <urn:o> <urn:x> }} SERVICE <{good.origin}/a%20b?c=%2F#d> "
        "{ ?s ?p ?o } }",
    )
    assert told == (200, "o,p,s\r\nurn:o,,\r\n")
    path, headers, query = good.asked[-1]
    assert path == "/a%20b?c=%2F"
    assert headers["host"] == good.origin.removeprefix("http://")
    assert "?s ?p ?o" in query


def test_an_update_may_ask_it_too(server, good):
    update = (
        f"INSERT {{ <urn:a> <urn:b> ?o }} WHERE {{ SERVICE <{good.origin}/%s> {{ ?s ?p ?o }} }}"
    )

    def change(text: str) -> tuple[int, str]:
        status, _, body = change_store(server.url.rstrip("/"), text)
        return status, body

    assert change(update % "ok")[0] == 204
    assert ask(server, "SELECT ?o { <urn:a> <urn:b> ?o }") == (200, "o\r\nurn:o\r\n")
    assert "503" in refused(change(update % "status?is=503"), 502, "endpoint")
    # The place is that of the update as it was sent.
    broken = update % "ok" + " ?!"
    assert f"1:{len(broken) + 1}" in refused(change(broken), 400, "syntax")


def test_nothing_of_the_client_is_passed_on(server, good):
    query = urllib.parse.quote(f"SELECT * {{ SERVICE <{good.origin}/> {{ ?s ?p ?o }} }}")
    headers = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Secret": "c"}
    request = urllib.request.Request(f"{server.url}sparql?query={query}", headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200
    assert set(good.asked[-1][1]) == {
        *("host", "accept", "accept-encoding", "content-type", "content-length"),
        *("user-agent", "connection"),
    }


@pytest.mark.parametrize(
    "iri",
    [
        "http://127.0.0.1:PORT1/",
        "https://127.0.0.1:PORT/",
        "http://localhost:PORT/",
        "http://127.1:PORT/",
        "http://2130706433:PORT/",
        "http://[::ffff:127.0.0.1]:PORT/",
        "http://user@127.0.0.1:PORT/",
        "http://127.0.0.1:PORT@127.0.0.1:TRAP/",
        "http://127.0.0.1.example.org:PORT/",
        "http://127.0.0.1/",
        "http:127.0.0.1:PORT/",
        "ftp://127.0.0.1:PORT/",
        "file:///etc/passwd",
        "unix:/run/docker.sock",
        "http+unix://%2Frun%2Fdocker.sock/",
        "http://127.0.0.1:TRAP/",
    ],
)
def test_only_exactly_the_allowed_origin_is_asked(server, good, trap, iri):
    port, other = (each.origin.rpartition(":")[2] for each in (good, trap))
    iri = iri.replace("PORT", port).replace("TRAP", other)
    before = len(good.asked)
    assert good.origin in json.loads(service(server, iri)[1])["help"]
    refused(service(server, iri), 403, "service")
    assert service(server, iri, "SILENT") == (200, EMPTY)
    assert len(good.asked) == before
    assert not trap.asked


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { VALUES ?v { <URL> } SERVICE ?v { ?s ?p ?o } }",
        "SELECT * { BIND(<URL> AS ?v) SERVICE SILENT ?v { ?s ?p ?o } }",
        "PREFIX e: <URL> SELECT * { SERVICE e: { ?s ?p ?o } }",
    ],
)
def test_a_variable_or_a_prefixed_name_is_refused_even_for_an_allowed_origin(server, good, query):
    before = len(good.asked)
    refused(ask(server, query.replace("URL", good.origin)), 403, "service")
    assert len(good.asked) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { FILTER(1<'x>')SERVICE <URL> { ?s ?p ?o } } #'",
        # What the engine would call if the IRI had passed the tokens.
        "SELECT * { FILTER(1<'x>')SERVICE <http://127.0.0.1/loud/ENCODED> { ?s ?p ?o } } #'",
    ],
)
def test_service_hidden_from_the_tokens_gets_no_way_out(server, good, trap, query):
    for at in (good, trap):
        before = len(at.asked)
        encoded = urllib.parse.quote(at.origin, safe="")
        text = query.replace("URL", at.origin).replace("ENCODED", encoded)
        assert ask(server, text)[0] == 403
        assert len(at.asked) == before


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_elsewhere_is_not_followed(server, good, trap, status):
    for to in (trap.origin, "file:///etc/passwd", "http://169.254.169.254/", "unix:/run/x"):
        iri = f"{good.origin}/redirect?status={status}&to={urllib.parse.quote(to, safe='')}"
        assert to in refused(service(server, iri), 403, "service")
        assert service(server, iri, "SILENT") == (200, EMPTY)
    assert not trap.asked


def test_a_redirect_within_the_allowed_origins_is_followed_a_few_times(server, good):
    assert service(server, f"{good.origin}/redirect?to=/ok")[0] == 200
    assert good.asked[-1][0] == "/ok"
    assert good.asked[-1][2] == good.asked[-2][2]
    before = len(good.asked)
    iri = f"{good.origin}/redirect?to=%2Fredirect%3Fto%3D%252Fok"
    assert service(server, iri)[0] == 200
    loop = f"{good.origin}/redirect?to="
    assert "more than 3 times" in refused(service(server, loop), 502, "endpoint")
    assert len(good.asked) == before + 3 + 4


@pytest.mark.parametrize("path", ["slow", "drip"])
def test_one_that_does_not_answer_in_time_is_told_by_name(server, good, path):
    told = refused(service(server, f"{good.origin}/{path}"), 504, "endpoint-time")
    assert f"{good.origin}/{path} did not answer within 1 s" in told
    assert service(server, f"{good.origin}/{path}", "SILENT") == (200, EMPTY)


def test_what_is_too_large_is_told_with_the_limit(server, good):
    limit = 20 * 1024
    for path in ("size", "gzip"):
        assert service(server, f"{good.origin}/{path}?is={limit}")[0] == 200
        told = refused(service(server, f"{good.origin}/{path}?is={limit + 1}"), 502, "endpoint")
        assert "20480 bytes" in told
    assert "20480 bytes" in refused(service(server, f"{good.origin}/endless"), 502, "endpoint")


def test_a_bomb_of_an_endpoint_is_refused(server, good):
    told = refused(service(server, f"{good.origin}/gzip?is=20000000"), 502, "endpoint")
    assert "20480 bytes" in told


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("status?is=500", "status 500"),
        ("status?is=401", "status 401"),
        ("status?is=303", "status 303"),
        ("type?is=text/html", "text/html"),
        ("type?is=application/n-triples", "no SPARQL result"),
        ("cut", "broke off"),
        ("broken", "cannot be read"),
        ("boolean", "yes or no"),
        ("coded?as=gzip", "content coding"),
        ("coded?as=br", "content coding"),
    ],
)
def test_an_answer_that_is_none_is_told(server, good, path, says):
    assert says in refused(service(server, f"{good.origin}/{path}"), 502, "endpoint")
    assert service(server, f"{good.origin}/{path}", "SILENT") == (200, EMPTY)


def test_one_query_asks_only_so_often(server, good):
    query = "SELECT * {{ VALUES ?x {{ {} }} FILTER EXISTS {{ SERVICE <{}> {{ ?x <urn:p> ?o }} }} }}"
    before = len(good.asked)
    assert ask(server, query.format("1 2 3", good.origin))[0] == 200
    assert len(good.asked) == before + 3
    told = refused(ask(server, query.format("1 2 3 4 5 6", good.origin)), 502, "endpoint")
    assert "more than 3 times" in told
    assert len(good.asked) == before + 6


@pytest.mark.parametrize(
    "pattern", ["FILTER EXISTS { S }", "FILTER NOT EXISTS { S }", "MINUS { S }", "OPTIONAL { S }"]
)
@pytest.mark.parametrize("path", ["status?is=500", "broken", "slow", "type?is=text/csv"])
def test_no_failure_is_taken_for_an_answer_without_rows(server, good, pattern, path):
    where = "SERVICE %s <URL> { ?x <urn:p> ?o }".replace("URL", f"{good.origin}/{path}")
    query = "SELECT * { VALUES ?x { 1 } " + pattern.replace("S }", where + " }") + " }"
    assert ask(server, query % "")[0] in (502, 504)
    assert ask(server, query % "SILENT")[0] == 200


def test_an_update_with_a_failure_inside_changes_nothing(server, good):
    where = f"VALUES ?x {{ 1 }} MINUS {{ SERVICE <{good.origin}/status?is=500> {{ ?x ?p ?o }} }}"
    text = f"INSERT {{ <urn:minus> <urn:b> ?x }} WHERE {{ {where} }}"
    status, _, body = change_store(server.url.rstrip("/"), text)
    refused((status, body), 502, "endpoint")
    assert ask(server, "ASK { <urn:minus> ?p ?o }") == (200, "false")


def test_a_call_ends_when_nobody_waits_for_it(good, tmp_path):
    with store(tmp_path, "--service-allow", good.origin, "--service-seconds", "60") as server:
        query = urllib.parse.quote(f"SELECT * {{ SERVICE <{good.origin}/slow> {{ ?s ?p ?o }} }}")
        before = len(good.asked)
        good.left.clear()
        port = int(server.url.rstrip("/").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(f"GET /sparql?query={query} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            until(lambda: len(good.asked) > before)
        assert good.left.wait(10)


def test_the_call_ends_before_the_query_so_that_silent_has_its_answer(good, tmp_path):
    arguments = ("--service-allow", good.origin, "--timeout", "2", "--service-seconds", "60")
    with store(tmp_path, *arguments) as server:
        assert service(server, f"{good.origin}/slow", "SILENT") == (200, EMPTY)
        refused(service(server, f"{good.origin}/slow"), 504, "endpoint-time")


def test_a_forwarder_that_was_killed_is_there_again(good, tmp_path):
    with store(tmp_path, "--service-allow", good.origin) as server:
        assert service(server, good.origin)[0] == 200
        forwarder = server._child("allegiance.sparql.forwarder")
        kill(forwarder)
        until(lambda: not alive(forwarder))
        assert ask(server, "ASK {}") == (200, "true")
        until(lambda: service(server, good.origin)[0] == 200, 20)
        server.children = sorted(descendants(server.process.pid))


def test_localhost_names_the_loopback_addresses_itself(good, tmp_path):
    origin = good.origin.replace("127.0.0.1", "localhost")
    # Written in another way, it is the same origin.
    with store(tmp_path, "--service-allow", origin.replace("http", "HTTP") + "/") as server:
        assert service(server, origin)[0] == 200
        refused(service(server, good.origin), 403, "service")


def test_a_graph_folder_may_federate_too(good, tmp_path):
    folder = tmp_path / "isles"
    subprocess.run([command(), "new", str(folder)], check=True, capture_output=True)
    arguments = ("--port", "0", "--fronts", "1", "--service-allow", good.origin)
    with Running(str(folder), *arguments) as server:
        assert service(server, good.origin)[0] == 200
        refused(service(server, "http://example.org/"), 403, "service")
        query = urllib.parse.quote(f"SELECT * {{ SERVICE <{good.origin}> {{ ?s ?p ?o }} }}")
        status, page = server.get(f"sparql?query={query}", "text/html")
        assert status == 200
        assert b"urn:o" in page


@pytest.mark.parametrize(
    "origin", ["example.org", "ftp://example.org", "http://a/b", "http://u@a", "http://a?b", "*"]
)
def test_what_is_no_origin_is_refused_at_the_start(tmp_path, origin):
    ran = subprocess.run(
        [command(), "serve", "--store", str(tmp_path / "s"), "--service-allow", origin],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 2
    assert "origin" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_readers_can_open_no_socket_but_those_of_the_forwarder():
    assert diversion.works()


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for localhost that vouches for itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    try:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost"),
                *("-addext", "subjectAltName=DNS:localhost"),
            ],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("needs the command openssl, which is not here")
    return folder


def test_tls_is_verified_for_the_name(certified, tmp_path, monkeypatch):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certified / "cert.pem", certified / "key.pem")
    with endpoint(tls=tls) as secure:
        named = secure.origin.replace("127.0.0.1", "localhost")
        allow = ("--service-allow", secure.origin, "--service-allow", named)
        with store(tmp_path, *allow) as server:
            assert "certificate" in refused(service(server, named), 502, "endpoint")
            assert not secure.asked
        monkeypatch.setenv("SSL_CERT_FILE", str(certified / "cert.pem"))
        with store(tmp_path, *allow) as server:
            assert service(server, named)[0] == 200
            # The certificate is good, but not for this name.
            assert "certificate" in refused(service(server, secure.origin), 502, "endpoint")
