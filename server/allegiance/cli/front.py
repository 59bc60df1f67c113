"""The front: the process that speaks HTTP. The endpoint, with the pages in it, on uvicorn.

    python -m allegiance.cli.front SETTINGS NUMBER

``serve`` starts some, numbered from 0, with the listening socket open, and ends them with SIGTERM:
then they take no new request and give running ones a bounded time.
"""

import json
import logging
import os
import socket
import sys
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvicorn
from a2wsgi import WSGIMiddleware

from allegiance.cli.pages import Pages
from allegiance.cli.shown import Showing
from allegiance.errors import ReleaseError
from allegiance.release import snapshots
from allegiance.sparql import Application, AsyncReaders, Endpoint, Readers, Served, ServerLimits
from allegiance.sparql.admission import FairUse
from allegiance.sparql.compressing import compressing
from allegiance.sparql.confine import die_with_parent
from allegiance.sparql.counters import Counters
from allegiance.sparql.log import Log
from allegiance.sparql.watch import Behind, Watch
from allegiance.sparql.wire import protocol
from allegiance.sparql.writing import Writing, Written

DRAIN_SECONDS = 10
COUNTERS = "counters"
CLIENTS = "clients"
SHOWN = "shown.json"
"""What fronts share, as files next to the readers' socket."""

_PAGES_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Front:
    """What a front is told.

    parent: the process it ends with.  handle: the listening socket, inherited.
    readers: the readers' socket; what fronts share lies next to it.  fronts: how many there are.
    log: json, plain or none.  log_text: whether with the text of queries.
    slow_seconds: from when on a request counts as slow in the log.
    shown: the file that tells what is served.  written: where changes of a plain store go; none
    for a graph folder, which has pages.  allowed: origins that SERVICE may name.
    as_written: whether the engine gets queries as they are written.
    """

    parent: int
    handle: int
    readers: Path
    fronts: int
    limits: ServerLimits
    behind: Behind
    log: str
    log_text: bool
    slow_seconds: float | None
    shown: Path
    written: Written | None = None
    allowed: tuple[str, ...] = ()
    as_written: bool = False

    def write(self, path: Path) -> None:
        """Write it to a file."""
        path.write_text(json.dumps(asdict(self), default=str), "utf-8")

    @classmethod
    def read(cls, path: Path) -> "Front":
        """Read it from a file."""
        told = json.loads(path.read_text("utf-8"))
        written = told["written"]
        if written is not None:
            paths = {name: Path(written[name]) for name in ("socket", "folder")}
            written = Written(**paths, token=written["token"], base=written["base"])
        return cls(
            parent=told["parent"],
            handle=told["handle"],
            readers=Path(told["readers"]),
            fronts=told["fronts"],
            limits=ServerLimits(**told["limits"]),
            behind=Behind(**told["behind"]),
            log=told["log"],
            log_text=told["log_text"],
            slow_seconds=told["slow_seconds"],
            shown=Path(told["shown"]),
            written=written,
            allowed=tuple(told["allowed"]),
            as_written=told["as_written"],
        )


def application(front: Front, counters: Counters) -> Watch:
    """Return the ASGI application: the endpoint, and the pages at all other addresses."""
    limits = front.limits
    showing = Showing(front.shown)
    places = limits.of_front(front.fronts)
    readers = AsyncReaders(
        front.readers, limits.of_query(), places, front.allowed, front.as_written
    )
    site: Application | None = None
    writing: Writing | None = None
    served = partial(_served, showing)
    if front.written is None:
        pages = Pages(showing, Readers(front.readers, limits.of_query(), allowed=front.allowed))
        site = compressing(
            cast(Application, WSGIMiddleware(cast(Any, pages), workers=_PAGES_AT_ONCE))
        )
    else:
        writing = Writing(front.written, readers, limits)
        served = partial(_snapshot, showing, _Current(front.written.folder))
    endpoint = Endpoint(readers, served, site, limits=limits, writing=writing)
    log = Log(front.log, text=front.log_text, slow_seconds=front.slow_seconds)
    shared = front.readers.parent
    fair = FairUse(shared / CLIENTS, limits.per_minute) if limits.per_minute else None
    return Watch(endpoint, front.readers, counters, log, fair, front.behind)


def _served(showing: Showing) -> Served:
    return showing().served


def _snapshot(showing: Showing, current: "_Current") -> Served:
    return replace(showing().served, release=current())


class _Current:
    """Tells the name of a store's current snapshot, or nothing when it cannot be read.

    Asked at least once a request: the file is read only when it is another one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = str(folder / "CURRENT")
        self._seen = (0, 0)
        self._name = ""

    def __call__(self) -> str:
        try:
            told = os.stat(self._path)  # noqa: PTH116 (a Path takes ten times as long)
            seen = (told.st_ino, told.st_mtime_ns)
            if seen != self._seen:
                # Looked at first: if it is replaced meanwhile, the next request reads it again.
                self._name = snapshots.current(self._folder).name
                self._seen = seen
        except (OSError, ReleaseError):
            return ""
        return self._name


def _not_broken_off(record: logging.LogRecord) -> bool:
    # How an answer that cannot be finished is broken off: meant, and told by the status before.
    # A broken request is told by the answer it gets, and counted.
    said = record.getMessage()
    return "without completing response" not in said and "Invalid HTTP request" not in said


def main() -> None:
    """Serve until SIGTERM."""
    front = Front.read(Path(sys.argv[1]))
    number = int(sys.argv[2])
    die_with_parent(front.parent)
    logging.basicConfig(format="front: %(message)s", level=logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_not_broken_off)
    counters = Counters(front.readers.parent / COUNTERS, number)
    config = uvicorn.Config(
        application(front, counters),
        http=protocol(front.limits, front.fronts, counters),
        loop="uvloop",
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=front.handle)])


if __name__ == "__main__":
    main()
