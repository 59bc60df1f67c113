"""SIGTERM with changes at work and in the line: each is done, or told that nothing was changed."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from running import serving

from .asking import insert, rows, update
from .processes import below, find, until


def count(*sizes):
    """Return an update that works for long, then adds one triple."""
    lists = "".join(
        f"VALUES ?v{number} {{{' '.join(map(str, range(size)))}}} "
        for number, size in enumerate(sizes)
    )
    return f"INSERT {{<urn:long> <urn:p> ?n}} WHERE {{SELECT (COUNT(*) AS ?n) {{{lists}}}}}"


@pytest.mark.parametrize("whom", ["supervisor", "all at once"])
def test_changes_that_wait_at_sigterm_are_done_or_told_that_nothing_was_changed(arguments, whom):
    server = serving(*arguments, "--fronts", "1")
    with ThreadPoolExecutor(9) as pool, server as address:
        pid = server.process.pid
        long = pool.submit(update, address, count(200, 200, 200))
        until(lambda: find(pid, "commit"), 30, "the change at work")
        waiting = [pool.submit(update, address, insert(number)) for number in range(8)]
        (writer,) = find(pid, "writer")
        until(lambda: _in_line(writer) >= 8, 30, "a line of changes")
        for process in [pid] if whom == "supervisor" else [pid, *below(pid)]:
            os.kill(process, signal.SIGTERM)
        assert long.result()[0] == 204, long.result()[2]
        told = [change.result() for change in waiting]
    for status, _, body in told:
        assert status in (204, 503), body
        assert status == 204 or "nothing was changed" in json.loads(body)["detail"]
    assert 503 in [status for status, _, _ in told]
    with serving(*arguments, "--fronts", "1") as address:
        there = rows(address, "SELECT ?s {?s <urn:p> ?o} ORDER BY ?s")
    done = [f"urn:{number}" for number, answer in enumerate(told) if answer[0] == 204]
    assert there == sorted([*done, "urn:long"])


def test_a_change_that_outlasts_the_stop_is_told_that_its_outcome_is_not_known(arguments):
    server = serving(*arguments, "--fronts", "1", "--timeout", "120")
    with ThreadPoolExecutor(1) as pool, server as address:
        long = pool.submit(update, address, count(900, 900, 900, 900))
        until(lambda: find(server.process.pid, "commit"), 30, "the change at work")
        server.process.terminate()
        status, _, body = long.result()
    assert status == 500, body
    assert "whole or absent" in json.loads(body)["detail"]
    with serving(*arguments, "--fronts", "1") as address:
        assert rows(address, "SELECT ?s {?s <urn:p> ?o}") == []


def _in_line(writer):
    """Return how many connections wait to be taken by the writer."""
    said = Path(f"/proc/{writer}/cmdline").read_bytes().decode().split("\0")
    socket = said[said.index("allegiance.sparql.writer") + 2]
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    # 02: connected, but not taken yet.
    return sum(line[-1] == socket and line[5] == "02" for line in lines)
