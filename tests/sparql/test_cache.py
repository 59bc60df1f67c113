"""Answers given again, tags, and what has neither: RFC 9110, sections 8.8.3 and 13.1.2."""

import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from allegiance.sparql import Limits, control
from allegiance.sparql.cache import Cache, Kept, repeatable

from .served import Answer, Server, front
from .small import BASE


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[Server]:
    with front(store, Limits(seconds=10)) as running:
        yield running


def get(server: Server, query: str, method: str = "GET", **headers: str) -> Answer:
    path = "/sparql?" + urllib.parse.urlencode({"query": query})
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.request(method, path, headers=names)


def hit(answer: Answer) -> bool:
    return "hit" in answer.headers.get("cache-status", "")


SELECT = "SELECT * { ?s ?p ?o } ORDER BY ?s LIMIT 100"
LONG = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 5000"
DIFFERS = [
    "SELECT (RAND() AS ?x) {}",
    "SELECT (now() AS ?x) {}",
    "SELECT (UUID() AS ?x) {}",
    "SELECT (StrUUID() AS ?x) {}",
    "SELECT (BNODE() AS ?x) {}",
    "CONSTRUCT { _:b ?p ?o } { ?s ?p ?o } LIMIT 1",
    "CONSTRUCT { [] ?p ?o } { ?s ?p ?o } LIMIT 1",
    "CONSTRUCT { ?s ?p (1 2) } { ?s ?p ?o } LIMIT 1",
    "CONSTRUCT { << ?s ?p ?o >> ?p 1 } { ?s ?p ?o } LIMIT 1",
]


@pytest.mark.parametrize("query", [SELECT, LONG, f"DESCRIBE <{BASE}s1>", "ASK { ?s ?p 1 }"])
def test_the_second_answer_is_the_first_again(server: Server, query: str):
    first, second = get(server, query), get(server, query)
    assert not hit(first)
    assert hit(second)
    assert first.body == second.body
    for name in ("etag", "content-type", "vary", "cache-control", "x-allegiance-release"):
        assert first.headers[name] == second.headers[name]


def test_get_post_and_head_share_answers(server: Server):
    query = f"{SELECT} #shared"
    first = get(server, query)
    post = server.post(query.encode(), "application/sparql-query")
    assert hit(post)
    assert post.body == first.body
    assert "etag" not in post.headers
    head = get(server, query, "HEAD")
    assert hit(head)
    assert head.body == b""
    assert head.headers["content-length"] == str(len(first.body))
    assert head.headers["etag"] == first.headers["etag"]


def test_each_representation_has_a_tag_of_its_own(server: Server):
    tags = [
        get(server, SELECT, Accept=accept, Accept_Encoding=coding).headers["etag"]
        for accept in ("text/csv", "application/json", "application/sparql-results+json")
        for coding in ("identity", "gzip", "zstd")
    ]
    assert len(set(tags)) == 9
    assert all(tag.startswith('"') for tag in tags)


def test_each_dataset_and_number_of_rows_has_a_tag_of_its_own(server: Server):
    path = "/sparql?" + urllib.parse.urlencode({"query": SELECT})
    more = ("", "&max-rows=1", "&max-rows=2")
    for graph in ("graph", "words"):
        name = urllib.parse.quote(BASE + graph)
        more += (f"&default-graph-uri={name}", f"&named-graph-uri={name}")
    tags = {server.request("GET", path + fields).headers["etag"] for fields in more}
    assert len(tags) == len(more)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_client_that_has_the_answer_is_told_so(server: Server, method: str):
    tag = get(server, SELECT).headers["etag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = get(server, SELECT, method, If_None_Match=given)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == tag
        assert "vary" in answer.headers
    assert get(server, SELECT, If_None_Match='"other"').status == 200


def test_a_tag_counts_only_after_an_answer(store: Path, server: Server):
    query = f"{SELECT} #unanswered"
    tag = get(server, query).headers["etag"]
    with front(store, Limits(seconds=10)) as other:
        assert get(other, query, If_None_Match="*").status == 200
        assert get(other, query, If_None_Match=tag).status == 304


def test_a_tag_of_an_answer_that_was_too_long_to_keep_counts(server: Server):
    query = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 60000"
    first, second = get(server, query), get(server, query)
    assert len(first.body) > 4 * 1024 * 1024
    assert not hit(second)
    assert get(server, query, If_None_Match=first.headers["etag"]).status == 304


@pytest.mark.parametrize("query", DIFFERS)
def test_what_may_differ_is_neither_kept_nor_tagged(server: Server, query: str):
    for _ in range(2):
        answer = get(server, query, If_None_Match="*")
        assert answer.status == 200
        assert "etag" not in answer.headers
        assert "cache-status" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"


def test_two_random_numbers_differ(server: Server):
    assert get(server, DIFFERS[0]).body != get(server, DIFFERS[0]).body


def test_errors_are_neither_kept_nor_tagged(server: Server):
    for query in ("SELECT", "SELECT * {", "SELECT (COUNT(*) AS ?n) { SERVICE <a:a> {} }"):
        for _ in range(2):
            answer = get(server, query)
            assert answer.status in (400, 403)
            assert "etag" not in answer.headers
            assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "query",
    [
        SELECT,
        "SELECT ?rand { ?rand ?now ?uuid }",
        'SELECT * { ?s ?p "NOW()" }',
        "SELECT * { [] ?p ?o . _:b ?p ?o }",
        "CONSTRUCT { ?s ?p ?o } { ?s ?p [] FILTER(?o > 1) }",
        "CONSTRUCT WHERE { ?s ?p ?o }",
        "# RAND()\nASK {}",
        "PREFIX now: <a:> SELECT * { ?s now:b ?o }",
    ],
)
def test_what_cannot_differ_may_be_kept(query: str):
    assert repeatable(query)


@pytest.mark.parametrize("query", [*DIFFERS, "CONSTRUCT WHERE { [] ?p ?o }", "ASK{SERVICE<a:a>{}}"])
def test_what_may_differ_is_known(query: str):
    assert not repeatable(query)


def test_a_group_comes_in_the_same_order_from_each_reader(store: Path):
    query = "SELECT ?p (COUNT(*) AS ?n) (SAMPLE(?s) AS ?x) { ?s ?p ?o } GROUP BY ?p"
    bodies = set()
    for _ in range(3):
        with front(store, Limits()) as server:
            bodies.add(get(server, query).body)
    assert len(bodies) == 1


def test_the_cache_is_bounded_and_drops_what_was_not_used():
    cache = Cache(16 * 100)
    for number in range(20):
        cache.get("0")
        cache.put(str(number), Kept([], bytes(100)))
    assert cache.get("0") is not None
    assert cache.get("1") is None
    assert cache.get("19") is not None
    cache.put("long", Kept([], bytes(101)))
    assert cache.get("long") is None


def test_an_answer_of_another_release_goes_under_no_name(store: Path):
    query = f"{SELECT} #switched"
    with front(store, Limits()) as server:
        assert "etag" in get(server, f"{query} before").headers
        told = control.order(server.socket, {"do": "open", "store": str(store), "name": "next"})
        assert told == {"opened": True}
        for _ in range(2):
            answer = get(server, query)
            assert answer.status == 200
            assert not hit(answer)
            assert "etag" not in answer.headers
