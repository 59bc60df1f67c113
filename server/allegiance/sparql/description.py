"""What the endpoint says of itself, as RDF: SPARQL 1.1 Service Description, and VoID.

All of it is made from the running settings: formats from ``formats``, limits from what holds
them, named graphs from the release.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, Triple, serialize

from allegiance import names
from allegiance.sparql import query
from allegiance.sparql.formats import GRAPHS, RESULTS, AnyFormat, Choice
from allegiance.sparql.limits import ServerLimits

SD = "http://www.w3.org/ns/sparql-service-description#"
SPARQL = "http://www.w3.org/ns/sparql#"
VOID = "http://rdfs.org/ns/void#"
LIMIT = names.VOCABULARY + "limit/"
FORMAT = "http://www.w3.org/ns/formats/"

_PREFIXES = {
    "sd": SD,
    "void": VOID,
    "limit": LIMIT,
    "format": FORMAT,
    "rdfs": names.RDFS,
    "xsd": names.XSD,
}
_FORMATS = {
    "json": "SPARQL_Results_JSON",
    "xml": "SPARQL_Results_XML",
    "csv": "SPARQL_Results_CSV",
    "tsv": "SPARQL_Results_TSV",
    "turtle": "Turtle",
    "ntriples": "N-Triples",
    "rdfxml": "RDF_XML",
    "jsonld": "JSON-LD",
    "trig": "TriG",
    "nquads": "N-Quads",
}
"""Name in ``formats`` → last part of its IRI among the W3C's names of file formats."""

_HOST = re.compile(r"[A-Za-z0-9._\-]+(?::\d+)?|\[[0-9A-Fa-f:.]+\](?::\d+)?")

GRAPH_NAMES = "SELECT ?g { GRAPH ?g {} } ORDER BY ?g LIMIT 1000"
SIZE = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"

Value = int | float


@dataclass(frozen=True, slots=True)
class Described:
    """What a description is made from.

    address: of the endpoint.  graphs: names of the named graphs.  limits: as ``limits`` gives
    them.  update: the address for updates, where there is one.  federates: whether SERVICE may
    ask some other endpoint.
    """

    address: str
    graphs: Sequence[str]
    limits: Mapping[str, tuple[Value, str]]
    update: str | None = None
    federates: bool = False


def limits(held: ServerLimits) -> dict[str, tuple[Value, str]]:
    """Return each limit by its name: its value, and what it limits in words."""
    found: dict[str, tuple[Value, str]] = {
        limit.term: (value, limit.says) for limit, value in held.told()
    }
    found["nesting"] = (query.MAX_DEPTH, "Brackets that are open at once in a query.")
    if sys.platform != "linux":
        del found["memoryBytes"]
    return {name: told for name, told in found.items() if told[0]}


def address(scheme: str, host: str | None, server: tuple[str, int] | None, path: str) -> str:
    """Return the address of the endpoint, as its client sees it.

    host: the header Host; one that is none is not repeated.  path: as in the request.
    """
    if host is None or not _HOST.fullmatch(host):
        name, port = server or ("localhost", 80)
        host = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    return f"{scheme}://{host}{path}"


def service(of: Described) -> Iterator[Triple]:
    """Yield the service description (SPARQL 1.1 Service Description)."""
    # The service is named by its address: that is what Comunica looks for.
    node = NamedNode(of.address)
    a = NamedNode(names.RDF + "type")
    yield Triple(node, a, _sd("Service"))
    yield Triple(node, _sd("endpoint"), node)
    yield Triple(node, _sd("supportedLanguage"), _sd("SPARQL11Query"))
    for format in _formats():
        yield Triple(node, _sd("resultFormat"), NamedNode(FORMAT + _FORMATS[format.name]))
    yield from _limits(node, of.limits)
    if of.federates:
        yield Triple(node, _sd("feature"), _sd("BasicFederatedQuery"))
    dataset, default = BlankNode("dataset"), BlankNode("default")
    yield Triple(node, _sd("defaultDataset"), dataset)
    yield Triple(dataset, a, _sd("Dataset"))
    yield Triple(dataset, _sd("defaultGraph"), default)
    yield Triple(default, a, _sd("Graph"))
    for number, name in enumerate(of.graphs):
        named = BlankNode(f"g{number}")
        yield Triple(dataset, _sd("namedGraph"), named)
        yield Triple(named, a, _sd("NamedGraph"))
        yield Triple(named, _sd("name"), NamedNode(name))
    if of.update is not None:
        update = NamedNode(of.update)
        yield Triple(update, a, _sd("Service"))
        yield Triple(update, _sd("endpoint"), update)
        yield Triple(update, _sd("supportedLanguage"), _sd("SPARQL11Update"))


def dataset(of: Described, triples: int) -> Iterator[Triple]:
    """Yield what VoID says of the data. triples: in the default graph."""
    node = BlankNode("data")
    a = NamedNode(names.RDF + "type")
    yield Triple(node, a, NamedNode(VOID + "Dataset"))
    yield Triple(node, NamedNode(VOID + "sparqlEndpoint"), NamedNode(of.address))
    yield Triple(node, NamedNode(VOID + "triples"), Literal(triples))
    for format in GRAPHS.values():
        iri = NamedNode(FORMAT + _FORMATS[format.name])
        yield Triple(node, NamedNode(VOID + "feature"), iri)


def write(triples: Iterator[Triple], choice: Choice) -> bytes:
    """Return the triples in the format chosen, one of ``formats.GRAPHS``."""
    assert choice.format is not None
    engine = GRAPHS[choice.format.name].engine
    written = serialize(triples, format=engine, prefixes=_PREFIXES)
    assert written is not None
    return written


def _formats() -> Iterator[AnyFormat]:
    yield from RESULTS.values()
    yield from GRAPHS.values()


def _limits(node: NamedNode, told: Mapping[str, tuple[Value, str]]) -> Iterator[Triple]:
    for name, (value, label) in told.items():
        limit = NamedNode(LIMIT + name)
        exact = int(value) if value == int(value) else value
        yield Triple(node, limit, Literal(exact))
        yield Triple(limit, NamedNode(names.RDFS + "label"), Literal(label, language="en"))


def _sd(name: str) -> NamedNode:
    return NamedNode(SD + name)
