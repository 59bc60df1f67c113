"""How many there may be at once: queries in flight, running, slow, in line, and long answers.

All by states, which a server tells of itself; one front, so that no share has to be reckoned.
"""

import select
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from serve.running_server import Running, until

from .asking import ENDLESS, RUNAWAY, Told, ask, drain, metric, port, send

SLOW = 'readers{state="slow"}'
WAITING = 'readers{state="waiting"}'
WORKING = 'readers{state="working"}'
SENDING = 'readers{state="sending"}'


@contextmanager
def serving(own: Path, *arguments: str) -> Iterator[Running]:
    common = ("--port", "0", "--fronts", "1", "--timeout", "60", "--log", "none")
    with Running(str(own), *common, *arguments) as server:
        yield server


def end(server: Running, name: str) -> None:
    assert send(server, "DELETE", f"/queries/{name}").status == 204


class Runaways:
    """Runaways in threads, by their ids."""

    def __init__(self, server: Running, pool: ThreadPoolExecutor) -> None:
        self._server = server
        self._pool = pool
        self.asked: dict[str, Future[Told]] = {}

    def begin(self, name: str) -> None:
        self.asked[name] = self._pool.submit(ask, self._server, RUNAWAY, **{"X-Query-Id": name})

    def end(self, name: str) -> None:
        end(self._server, name)
        assert self.asked.pop(name).result(30).problem == "cancelled"

    def end_all(self) -> None:
        for name in list(self.asked):
            self.end(name)


def state(server: Running, slow: int, waiting: int) -> None:
    """Wait until so many slow ones run and so many wait."""
    until(lambda: (metric(server, SLOW), metric(server, WAITING)) == (slow, waiting), 20)


def test_the_line_and_whoever_waits_in_it(own: Path):
    arguments = ("--slow", "1", "--line", "2", "--wait", "25")
    with serving(own, *arguments) as server, ThreadPoolExecutor(4) as pool:
        runaways = Runaways(server, pool)
        for waiting, name in enumerate(("first", "second", "third")):
            runaways.begin(name)
            state(server, 1, waiting)
        over = ask(server, RUNAWAY)
        assert (over.status, over.problem) == (503, "busy")
        assert over.headers["retry-after"]
        assert "All 1 places" in over.detail
        assert "2 long" in over.detail
        state(server, 1, 2)
        # One that waits can be ended too, and makes room in the line.
        runaways.end("third")
        state(server, 1, 1)
        runaways.begin("fourth")
        state(server, 1, 2)
        # When the one that runs has ended, the next is let in.
        runaways.end("first")
        state(server, 1, 1)
        runaways.end_all()
        state(server, 0, 0)


def test_a_client_that_waits_and_hangs_up_leaves_the_line(own: Path):
    with serving(own, "--slow", "1", "--wait", "25") as server, ThreadPoolExecutor(1) as pool:
        runaways = Runaways(server, pool)
        runaways.begin("first")
        state(server, 1, 0)
        with asking(server, RUNAWAY):
            state(server, 1, 1)
        state(server, 1, 0)
        runaways.end_all()


def test_without_a_line_nobody_waits_and_the_wait_is_bounded(own: Path):
    with serving(own, "--slow", "1", "--line", "0") as server, ThreadPoolExecutor(1) as pool:
        runaways = Runaways(server, pool)
        runaways.begin("first")
        state(server, 1, 0)
        assert ask(server, RUNAWAY).problem == "busy"
        assert ask(server, "ASK {}").status == 200
        runaways.end_all()


def test_who_waits_in_vain_is_told_for_how_long(own: Path):
    with serving(own, "--slow", "1", "--wait", "0.4") as server, ThreadPoolExecutor(1) as pool:
        runaways = Runaways(server, pool)
        runaways.begin("first")
        state(server, 1, 0)
        over = ask(server, RUNAWAY)
        assert (over.status, over.problem) == (503, "busy")
        assert "0.4 s" in over.detail
        runaways.end_all()


def test_in_flight(own: Path):
    arguments = ("--in-flight", "3", "--slow", "1", "--line", "9", "--wait", "25")
    with serving(own, *arguments) as server, ThreadPoolExecutor(3) as pool:
        runaways = Runaways(server, pool)
        for waiting, name in enumerate(("first", "second")):
            runaways.begin(name)
            state(server, 1, waiting)
        assert ask(server, "ASK {}").status == 200  # the third
        runaways.begin("third")
        state(server, 1, 2)
        over = ask(server, "ASK { ?fourth ?b ?c }")
        assert (over.status, over.problem) == (503, "busy")
        assert over.headers["retry-after"]
        assert "limit is 3" in over.detail
        runaways.end("second")
        state(server, 1, 1)
        assert ask(server, "ASK { ?fourth ?b ?c }").status == 200
        runaways.end_all()


def test_more_quick_queries_than_readers_wait_and_all_are_answered(own: Path):
    """No more run at once than there are readers, save some that are just turning slow."""
    quick = (
        "SELECT (COUNT(*) AS ?n) {{ {{ SELECT * {{ ?a ?b ?c }} LIMIT 40 }} "
        "{{ SELECT * {{ ?d ?e ?f }} LIMIT 40 }} FILTER(STRLEN(CONCAT(STR(?a), STR(?f))) > {}) }}"
    )
    arguments = ("--readers", "3", "--slow", "1", "--wait", "25", "--line", "100")
    with serving(own, *arguments) as server, ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(ask, server, quick.format(number)) for number in range(32)]
        most = 0.0
        while not all(one.done() for one in asked):
            most = max(most, metric(server, WORKING))
        assert {one.result().status for one in asked} == {200}
    assert 1 <= most <= 8


def asking(server: Running, query: str) -> socket.socket:
    path = "/sparql?" + urllib.parse.urlencode({"query": query})
    connection = socket.create_connection(("127.0.0.1", port(server)), timeout=30)
    head = f"GET {path} HTTP/1.1\r\nHost: a\r\nAccept: text/csv\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def begin_endless(server: Running) -> socket.socket:
    connection = asking(server, ENDLESS)
    assert connection.recv(64).startswith(b"HTTP/1.1 200")
    return connection


def test_of_long_answers_that_nobody_takes_the_longest_untaken_is_broken_off(own: Path):
    arguments = ("--sending", "2", "--rows", "0", "--bytes", "0")
    with serving(own, *arguments) as server:
        held = [begin_endless(server) for _ in range(2)]
        until(lambda: metric(server, SENDING) == 2)
        assert ask(server, "ASK {}").status == 200  # short ones take no place
        third: list[socket.socket] = []

        def let_in() -> bool:
            """Return whether a third got a place: when one of the two took nothing for long."""
            third[:] = [asking(server, ENDLESS)]
            if third[0].recv(64).startswith(b"HTTP/1.1 200"):
                return True
            third[0].close()
            return False

        until(let_in, 30)
        until(lambda: metric(server, SENDING) == 2)
        assert broken_off(held)
        until(lambda: metric(server, 'limits_total{limit="unread"}') == 1)
        for connection in (*held, *third):
            connection.close()


def broken_off(held: list[socket.socket]) -> bool:
    """Read what comes on all until one ends; return whether it is visible that it is not whole."""
    ends = dict.fromkeys(held, b"")
    while True:
        for connection in select.select(held, [], [], 30)[0]:
            try:
                data = connection.recv(1 << 16)
            except ConnectionError:
                return True
            if not data:
                return not ends[connection].endswith(b"0\r\n\r\n")
            ends[connection] = (ends[connection] + data)[-64:]


def test_when_all_long_answers_are_taken_the_next_is_refused(own: Path):
    arguments = ("--sending", "2", "--rows", "0", "--bytes", "0")
    with serving(own, *arguments) as server:
        taken = [begin_endless(server) for _ in range(2)]
        threads = [threading.Thread(target=_take, args=(connection,)) for connection in taken]
        for thread in threads:
            thread.start()
        until(lambda: metric(server, SENDING) == 2)
        over = ask(server, ENDLESS)
        assert (over.status, over.problem) == (503, "busy")
        assert over.headers["retry-after"]
        assert "limit is 2" in over.detail
        assert ask(server, "ASK {}").status == 200
        for connection in taken:
            connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        for connection in taken:
            connection.close()
        until(lambda: metric(server, SENDING) == 0)


def _take(connection: socket.socket) -> None:
    with suppress(OSError):
        drain(connection)


def test_a_client_that_takes_nothing_is_let_go_of_and_one_that_pauses_is_not(own: Path):
    query = "SELECT * { { SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 60000 } }"
    with serving(own, "--send-seconds", "3", "--rows", "0", "--bytes", "0") as server:
        with asking(server, query) as connection:
            whole = drain(connection)
        assert whole.endswith(b"0\r\n\r\n")
        nothing = begin_endless(server)
        pauses = asking(server, query)
        came, began = b"", time.monotonic()
        while data := pauses.recv(len(whole) // 8, socket.MSG_WAITALL):
            came += data
            time.sleep(0.5)
        assert time.monotonic() - began > 3  # longer in all, and each piece within the limit
        assert len(came) > 0.9 * len(whole)
        assert came.endswith(b"0\r\n\r\n")
        pauses.close()
        # Neither its reader nor its connection is kept for who takes nothing.
        until(lambda: metric(server, SENDING) == 0, 20)
        until(lambda: metric(server, "connections") == 1, 20)
        until(lambda: metric(server, 'limits_total{limit="unread"}') == 1)
        assert broken_off([nothing])
        nothing.close()
