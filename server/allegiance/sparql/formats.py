"""The formats of answers, their media types, and which of them a client prefers.

Solutions and truth values: SPARQL 1.1 (and 1.2) Query Results JSON, XML, CSV, TSV. Graphs: Turtle,
N-Triples, RDF/XML, JSON-LD, and TriG and N-Quads, which then hold a default graph only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from pyoxigraph import QueryResultsFormat, RdfFormat
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

HTML = "text/html"


Engine = TypeVar("Engine", QueryResultsFormat, RdfFormat)


@dataclass(frozen=True, slots=True)
class Format(Generic[Engine]):
    """A format: its name here and in ``?format=``, or its short name there, its media type, other
    types it goes by, what the engine calls it.
    """

    name: str
    short: str
    media: str
    aliases: tuple[str, ...]
    engine: Engine


def _table(*formats: Format[Engine]) -> Mapping[str, Format[Engine]]:
    return {format.name: format for format in formats}


RESULTS = _table(
    Format(
        "json",
        "srj",
        "application/sparql-results+json",
        ("application/json",),
        QueryResultsFormat.JSON,
    ),
    Format(
        "xml",
        "srx",
        "application/sparql-results+xml",
        ("application/xml", "text/xml"),
        QueryResultsFormat.XML,
    ),
    Format("csv", "csv", "text/csv", (), QueryResultsFormat.CSV),
    Format("tsv", "tsv", "text/tab-separated-values", (), QueryResultsFormat.TSV),
)
"""For SELECT and ASK, the one to give when the client does not say first."""

GRAPHS = _table(
    Format("turtle", "ttl", "text/turtle", ("application/turtle",), RdfFormat.TURTLE),
    Format("ntriples", "nt", "application/n-triples", ("text/plain",), RdfFormat.N_TRIPLES),
    Format(
        "rdfxml", "rdf", "application/rdf+xml", ("application/xml", "text/xml"), RdfFormat.RDF_XML
    ),
    Format("jsonld", "jsonld", "application/ld+json", ("application/json",), RdfFormat.JSON_LD),
    Format("trig", "trig", "application/trig", ("application/x-trig",), RdfFormat.TRIG),
    Format("nquads", "nq", "application/n-quads", ("text/x-nquads",), RdfFormat.N_QUADS),
)
"""For CONSTRUCT and DESCRIBE, likewise."""


AnyFormat = Format[QueryResultsFormat] | Format[RdfFormat]


def offers(kind: str | None) -> Mapping[str, AnyFormat]:
    """Return the formats for a kind of answer: solutions, boolean or graph."""
    if kind == "graph":
        return GRAPHS
    return RESULTS


VERSIONS = ("1.2", "1.2-basic", "1.1")
"""What the parameter ``version`` of a media type can name (RDF 1.2 Concepts, section 2)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A format and the media type to name it by; no format means: as a page.

    version: of RDF, when the client asked for one.
    """

    format: AnyFormat | None
    media: str
    version: str | None = None

    @property
    def header(self) -> str:
        """The value of Content-Type. XML and JSON carry their encoding themselves."""
        charset = "; charset=utf-8" if self.media.startswith("text/") else ""
        return self.media + charset + (f"; version={self.version}" if self.version else "")

    @property
    def without_triple_terms(self) -> bool:
        """Whether the client wants nothing that RDF 1.1 has not."""
        return self.version in ("1.1", "1.2-basic")


_OTHER_NAMES = {"json": "jsonld", "json-ld": "jsonld", "n3": "turtle", "rdf+xml": "rdfxml"}
_OTHER_NAMES |= {"rdf xml": "rdfxml", "xml": "rdfxml", "n-triples": "ntriples"}
"""What clients call formats of graphs, SPARQLWrapper above all (a plus sign decodes to a space)."""


def named(name: str, formats: Mapping[str, AnyFormat]) -> Choice | None:
    """Return the format that ``?format=`` names, or None: there is none such.

    name: of a format, its short name, or a media type.
    """
    wanted = name if name in formats else _OTHER_NAMES.get(name, name)
    for format in formats.values():
        if wanted in (format.name, format.short, format.media, *format.aliases):
            return Choice(format, wanted if "/" in wanted else format.media)
    return None


def choose(accept: str | None, formats: Mapping[str, AnyFormat], *, html: bool) -> Choice | None:
    """Return what the client prefers (RFC 9110, section 12.5.1), or None: nothing suits it.

    accept: the value of the header, or None where there is none.
    html: whether a page is on offer too, after all else.
    """
    wanted = accept if accept and accept.strip() else "*/*"
    return _choose(wanted, tuple(formats.values()), html)


@lru_cache(256)
def _choose(wanted: str, formats: tuple[AnyFormat, ...], html: bool) -> Choice | None:
    """Clients send few different headers, and reading one takes long beside a quick query."""
    by_media: dict[str, AnyFormat] = {format.media: format for format in formats}
    for format in formats:
        for alias in format.aliases:
            by_media.setdefault(alias, format)
    offered = [*by_media, HTML] if html else [*by_media]
    # Parameters such as charset or profile narrow nothing here: each format has one form.
    ranges = parse_accept_header(wanted, MIMEAccept)
    plain = MIMEAccept((value.partition(";")[0].strip(), quality) for value, quality in ranges)
    media = plain.best_match(offered)
    if media is None:
        return None
    return Choice(by_media.get(media), media, _version(media, [value for value, _ in ranges]))


def _version(media: str, ranges: Sequence[str]) -> str | None:
    """Return the version of RDF that the client's best range for a media type names, if any."""
    for value in ranges:
        name, options = parse_options_header(value)
        if name.lower() == media:
            version = options.get("version")
            return version if version in VERSIONS else None
    return None
