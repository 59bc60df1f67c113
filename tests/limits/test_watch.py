"""Ending queries by id, counting, logging, proxies, and clients that are slow on purpose."""

import http.client
import json
import re
import shutil
import socket
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serve.running_server import Running, kill, run, until
from sparql.media import GRAPHS, RESULTS

from .asking import ENDLESS, RUNAWAY, ask, drain, metric, port, send

WORKING = 'readers{state="working"}'
SENDING = 'readers{state="sending"}'
MEDIA = [*RESULTS, *GRAPHS]


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("watched") / "isles"
    shutil.copytree(folder, path)
    arguments = ("--fronts", "2", "--timeout", "20", "--log", "json", "--log-slow", "1000")
    with Running(str(path), "--port", "0", *arguments) as running:
        yield running


def open_runaway(server: Running, query: str = RUNAWAY) -> socket.socket:
    path = "/sparql?" + urllib.parse.urlencode({"query": query})
    connection = socket.create_connection(("127.0.0.1", port(server)), timeout=20)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nAccept: text/csv\r\n\r\n".encode())
    return connection


def test_a_query_ends_by_the_id_its_client_gave(server: Running):
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, server, RUNAWAY, **{"X-Query-Id": "mine-1"})
        until(lambda: metric(server, WORKING) == 1)
        began = time.monotonic()
        # From as many connections as reach both fronts.
        assert send(server, "DELETE", "/queries/mine-1").status == 204
        told = asked.result()
        assert time.monotonic() - began < 1
    assert told.status == 503
    assert told.problem == "cancelled"
    assert told.headers["x-query-id"] == "mine-1"
    until(lambda: metric(server, WORKING) == 0, 1)
    assert send(server, "DELETE", "/queries/mine-1").status == 404


def test_each_front_can_end_a_query_of_the_other(server: Running):
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, server, RUNAWAY, **{"X-Query-Id": f"n{n}"}) for n in range(4)]
        until(lambda: metric(server, WORKING) == 4)
        for number in range(4):
            assert send(server, "DELETE", f"/queries/n{number}").status == 204
        assert {one.result().problem for one in asked} == {"cancelled"}


def test_an_id_that_is_none_is_replaced(server: Running):
    for bad in ("a b", "x" * 65, "é"):
        told = send(server, "GET", "/sparql?query=ASK%7B%7D", headers={"X-Query-Id": bad})
        assert re.fullmatch("[0-9a-f]{32}", told.headers["x-query-id"])


def test_a_client_that_hangs_up_ends_its_query(server: Running):
    connection = open_runaway(server)
    until(lambda: metric(server, WORKING) == 1)
    connection.close()
    assert until(lambda: metric(server, WORKING) == 0) < 1


def test_clients_that_read_slowly_take_no_places_from_others(server: Running):
    held = [open_runaway(server, ENDLESS) for _ in range(12)]
    try:
        until(lambda: metric(server, SENDING) == 12, 15)
        assert ask(server, "ASK {}").status == 200
        with ThreadPoolExecutor(1) as pool:
            # A slow one finds a place too.
            asked = pool.submit(ask, server, RUNAWAY, **{"X-Query-Id": "slow"})
            until(lambda: metric(server, 'readers{state="slow"}') == 1, 3)
            send(server, "DELETE", "/queries/slow")
            assert asked.result().problem == "cancelled"
    finally:
        for connection in held:
            connection.close()
    until(lambda: metric(server, SENDING) == 0)


def test_clients_that_write_slowly_take_no_places_from_others(server: Running):
    held = []
    for _ in range(100):
        connection = socket.create_connection(("127.0.0.1", port(server)), timeout=20)
        connection.sendall(b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nq")
        held.append(connection)
    try:
        began = time.monotonic()
        assert ask(server, "ASK { ?slow ?writers ?wait }").status == 200
        assert time.monotonic() - began < 1
    finally:
        for connection in held:
            connection.close()


def test_metrics_are_counted_over_all_fronts(server: Running):
    before = metric(server, "queries_total")
    with ThreadPoolExecutor(4) as pool:
        for one in [pool.submit(ask, server, "ASK {}") for _ in range(40)]:
            assert one.result().status == 200
    until(lambda: metric(server, "queries_total") + metric(server, "hits_total") >= before + 40)
    page = send(server, "GET", "/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in page.body.decode().splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+(\{\w+=\"[^\"]*\"\})? [\d.e+-]+", line), line


def test_a_front_that_was_killed_leaves_no_wrong_figures(own: Path):
    arguments = ("--fronts", "2", "--timeout", "60", "--log", "none")
    with Running(str(own), "--port", "0", *arguments) as server:
        assert ask(server, "ASK {}").status == 200
        held = [open_runaway(server) for _ in range(4)]
        until(lambda: metric(server, WORKING) == 4)
        before = metric(server, 'requests_total{status="200"}')
        fronts = server.all("allegiance.cli.front")
        assert len(fronts) == 2
        for front in fronts:
            kill(front)
        until(lambda: len(server.all("allegiance.cli.front") - fronts) == 2)
        # What worked for them has ended; only this request is being answered, by one connection.
        until(lambda: _asked(server, "in_flight") == 1)
        until(lambda: _asked(server, "connections") == 1)
        until(lambda: _asked(server, WORKING) == 0)
        assert metric(server, 'requests_total{status="200"}') >= before
        for connection in held:
            connection.close()


def _asked(server: Running, name: str) -> float:
    """Return a figure; -1 when the front that was asked was just killed."""
    try:
        return metric(server, name)
    except (OSError, http.client.HTTPException):
        return -1


@pytest.mark.parametrize("media", MEDIA)
def test_an_answer_that_is_ended_by_its_id_never_looks_whole(server: Running, media: str):
    query = ENDLESS
    if media in GRAPHS:
        query = ENDLESS.replace("SELECT *", "CONSTRUCT { ?a ?e ?i }")
    path = "/sparql?" + urllib.parse.urlencode({"query": query})
    with socket.create_connection(("127.0.0.1", port(server)), timeout=20) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: a\r\nAccept: {media}\r\nX-Query-Id: ended\r\n\r\n"
        connection.sendall(head.encode())
        begun = connection.recv(12, socket.MSG_WAITALL)
        assert begun == b"HTTP/1.1 200"
        assert send(server, "DELETE", "/queries/ended").status == 204
        try:
            rest = drain(connection)
        except ConnectionError:
            rest = b""
    assert not rest.endswith(b"0\r\n\r\n")


def test_a_line_a_request_says_what_was_done_and_holds_no_query(own: Path):
    secret = "SELECT ('secret-word' AS ?x) {}"
    with Running(str(own), "--port", "0", "--log", "json", "--timeout", "1") as server:
        ask(server, secret)
        ask(server, RUNAWAY)
        send(server, "GET", "/%0a%1b[31mforged%20line")
        send(server, "GET", "/livez", headers={"X-Query-Id": 'a"b'})
    lines = [json.loads(line) for line in server.err.splitlines() if line.startswith("{")]
    assert all(
        set(line) >= {"time", "id", "method", "path", "status", "seconds", "bytes"}
        for line in lines
    )
    assert any(line.get("rows") == 1 and line.get("query") for line in lines)
    assert any(line.get("limit") == "time" and line["status"] == 504 for line in lines)
    assert "secret-word" not in server.err
    assert "\x1b" not in server.err


def test_a_plain_line_cannot_be_forged(own: Path):
    with Running(str(own), "--port", "0", "--log", "plain") as server:
        send(server, "GET", "/a%0astatus=200%20forged=1%E2%80%AE")
    (line,) = [line for line in server.err.splitlines() if "forged" in line]
    assert "\\n" in line
    assert "‮" not in line


def test_slow_queries_are_written_with_their_text(own: Path):
    arguments = ("--log", "none", "--log-slow", "0.5", "--timeout", "1")
    with Running(str(own), "--port", "0", *arguments) as server:
        ask(server, "ASK {}")
        ask(server, RUNAWAY)
    (line,) = [json.loads(line) for line in server.err.splitlines() if line.startswith("{")]
    assert line["slow"] is True
    assert line["text"] == RUNAWAY


def test_behind_a_proxy_the_client_and_the_path_are_those_it_tells(own: Path):
    arguments = ("--base-path", "/graph", "--trust-proxy", "127.0.0.1", "--log", "json")
    with Running(str(own), "--port", "0", *arguments) as server:
        headers = {"X-Forwarded-For": "198.51.100.7, 127.0.0.1", "X-Forwarded-Proto": "https"}
        assert send(server, "GET", "/graph/sparql?query=ASK%7B%7D", headers=headers).status == 200
        assert send(server, "GET", "/sparql?query=ASK%7B%7D", headers=headers).status == 200
    assert "198.51.100.7" in server.err


def test_who_is_not_trusted_cannot_say_who_it_is(own: Path):
    with Running(str(own), "--port", "0", "--log", "json") as server:
        send(server, "GET", "/livez", headers={"X-Forwarded-For": "198.51.100.7"})
    assert "198.51.100.7" not in server.err


def test_settings_are_told_with_their_source(own: Path):
    with (own / "allegiance.toml").open("a") as file:
        file.write("\n[serve]\ntimeout = 7\nmemory = '64M'\nrows = 5\n")
    ended = run(
        "serve", str(own), "--print-settings", "--rows", "6",
        env={**__import__("os").environ, "ALLEGIANCE_BODY": "2K"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    told = {line.split()[0]: line.split()[1:] for line in ended.stdout.splitlines()}
    assert told["timeout"] == ["7.0", "allegiance.toml"]
    assert told["memory"] == [str(64 * 1024**2), "allegiance.toml"]
    assert told["rows"] == ["6", "flag"]
    assert told["body"] == ["2048", "variable"]
    assert told["readers"] == ["16", "default"]


@pytest.mark.parametrize(
    ("line", "words"),
    [("tmeout = 3", "no setting"), ("timeout = 'x'", "timeout"), ("memory = '1K'", "too small")],
)
def test_a_setting_that_cannot_be_is_told(own: Path, line: str, words: str):
    with (own / "allegiance.toml").open("a") as file:
        file.write(f"\n[serve]\n{line}\n")
    ended = run("serve", str(own), "--print-settings")
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_idle_it_takes_little_memory(own: Path):
    with Running(str(own), "--port", "0", "--fronts", "2") as server:
        assert ask(server, "ASK {}").status == 200
        total = 0
        for pid in [server.process.pid, *server.children]:
            told = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss: +(\d+)", told, re.MULTILINE)[1])
    assert total < 200 * 1024
