"""SPARQL 1.1 Protocol, section 2.1: the ways to ask, and what breaks it."""

import json
import urllib.parse

import pytest

from .served import Server
from .small import BASE, RELEASE, SIZE

COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"


def count(body: bytes) -> int:
    (row,) = json.loads(body)["results"]["bindings"]
    return int(row["n"]["value"])


def form(**fields: str) -> bytes:
    return urllib.parse.urlencode(fields).encode()


def test_get_form_and_direct_post_give_the_same_answer(server: Server):
    answers = [
        server.get(COUNT),
        server.post(form(query=COUNT), FORM),
        server.post(COUNT.encode(), QUERY),
        server.post(COUNT.encode(), f"{QUERY}; charset=UTF-8"),
    ]
    for answer in answers:
        assert answer.status == 200
        assert answer.media == "application/sparql-results+json"
        assert count(answer.body) == SIZE


def test_head_has_the_headers_of_get_and_no_body(server: Server):
    path = "/sparql?" + urllib.parse.urlencode({"query": COUNT})
    got, head = server.request("GET", path), server.request("HEAD", path)
    assert head.status == 200
    assert head.body == b""
    volatile = {"date"}
    assert {k: v for k, v in head.headers.items() if k not in volatile} == {
        k: v for k, v in got.headers.items() if k not in volatile
    }


def test_head_of_a_bad_query_has_its_status(server: Server):
    assert server.request("HEAD", "/sparql?query=SELEC").status == 400


def test_options_tell_methods_and_let_other_origins_ask(server: Server):
    answer = server.request("OPTIONS", "/sparql")
    assert answer.status == 204
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "content-type" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize("path", ["/sparql?query=ASK{}", "/sparql?query=ASK{", "/livez", "/page"])
def test_each_answer_names_the_release(server: Server, path: str):
    assert server.request("GET", path).headers["x-allegiance-release"] == RELEASE


@pytest.mark.parametrize("query", ["ASK {}", "ASK {"])
def test_other_origins_may_read_answers_and_errors(server: Server, query: str):
    assert server.get(query).headers["access-control-allow-origin"] == "*"


def test_other_origins_may_send_and_see_what_the_endpoint_knows(server: Server):
    answer = server.request("OPTIONS", "/sparql", headers={"Origin": "https://example.org"})
    for name in ("if-none-match", "content-encoding", "content-type", "x-query-id"):
        assert name in answer.headers["access-control-allow-headers"]
    seen = server.get("ASK {}").headers["access-control-expose-headers"]
    for name in ("etag", "x-allegiance-release", "x-allegiance-max-rows", "retry-after"):
        assert name in seen


@pytest.mark.parametrize("text", ["100%41", "a+b", "ü €", "a&b=c", "%25"])
def test_percent_signs_are_decoded_once(server: Server, text: str):
    query = f'SELECT ("{text}" AS ?x) {{}}'
    for answer in (server.get(query), server.post(form(query=query), FORM)):
        (row,) = json.loads(answer.body)["results"]["bindings"]
        assert row["x"]["value"] == text


def test_a_query_with_a_byte_order_mark_and_crlf_is_understood(server: Server):
    assert server.post(b"\xef\xbb\xbfASK\r\n{}", QUERY).status in (200, 400)
    assert server.post(b"ASK\r\n{}", QUERY).status == 200


# Datasets


def rows(answer) -> int:
    return len(json.loads(answer.body)["results"]["bindings"])


def test_default_graph_uri_chooses_the_default_graph(server: Server):
    answer = server.get("SELECT * { ?s ?p ?o }", **{"default-graph-uri": f"{BASE}graph"})
    assert rows(answer) == 1


def test_named_graph_uri_alone_leaves_the_default_graph_empty(server: Server):
    fields = {"named-graph-uri": f"{BASE}graph"}
    assert rows(server.get("SELECT * { ?s ?p ?o }", **fields)) == 0
    assert rows(server.get("SELECT * { GRAPH ?g { ?s ?p ?o } }", **fields)) == 1


def test_the_dataset_of_the_request_goes_before_that_of_the_query(server: Server):
    query = f"SELECT * FROM <{BASE}words> {{ ?s ?p ?o }}"
    assert rows(server.get(query)) > 1
    assert rows(server.get(query, **{"default-graph-uri": f"{BASE}graph"})) == 1


def test_a_direct_post_takes_its_dataset_from_the_address(server: Server):
    path = "/sparql?" + urllib.parse.urlencode({"default-graph-uri": f"{BASE}graph"})
    assert rows(server.post(b"SELECT * { ?s ?p ?o }", QUERY, path=path)) == 1


def test_a_graph_name_that_is_no_iri_is_refused(server: Server):
    answer = server.get("ASK {}", **{"default-graph-uri": "no iri"})
    assert answer.status == 400
    assert "IRI" in str(answer.problem["detail"])


# What breaks the protocol


def test_no_query_says_how_to_send_one(server: Server):
    for answer in (server.request("GET", "/sparql?qeury=ASK{}"), server.post(b"", FORM)):
        assert answer.status == 400
        assert "/sparql?query=" in str(answer.problem["help"])


def test_two_queries_are_refused(server: Server):
    assert server.request("GET", "/sparql?query=ASK{}&query=ASK{}").status == 400
    assert server.post(b"query=ASK{}", FORM, path="/sparql?query=ASK{}").status == 400


@pytest.mark.parametrize("path", ["/sparql?query=ASK%FF{}", "/sparql?query=%ED%A0%80"])
def test_a_query_that_is_not_utf8_is_refused(server: Server, path: str):
    answer = server.request("GET", path)
    assert answer.status == 400
    assert "UTF-8" in str(answer.problem["detail"])
    assert server.post(b"ASK \xff {}", QUERY).status == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused_with_those_that_are_allowed(server: Server, method: str):
    answer = server.request(method, "/sparql?query=ASK{}")
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize(
    "media", ["text/plain", "application/json", "", f"{QUERY}; charset=utf-16", "nonsense"]
)
def test_other_media_types_are_refused_with_those_that_are_taken(server: Server, media: str):
    answer = server.post(b"ASK {}", media)
    assert answer.status == 415
    assert "UTF-8" in str(answer.problem) or QUERY in str(answer.problem["help"])


@pytest.mark.parametrize(
    "update",
    [
        "INSERT DATA { <a:a> <a:b> 1 }",
        "# note\nPREFIX a: <a:> DELETE WHERE { ?s ?p ?o }",
        "CLEAR ALL",
        "LOAD <http://127.0.0.1:1/>",
        "drop all",
        "WITH <a:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
    ],
)
def test_an_update_is_refused_as_read_only(server: Server, update: str):
    assert server.get(update).status == 400
    assert "update" in str(server.get(update).problem["detail"])
    assert server.post(form(update=update), FORM).status == 403
    assert server.post(update.encode(), "application/sparql-update").status == 403
    assert server.request("GET", f"/sparql?{form(update=update).decode()}").status == 403
    assert count(server.get(COUNT).body) == SIZE


def test_a_long_query_is_taken_by_post_and_refused_in_the_address(server: Server):
    query = f"ASK {{ VALUES ?x {{ {' '.join(map(str, range(9000)))} }} }}"
    assert server.get(query).status == 414
    assert "POST" in str(server.get(query).problem["help"])
    assert server.post(query.encode(), QUERY).status == 200


def test_a_body_over_the_limit_is_refused_declared_or_not(server: Server):
    for size in (1024 * 1024 + 1, 5 * 1024 * 1024):
        assert server.post(b"ASK {} #".ljust(size), QUERY).status == 413
    assert server.post(b"ASK {} #".ljust(1024 * 1024), QUERY).status == 200
    connection = server.raw()
    with connection:
        connection.sendall(
            b"POST /sparql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            + f"Content-Type: {QUERY}\r\n\r\n".encode()
        )
        for _ in range(20):
            connection.sendall(b"%x\r\n%s\r\n" % (65536, b"#" * 65536))
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


def test_a_chunked_body_is_read_whole(server: Server):
    with server.raw() as connection:
        connection.sendall(
            b"POST /sparql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            b"Connection: close\r\nContent-Type: application/sparql-query\r\n\r\n"
            b"3\r\nASK\r\n3\r\n {}\r\n0\r\n\r\n"
        )
        said = b""
        while data := connection.recv(65536):
            said += data
    assert said.startswith(b"HTTP/1.1 200")
    assert said.endswith(b'"boolean":true}')


def test_an_http_10_client_gets_a_whole_answer(server: Server):
    with server.raw() as connection:
        connection.sendall(b"GET /sparql?query=ASK%7B%7D HTTP/1.0\r\n\r\n")
        said = b""
        while data := connection.recv(65536):
            said += data
    assert said.endswith(b'"boolean":true}')
    assert b"chunked" not in said


def test_an_address_that_is_not_ascii_is_a_clear_error(server: Server):
    with server.raw() as connection:
        connection.sendall(b"GET /page?x=\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")


# How the server is


def test_livez_and_readyz_answer_json(server: Server):
    assert json.loads(server.request("GET", "/livez").body) == {"status": "alive"}
    ready = server.request("GET", "/readyz")
    assert ready.status == 200
    assert json.loads(ready.body) == {
        "status": "ready",
        "release": RELEASE,
        "warnings": ["a warning"],
    }
    assert server.request("POST", "/readyz").status == 405


def test_other_addresses_are_for_the_pages(server: Server):
    assert server.request("GET", "/some/page").body == b"page GET /some/page "
