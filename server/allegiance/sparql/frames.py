"""The frames that a client and a reader exchange over a Unix socket.

A frame is one byte of kind, four bytes of length (big-endian), then the payload. The client sends
one REQUEST. The reader sends START, DATA as often as it takes, END; or FAILED in place of
anything it has not sent yet. An answer is whole only when END came; when END says that the reader
stays, the same connection takes another REQUEST. AGAIN in place of START: the query was put into
the line of slow ones; the client sends its REQUEST again and waits.
"""

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from allegiance.sparql.failures import Problem

REQUEST = b"Q"
START = b"S"
DATA = b"D"
END = b"E"
FAILED = b"F"
AGAIN = b"A"

RDF_11 = "1.1"
"""Behind a format: the answer may hold only what RDF 1.1 has."""

DATA_SIZE = 64 * 1024
"""Bytes of an answer in one DATA frame, at most."""

_MAX = 16 * 1024 * 1024
_HEAD = struct.Struct(">cI")
HEAD_SIZE = _HEAD.size


class BrokenFrame(Exception):
    """The other side left in the middle of a frame, or sent none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader may use: seconds until the first byte of an answer and as many of CPU after,
    bytes of memory beyond what the open store takes, seconds to wait for a client that does
    not take its answer; rows (or triples) and bytes of an answer, 0 for any number.
    """

    seconds: float = 30.0
    memory: int = 512 * 1024 * 1024
    send_seconds: float = 60.0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Dataset:
    """The dataset of the protocol (``default-graph-uri``, ``named-graph-uri``).

    With either, it takes the place of FROM and FROM NAMED in the query; with neither, the query
    decides.
    """

    default: Sequence[str] = ()
    named: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.default or self.named)


@dataclass(frozen=True, slots=True)
class Request:
    """One query to a reader: its text, the formats (``formats`` names, maybe with RDF_11 behind a
    semicolon) for solutions or truth values and for graphs, its dataset, its limits, its id, and
    whether the engine gets it as it is written (``rewrite``).

    whole: in place of a query, all quads of the store, in the format for graphs.
    """

    query: str
    results: str
    graph: str
    dataset: Dataset = field(default_factory=Dataset)
    limits: Limits = field(default_factory=Limits)
    id: str = ""
    as_written: bool = False
    whole: bool = False

    def pack(self) -> bytes:
        """Return it as a frame."""
        # By hand: ``asdict`` copies deeply, which takes longer than all else here.
        told = {
            "query": self.query,
            "results": self.results,
            "graph": self.graph,
            "dataset": {"default": self.dataset.default, "named": self.dataset.named},
            "limits": _facts(self.limits),
            "id": self.id,
            "as_written": self.as_written,
            "whole": self.whole,
        }
        return pack(REQUEST, json.dumps(told).encode())

    @classmethod
    def unpack(cls, payload: bytes) -> "Request":
        """Read the payload of a REQUEST frame."""
        values = json.loads(payload)
        dataset, limits = Dataset(**values.pop("dataset")), Limits(**values.pop("limits"))
        return cls(**values, dataset=dataset, limits=limits)


@dataclass(frozen=True, slots=True)
class Start:
    """What an answer is, known when its first bytes are: ``kind`` is solutions, boolean or
    graph, ``format`` a name of ``formats``, ``length`` the bytes of the whole answer, if known,
    ``store`` the name of the store that was asked, as the host was told it.
    """

    kind: str
    format: str
    length: int | None = None
    store: str = ""

    def pack(self) -> bytes:
        """Return it as a frame."""
        return pack(START, json.dumps(asdict(self)).encode())


@dataclass(frozen=True, slots=True)
class End:
    """How an answer ended: its rows or triples, and whether its reader takes another query."""

    rows: int
    stays: bool


def _facts(limits: Limits) -> dict[str, float]:
    return {name: getattr(limits, name) for name in Limits.__slots__}


def unpack_end(payload: bytes) -> End:
    """Read the payload of an END frame."""
    return End(**json.loads(payload))


def failed(problem: Problem) -> bytes:
    """Return a problem as a FAILED frame."""
    return pack(FAILED, json.dumps(problem.facts()).encode())


def pack(kind: bytes, payload: bytes = b"") -> bytes:
    """Return a frame."""
    return _HEAD.pack(kind, len(payload)) + payload


def unpack_head(head: bytes | bytearray) -> tuple[bytes, int]:
    """Return kind and length.

    Raises BrokenFrame when the bytes cannot begin a frame.
    """
    kind, length = _HEAD.unpack(head)
    if kind not in (REQUEST, START, DATA, END, FAILED, AGAIN) or length > _MAX:
        raise BrokenFrame("these bytes begin no frame")
    return kind, length


def read(receive: Callable[[int], bytes]) -> tuple[bytes, bytes]:
    """Return kind and payload of the next frame.

    receive: returns that many bytes, or fewer at the end, as a buffered file's ``read``.
    Raises BrokenFrame when the other side left first.
    """
    head = receive(HEAD_SIZE)
    if len(head) < HEAD_SIZE:
        raise BrokenFrame("the other side left")
    kind, length = unpack_head(head)
    payload = receive(length)
    if len(payload) < length:
        raise BrokenFrame("the other side left in the middle of a frame")
    return kind, payload


def unpack_failed(payload: bytes) -> Problem:
    """Read the payload of a FAILED frame."""
    return Problem(**json.loads(payload))


def unpack_start(payload: bytes) -> Start:
    """Read the payload of a START frame."""
    return Start(**json.loads(payload))
