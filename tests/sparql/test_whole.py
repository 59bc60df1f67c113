"""No answer with status 200 is cut or broken: each format, under each limit, by HTTP/1.0 too."""

import csv
import gzip
import http.client
import io
import json
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from pyoxigraph import Triple, parse, parse_query_results

from allegiance.sparql import Limits

from .media import GRAPHS, RESULTS
from .served import Server, front, until
from .small import ENDLESS, RUNAWAY

MANY = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 5000"
TRIPLES = "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }"
ENDLESS_GRAPH = ENDLESS.replace("SELECT *", "CONSTRUCT { ?a ?e ?i }")
LATE = "SELECT * { ?a ?b ?c . ?d ?e ?f FILTER(?a != ?d || ?c < ?f) } ORDER BY ?f"
MEMORY = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?i ?f ?c"
ENDING = [RUNAWAY, ENDLESS, LATE, MEMORY]


@pytest.fixture(scope="module")
def tight(store: Path) -> Iterator[Server]:
    with front(store, Limits(seconds=0.3, memory=48 * 1024**2, send_seconds=1)) as running:
        yield running


@pytest.fixture(scope="module", params=["rows", "bytes"])
def small_answers(store: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    limits = Limits(seconds=5, rows=1500) if request.param == "rows" else Limits(bytes=100_000)
    with front(store, limits) as running:
        yield running


def ask(server: Server, query: str, accept: str, coding: str, version: int) -> int:
    """Ask, and return the status; 0 for an answer that broke off. One of 200 must be whole."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection._http_vsn = version
    connection._http_vsn_str = f"HTTP/{version / 10}"
    path = "/sparql?" + urllib.parse.urlencode({"query": query})
    try:
        connection.request("GET", path, headers={"Accept": accept, "Accept-Encoding": coding})
        answer = connection.getresponse()
        if version == 10:
            assert answer.getheader("transfer-encoding") is None
            assert answer.getheader("content-length") is not None
        body = answer.read()
        said = answer.getheader("content-encoding")
    except (http.client.IncompleteRead, ConnectionError, http.client.RemoteDisconnected):
        assert version == 11, "HTTP/1.0 cannot tell that an answer broke off"
        return 0
    finally:
        connection.close()
    if answer.status != 200:
        assert json.loads(body)["status"] == answer.status
        return answer.status
    if said == "gzip":
        body = gzip.decompress(body)
    elif said == "zstd":
        reader = zstandard.ZstdDecompressor().decompressobj()
        body = reader.decompress(body)
        assert reader.eof
    read(body, accept)
    return 200


def read(body: bytes, media: str) -> None:
    """Read a body with a strict parser; fail when it is not whole."""
    if media in GRAPHS:
        list(parse(body, format=GRAPHS[media]))
        if media == "application/ld+json":
            json.loads(body)
        elif media != "application/rdf+xml":
            assert body.endswith(b".\n")
        return
    if media == "text/csv":
        rows = list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))
        assert len({len(row) for row in rows}) == 1
        assert body.endswith(b"\r\n")
        return
    if media.endswith("json"):
        json.loads(body)
    elif media.endswith("xml"):
        ET.fromstring(body)
    else:
        assert body.endswith(b"\n")
    list(parse_query_results(body, format=RESULTS[media]))


@pytest.mark.parametrize("version", [10, 11])
@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize("media", RESULTS)
def test_solutions_are_whole_or_told_to_be_not(
    tight: Server, media: str, coding: str, version: int
):
    # A short time is the limit here: a busy machine may take longer even for few rows.
    until(lambda: ask(tight, MANY, media, coding, version) == 200, 30)
    said = [ask(tight, query, media, coding, version) for query in ENDING]
    assert said[0] == 504
    assert said[1] in ((0, 504) if version == 11 else (504,))
    assert set(said[2:]) <= {0, 200, 503, 504}


@pytest.mark.parametrize("version", [10, 11])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("media", GRAPHS)
def test_graphs_are_whole_or_told_to_be_not(tight: Server, media: str, coding: str, version: int):
    until(lambda: ask(tight, TRIPLES, media, coding, version) == 200, 30)
    said = ask(tight, ENDLESS_GRAPH, media, coding, version)
    assert said in ((0, 503, 504) if version == 11 else (503, 504))


@pytest.mark.parametrize("version", [10, 11])
@pytest.mark.parametrize("media", [*RESULTS, *GRAPHS])
def test_rows_and_bytes_over_the_limit_end_no_answer_in_silence(
    small_answers: Server, media: str, version: int
):
    query = MANY if media in RESULTS else TRIPLES
    said = ask(small_answers, query, media, "identity", version)
    assert said in ((0, 503) if version == 11 else (503,))
    few = "SELECT * { ?s ?p ?o } LIMIT 20" if media in RESULTS else f"{TRIPLES} LIMIT 20"
    assert ask(small_answers, few, media, "identity", version) == 200


# max-rows: the one thing that shortens


def rows(server: Server, query: str, **fields: str) -> tuple[int, str | None]:
    answer = server.get(query, "application/sparql-results+json", **fields)
    assert answer.status == 200
    found = len(json.loads(answer.body)["results"]["bindings"])
    return found, answer.headers.get("x-allegiance-max-rows")


@pytest.mark.parametrize(
    ("query", "most", "want"),
    [
        ("SELECT * { ?s ?p ?o }", "7", (7, "7")),
        ("SELECT * { ?s ?p ?o } # LIMIT 3", "7", (7, "7")),
        ("SELECT * { ?s ?p ?o } LIMIT 5", "7", (5, None)),
        ("SELECT * { ?s ?p ?o } LIMIT 50 OFFSET 2", "7", (7, "7")),
        ("SELECT * { ?s ?p ?o } ORDER BY ?s OFFSET 2 LIMIT 50", "7", (7, "7")),
        ("SELECT * { { SELECT * { ?s ?p ?o } LIMIT 5 } }", "3", (3, "3")),
        ("SELECT * { ?s ?p ?o } VALUES ?p { UNDEF }", "3", (3, "3")),
        ("SELECT (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p HAVING (COUNT(*) > 1)", "2", (2, "2")),
        ("SELECT * { ?s ?p ?o }", "0", (0, "0")),
        ("SELECT ?limit { ?limit ?values ?o }", "4", (4, "4")),
    ],
)
def test_a_client_can_ask_for_fewer_rows(
    server: Server, query: str, most: str, want: tuple[int, str | None]
):
    assert rows(server, query, **{"max-rows": most}) == want


def test_without_that_parameter_nothing_is_shortened(server: Server):
    assert rows(server, "SELECT * { ?s ?p ?o }") == (2000, None)


@pytest.mark.parametrize("most", ["", "-1", "many", "1e3", "٣", "9" * 30])
def test_no_number_of_rows_is_refused(server: Server, most: str):
    assert server.get("SELECT * {}", **{"max-rows": most}).status == 400


def test_what_is_wrong_is_told_in_the_text_that_came(server: Server):
    query = "SELECT * { ?s ?p ?o } LIMIT x"
    told = server.get(query, **{"max-rows": "5"}).problem
    assert told == server.get(query).problem
    assert told["fragment"] == "x"


def test_a_graph_is_not_shortened_and_not_said_to_be(server: Server):
    answer = server.get(TRIPLES, "application/n-triples", **{"max-rows": "1"})
    assert answer.body.count(b"\n") == 2000
    assert "x-allegiance-max-rows" not in answer.headers


# HTTP/1.0, ranges, and RDF 1.1


def test_a_range_is_not_cut_out(server: Server):
    path = "/sparql?" + urllib.parse.urlencode({"query": "SELECT * { ?s ?p ?o } LIMIT 9"})
    whole = server.request("GET", path)
    answer = server.request("GET", path, headers={"Range": "bytes=0-9"})
    assert (answer.status, answer.body) == (200, whole.body)
    assert answer.headers["accept-ranges"] == "none"
    assert "content-range" not in answer.headers


TRIPLE_TERMS = "{ GRAPH <https://example.org/triples> { ?e ?p ?t } }"


@pytest.mark.parametrize("version", ["1.1", "1.2-basic"])
@pytest.mark.parametrize(
    ("query", "media"),
    [(f"CONSTRUCT {{ ?e ?p ?t }} {TRIPLE_TERMS}", media) for media in GRAPHS]
    + [(f"SELECT * {TRIPLE_TERMS}", media) for media in list(RESULTS)[:2]],
)
def test_who_asks_for_rdf_11_gets_no_triple_terms(
    server: Server, query: str, media: str, version: str
):
    answer = server.get(query, f"{media};version={version}")
    assert answer.status == 406
    assert "triple terms" in str(answer.problem["detail"])
    plain = server.get("SELECT * { ?s ?p ?o }" if media in RESULTS else TRIPLES, media)
    asked = f"{media};version={version}"
    old = server.get("SELECT * { ?s ?p ?o }" if media in RESULTS else TRIPLES, asked)
    assert old.status == 200
    assert old.body == plain.body
    assert f"version={version}" in old.headers["content-type"]


@pytest.mark.parametrize("media", ["text/turtle", "application/n-quads", "application/trig"])
def test_who_asks_for_rdf_12_gets_them(server: Server, media: str):
    query = f"CONSTRUCT {{ ?e ?p ?t }} {TRIPLE_TERMS}"
    answer = server.get(query, f"{media}; version=1.2")
    assert "version=1.2" in answer.headers["content-type"]
    (quad,) = parse(answer.body, format=GRAPHS[media])
    assert isinstance(quad.object, Triple)
    assert server.get(query, media).body == answer.body
