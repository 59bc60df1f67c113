"""Asking the readers from threads; the front has ``pool``.

A query is looked at first (``query.check``), so that what the engine's parser would not survive
does not reach it, and an answer is whole only when the reader said so.
"""

import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import BufferedIOBase
from pathlib import Path
from types import TracebackType

from allegiance.sparql import frames
from allegiance.sparql.failures import Problem
from allegiance.sparql.frames import BrokenFrame, Dataset, Limits, Request
from allegiance.sparql.query import check

GONE = Problem(
    "crash", "The reader ended before the answer was whole.", "Try again, or a simpler query."
)
BUSY = Problem("busy", "The readers cannot be reached.", "Try again in a few seconds.")


class Superseded(BaseException):
    """Another release than the one meant has answered; whoever asked begins anew, with that one.

    No Exception: nobody on the way is to take it for an error that can be shown.
    """


@dataclass(frozen=True, slots=True)
class Readers:
    """The readers behind a Unix socket. Safe to share between threads.

    release: the one that must answer, for who puts several answers together; empty for any.
    allowed: origins that SERVICE may name.

    >>> Readers(Path("/run/…/readers.sock")).ask("ASK { ?s ?p ?o }")  # doctest: +SKIP
    b'{"head":{},"boolean":true}'
    """

    socket: Path
    limits: Limits = field(default_factory=Limits)
    allowed: Sequence[str] = ()
    release: str = ""

    def ask(
        self,
        query: str,
        *,
        results: str = "json",
        graph: str = "ntriples",
        dataset: Dataset | None = None,
        seconds: float | None = None,
    ) -> bytes:
        """Return the whole answer.

        results: the format for SELECT and ASK: json, xml, csv or tsv.
        graph: the format for CONSTRUCT and DESCRIBE: turtle, ntriples, rdfxml or jsonld.
        seconds: the time limit in place of the usual one.

        Raises BadQuery (a QueryError) and Stopped (a LimitError), each with its ``problem``, and
        Superseded when another release than the one meant answers.
        """
        with self.stream(
            query, results=results, graph=graph, dataset=dataset, seconds=seconds
        ) as answer:
            return b"".join(answer)

    def stream(
        self,
        query: str,
        *,
        results: str = "json",
        graph: str = "ntriples",
        dataset: Dataset | None = None,
        seconds: float | None = None,
    ) -> "Answer":
        """Return the answer to iterate over, once its first bytes are there; close it, or use
        ``with``. Parameters and errors as for ``ask``; errors may also come while iterating.
        """
        check(query, self.allowed)
        request = make_request(query, results, graph, dataset, self.limits, seconds)
        answer = self._begin(request)
        if self.release and answer.store != self.release:
            answer.close()
            raise Superseded
        return answer

    def _begin(self, request: Request) -> "Answer":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(self.socket))
            connection.sendall(request.pack())
            return Answer(connection, request)
        except OSError:
            connection.close()
            raise BUSY.error() from None
        except BaseException:
            connection.close()
            raise


class Answer:
    """One answer as it comes: ``kind``, ``format``, ``store``, the name of the one that was asked,
    then pieces of bytes by iterating.
    """

    def __init__(self, connection: socket.socket, request: Request) -> None:
        self._connection = connection
        self._limits = request.limits
        self._file = connection.makefile("rb")
        began = time.monotonic()
        try:
            kind, payload = checked(*_read(self._file), self._limits)
            while kind == frames.AGAIN:
                connection.sendall(again(request, time.monotonic() - began).pack())
                kind, payload = checked(*_read(self._file), self._limits)
            if kind != frames.START:
                raise GONE.error()
        except BaseException:
            self.close()
            raise
        start = frames.unpack_start(payload)
        self.kind = start.kind
        self.format = start.format
        self.store = start.store

    def __iter__(self) -> Iterator[bytes]:
        while True:
            kind, payload = checked(*_read(self._file), self._limits)
            if kind == frames.END:
                return
            yield payload

    def close(self) -> None:
        """Leave; if the answer is not whole yet, its reader is ended."""
        self._file.close()
        self._connection.close()

    def __enter__(self) -> "Answer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def make_request(
    query: str,
    results: str,
    graph: str,
    dataset: Dataset | None,
    limits: Limits,
    seconds: float | None,
    name: str = "",
    as_written: bool = False,
) -> Request:
    """Return the request to send; ``seconds`` in place of the usual limit."""
    if seconds is not None:
        limits = replace(limits, seconds=seconds)
    return Request(query, results, graph, dataset or Dataset(), limits, name, as_written)


def again(request: Request, passed: float) -> Request:
    """Return what to send again after that many seconds: waiting counts too."""
    left = max(0.05, request.limits.seconds - passed)
    return replace(request, limits=replace(request.limits, seconds=left))


def _read(file: BufferedIOBase) -> tuple[bytes, bytes]:
    try:
        return frames.read(file.read)
    except (BrokenFrame, OSError):
        raise GONE.error() from None


def checked(kind: bytes, payload: bytes, limits: Limits) -> tuple[bytes, bytes]:
    """Raise what a FAILED frame says, with the limit that was met; anything else passes."""
    if kind != frames.FAILED:
        return kind, payload
    raise of_limit(frames.unpack_failed(payload), limits).error()


def of_limit(problem: Problem, limits: Limits) -> Problem:
    """Return a problem with the value of the limit that was met."""
    met = {
        "time": f"The limit is {limits.seconds:g} s.",
        "memory": f"The limit is {limits.memory // 1024**2} MiB.",
    }.get(problem.code)
    if met:
        problem = replace(problem, detail=f"{problem.detail} {met}")
    return problem
