"""Times as a client sees them, and memory as the kernel counts it."""

import itertools
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

_HERE = Path(__file__).parent
_QUICK = 0.02
"""Seconds of one request up to which wrk asks; a client in Python would be the bottleneck there."""
_SLOW_AT_ONCE = 0.4
_SLOW = 8.0
_serial = itertools.count(int(time.time()))


def rate(url: str, accept: str, connections: int, first: bool, alone: float) -> float | None:
    """Return answers a second; None where one request is so slow that it would tell nothing more.

    first: whether each request has a text of its own.
    alone: seconds that one request took, alone.
    Raises RuntimeError when an answer was not 200.
    """
    if alone > (_SLOW_AT_ONCE if connections > 1 else _SLOW):
        return None
    if alone <= _QUICK:
        return _by_wrk(url, accept, connections, first)
    count = 32 if connections > 1 else max(1, min(20, int(1 / alone)))
    return _by_threads(url, accept, connections, first, count)


def _by_wrk(url: str, accept: str, connections: int, first: bool) -> float:
    parts = urlsplit(url)
    told = {"BENCH_PATH": f"{parts.path}?{parts.query}", "BENCH_ACCEPT": accept}
    if first:
        told["BENCH_FIRST"] = str(next(_serial))
    command = ["wrk", "-t1", f"-c{connections}", "-d1s", "--timeout", "60s", "-s"]
    command += [str(_HERE / "load.lua"), f"http://{parts.netloc}/"]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | told
    )
    asked, microseconds, bad = map(int, done.stdout.rpartition("told ")[2].split())
    if bad or not asked:
        raise RuntimeError(f"{bad} of {asked} requests to {url} failed")
    return asked / (microseconds / 1e6)


def _by_threads(url: str, accept: str, connections: int, first: bool, count: int) -> float:
    """Ask so often over so many connections, and count how long all of it takes."""
    parts = urlsplit(url)
    left = iter(range(count))
    lock = threading.Lock()

    def ask() -> None:
        connection = HTTPConnection(parts.netloc, timeout=120)
        while True:
            with lock:
                if next(left, None) is None:
                    connection.close()
                    return
            path = f"{parts.path}?{parts.query}" + (f"%0A%23{next(_serial)}" if first else "")
            connection.request("GET", path, headers={"Accept": accept})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status} from {url}")

    began = time.monotonic()
    with ThreadPoolExecutor(connections) as pool:
        for done in [pool.submit(ask) for _ in range(connections)]:
            done.result()
    return count / (time.monotonic() - began)


def streamed(url: str, accept: str) -> tuple[float, float, int]:
    """Return seconds to the first byte of the body, seconds in all, and bytes of one answer."""
    show = "%{http_code} %{time_starttransfer} %{time_total} %{size_download}"
    command = ["curl", "--silent", "--output", os.devnull, "--max-time", "300", "--write-out", show]
    done = subprocess.run(
        [*command, "--header", f"Accept: {accept}", url], check=True, capture_output=True, text=True
    )
    status, first, total, size = done.stdout.split()
    if status != "200":
        raise RuntimeError(f"{status} from {url}")
    return float(first), float(total), int(size)


def memory(pid: int) -> dict[int, int]:
    """Return the proportional memory (PSS), in KiB, of a process and all that come from it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found, line = {}, [pid]
    while line:
        each = line.pop()
        line += children.get(each, [])
        try:
            said = Path(f"/proc/{each}/smaps_rollup").read_text()
        except OSError:
            continue
        found[each] = next(
            (int(row.split()[1]) for row in said.splitlines() if row.startswith("Pss:")), 0
        )
    return found


@contextmanager
def peak(pid: int) -> Iterator[list[int]]:
    """Give a list that holds, once the block has ended, the highest memory of any one process
    that comes from this one, in KiB, looked at ten times a second.
    """
    found, stop = [0], threading.Event()

    def look() -> None:
        while not stop.wait(0.1):
            found[0] = max(found[0], *memory(pid).values(), 0)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()
