"""SPARQL over HTTP: a request becomes a query to a reader, its answer a response.

In: requests, and the store of a release. Out: ``Endpoint``, an ASGI application, and ``Readers``
to ask directly. Imports: names, errors. Each query has a process of its own, held by the kernel.
"""

from allegiance.sparql.client import Answer, Readers, Superseded
from allegiance.sparql.failures import BadQuery, Problem, Stopped
from allegiance.sparql.frames import Dataset, Limits
from allegiance.sparql.limits import LIMITS, ServerLimits
from allegiance.sparql.messages import Application
from allegiance.sparql.pool import AsyncAnswer, AsyncReaders
from allegiance.sparql.protocol import Endpoint, Served
from allegiance.sparql.query import check
from allegiance.sparql.rewrite import rewrite

__all__ = [
    "LIMITS",
    "Answer",
    "Application",
    "AsyncAnswer",
    "AsyncReaders",
    "BadQuery",
    "Dataset",
    "Endpoint",
    "Limits",
    "Problem",
    "Readers",
    "Served",
    "ServerLimits",
    "Stopped",
    "Superseded",
    "check",
    "rewrite",
]
