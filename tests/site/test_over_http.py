"""The pages behind the endpoint, as they are served: one address for people and programs."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlencode, urlsplit

import pytest
import uvicorn
from a2wsgi import WSGIMiddleware
from isles import BASE
from strict_page import Page

from allegiance.site import Settings, create_app
from allegiance.sparql import AsyncReaders, Readers
from allegiance.sparql.protocol import Endpoint, Served

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
QUERY = (
    "PREFIX def: <https://w3id.org/allegiance/def/> SELECT ?a ?b WHERE { ?a def:suppliesArmsTo ?b }"
)
Reply = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def address(settings: Settings, plain_readers: Readers) -> Iterator[str]:
    site = WSGIMiddleware(create_app(settings, plain_readers))
    endpoint = Endpoint(AsyncReaders(plain_readers.socket), lambda: Served("0123"), site)
    server = uvicorn.Server(uvicorn.Config(endpoint, port=0, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    yield f"{host}:{port}"
    server.should_exit = True
    thread.join(20)


def fetch(address: str, path: str, accept: str, body: dict[str, str] | None = None) -> Reply:
    with closing(http.client.HTTPConnection(address, timeout=20)) as connection:
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        sent = None if body is None else urlencode(body)
        connection.request("GET" if body is None else "POST", path, sent, headers)
        reply = connection.getresponse()
        return reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()


def test_a_browser_gets_a_table_and_a_program_its_format(address: str) -> None:
    path = "/sparql?" + urlencode({"query": QUERY})
    status, headers, body = fetch(address, path, BROWSER)
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Set against it" in Page(body.decode()).text
    assert "content-security-policy" in headers and "accept" in headers["vary"].lower()
    status, headers, body = fetch(address, path, "application/sparql-results+json")
    assert status == 200
    rows = json.loads(body)["results"]["bindings"]
    assert [row["a"]["value"] for row in rows] == [BASE + "id/norland"]


@pytest.mark.parametrize(
    "query", [QUERY, "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 3", "ASK { ?s ?p ?o }"]
)
def test_every_link_to_another_format_answers(address: str, query: str) -> None:
    _, _, body = fetch(address, "/sparql?" + urlencode({"query": query}), BROWSER)
    links = [link for link in Page(body.decode()).links if "format=" in link]
    assert len(links) >= 2
    for link in links:
        status, headers, body = fetch(address, link, BROWSER)
        assert status == 200 and body, link
        assert "text/html" not in headers["content-type"], link


def test_a_wrong_query_is_a_page_for_a_browser(address: str) -> None:
    path = "/sparql?" + urlencode({"query": "SELECT ?s WHERE {\n ?s nothing:x ?o }"})
    status, headers, body = fetch(address, path, BROWSER)
    assert (status, headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "Line 2" in Page(body.decode()).text


def test_the_form_can_be_posted(address: str) -> None:
    status, _, body = fetch(address, "/sparql", BROWSER, {"query": QUERY})
    assert status == 200 and "1 row" in Page(body.decode()).text


def test_pages_and_linked_data_come_through(address: str) -> None:
    for path, accept, media in (
        ("/", BROWSER, "text/html"),
        ("/sparql", BROWSER, "text/html"),
        ("/id/norland", BROWSER, "text/html"),
        ("/id/norland", "text/turtle", "text/turtle"),
        ("/static/site.css", "text/css,*/*;q=0.1", "text/css"),
    ):
        status, headers, body = fetch(address, path, accept)
        assert status == 200 and body, path
        assert urlsplit(headers["content-type"]).path.startswith(media), path
