"""A reader: one process, one query at a time. It ends by itself, or the kernel ends it at a limit.

It takes another query over the same connection as long as the last ones were quick and small.

Everything here runs in a process forked by ``host``, which opened the store. Query and
serialization stay in one thread, as the engine demands.
"""

import errno
import json
import os
import re
import resource
import signal
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import IO, NoReturn, cast

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    QueryBoolean,
    QueryTriples,
    Store,
    Triple,
    serialize,
)

from allegiance.sparql import confine, frames
from allegiance.sparql.diagnosis import diagnose
from allegiance.sparql.failures import Problem
from allegiance.sparql.formats import GRAPHS, RESULTS
from allegiance.sparql.frames import BrokenFrame, Request, Start
from allegiance.sparql.rows import COUNTERS
from allegiance.sparql.slots import IDLE, SENDING, Slots

NOT_TAKEN = 3
"""Exit code of a reader whose client did not take its answer in time."""

_REUSE_SECONDS = 0.1
_REUSE_GROWTH = 64 * 1024
"""KiB that a reader may have grown to be used again."""
_Named = NamedNode | BlankNode
_Graph = NamedNode | BlankNode | DefaultGraph


class _Work:
    """What a reader knows besides its store: its slot, and when it began a query."""

    def __init__(self, connection: socket.socket, name: str, slots: Slots, slot: int) -> None:
        self.connection = connection
        self.name = name
        self._slots = slots
        self._slot = slot
        self._began = 0.0
        self._size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def begin(self, query: str) -> None:
        # The host's SIGTERM says that there is another store: it ends who is not at work. Whoever
        # asked meanwhile asks the next reader.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        self._began = time.monotonic()
        self._slots.begin(self._slot, query)

    def send(self) -> None:
        self._slots.turn(self._slot, SENDING)

    def rest(self) -> None:
        self._slots.turn(self._slot, IDLE)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def stays(self) -> bool:
        """Return whether this process can take another query."""
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - self._size
        return time.monotonic() - self._began < _REUSE_SECONDS and grown < _REUSE_GROWTH


def read(
    store: Store,
    name: str,
    connection: socket.socket,
    known: Mapping[str, str],
    slots: Slots,
    slot: int,
    relative: str | None = None,
) -> NoReturn:
    """Answer the requests that come over the connection, then end this process.

    name: of the store, told with each answer.  relative: what relative IRIs are resolved against.
    """
    code = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        work = _Work(connection, name, slots, slot)
        file = connection.makefile("rb")
        limits = None
        stays = True
        while stays:
            kind, payload = frames.read(file.read)
            if kind != frames.REQUEST:
                break
            request = Request.unpack(payload)
            work.begin(request.id)
            confine.limit_wall_time(request.limits.seconds)
            if limits is None:
                limits = request.limits
                confine.limit_memory(limits.memory)
                _limit_sending(connection, limits.send_seconds)
            stays = _answer(store, request, work, known, relative)
            work.rest()
        code = 0
    except BlockingIOError:
        code = NOT_TAKEN
    except (BrokenFrame, ConnectionError):
        code = 0  # The client left; nobody is there to be told.
    finally:
        # Not the usual way out: what was inherited by the fork is not this process's to close.
        os._exit(code)


def _limit_sending(connection: socket.socket, seconds: float) -> None:
    whole, fraction = divmod(seconds, 1)
    connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(whole), int(fraction * 1e6))
    )


def _answer(
    store: Store,
    request: Request,
    work: _Work,
    known: Mapping[str, str],
    relative: str | None,
) -> bool:
    """Answer one request; return whether this process can take another."""
    connection = work.connection
    try:
        return _evaluate(store, request, work, relative).end()
    except SyntaxError as error:
        problem = diagnose(request.query, str(error), partial(_parse, relative), known)
        connection.sendall(frames.failed(problem))
    except _Unfit as error:
        connection.sendall(frames.failed(error.problem))
    except MemoryError:
        connection.sendall(frames.failed(out_of_memory()))
    return False


def _evaluate(store: Store, request: Request, work: _Work, relative: str | None) -> "_Out":
    dataset = request.dataset
    try:
        default: list[_Graph] = [NamedNode(name) for name in dataset.default]
        named: list[_Named] = [NamedNode(name) for name in dataset.named]
    except ValueError as error:
        problem = Problem("dataset", f"{error}.", "Name graphs by absolute IRIs.")
        raise _Unfit(problem) from None
    try:
        if dataset:
            found = store.query(
                request.query, base_iri=relative, default_graph=default, named_graphs=named
            )
        else:
            found = store.query(request.query, base_iri=relative)
        if isinstance(found, QueryTriples):
            out = _Out(work, "graph", *_version(request.graph), request)
            triples = _counted(found, out)
            serialize(triples, cast(IO[bytes], out), GRAPHS[out.format].engine)
        else:
            kind = "boolean" if isinstance(found, QueryBoolean) else "solutions"
            out = _Out(work, kind, *_version(request.results), request)
            found.serialize(cast(IO[bytes], out), RESULTS[out.format].engine)
    except (BlockingIOError, ConnectionError):
        raise
    except (OSError, RuntimeError) as error:
        raise _Unfit(_refused(str(error))) from None
    return out


def _counted(triples: Iterator[Triple], out: "_Out") -> Iterator[Triple]:
    for triple in triples:
        out.count(1)
        if out.rdf_11:
            there = triple.object
            if isinstance(there, Triple) or (isinstance(there, Literal) and there.direction):
                raise _Unfit(_NEWER)
        yield triple


def _version(format: str) -> tuple[str, bool]:
    """Return the name of a format, and whether it may hold only what RDF 1.1 has."""
    name, _, version = format.partition(";")
    return name, version == frames.RDF_11


def _refused(message: str) -> Problem:
    """Return what an error of the engine means, for which it has no class of its own."""
    if "RDF 1.2" in message:
        return Problem(
            "format",
            "The answer holds triple terms (RDF 1.2), which JSON-LD cannot say.",
            "Ask for text/turtle or application/n-triples.",
        )
    if "custom function" in message:
        return Problem("function", f"{message}.", "Use a function of SPARQL 1.1.")
    if f"os error {errno.EACCES}" in message:
        return Problem("service", "This server does not ask other servers.", "Leave SERVICE out.")
    return Problem("crash", f"The engine could not go on: {message[:200]}.")


def out_of_memory() -> Problem:
    """Return the problem of a query that wanted more memory than it may take."""
    return Problem(
        "memory",
        "The query needed more memory than one query may take.",
        "Narrow it: fewer combinations, an earlier FILTER, no ORDER BY over everything.",
    )


def _parse(relative: str | None, query: str) -> str | None:
    try:
        Store().query(query, base_iri=relative)
    except SyntaxError as error:
        return str(error)
    except OSError:
        pass
    return None


class _Unfit(Exception):
    """The answer cannot be given, for the reason in ``problem``."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


_NEWER = Problem(
    "format",
    "The answer holds what RDF 1.1 has not: triple terms, or texts with a direction.",
    "Ask for version=1.2, or for the same type without a version.",
)
_NEWER_RESULTS = {"json": rb'"type":"triple"|"its:dir":', "xml": rb"<triple>|its:dir="}
"""How such terms begin, in formats where no text can look like one."""
_NO_XML = re.compile(rb"[\x00-\x08\x0b-\x1f]|\xef\xbf[\xbe\xbf]")
"""What no XML 1.0 document may hold (section 2.2), in UTF-8, and the carriage return, which the
engine writes bare, so that a parser would read a line feed."""
_NO_RDF_XML = re.compile(_NO_XML.pattern + rb"|<oxprefix:[ />]")
"""And a predicate whose IRI does not end in an XML name: the engine writes it broken."""
_SEAM = 20
"""Bytes looked at twice, so that nothing hides where two pieces meet."""


class _Out:
    """What the engine writes an answer to: sent on in frames, the first of them with START.

    An answer that fits into one frame is sent with its length.
    """

    def __init__(self, work: _Work, kind: str, format: str, rdf_11: bool, request: Request) -> None:
        self._work = work
        self._connection = work.connection
        self._kind = kind
        self.format = format
        self.rdf_11 = rdf_11
        self._request = request
        self._held = bytearray()
        self._seam = b""
        self._begun = False
        self._size = 0
        self._rows = 0
        self._counter = COUNTERS[format]() if kind == "solutions" else None
        self._most_rows = request.limits.rows
        self._most_bytes = request.limits.bytes
        self._unfit = {"xml": _NO_XML, "rdfxml": _NO_RDF_XML}.get(format)
        self._newer = re.compile(_NEWER_RESULTS.get(format, rb"(?!)")) if rdf_11 else None

    def write(self, data: bytes) -> int:
        """Take some bytes of the answer."""
        if self._unfit is not None or self._newer is not None:
            seen = self._seam + data
            if self._unfit is not None and self._unfit.search(seen):
                self._refuse()
            if self._newer is not None and self._newer.search(seen):
                self._fail(_NEWER)
            self._seam = seen[-_SEAM:]
        if self._counter is not None:
            self.count(self._counter(data))
        self._size += len(data)
        if self._most_bytes and self._size > self._most_bytes:
            self._fail(_too_long("bytes", "bytes", self._most_bytes))
        self._held += data
        while len(self._held) >= frames.DATA_SIZE:
            self._begin(None)
            self._connection.sendall(
                frames.pack(frames.DATA, bytes(self._held[: frames.DATA_SIZE]))
            )
            del self._held[: frames.DATA_SIZE]
        return len(data)

    def count(self, rows: int) -> None:
        """Count rows or triples of the answer."""
        self._rows += rows
        if self._most_rows and self._rows > self._most_rows:
            what = "triples" if self._kind == "graph" else "rows"
            self._fail(_too_long("rows", what, self._most_rows))

    def flush(self) -> None:
        """Do nothing: frames are sent when they are full, and at the end."""

    def end(self) -> bool:
        """Send what is left, and that the answer is whole; return whether this process stays."""
        if self._begun:
            head = b""
            confine.limit_cpu_time(0)
        else:
            confine.limit_wall_time(0)
            self._work.send()
            head = Start(self._kind, self.format, len(self._held), self._work.name).pack()
        stays = self._work.stays()
        data = frames.pack(frames.DATA, bytes(self._held)) if self._held else b""
        told = json.dumps({"rows": self._rows, "stays": stays}).encode()
        self._connection.sendall(head + data + frames.pack(frames.END, told))
        return stays

    def _begin(self, length: int | None) -> None:
        if self._begun:
            return
        self._begun = True
        # From here on the client sets the pace, so only our own work counts.
        self._work.send()
        confine.limit_wall_time(0)
        confine.limit_cpu_time(self._request.limits.seconds)
        self._connection.sendall(Start(self._kind, self.format, length, self._work.name).pack())

    def _refuse(self) -> NoReturn:
        self._fail(
            Problem(
                "format",
                "The answer holds a character or a predicate that this form of XML cannot say.",
                "Ask for JSON, Turtle or N-Triples.",
            )
        )

    def _fail(self, problem: Problem) -> NoReturn:
        """End here: the engine would hide an error that is raised while it writes."""
        self._connection.sendall(frames.failed(problem))
        os._exit(0)


def _too_long(code: str, what: str, most: int) -> Problem:
    return Problem(
        code,
        f"The answer has more than {most} {what}, which is the limit.",
        "Ask for less at once: a LIMIT with an OFFSET and an ORDER BY, or an aggregate.",
    )
