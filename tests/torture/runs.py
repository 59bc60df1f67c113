"""Real runs of the suite against three servers, written into docs/torture.md.

    python tests/torture/runs.py [--only CASE ...]

Not a test: it takes some 15 minutes on an otherwise idle machine, and installs the peers from PyPI
into environments of their own (kept in --peers FOLDER for the next time). All have the same data:
the default graph of this repository. A peer is held to 8 GB of address space and started anew after
each red case; ours is not.
"""

import argparse
import json
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from running import command, serving  # noqa: E402 (a script, not a package)

PAGE = ROOT / "docs" / "torture.md"
BEGIN, END = "<!-- written by tests/torture/runs.py -->", "<!-- end -->"
LIMIT = 5
_ADDRESS_SPACE = 8 * 1024**3
Card = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to compare with. packages: what is installed.  path: of its queries.

    start: its command after the program, with DATA, STORE and PORT to fill in.  load: run before.
    """

    name: str
    packages: Sequence[str]
    path: str
    start: str
    load: str = ""


PEERS = (
    Peer(
        "oxigraph serve",
        ("oxigraph==0.5.13",),
        "/query",
        f"oxigraph serve --location STORE --bind 127.0.0.1:PORT --timeout-s {LIMIT}",
        "oxigraph load --location STORE --file DATA",
    ),
    Peer(
        "rdflib-endpoint",
        ("rdflib-endpoint[cli]==0.6.3", "rdflib==7.6.0", "uvicorn==0.54.0"),
        "/",
        "rdflib-endpoint serve --host 127.0.0.1 --port PORT DATA",
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "torture-peers")
    parser.add_argument("--again", help="start anew what this file tells; for --restart")
    arguments = parser.parse_args()
    if arguments.again:
        again(Path(arguments.again))
        return
    only = [f"--only={name}" for name in arguments.only]
    with tempfile.TemporaryDirectory(prefix="torture-runs-") as folder:
        own, data = run_own(Path(folder), only)
        cards = {"allegiance": own}
        for peer in PEERS:
            cards[peer.name] = run_peer(peer, Path(folder), data, arguments.peers, only)
    versions = [subprocess.check_output([command(), "--version"], text=True).split()[-1]]
    versions += [", ".join(peer.packages) for peer in PEERS]
    write(cards, versions)


def run_own(folder: Path, only: Sequence[str]) -> tuple[Card, Path]:
    """Torture our server; return the scorecard, and the data it had as a file."""
    state = folder / "state"
    arguments = ("--state", str(state), "--timeout", str(LIMIT), "--log", "none")
    with serving(str(ROOT), *arguments) as address:
        query = urllib.parse.urlencode({"query": "CONSTRUCT WHERE { ?s ?p ?o }"})
        request = urllib.request.Request(
            f"{address}/sparql?{query}", headers={"Accept": "application/n-triples"}
        )
        data = folder / "data.nt"
        with urllib.request.urlopen(request) as answer:
            data.write_bytes(answer.read())
        return torture(f"{address}/sparql", only), data


def run_peer(peer: Peer, folder: Path, data: Path, peers: Path, only: Sequence[str]) -> Card:
    """Install a peer, start it and torture it."""
    room = peers / peer.name.replace(" ", "-")
    if not room.exists():
        subprocess.run([sys.executable, "-m", "venv", str(room)], check=True)
        subprocess.run([room / "bin" / "pip", "install", "-q", *peer.packages], check=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    def filled(text: str) -> list[str]:
        places = {"DATA": str(data), "STORE": str(folder / "store"), "PORT": str(port)}
        for name, value in places.items():
            text = text.replace(name, value)
        program, *rest = shlex.split(text)
        return [str(room / "bin" / program), *rest]

    if peer.load:
        subprocess.run(filled(peer.load), check=True, capture_output=True)
    told = folder / f"{room.name}.json"
    told.write_text(json.dumps({"command": filled(peer.start), "port": port, "pid": None}))
    again(told)
    try:
        restart = shlex.join([sys.executable, str(Path(__file__)), "--again", str(told)])
        return torture(f"http://127.0.0.1:{port}{peer.path}", [*only, "--restart", restart])
    finally:
        end(json.loads(told.read_text())["pid"])


def again(told: Path) -> None:
    """End the process of a file, start it anew, and return when it accepts connections."""
    what = json.loads(told.read_text())
    if what["pid"] is not None:
        end(what["pid"])
    process = subprocess.Popen(
        what["command"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE)),
    )
    told.write_text(json.dumps({**what, "pid": process.pid}))
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", what["port"]), 1):
            return
        time.sleep(0.05)
    sys.exit(f"{what['command'][0]} does not start")


def end(pid: int) -> None:
    """End a process and its children, which have a session of their own."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def torture(url: str, arguments: Sequence[str]) -> Card:
    limits = ["--limit", str(LIMIT), "--budget", "1800", "--format", "json"]
    done = subprocess.run(
        [command(), "torture", url, *limits, *arguments], stdout=subprocess.PIPE, text=True
    )
    card: Card = json.loads(done.stdout)
    return card


# The page


def write(cards: Mapping[str, Card], versions: Sequence[str]) -> None:
    """Put the runs in place of the last ones."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    told = "\n".join(page(cards, versions))
    PAGE.write_text(f"{before}{BEGIN}\n\n{told}\n\n{END}{after}", "utf-8")


def page(cards: Mapping[str, Card], versions: Sequence[str]) -> Sequence[str]:
    """Return the lines: how each fared, by family; then each case that is not green for all."""
    names = list(cards)
    first = cards[names[0]]
    lines = [f"{first['began'][:10]}, {os.cpu_count()} cores.", ""]
    lines += ["| | version | green | amber | red | seconds | requests | started anew |"]
    lines += ["| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name, version in zip(names, versions, strict=True):
        card = cards[name]
        counts = " | ".join(str(card["counts"][verdict]) for verdict in ("green", "amber", "red"))
        rest = f"{card['seconds']:.0f} | {card['requests']:,} | {card['restarts']}"
        lines.append(f"| {name} | {version} | {counts} | {rest} |")
    lines += ["", "Green, amber and red by family:", ""]
    lines += [f"| family | {' | '.join(names)} |", "| --- " * (1 + len(names)) + "|"]
    families = dict.fromkeys(case["name"].partition("/")[0] for case in first["cases"])
    for family in families:
        lines.append(f"| {family} | {' | '.join(counted(cards[n], family) for n in names)} |")
    lines += ["", "Each case that is not green for all:", ""]
    lines += [f"| case | {' | '.join(names)} |", "| --- " * (1 + len(names)) + "|"]
    for cases in zip(*(cards[name]["cases"] for name in names), strict=True):
        if any(case["verdict"] != "green" for case in cases):
            cells = " | ".join(cell(case) for case in cases)
            lines.append(f"| {cases[0]['name']} | {cells} |")
    return lines


def counted(card: Card, family: str) -> str:
    counts = Counter(
        case["verdict"] for case in card["cases"] if case["name"].startswith(f"{family}/")
    )
    return " · ".join(str(counts[verdict]) for verdict in ("green", "amber", "red"))


def cell(case: Mapping[str, Any]) -> str:
    if case["verdict"] == "green":
        return "green"
    seen = case["seen"].replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return f"**{case['verdict']}** {seen}"


if __name__ == "__main__":
    main()
