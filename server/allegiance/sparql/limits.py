"""All limits of a server in one table: name, flag, default, unit, and what each holds.

The command line makes its options from it, the service description and ``--print-settings`` tell
it, and errors name the value.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from allegiance.sparql import confine
from allegiance.sparql.frames import Limits
from allegiance.sparql.pool import Places

_KIB = 1024
_MIB = 1024 * _KIB


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The value of each limit; names as in LIMITS. 0 means no limit where LIMITS says so."""

    timeout: float = 30.0
    rows: int = 10_000_000
    bytes: int = 4096 * _MIB
    memory: int = 512 * _MIB
    send_seconds: float = 60.0
    body: int = _MIB
    address: int = 32 * _KIB
    header: int = 16 * _KIB
    header_seconds: float = 10.0
    body_seconds: float = 10.0
    connections: int = 1000
    in_flight: int = 256
    sending: int = 48
    readers: int = 16
    slow: int = 4
    line: int = 32
    wait: float = 10.0
    per_minute: int = 0
    service_seconds: float = 10.0
    service_bytes: int = 16 * _MIB
    service_calls: int = 100

    def of_query(self) -> Limits:
        """Return what a reader is told."""
        return Limits(self.timeout, self.memory, self.send_seconds, self.rows, self.bytes)

    def of_front(self, fronts: int) -> Places:
        """Return what one of so many fronts may do at once."""
        return Places(
            max(1, (self.readers - self.slow) // fronts),
            max(1, self.in_flight // fronts),
            max(1, self.sending // fronts),
            f"The limit is {self.in_flight} for all fronts ({fronts}).",
            f"The limit is {self.sending} for all fronts ({fronts}).",
        )

    def host_wait(self) -> float:
        """Return the seconds a slow query may wait, so that it has time left when it is let in."""
        return min(self.wait, self.timeout / 2)

    def budget(self) -> int:
        """Return the bytes that all readers together may take, their stacks included."""
        return self.readers * (self.memory + confine.STACK)

    def told(self) -> Iterator[tuple["Limit", float]]:
        """Yield each limit with its value, for descriptions."""
        values = asdict(self)
        for limit in LIMITS:
            yield limit, values[limit.name]


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit. name: its field in ServerLimits.  unit: for whoever reads its value.

    least: the least value that can be set; 0 stands for no limit where ``off`` is True.
    """

    name: str
    unit: str
    says: str
    least: float = 1
    off: bool = False

    @property
    def flag(self) -> str:
        """The option of ``allegiance serve``."""
        return "--" + self.name.replace("_", "-")

    @property
    def term(self) -> str:
        """Its name in the service description."""
        first, *rest = self.name.split("_")
        plain = first + "".join(word.capitalize() for word in rest)
        return _TERMS.get(self.name, plain)

    @property
    def default(self) -> float:
        """The value without the option."""
        return _DEFAULTS[self.name]

    @property
    def real(self) -> bool:
        """Whether its value may have a fraction."""
        return self.unit == "seconds"


_TERMS = {
    "timeout": "querySeconds",
    "bytes": "answerBytes",
    "memory": "memoryBytes",
    "body": "bodyBytes",
    "address": "addressBytes",
    "header": "headerBytes",
    "per_minute": "requestsPerMinute",
    "service_bytes": "serviceAnswerBytes",
}
_DEFAULTS: Mapping[str, float] = asdict(ServerLimits())

LIMITS: Sequence[Limit] = (
    Limit("timeout", "seconds", "Seconds that one query may take, waiting included.", 0.1),
    Limit("rows", "rows", "Rows, or triples, of one answer; 0 for any number.", 0, True),
    Limit("bytes", "bytes", "Bytes of one answer, before compression; 0 for any number.", 0, True),
    Limit("memory", "bytes", "Bytes of memory that one query may take.", 16 * _MIB),
    Limit("send_seconds", "seconds", "Seconds to wait for a client to take a piece.", 0.1),
    Limit("body", "bytes", "Bytes of the body of a request.", 1024),
    Limit("address", "bytes", "Bytes of an address, and so of a query in it.", 1024),
    Limit("header", "bytes", "Bytes of the header of a request, its address aside.", 1024),
    Limit("header_seconds", "seconds", "Seconds for a client to send a header.", 0.1),
    Limit(
        "body_seconds",
        "seconds",
        "Seconds for a client to send a body, or 16 KiB a second of it.",
        0.1,
    ),
    Limit("connections", "connections", "Connections of clients that are open at once."),
    Limit("in_flight", "requests", "Queries that wait or run at once."),
    Limit("sending", "answers", "Long answers that are being sent at once."),
    Limit("readers", "processes", "Queries that run at once.", 2),
    Limit("slow", "processes", "Queries among them that may take longer than 0.1 s."),
    Limit("line", "queries", "Slow queries that wait for one of their places.", 0),
    Limit("wait", "seconds", "Seconds that a slow query waits, at most half of --timeout.", 0.1),
    Limit("per_minute", "requests", "Requests a minute of one client; 0 for any number.", 0, True),
    Limit("service_seconds", "seconds", "Seconds for another endpoint to answer a SERVICE.", 0.1),
    Limit("service_bytes", "bytes", "Bytes of its answer, also when it is decoded.", 1024),
    Limit("service_calls", "requests", "Requests to other endpoints of one query."),
)


def memory_of_machine() -> int:
    """Return the bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
