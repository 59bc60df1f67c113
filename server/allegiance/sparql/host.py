"""The reader host: the process that has a store open, read-only and warm, for its readers.

    python -m allegiance.sparql.host STORE SOCKET [--base IRI] [--readers N] [--slow N] [--line N]
        [--wait S] [--forwarder SOCKET] [--parent PID]

What it does for them is in ``forking``. A store that cannot be opened: a message on stderr and
exit code 3.
"""

import argparse
import gc
import os
import socket
import sys
import warnings
from pathlib import Path
from typing import NoReturn

from allegiance import names
from allegiance.sparql import confine, control
from allegiance.sparql.forking import Host, Room
from allegiance.sparql.opening import hold, opened
from allegiance.sparql.reader import Shared

UNOPENED = 3
_BACKLOG = 512


def listen(path: Path) -> socket.socket:
    """Return a Unix socket that only this user can connect to."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.setblocking(False)
    listener.listen(_BACKLOG)
    return listener


def main() -> NoReturn:
    """Run a reader host."""
    parser = argparse.ArgumentParser(prog="allegiance.sparql.host")
    parser.add_argument("store", type=Path)
    parser.add_argument("socket", type=Path)
    parser.add_argument("--base", default=names.VOCABULARY)
    parser.add_argument("--readers", type=int, default=Room().readers)
    parser.add_argument("--slow", type=int, default=Room().slow)
    parser.add_argument("--line", type=int, default=Room().line)
    parser.add_argument("--wait", type=float, default=Room().wait)
    parser.add_argument("--name", default="")
    parser.add_argument("--relative", default=None)
    parser.add_argument("--forwarder", type=Path)
    parser.add_argument("--parent", type=int)
    arguments = parser.parse_args()
    if arguments.parent is not None:
        confine.die_with_parent(arguments.parent)
    # Forking with the engine's threads about is tried and good: they hold no lock then.
    warnings.filterwarnings("ignore", message=".*multi-threaded.*", category=DeprecationWarning)
    try:
        held = hold(arguments.store)
        store = opened(arguments.store)
    except (OSError, RuntimeError) as error:
        print(f"the store cannot be opened: {error}", file=sys.stderr)
        sys.exit(UNOPENED)
    orders = listen(control.address(arguments.socket))
    listener = listen(arguments.socket)
    if arguments.forwarder is None:
        confine.refuse_sockets()
    gc.freeze()
    room = Room(arguments.readers, arguments.slow, arguments.line, arguments.wait)
    known = names.prefixes(arguments.base)
    shared = Shared(known, arguments.relative, arguments.forwarder)
    Host(store, listener, orders, shared, room, arguments.name, held).run()


if __name__ == "__main__":
    main()
