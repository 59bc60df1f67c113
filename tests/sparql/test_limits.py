"""Every query ends at its limit, whatever it does, and nobody else notices."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from allegiance.sparql import Limits, Readers, Stopped
from allegiance.sparql.pool import Places
from allegiance.sparql.processes import wait_for_host

from .served import Server, front, until
from .small import ENDLESS, RUNAWAY

SORT = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a ?h ?f"
ALL_THREE = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i"
LONG = "CONCAT(STR(?a), STR(?d), STR(?g))"
RUNAWAYS = {
    "product": RUNAWAY,
    "sort": f"SELECT (MAX({LONG}) AS ?n) {{ {ALL_THREE} }}",
    "distinct": "SELECT (COUNT(DISTINCT *) AS ?n) { ?a ?b ?c . ?d ?e ?f . FILTER(?a != ?d) }",
    "path": "SELECT (COUNT(*) AS ?n) { ?a (!<a:a>|^!<a:a>)* ?b . ?c (!<a:a>|^!<a:a>)* ?d }",
    "regex": f'SELECT * {{ {ALL_THREE} . FILTER REGEX({LONG}, "(x+x+)+y") }}',
    "optional": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c OPTIONAL { ?d ?e ?f OPTIONAL { ?g ?h ?i } } }",
    "negation": "SELECT * { ?a ?b ?c . ?d ?e ?f FILTER NOT EXISTS { ?x ?y ?z FILTER(?x != ?d) } }",
    "construct": f"CONSTRUCT {{ ?a ?e ?i }} {{ {ALL_THREE} . FILTER(STRLEN({LONG}) > 1000) }}",
}


@pytest.mark.parametrize("name", RUNAWAYS)
def test_a_runaway_gets_a_whole_504_soon_after_the_limit(strict: Server, name: str):
    began = time.monotonic()
    answer = strict.get(RUNAWAYS[name])
    took = time.monotonic() - began
    assert answer.status in (503, 504)
    assert "limit is" in str(answer.problem["detail"])
    if answer.status == 504:
        assert 0.5 <= took < 1.5
    until(lambda: not strict.readers(), 1)


def test_after_a_runaway_the_next_query_is_answered_at_once(strict: Server):
    assert strict.get(RUNAWAY).status == 504
    assert json.loads(strict.get("ASK {}").body)["boolean"] is True
    until(lambda: not strict.works(), 0.2)


def test_quick_queries_are_answered_while_runaways_run(strict: Server):
    with ThreadPoolExecutor(4) as pool:
        runaways = [pool.submit(strict.get, RUNAWAY) for _ in range(4)]
        until(lambda: len(strict.readers()) == 4)
        for _ in range(5):
            assert strict.get("ASK {}").status == 200
        assert {one.result().status for one in runaways} == {504}


def test_a_sort_beyond_the_memory_limit_gets_a_whole_503(strict: Server):
    answer = strict.get(SORT)
    assert answer.status == 503
    assert answer.headers["retry-after"]
    assert "64 MiB" in str(answer.problem["detail"])
    assert strict.get("ASK {}").status == 200


@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGKILL])
def test_a_query_whose_reader_crashes_gets_a_500_and_nobody_else_notices(
    server: Server, how: signal.Signals
):
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(server.get, RUNAWAY)
        until(lambda: server.status()["working"] == 1)
        for reader in server.readers():
            os.kill(reader, how)
        answer = asked.result()
    assert answer.status == 500
    assert "its process ended" in str(answer.problem["detail"])
    assert server.get("ASK {}").status == 200


def test_an_answer_that_cannot_be_finished_is_broken_off(strict: Server):
    """Its status went out with its first bytes, so it must not look whole."""
    path = "/sparql?" + urllib.parse.urlencode({"query": ENDLESS})
    with strict.raw() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        end = b""
        while data := connection.recv(1 << 20):
            end = (end + data)[-64:]
    assert not end.endswith(b"0\r\n\r\n")
    assert not strict.readers()


def test_a_client_that_leaves_ends_its_reader(server: Server):
    path = "/sparql?" + urllib.parse.urlencode({"query": RUNAWAY})
    connection = server.raw()
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    until(lambda: len(server.readers()) == 1)
    connection.close()
    assert until(lambda: not server.readers()) < 1


def test_a_client_that_leaves_in_mid_answer_ends_its_reader(server: Server):
    path = "/sparql?" + urllib.parse.urlencode({"query": ENDLESS})
    connection = server.raw()
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    connection.close()
    assert until(lambda: not server.readers()) < 1


def test_clients_that_do_not_read_take_no_place_from_those_who_ask_for_little(store: Path):
    path = "/sparql?" + urllib.parse.urlencode({"query": ENDLESS})
    with (
        front(store, Limits(seconds=20), places=Places(sending=2)) as server,
        ExitStack() as unread,
    ):
        for _ in range(2):
            connection = unread.enter_context(server.raw())
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            assert connection.recv(12) == b"HTTP/1.1 200"
        assert server.status()["sending"] == 2
        assert [server.get("ASK {}").status for _ in range(20)] == [200] * 20
        assert server.status()["sending"] == 2


def test_a_client_that_does_not_read_ends_its_reader(strict: Server):
    path = "/sparql?" + urllib.parse.urlencode({"query": ENDLESS})
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", strict.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        until(lambda: len(strict.readers()) == 1)
        until(lambda: not strict.readers(), 5)


def test_an_answer_taken_slowly_is_whole_beyond_the_time_limit(strict: Server):
    """Once its first bytes are out, only the work of the reader itself counts."""
    path = "/sparql?" + urllib.parse.urlencode(
        {"query": "SELECT ?a ?d { ?a ?b ?c . ?d ?e ?f } LIMIT 60000"}
    )
    with strict.raw() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        began, said = time.monotonic(), b""
        while data := connection.recv(1 << 17):
            said += data
            time.sleep(0.03)
    assert time.monotonic() - began > 0.7
    assert said.endswith(b"0\r\n\r\n")


def test_the_readers_of_a_thread_have_the_same_limits(store: Path):
    from allegiance.sparql.processes import serving

    with serving(store, "https://example.org/", Limits(seconds=20)) as readers:
        assert readers.ask("ASK {}", results="csv") == b"true"
        with pytest.raises(Stopped, match=r"limit is 0.3 s"):
            readers.ask(RUNAWAY, seconds=0.3)
        with pytest.raises(Stopped), readers.stream(ENDLESS, seconds=0.3) as answer:
            assert answer.kind == "solutions"
            for _ in answer:
                pass


def test_a_query_that_runs_when_the_server_ends_is_told_so(store: Path):
    with ThreadPoolExecutor(1) as pool:
        with front(store, Limits(seconds=60), drain=1) as server:
            asked = pool.submit(server.get, RUNAWAY)
            until(lambda: len(server.readers()) == 1)
        answer = asked.result()
    assert answer.status == 503
    assert "stopping" in str(answer.problem["detail"])


def test_more_queries_than_readers_wait_in_line(store: Path, tmp_path: Path):
    readers = Readers(tmp_path / "s", Limits(seconds=0.5))
    command = [sys.executable, "-m", "allegiance.sparql.host", str(store), str(readers.socket)]
    with subprocess.Popen([*command, "--readers", "2"]) as host:
        try:
            until(readers.socket.exists)
            wait_for_host(host, readers)
            with ThreadPoolExecutor(8) as pool:
                runaways = [pool.submit(_code, readers) for _ in range(4)]
                time.sleep(0.2)
                assert readers.ask("ASK {}") == b'{"head":{},"boolean":true}'
                assert [one.result() for one in runaways] == ["time"] * 4
        finally:
            host.terminate()


def _code(readers: Readers) -> str:
    with pytest.raises(Stopped) as caught:
        readers.ask(RUNAWAY)
    return caught.value.problem.code
