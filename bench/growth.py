"""What grows with the data and what an operator waits for: start, commit, pages, idle memory."""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

from measure import memory
from servers import Ours, Oxigraph, Server

_COMMITTED = 12


def commit(server: Server, count: int) -> list[float]:
    """Return, for each of some commits of 12 triples, the seconds until a query sees it."""
    assert isinstance(server, Ours | Oxigraph)
    seconds = []
    for number in range(count):
        me = f"<urn:bench:{time.time_ns()}>"
        triples = " ".join(f"{me} <urn:bench:{each}> {number} ." for each in range(_COMMITTED))
        ask = f"SELECT (COUNT(*) AS ?n) WHERE {{ {me} ?p ?o }}"
        began = time.monotonic()
        server.update(f"INSERT DATA {{ {triples} }}")
        while f'"{_COMMITTED}"'.encode() not in server.ask(
            ask, "application/sparql-results+json", 60
        ):
            pass
        seconds.append(time.monotonic() - began)
        server.update(f"DELETE WHERE {{ {me} ?p ?o }}")
    return seconds


def repository(root: Path, build: Path, rounds: int) -> dict[str, object]:
    """Return start, pages and memory of the graph of this repository, served as a folder.

    The release is built before, as on any start but the first.
    """
    state = build / "state"
    shutil.rmtree(state, ignore_errors=True)
    allegiance = Path(sys.executable).with_name("allegiance")
    subprocess.run([allegiance, "build", root, "--state", state], check=True, capture_output=True)
    starts, pages, idle = [], dict[str, list[float]](), []
    for _ in range(rounds):
        command = [allegiance, "serve", root, "--state", state, "--port", "0", "--log", "json"]
        began = time.monotonic()
        with (
            (build / "log").open("w+") as log,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
        ):
            assert process.stdout is not None
            found = None
            while found is None:
                found = re.search(r"http://[^/\s]+", process.stdout.readline())
            _get(f"{found[0]}/sparql?query=ASK%20%7B%7D", "*/*")
            starts.append(time.monotonic() - began)
            time.sleep(2)
            idle.append(sum(memory(process.pid).values()))
            for path in ("/", "/id/russia", "/claim/south-caucasus-239-296", "/def/ArmsSupply"):
                for _ in range(30):
                    _get(found[0] + path, "text/html")
            process.terminate()
            process.wait()
            log.seek(0)
            for line in log:
                _page(line, pages)
    return {
        "start": starts,
        "idle": idle,
        "pages": {path: [median(all_), max(all_)] for path, all_ in pages.items()},
    }


def _get(url: str, accept: str) -> None:
    urlopen(Request(url, headers={"Accept": accept}), timeout=60).read()


def _page(line: str, pages: dict[str, list[float]]) -> None:
    """Take the seconds of a page at the server from a line of its log, if it is of one."""
    if not line.startswith("{"):
        return
    told = json.loads(line)
    if told.get("path") not in (None, "/sparql", "/livez"):
        pages.setdefault(told["path"], []).append(told["seconds"])
