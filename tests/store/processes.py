"""The processes of a server, found below its supervisor."""

import os
import time
from pathlib import Path


def below(pid):
    """Return process → its parent, for all below a process."""
    pairs = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                told = (folder / "stat").read_text()
            except OSError:
                continue
            state, parent = told.rpartition(")")[2].split()[:2]
            if state != "Z":
                pairs[int(folder.name)] = int(parent)
    found, last = {}, [pid]
    while last:
        last = [child for child, parent in pairs.items() if parent in last]
        found |= {child: pairs[child] for child in last}
    return found


def find(pid, what):
    """Return the processes of one kind below a supervisor: writer, reader host, front; reader and
    commit are what host and writer have forked.
    """
    modules = {"writer": "sparql.writer", "reader host": "sparql.host", "front": "cli.front"}
    forked = {"commit": "writer", "reader": "reader host"}
    module = "allegiance." + modules[forked.get(what, what)]
    there = below(pid)
    mains = [child for child, parent in there.items() if parent == pid and _runs(child, module)]
    if what in forked:
        return [child for child, parent in there.items() if parent in mains]
    return mains


def _runs(pid, module):
    try:
        return module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def alive(pid):
    """Return whether a process is there and is not only waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(true, seconds=60.0, what="what was waited for"):
    """Return what a function returns as soon as that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come in {seconds:g} s (pid {os.getpid()})")
