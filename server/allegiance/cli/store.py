"""``allegiance serve --store``: a plain store, read by all and written to with a token."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allegiance import names
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.sparql import ServerLimits
    from allegiance.sparql.processes import Federation
    from allegiance.sparql.watch import Behind

_START_SECONDS = 30.0
_LEAST = 16
"""Characters of a token: fewer can be guessed."""


def serve_store(
    folder: Path,
    listener: socket.socket,
    limits: "ServerLimits",
    behind: "Behind",
    asked: Mapping[str, Any],
) -> None:
    """Serve a store, which is made where there is none, until SIGTERM.

    asked: the options of ``allegiance serve``.
    Raises UsageError without a good token or with broken shapes, ReleaseError for a damaged store.
    """
    from allegiance import turtle
    from allegiance.cli.front import CLIENTS, COUNTERS, SHOWN, Front
    from allegiance.cli.shown import Shown
    from allegiance.cli.supervisor import Begin, Supervisor
    from allegiance.release import lock, snapshots
    from allegiance.sparql import Readers, Served, admission, counters
    from allegiance.sparql.processes import private_folder, start_host
    from allegiance.sparql.writing import Written, hashed

    token = _token(asked["token_file"])
    for path in asked["shapes"]:
        turtle.read(path, str(path))
    folder = folder.absolute()
    snapshots.create(folder)
    host, port = listener.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    with lock(folder, "serve"), private_folder() as private:
        snapshots.verify(snapshots.current(folder))
        _confirm(folder)
        readers = Readers(private / "readers.sock", limits.of_query())
        writer = private / "writer.sock"
        counters.make(private / COUNTERS, asked["fronts"])
        admission.make(private / CLIENTS)
        settings, shown = private / "front.json", private / SHOWN
        Shown(Served("")).write(shown)
        federation = federation_of(asked["service_allow"], private, limits)
        Front(
            parent=os.getpid(),
            handle=listener.fileno(),
            readers=readers.socket,
            fronts=asked["fronts"],
            limits=limits,
            behind=behind,
            log=asked["log"],
            log_text=asked["log_queries"],
            slow_seconds=asked["log_slow"],
            shown=shown,
            written=Written(writer, folder, hashed(token), address + "sparql"),
            allowed=asked["service_allow"],
            as_written=asked["as_written"],
        ).write(settings)

        def begin_host() -> "subprocess.Popen[bytes]":
            now = snapshots.current(folder)
            return start_host(
                now.store,
                readers.socket,
                names.VOCABULARY,
                limits,
                now.name,
                relative=address + "sparql",
                forwarder=federation.socket if federation else None,
            )

        def begin_writer() -> "subprocess.Popen[bytes]":
            command = [sys.executable, "-m", "allegiance.sparql.writer", str(folder), str(writer)]
            command += [str(readers.socket), "--parent", str(os.getpid())]
            command += ["--seconds", str(limits.timeout), "--memory", str(limits.memory)]
            if federation is not None:
                command += ["--forwarder", str(federation.socket)]
            for path in asked["shapes"]:
                command += ["--shapes", str(path)]
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), process_group=0
            )

        def ready() -> None:
            until = time.monotonic() + _START_SECONDS
            while not writer.exists() and time.monotonic() < until:
                time.sleep(0.01)
            click.echo(f"Serving the store {folder} at {address}")
            click.echo("Ctrl+C ends it.", err=True)

        Supervisor(
            readers,
            listener,
            settings,
            asked["fronts"],
            Begin(begin_host, begin_writer),
            federation,
        ).run(ready)


def federation_of(
    allowed: Sequence[str], private: Path, limits: "ServerLimits"
) -> "Federation | None":
    """Return how SERVICE reaches the allowed origins; None when there are none.

    Raises UsageError on a system that cannot hold readers to the forwarder.
    """
    from allegiance.sparql import diversion
    from allegiance.sparql.processes import Federation

    if not allowed:
        return None
    if not diversion.works():
        raise UsageError(
            "this system cannot hold SERVICE to the allowed origins",
            help="leave --service-allow out, or run this on Linux 5.14 or newer, where no other "
            "program listens to the calls of this one",
        )
    return Federation(private / "forwarder.sock", allowed, limits)


def _confirm(folder: Path) -> None:
    """Have the disk confirm what is served, and remove what crashes left, if it can be written."""
    from allegiance.release import snapshots

    try:
        snapshots.confirm(folder)
        snapshots.prune(folder)
    except OSError as error:
        click.echo(
            f"warning: the store cannot be written ({error.strerror or error}): it is served, but "
            "changes are refused as long as that is so",
            err=True,
        )


def _token(path: Path | None) -> str:
    """Return the token. No process started later finds it in its environment."""
    told = os.environ.pop("ALLEGIANCE_TOKEN", None)
    if path is not None:
        try:
            told = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"the token cannot be read: {error}", str(path), "name a text file"
            ) from None
    if told is None:
        raise UsageError(
            "a store needs a token for its changes",
            help="name a file that holds one: --token-file FILE, or set ALLEGIANCE_TOKEN",
        )
    token = told.strip()
    if len(token) < _LEAST or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            f"the token is not at least {_LEAST} ASCII characters without spaces",
            help="make one: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return token
