"""Opening a store to read from, and keeping it from being removed meanwhile."""

import fcntl
import os
from pathlib import Path

from pyoxigraph import Store


def hold(path: Path) -> int:
    """Keep whoever removes old stores from this one, as long as a process has it open."""
    handle = os.open(path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return handle


def opened(path: Path) -> Store:
    """Open a store for reading, and read from it.

    Raises OSError or RuntimeError when that is not possible.
    """
    store = Store.read_only(str(path))
    bool(store.query("ASK { ?s ?p ?o }"))
    return store
