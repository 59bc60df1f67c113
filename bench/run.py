"""Measure this program beside its peers, on the same data and in turns.

    python bench/run.py [--quick] [--again] [SIZE ...]

Each size is measured whole and then kept in build/bench; a size that is kept for this state of the
program is not measured again. The tables of all sizes go to bench/results/DATE.md.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

from answers import Answer, read
from generate import generate
from growth import commit, repository
from measure import memory, peak, rate, streamed
from queries import ALL, QUERIES, REPEATED, accept
from servers import Server, all_servers
from tables import write

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "bench"
SIZES = (10_000, 100_000, 1_000_000)
_ANSWER_SECONDS = 60.0


def run(size: int, rounds: int) -> dict[str, object]:
    """Return all that was measured with that many triples."""
    data = BUILD / f"{size}.nt"
    if not data.exists():
        generate(size, data)
    folder = BUILD / "servers"
    shutil.rmtree(folder, ignore_errors=True)
    servers = all_servers(folder, BUILD / "peers")
    try:
        told = {server.name: _began(server, data) for server in servers}
        alone, wrong = _answers(servers)
        rates = _rates(servers, alone, rounds)
        streams = _streams(servers, rounds)
        commits = {server.name: commit(server, rounds * 5) for server in servers[:2]}
    finally:
        for server in servers:
            if hasattr(server, "process"):
                server.stop()
    shutil.rmtree(folder)
    return {
        "size": size,
        "rounds": rounds,
        "servers": told,
        "alone": alone,
        "wrong": wrong,
        "rates": rates,
        "streams": streams,
        "commits": commits,
    }


def _began(server: Server, data: Path) -> dict[str, object]:
    _say(f"{server.name}: loading")
    began = time.monotonic()
    server.load(data)
    loaded = time.monotonic() - began
    started = server.start()
    time.sleep(1)
    idle = sum(memory(server.process.pid).values())
    return {"version": server.version(), "load": loaded, "start": started, "idle": idle}


def _answers(servers: list[Server]) -> tuple[dict[str, dict[str, float]], dict[str, list[str]]]:
    """Return how long each server took for each query, alone; and who gave another answer. Who
    gave none in time, or an error, is in neither.

    An answer counts as right when another engine gives it as well: ours and oxigraph serve share
    theirs. Where no two engines agree, all are wrong.
    """
    alone: dict[str, dict[str, float]] = {}
    wrong: dict[str, list[str]] = {}
    for name, query in QUERIES.items():
        _say(f"answers: {name}")
        found: dict[str, Answer] = {}
        for server in servers:
            began = time.monotonic()
            try:
                body = server.ask(query, accept(query), _ANSWER_SECONDS)
                alone.setdefault(name, {})[server.name] = time.monotonic() - began
                found[server.name] = read(body, query)
            except (OSError, ValueError) as error:
                _say(f"{server.name}, {name}: {error}")
                alone.setdefault(name, {}).pop(server.name, None)
                # Most servers go on with a query whose client has left, and would slow the rest.
                server.stop()
                server.start()
        ours: Answer | None = next(found[each.name] for each in servers[:2] if each.name in found)
        others = [each.name for each in servers[2:] if each.name in found]
        if not any(found[each] == ours for each in others):
            _say(f"{name}: no second engine gives the answer of ours")
            ours = None  # So nobody's is believed.
        wrong[name] = [each for each, answer in found.items() if answer != ours]
        for each in wrong[name]:
            del alone[name][each]
        # The first answer paid for a cold store: what decides how to measure is a second one.
        for server in servers:
            if alone[name].get(server.name, 9) < 1:
                began = time.monotonic()
                server.ask(f"{query}\n# again", accept(query), _ANSWER_SECONDS)
                alone[name][server.name] = time.monotonic() - began
    return alone, wrong


def _rates(
    servers: list[Server], alone: dict[str, dict[str, float]], rounds: int
) -> list[dict[str, object]]:
    """Return answers a second of each server in each round, for each query and way of asking."""
    cells: list[dict[str, object]] = []
    for name, query in QUERIES.items():
        for first in (False, True) if name in REPEATED else (True,):
            paces = alone[name] if first else _paces(servers, query, alone[name])
            for connections in (1, 16):
                _say(f"{name}, {'first' if first else 'repeated'}, {connections}")
                rates: dict[str, list[float]] = {}
                for number in range(rounds):
                    for server in (
                        servers[number % len(servers) :] + servers[: number % len(servers)]
                    ):
                        if server.name not in alone[name]:
                            continue
                        value = rate(
                            server.url(query),
                            accept(query),
                            connections,
                            first,
                            paces[server.name],
                        )
                        if value is not None:
                            rates.setdefault(server.name, []).append(value)
                cells.append(
                    {"query": name, "first": first, "connections": connections, "rates": rates}
                )
    return cells


def _paces(servers: list[Server], query: str, alone: dict[str, float]) -> dict[str, float]:
    """Return how long each server takes for a query that it was asked before: a cache may hold it,
    and then a quicker client has to ask.
    """
    paces = {}
    for server in servers:
        if server.name in alone:
            server.ask(query, accept(query), _ANSWER_SECONDS)
            began = time.monotonic()
            server.ask(query, accept(query), _ANSWER_SECONDS)
            paces[server.name] = time.monotonic() - began
    return paces


def _streams(servers: list[Server], rounds: int) -> dict[str, list[dict[str, float]]]:
    """Return first byte, whole answer and highest memory of each server for every triple."""
    found: dict[str, list[dict[str, float]]] = {}
    for number in range(rounds):
        for server in servers:
            if server.name == "rdflib-endpoint" and number:
                continue  # Its one is long, and far from the others.
            _say(f"every triple: {server.name}")
            with peak(server.process.pid) as most:
                first, total, size = streamed(server.url(f"{ALL}\n# {number}"), accept(ALL))
            told = {"first": first, "total": total, "bytes": size, "peak": most[0]}
            found.setdefault(server.name, []).append(told)
    return found


def _state() -> str:
    """Return the name of the state of the program, by which measurements are kept."""
    show = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    return subprocess.run(show, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _machine() -> str:
    """Return what the machine is, as the tables say it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    with Path("/proc/cpuinfo").open() as file:
        model = next(line.partition(":")[2].strip() for line in file if "model name" in line)
    cores = f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB"
    return f"{cores}, {platform.system()}, Python {platform.python_version()}"


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure what is not measured yet, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", type=int, nargs="*", metavar="SIZE")
    parser.add_argument("--quick", action="store_true", help="10,000 triples, one round")
    parser.add_argument("--again", action="store_true", help="measure also what is kept")
    given = parser.parse_args()
    sizes = given.sizes or (SIZES[:1] if given.quick else SIZES)
    kept = BUILD / _state() / ("quick" if given.quick else "full")
    kept.mkdir(parents=True, exist_ok=True)
    for size in sizes:
        file = kept / f"{size}.json"
        if given.again or not file.exists():
            rounds = 1 if given.quick else 3 if size >= 1_000_000 else 2
            file.write_text(json.dumps(run(size, rounds)), "utf-8")
    file = kept / "repository.json"
    if given.again or not file.exists():
        _say("the graph of this repository")
        file.write_text(json.dumps(repository(ROOT, BUILD, 3)), "utf-8")
    measured = [json.loads((kept / f"{size}.json").read_text("utf-8")) for size in sizes]
    out = (
        BUILD / "quick.md"
        if given.quick
        else ROOT / "bench" / "results" / f"{time.strftime('%F')}.md"
    )
    write(out, measured, json.loads(file.read_text("utf-8")), _machine())
    print(out)


if __name__ == "__main__":
    main()
