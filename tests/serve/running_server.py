"""A server run by the installed command, and what can be seen of its processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("allegiance"))


class Running:
    """A started ``allegiance serve``; ``with`` ends it and sees that nothing is left."""

    def __init__(self, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [COMMAND, "serve", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        found = re.search(r"http://\S+/", self.said)
        self.url = found[0] if found else ""

    def __enter__(self) -> "Running":
        assert self.url, self.process.communicate()[1]
        self.children = sorted(descendants(self.process.pid))
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.out, self.err = self.process.communicate(timeout=30)
        until(lambda: not any(alive(child) for child in self.children))

    @property
    def host(self) -> int:
        """The process id of the reader host."""
        return self._child("allegiance.sparql.host")

    @property
    def front(self) -> int:
        """The process id of the front."""
        return self._child("allegiance.cli.front")

    def _child(self, module: str) -> int:
        for child in children(self.process.pid):  # A reader looks like its host.
            if module in Path(f"/proc/{child}/cmdline").read_text().split("\0"):
                return child
        return 0

    def get(self, path: str, accept: str = "*/*") -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, headers={"Accept": accept})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def ask(self, query: str) -> tuple[int, bytes]:
        return self.get("sparql?" + urllib.parse.urlencode({"query": query}), "text/csv")

    def works(self) -> bool:
        """Return whether it answers a query."""
        try:
            return self.ask("ASK {}") == (200, b"true")
        except OSError:
            return False

    def ready(self) -> dict[str, object]:
        _, body = self.get("readyz")
        told: dict[str, object] = json.loads(body)
        return told


def run(*arguments: str, **kwargs) -> subprocess.CompletedProcess[str]:
    """Run a command that is expected to end by itself."""
    return subprocess.run(
        [COMMAND, *arguments], capture_output=True, text=True, timeout=120, **kwargs
    )


def children(pid: int) -> set[int]:
    try:
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return set()
    return {int(child) for child in told}


def descendants(pid: int) -> set[int]:
    found = set()
    for child in children(pid):
        found |= {child} | descendants(child)
    return found


def alive(pid: int) -> bool:
    """Return whether a process runs; a zombie that only its parent can reap does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(condition: Callable[[], object], seconds: float = 10.0) -> float:
    """Wait until a condition holds; return how long it took; fail when it does not."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not come about in time"
        time.sleep(0.01)
    return time.monotonic() - began


def kill(pid: int) -> None:
    assert pid > 0
    os.kill(pid, signal.SIGKILL)
