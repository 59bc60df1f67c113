"""Kills of a served store under load, at moments drawn from a seed, and what must hold after each.

One round serves the store, kills one process of each kind that the supervisor starts again, in an
order drawn anew, and at last the supervisor or all processes at once. The next round serves the
same store again.
"""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from running import serving

from .asking import insert, query, update
from .processes import alive, below, find, until

HEALED = ("writer", "commit", "reader host", "reader", "front")
ENDED = ("supervisor", "all at once")
BROKEN_OFF = (OSError, HTTPException)
"""What a client sees of a server that is killed while it answers."""
_ALL = "SELECT ?s ?p {?s ?p ?o}"
_RUNAWAY = "SELECT (COUNT(*) AS ?n) {" + "".join(
    f"VALUES ?{name} {{{' '.join(map(str, range(99)))}}} " for name in "abcdefgh"
)


@dataclass
class Seen:
    """What clients were told over all rounds, and what was wrong with it.

    told: acknowledged.  denied: said to have changed nothing.  asked: all.
    """

    asked: int = 0
    told: set[int] = field(default_factory=set)
    denied: set[int] = field(default_factory=set)
    kills: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    there: int = 0
    waits: list[float] = field(default_factory=list)

    @property
    def unsure(self):
        return self.asked - len(self.told) - len(self.denied)


class Load:
    """Two clients that write and one that reads, until they are told to stop."""

    def __init__(self, address, seen):
        self._address = address
        self._seen = seen
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._write) for _ in range(2)]
        self._threads += [threading.Thread(target=each) for each in (self._read, self._be_slow)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self):
        while not self._stop.is_set():
            with self._lock:
                number = self._seen.asked
                self._seen.asked += 1
            try:
                status, _, body = update(self._address, insert(number))
            except BROKEN_OFF:
                time.sleep(0.02)
                continue
            with self._lock:
                if status == 204:
                    self._seen.told.add(number)
                elif status not in (500, 503, 504) or "detail" not in json.loads(body):
                    self._seen.faults.append(f"a change was answered by {status}: {body}")
                elif "othing was changed" in body:
                    self._seen.denied.add(number)
            if status != 204:
                time.sleep(0.02)

    def _read(self):
        while not self._stop.is_set():
            with suppress(*BROKEN_OFF):
                status, body = query(self._address, _ALL)
                if status == 200:
                    self._judge(body)
            time.sleep(0.05)

    def _judge(self, body):
        count = len(body.split("\r\n")) - 2
        if count % 2:
            self._seen.faults.append(f"{count} triples were seen, half of a change")
        if count < self._seen.there:
            self._seen.faults.append(f"{count} triples were seen, after {self._seen.there}")
        self._seen.there = max(self._seen.there, count)

    def _be_slow(self):
        # So that a reader is always there to be killed; it ends at its limit.
        while not self._stop.is_set():
            with suppress(*BROKEN_OFF):
                query(self._address, _RUNAWAY + "}")
            time.sleep(0.02)


def run_round(arguments, seed, seen):
    """Serve the store, kill, and judge; raises AssertionError that names the seed."""
    chance = random.Random(seed)
    order = chance.sample(HEALED, len(HEALED))
    last = ENDED[seed % len(ENDED)]
    server = serving(*arguments, "--fronts", "1", "--timeout", "2")
    address = server.__enter__()
    try:
        judge(address, seen, f"seed {seed}, at the start")
        with Load(address, seen):
            for what in order:
                time.sleep(chance.uniform(0, 0.6))
                victims = until(lambda what=what: find(server.process.pid, what), 30, f"a {what}")
                _kill([chance.choice(victims)])
                seen.kills[what] += 1
                began = time.monotonic()
                _until_well(address, seen)
                seen.waits.append(time.monotonic() - began)
                judge(address, seen, f"seed {seed}, after the kill of a {what}")
            time.sleep(chance.uniform(0, 0.6))
            there = list(below(server.process.pid))
            _kill([server.process.pid] if last == "supervisor" else [server.process.pid, *there])
            seen.kills[last] += 1
            server.process.wait()
            until(lambda: not any(map(alive, there)), 30, f"seed {seed}: the end of all processes")
        until(lambda: not _listens(address), 30, f"seed {seed}: the end of the listening")
    finally:
        if server.process.poll() is None:
            server.__exit__()
        server.process.stdout.close()


def _kill(victims):
    for victim in victims:
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


def _until_well(address, seen):
    """Wait until a change that began after the kill is acknowledged and seen."""
    known = len(seen.told)
    until(lambda: len(seen.told) > known + 2, 60, "an acknowledged change after a kill")


def judge(address, seen, when):
    """Hold what is there against what clients were told."""
    # What was told before the question is asked must be in its answer.
    told, denied = set(seen.told), set(seen.denied)
    body = until(lambda: _answer(address), 60, f"an answer ({when})")
    found = {"urn:p": set(), "urn:q": set()}
    for line in body.split("\r\n")[1:-1]:
        subject, _, predicate = line.partition(",")
        found[predicate].add(int(subject.removeprefix("urn:")))
    there = found["urn:p"]
    assert there == found["urn:q"], f"{when}: half of {sorted(there ^ found['urn:q'])}"
    assert told <= there, f"{when}: {sorted(told - there)} were acknowledged and are lost"
    assert not denied & there, f"{when}: {sorted(denied & there)} are there, but were denied"
    assert max(there, default=-1) < seen.asked, f"{when}: more than {seen.asked}"
    assert not seen.faults, f"{when}: {seen.faults}"


def _answer(address):
    with suppress(*BROKEN_OFF):
        status, body = query(address, _ALL)
        if status == 200:
            return body
    return None


def _listens(address):
    """Return whether any process on this machine listens at the port of an address."""
    port = f":{int(address.rpartition(':')[2]):04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(port) and line.split()[3] == "0A" for line in lines)


def table(seen):
    """Return how many were killed of each kind, as Markdown."""
    lines = [f"| {what} | {seen.kills[what]} |" for what in (*HEALED, *ENDED)]
    return "\n".join(["| killed | times |", "| --- | ---: |", *lines, ""])
