"""Answering what the endpoint is: ``description`` filled from what runs, for HTTP."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from pyoxigraph import NamedNode, QueryResultsFormat, QuerySolutions, parse_query_results

from allegiance.sparql import cache, description
from allegiance.sparql.description import Described
from allegiance.sparql.formats import Choice
from allegiance.sparql.limits import ServerLimits
from allegiance.sparql.messages import CORS, NO_SNIFFING, Scope, Send, send_whole, stamp
from allegiance.sparql.pool import AsyncReaders


class About:
    """Describes one endpoint. update: the address for updates, where there is one."""

    def __init__(
        self, readers: AsyncReaders, limits: ServerLimits, update: str | None = None
    ) -> None:
        self._readers = readers
        self._limits = limits
        self._update = update

    async def service(
        self, scope: Scope, headers: Mapping[str, str], choice: Choice, send: Send
    ) -> None:
        """Answer with the service description.

        Raises Stopped when no reader tells the names of the graphs.
        """
        graphs, release = await self._ask(description.GRAPH_NAMES)
        triples = description.service(self._described(scope, headers, graphs))
        await _send(description.write(triples, choice), release, headers, choice, send)

    async def data(
        self, scope: Scope, headers: Mapping[str, str], choice: Choice, send: Send
    ) -> None:
        """Answer with VoID; errors as for ``service``."""
        (row,), release = await self._ask(description.SIZE)
        triples = description.dataset(self._described(scope, headers, ()), int(row.value))
        await _send(description.write(triples, choice), release, headers, choice, send)

    def _described(
        self, scope: Scope, headers: Mapping[str, str], graphs: Sequence[Any]
    ) -> Described:
        at = description.address(
            scope["scheme"],
            headers.get("host"),
            scope.get("server"),
            f"{scope.get('root_path', '')}/sparql",
        )
        return Described(
            address=at,
            graphs=[graph.value for graph in graphs if isinstance(graph, NamedNode)],
            limits=description.limits(self._limits),
            update=None if self._update is None else at.removesuffix("/sparql") + self._update,
            federates=bool(self._readers.allowed),
        )

    async def _ask(self, query: str) -> tuple[list[Any], str]:
        """Return the first term of each row, and the release that was asked."""
        answer = await self._readers.stream(query, results="tsv")
        try:
            body = b"".join([data async for data in answer])
        finally:
            answer.close()
        found = parse_query_results(body, format=QueryResultsFormat.TSV)
        assert isinstance(found, QuerySolutions)
        return [row[0] for row in found], answer.start.store


async def _send(
    body: bytes, release: str, headers: Mapping[str, str], choice: Choice, send: Send
) -> None:
    tag = blake2b(choice.header.encode() + body, digest_size=16).hexdigest()
    told = [
        *CORS,
        NO_SNIFFING,
        (b"vary", b"accept, host"),
        (b"etag", f'"{tag}"'.encode()),
        (b"cache-control", b"no-cache"),
    ]
    if release:
        told.append(stamp(release))
    if cache.matches(tag, headers.get("if-none-match")):
        await send({"type": "http.response.start", "status": 304, "headers": told})
        await send({"type": "http.response.body"})
        return
    await send_whole(send, 200, [*told, (b"content-type", choice.header.encode())], body)
