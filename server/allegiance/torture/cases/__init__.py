"""The cases, one module a family."""

from allegiance.torture.case import Case
from allegiance.torture.cases import (
    clients,
    encoding,
    framing,
    http,
    protocol,
    reach,
    runaway,
    size,
    storm,
)

CASES: tuple[Case, ...] = (
    *protocol.CASES,
    *http.CASES,
    *framing.CASES,
    *encoding.CASES,
    *reach.CASES,
    *size.CASES,
    *runaway.CASES,
    *clients.CASES,
    *storm.CASES,
)
"""All cases, in the order in which they are run: what is cheap first."""
