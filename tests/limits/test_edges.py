"""Each limit at its edge and one over it; what is over is told as a problem, with the value."""

import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from serve.running_server import Running, until

from .asking import ENDLESS, RUNAWAY, ask, drain, metric, port, raw, send

ROWS = "SELECT ?s { ?s ?p ?o } LIMIT %d"
TURTLE = {"Accept": "text/turtle"}
GRAPH = "CONSTRUCT { ?s ?p ?o } WHERE { SELECT * { ?s ?p ?o } LIMIT %d }"


@pytest.mark.parametrize("query", [ROWS, GRAPH])
@pytest.mark.parametrize("accept", ["text/csv, text/turtle", "*/*", "application/xml"])
def test_rows(tight: Running, query: str, accept: str):
    if query is GRAPH and accept == "application/xml":
        accept = "application/rdf+xml"
    assert ask(tight, query % 100, accept).status in (200, 503)
    over = ask(tight, query % 101, accept)
    assert over.status == 503
    assert over.problem in ("rows", "bytes")
    assert "100 " in over.detail or "20480" in over.detail


def test_rows_at_the_edge_in_a_short_answer(tight: Running):
    query = "SELECT (1 AS ?n) { ?s ?p ?o } LIMIT %d"
    assert ask(tight, query % 100).status == 200
    over = ask(tight, query % 101)
    assert over.problem == "rows"
    assert "more than 100 rows" in over.detail


def test_bytes(tight: Running):
    # The name, a line end, the text, a line end; each line end is two bytes.
    post = {"Content-Type": "application/sparql-query", "Accept": "text/csv"}
    text = 'SELECT (CONCAT(%s) AS ?x) { BIND("%s" AS ?y) }'

    def asked(size: int) -> bytes:
        piece = "a" * 100
        times, rest = divmod(size, 100)
        return (text % (", ".join(["?y"] * times + [f'"{"a" * rest}"']), piece)).encode()

    assert send(tight, "POST", "/sparql", asked(20 * 1024 - 5), post).status == 200
    over = send(tight, "POST", "/sparql", asked(20 * 1024 - 4), post)
    assert over.problem == "bytes"
    assert "20480" in over.detail


def test_body(tight: Running):
    headers = {"Content-Type": "application/sparql-query"}
    edge = b"ASK {}".ljust(4096)
    assert send(tight, "POST", "/sparql", edge, headers).status == 200
    over = send(tight, "POST", "/sparql", edge + b" ", headers)
    assert over.status == 413
    assert "4096 bytes" in over.detail


def test_address(tight: Running):
    path = "/sparql?query=ASK%7B%7D"
    assert send(tight, "GET", path.ljust(2048, "+")).status == 200
    over = send(tight, "GET", path.ljust(2049, "+"))
    assert over.status == 414
    assert over.problem == "length"
    assert "2048 bytes" in over.detail


def test_an_address_of_64_kib_is_told_too(tight: Running):
    assert send(tight, "GET", "/sparql?query=" + "a" * 65536).problem == "length"


def test_header(tight: Running):
    def asked(size: int) -> bytes:
        fields = b"Host: a\r\nConnection: close\r\nX-Pad: \r\n"
        pad = b"a" * (size - len(fields))
        return b"GET /livez HTTP/1.1\r\n" + fields[:-2] + pad + b"\r\n\r\n"

    assert raw(tight, asked(2048)).startswith(b"HTTP/1.1 200")
    over = raw(tight, asked(2049))
    assert over.startswith(b"HTTP/1.1 431")
    assert b"2048 bytes" in over


def test_a_header_field_without_an_end_is_not_kept(tight: Running):
    assert raw(tight, b"GET / HTTP/1.1\r\nX: " + b"a" * 8000).startswith(b"HTTP/1.1 431")


def test_what_is_no_http_is_told(tight: Running):
    answer = raw(tight, b"\x16\x03\x01 hello\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == 400


def test_a_header_that_does_not_come(tight: Running):
    answer = raw(tight, b"GET /livez HTTP/1.1\r\nHost: a\r\n")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"0.5 s" in answer


def test_a_header_and_a_body_that_come_in_time_in_pieces(own):
    pieces = (
        b"POST /sparql HTTP/1.1\r\nHo",
        b"st: a\r\nConnection: close\r\nContent-Type: application/sparql-query\r\nContent-Len",
        b"gth: 6\r\n\r\nAS",
        b"K {}",
    )
    arguments = ("--header-seconds", "20", "--body-seconds", "20")
    with (
        Running(str(own), "--port", "0", *arguments) as server,
        socket.create_connection(("127.0.0.1", port(server)), timeout=20) as connection,
    ):
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.1)
        assert drain(connection).startswith(b"HTTP/1.1 200")


def test_a_body_that_does_not_come(tight: Running):
    head = (
        b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Type: application/sparql-query\r\n"
        b"Content-Length: 100\r\n\r\nASK"
    )
    answer = raw(tight, head)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"body" in answer
    assert b"0.5 s" in answer


def test_a_long_body_at_a_good_pace_may_take_longer(own):
    arguments = ("--body-seconds", "0.3", "--body", "100K")
    with (
        Running(str(own), "--port", "0", *arguments) as server,
        socket.create_connection(("127.0.0.1", port(server)), timeout=20) as connection,
    ):
        connection.sendall(
            b"POST /sparql HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Content-Type: application/sparql-query\r\nContent-Length: 100000\r\n\r\n"
        )
        for piece in range(20):
            connection.sendall(b"ASK {}".ljust(5000) if piece == 0 else b" " * 5000)
            time.sleep(0.05)
        assert drain(connection).startswith(b"HTTP/1.1 200")


def test_a_request_without_a_host_or_with_two_is_refused(tight: Running):
    for fields in (b"", b"Host: a\r\nHost: b\r\n"):
        answer = raw(tight, b"GET /livez HTTP/1.1\r\n" + fields + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 400")
    assert raw(tight, b"GET /livez HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_time(tight: Running):
    began = time.monotonic()
    over = ask(tight, RUNAWAY)
    assert over.status == 504
    # How soon after the limit is measured by the runaways.
    assert time.monotonic() - began >= 2
    assert "limit is 2 s" in over.detail


def test_memory(tight: Running):
    def holding(mebibytes: int) -> str:
        # A text of 64 KiB by doubling; then so many like it, each another, and all kept at once.
        doubled = "".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1}) " for n in range(11))
        numbers = " ".join(map(str, range(mebibytes * 16)))
        return (
            f'SELECT (SUM(STRLEN(?y)) AS ?n) {{ BIND("{"a" * 32}" AS ?x0) {doubled}'
            f"VALUES ?i {{ {numbers} }} BIND(CONCAT(?x11, STR(?i)) AS ?y) }}"
        )

    post = {"Content-Type": "application/sparql-query", "Accept": "text/csv"}
    under = send(tight, "POST", "/sparql", holding(43).encode(), post)
    assert under.status == 200
    assert int(under.body.split()[1]) > 43 * 1024**2
    over = send(tight, "POST", "/sparql", holding(48).encode(), post)
    assert over.status == 503
    assert over.headers["retry-after"]
    assert over.problem == "memory"
    assert "48 MiB" in over.detail


def test_more_slow_queries_than_places_wait_then_are_refused(tight: Running):
    with ThreadPoolExecutor(7) as pool:
        asked = [pool.submit(ask, tight, RUNAWAY) for _ in range(6)]
        until(lambda: metric(tight, 'readers{state="slow"}') == 2, 2)
        for _ in range(10):
            assert ask(tight, "ASK {}").status == 200
        told = [one.result() for one in asked]
    statuses = sorted(one.status for one in told)
    # Two run; of four that are slow too, two find room in the line, and wait in vain for 0.6 s.
    assert statuses == [503, 503, 503, 503, 504, 504]
    for one in told:
        if one.status == 503:
            assert one.problem == "busy"
            assert one.headers["retry-after"]


def test_one_that_waited_is_let_in_and_answered(own):
    slow = (
        "SELECT (COUNT(*) AS ?n) { { SELECT * { ?a ?b ?c } LIMIT 500 } "
        "{ SELECT * { ?d ?e ?f } LIMIT 500 } FILTER(STRLEN(CONCAT(STR(?a), STR(?f))) > 9) }"
    )
    with (
        Running(
            str(own), "--port", "0", "--slow", "1", "--wait", "25", "--timeout", "60"
        ) as server,
        ThreadPoolExecutor(3) as pool,
    ):
        told = [one.result() for one in [pool.submit(ask, server, slow) for _ in range(3)]]
    assert [one.status for one in told] == [200, 200, 200]
    assert len({one.body for one in told}) == 1


def test_connections_up_to_the_limit_are_answered(own):
    with Running(str(own), "--port", "0", "--fronts", "1", "--connections", "5") as server:
        # The one by which it was seen to be ready goes first.
        until(lambda: metric(server, "connections") == 1)
        held = [socket.create_connection(("127.0.0.1", port(server)), timeout=20) for _ in range(5)]
        for connection in held:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        over = raw(server, b"")
        assert over.startswith(b"HTTP/1.1 503")
        assert b"More than 5 connections" in over
        held.pop().close()
        until(lambda: metric(server, "connections") == 5)
        for connection in held:
            connection.close()


def test_connections_over_all_fronts(tight: Running):
    held = [socket.create_connection(("127.0.0.1", port(tight)), timeout=5) for _ in range(70)]
    try:
        refused = 0
        for connection in held:
            connection.settimeout(2)
            refused += drain(connection).startswith(b"HTTP/1.1 503")
        assert refused >= 8
    finally:
        for connection in held:
            connection.close()
    until(lambda: send(tight, "GET", "/livez").status == 200)


def test_requests_a_minute_of_one_client(own):
    with Running(str(own), "--port", "0", "--per-minute", "60", "--fronts", "2") as server:
        passed = 0
        while (over := ask(server, "ASK {}")).status == 200:
            passed += 1
            assert passed < 200, "a bucket without a floor"
        assert passed >= 10
        assert over.status == 429
        assert over.problem == "often"
        assert "more than 60 requests a minute" in over.detail
        assert int(over.headers["retry-after"]) >= 1
        assert send(server, "GET", "/livez").status == 200
        until(lambda: ask(server, "ASK {}").status == 200)
        described = []
        until(
            lambda: (
                described.append(send(server, "GET", "/sparql", headers=TURTLE))
                or described[-1].status == 200
            )
        )
    assert re.search(r"requestsPerMinute>? 60\b", described[-1].body.decode())


def test_each_limit_is_told_in_the_service_description(tight: Running):
    from allegiance.sparql import LIMITS

    told = send(tight, "GET", "/sparql", headers={"Accept": "text/turtle"}).body.decode()
    for limit in LIMITS:
        if limit.name != "per_minute":
            assert re.search(rf"\b{limit.term}\b", told), limit.term


def test_an_endless_answer_never_looks_whole(tight: Running):
    path = "/sparql?query=" + ENDLESS.replace(" ", "+").replace("?", "%3F")
    answer = raw(tight, f"GET {path} HTTP/1.1\r\nHost: a\r\nAccept: text/csv\r\n\r\n".encode())
    assert not (answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"0\r\n\r\n"))
