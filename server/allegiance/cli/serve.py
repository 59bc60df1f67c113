"""``allegiance serve``: build if the input changed, then serve over HTTP."""

import errno
import os
import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allegiance.cli.arguments import FOLDER, STATE, TEXTS
from allegiance.cli.settings import (
    ServiceOrigin,
    cores,
    limit_options,
    limits_of,
    take_file,
    told,
)
from allegiance.errors import AllegianceError, UsageError
from allegiance.sparql.limits import ServerLimits

if TYPE_CHECKING:
    import subprocess

    from allegiance.folder import Folder
    from allegiance.release import Ready
    from allegiance.sparql.watch import Behind


@click.command(
    "serve",
    short_help="Serve a graph folder over HTTP.",
    context_settings={"auto_envvar_prefix": "ALLEGIANCE"},
)
@FOLDER
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7200,
    show_default=True,
    help="The port to listen at; 0 takes a free one.",
)
@TEXTS
@STATE
@click.option(
    "--fronts",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Processes that speak HTTP; without it one a core.",
)
@limit_options
@click.option(
    "--log",
    type=click.Choice(["plain", "json", "none"]),
    default="plain",
    show_default=True,
    help="One line a request on stderr, of this form.",
)
@click.option("--log-queries", is_flag=True, help="Write queries into the log, not only hashes.")
@click.option(
    "--log-slow",
    type=click.FloatRange(0),
    metavar="S",
    help="Write requests that took more seconds into the log, with their queries.",
)
@click.option(
    "--base-path",
    default="",
    metavar="PATH",
    help="Where a proxy serves this, such as /graph.",
)
@click.option(
    "--trust-proxy",
    multiple=True,
    metavar="NETWORK",
    help="An address or network of proxies whose X-Forwarded-… headers count. Repeats.",
)
@click.option(
    "--store",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Serve a plain store, writable with a token, in place of a graph folder; made if missing.",
)
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --store: the file that holds the token; without it the variable ALLEGIANCE_TOKEN.",
)
@click.option(
    "--shapes",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --store: shapes that each change must leave unbroken. Repeats.",
)
@click.option(
    "--service-allow",
    metavar="ORIGIN",
    multiple=True,
    type=ServiceOrigin(),
    help="The origin of endpoints that SERVICE may ask, as https://example.org. Repeats.",
)
@click.option(
    "--as-written",
    is_flag=True,
    help="Give the engine each query as it is written; without it EXISTS is written so that it is "
    "fast, see allegiance query --explain.",
)
@click.option("--print-settings", is_flag=True, help="Print each setting and its source; then end.")
@click.pass_context
def command(context: click.Context, /, folder: Path | None, **_: Any) -> None:
    """Serve a graph folder over HTTP: SPARQL at /sparql, and a page for everything.

    It is built first if its files changed; with an error in them the last good release is
    served. The address is printed when it is ready. Ctrl+C ends it. Each option can also be a
    variable: ALLEGIANCE_PORT=8000, or stand under [serve] in allegiance.toml. Sizes are bytes, or
    as 512K, 64M, 2G.
    """
    from allegiance.cli.store import serve_store

    if context.params["store"] is not None:
        if folder is not None:
            raise UsageError("--store goes without a folder", help="name one of the two")
        asked = context.params
        asked["fronts"] = asked["fronts"] or cores()
        if asked["print_settings"]:
            click.echo(told(context))
            return
        behind = _behind(asked["base_path"], asked["trust_proxy"])
        limits = limits_of(asked)
        with bind(asked["host"], asked["port"]) as listener:
            _tell_budget(limits)
            serve_store(asked["store"], listener, limits, behind, asked)
        return
    if asked_writing := [name for name in ("token_file", "shapes") if context.params[name]]:
        option = "--" + asked_writing[0].replace("_", "-")
        raise UsageError(f"{option} is for a plain store", help="name one: --store DIR")
    from allegiance import folder as folders
    from allegiance.cli.apart import apart
    from allegiance.cli.messages import progress
    from allegiance.release import lock, prepare, ready

    found = folders.find(folder)
    take_file(context, found.path / "allegiance.toml")
    asked = context.params
    if asked["fronts"] is None:
        asked["fronts"] = cores()
    limits = limits_of(asked)
    behind = _behind(asked["base_path"], asked["trust_proxy"])
    if asked["print_settings"]:
        click.echo(told(context))
        return
    at_hand = found.texts_at(asked["texts"])
    where = found.state(asked["state"])
    prepare(where)
    with lock(where, "serve"), bind(asked["host"], asked["port"]) as listener:
        with progress(f"building {found.title} if its files changed"):
            # In a process of its own: what checks and builds takes much memory, and gives it back.
            served = apart(lambda: ready(found, where, at_hand))
        _serve(found, where, served, listener, limits, behind, asked)


def _behind(path: str, trusted: Sequence[str]) -> "Behind":
    from ipaddress import ip_network

    from allegiance.sparql.watch import Behind

    path = path.rstrip("/")
    if path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", path):
        raise UsageError(f"--base-path {path!r} is no path", help="write it as /graph")
    for network in trusted:
        try:
            ip_network(network)
        except ValueError as error:
            raise UsageError(
                f"--trust-proxy: {error}", help="such as 127.0.0.1 or 10.0.0.0/8"
            ) from None
    return Behind(path, tuple(trusted))


def _tell_budget(limits: ServerLimits) -> None:
    """Hold the memory that readers may take against that of the machine, and say it."""
    from allegiance.sparql.limits import memory_of_machine

    gib = 1024**3
    budget, there = limits.budget(), memory_of_machine()
    sums = (
        f"{limits.readers} readers × {budget / limits.readers / gib:.2g} GiB, stack included, = "
        f"{budget / gib:.3g} GiB of {there / gib:.3g} GiB"
    )
    if budget > there:
        click.echo(
            f"warning: the readers may take more memory than there is: {sums}\n"
            "help: lower --readers or --memory",
            err=True,
        )
    else:
        click.echo(f"Memory that queries may take at most: {sums}", err=True)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that has the port, not yet listening.

    Raises AllegianceError when the port is taken or the address is not this machine's.
    """
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Two that only bound would not notice each other.
        listener.listen()
        return listener
    except OSError as error:
        if listener is not None:
            listener.close()
        if error.errno == errno.EADDRINUSE:
            what, help = f"port {port} is in use", "name another: --port N, or 0 for any free one"
        elif error.errno == errno.EACCES:
            what, help = f"port {port} may not be used by you", "name one from 1024: --port N"
        else:
            what = f"this address cannot be listened at: {error.strerror or error}"
            help = "name an address of this machine: --host 127.0.0.1"
        raise AllegianceError(what, f"{host}:{port}", help) from None


def _serve(
    folder: "Folder",
    state: Path,
    served: "Ready",
    listener: socket.socket,
    limits: ServerLimits,
    behind: "Behind",
    asked: Mapping[str, Any],
) -> None:
    from allegiance.cli.front import CLIENTS, COUNTERS, SHOWN, Front
    from allegiance.cli.store import federation_of
    from allegiance.cli.supervisor import Begin, Supervisor
    from allegiance.cli.switching import Switching
    from allegiance.sparql import Readers, admission, counters
    from allegiance.sparql.processes import private_folder, start_host

    host, port = listener.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def ready() -> None:
        click.echo(f"Serving {folder.title} at {address}")
        click.echo("Ctrl+C ends it.", err=True)

    with private_folder() as private:
        readers = Readers(private / "readers.sock", limits.of_query())
        settings = private / "front.json"
        counters.make(private / COUNTERS, asked["fronts"])
        admission.make(private / CLIENTS)
        switching = Switching(folder, state, served, asked["texts"], readers, private / SHOWN)
        _tell_budget(limits)
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
            shown=private / SHOWN,
            allowed=asked["service_allow"],
            as_written=asked["as_written"],
        ).write(settings)

        federation = federation_of(asked["service_allow"], private, limits)

        def begin_host() -> "subprocess.Popen[bytes]":
            now = switching.release
            return start_host(
                now.store,
                readers.socket,
                now.base,
                limits,
                now.id,
                forwarder=federation.socket if federation else None,
            )

        Supervisor(
            readers,
            listener,
            settings,
            asked["fronts"],
            Begin(begin_host, look=switching.look),
            federation,
        ).run(ready)
