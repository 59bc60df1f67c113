"""SHACL: pySHACL over text, with nothing fetched and nothing left behind in its libraries."""

import logging
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from allegiance.errors import AllegianceError
from allegiance.findings import Severity
from allegiance.names import SH

if TYPE_CHECKING:
    import rdflib

_QUERIES = ("select", "ask", "construct", "update")
_FROM = re.compile(r"(?<![?$\w:.-])FROM\s+(NAMED\s+)?(<|[\w.-]*:)", re.IGNORECASE)
_QUOTED = re.compile(
    r"(<)[^<>\"{}|^`\\\s]*>|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|#[^\n]*", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Result:
    """One row of a validation report (SHACL 2017, section 3.6.2).

    focus: the node that does not conform. path: the property, if it is a single one.
    value: the value at fault, if there is one. shape: the IRI of the shape, or its label.
    """

    focus: NamedNode | BlankNode | Literal
    path: NamedNode | None
    value: NamedNode | BlankNode | Literal | None
    shape: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a validation found, with the report as the standard has it."""

    conforms: bool
    results: tuple[Result, ...]
    graph: "rdflib.Graph"


class ShapesError(AllegianceError):
    """The shapes themselves are wrong, or ask for what is not allowed."""


def validate(data: Iterable[Triple], shapes: Iterable[Triple]) -> Report:
    """Hold data against shapes by SHACL core and SHACL-SPARQL.

    No import is followed, no graph loaded, no JavaScript run, no rule applied. Blank nodes of
    ``data`` and ``shapes`` must be named apart, as ``turtle.read`` does.

    Raises ShapesError when the shapes are wrong or a query in them has a FROM.
    """
    shapes = tuple(shapes)
    _refuse_from(shapes)
    with _as_found():
        import pyshacl

        try:
            conforms, graph, text = pyshacl.validate(
                # Text, not graphs: the library prepares only what it parses itself.
                _text(data),
                data_graph_format="nt",
                shacl_graph=_text(shapes),
                shacl_graph_format="nt",
                do_owl_imports=False,
                advanced=False,
                js=False,
                max_validation_depth=50,
            )
        except (RuntimeError, ValueError, SyntaxError) as error:
            raise _wrong(str(error)) from None
        except Exception as error:
            # A query with a mistake in it fails in one of many ways of the library's parser.
            if type(error).__module__.split(".")[0] not in ("rdflib", "pyparsing", "pyshacl"):
                raise
            raise _wrong(str(error)) from None
        if not hasattr(graph, "serialize") or isinstance(graph, bytes):
            raise _wrong(str(text))
        return Report(bool(conforms), tuple(sorted(_results(graph), key=_order)), graph)


def _wrong(reason: str) -> ShapesError:
    first = next((line.strip() for line in reason.splitlines() if line.strip()), "no reason given")
    return ShapesError(f"the shapes cannot be used: {first}", help="mend the shape it names")


def _text(triples: Iterable[Triple]) -> bytes:
    text = pyoxigraph.serialize(triples, format=pyoxigraph.RdfFormat.N_TRIPLES) or b""
    # An empty text would be taken for a file name.
    return b"# RDF\n" + text


def _refuse_from(shapes: tuple[Triple, ...]) -> None:
    names = {SH + name for name in _QUERIES}
    for triple in shapes:
        if triple.predicate.value not in names or not isinstance(triple.object, Literal):
            continue
        # Only the sign that an IRI begins is kept of what could hold the word without meaning it.
        if _FROM.search(_QUOTED.sub(lambda match: match[1] or " ", triple.object.value)):
            raise ShapesError(
                f"a query of the shapes has a FROM, which would load a graph: {triple.subject}",
                help="take the FROM out; shapes see only the data they are given",
            )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the log of the libraries from stderr: what matters of it is raised or a finding."""
    logs = [logging.getLogger(name) for name in ("pyshacl-validate", "rdflib.term")]
    before = [log.disabled for log in logs]
    for log in logs:
        log.disabled = True
    try:
        yield
    finally:
        for log, disabled in zip(logs, before, strict=True):
            log.disabled = disabled


@contextmanager
def _as_found() -> Iterator[None]:
    """Let no query load a graph, and leave the settings of the libraries as they were."""
    import rdflib
    import rdflib.plugins.sparql as sparql

    normalize, loading = rdflib.NORMALIZE_LITERALS, sparql.SPARQL_LOAD_GRAPHS
    sparql.SPARQL_LOAD_GRAPHS = False
    try:
        with quiet(), warnings.catch_warnings():
            # pySHACL uses names that rdflib wants to give up: nothing that a user could mend.
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        rdflib.NORMALIZE_LITERALS = normalize
        sparql.SPARQL_LOAD_GRAPHS = loading


def _results(graph: "rdflib.Graph") -> Iterator[Result]:
    from rdflib import RDF, URIRef

    def named(name: str) -> URIRef:
        return URIRef(SH + name)

    # A result may hold others, as details: only those of the report itself are findings.
    for report in graph.subjects(RDF.type, named("ValidationReport")):
        for row in graph.objects(report, named("result")):
            path = _term(graph.value(row, named("resultPath")))
            focus = _term(graph.value(row, named("focusNode")))
            severity = graph.value(row, named("resultSeverity"))
            message = min((str(m) for m in graph.objects(row, named("resultMessage"))), default="")
            assert focus is not None
            yield Result(
                focus,
                path if isinstance(path, NamedNode) else None,
                _term(graph.value(row, named("value"))),
                str(graph.value(row, named("sourceShape"))),
                Severity.ERROR if severity == named("Violation") else Severity.WARNING,
                message,
            )


def _term(value: object) -> NamedNode | BlankNode | Literal | None:
    from rdflib import BNode, URIRef
    from rdflib import Literal as Value

    if isinstance(value, URIRef):
        return NamedNode(str(value))
    if isinstance(value, BNode):
        return BlankNode(re.sub(r"\W", "", str(value)))
    if isinstance(value, Value):
        if value.language:
            return Literal(str(value), language=value.language)
        return (
            Literal(str(value), datatype=NamedNode(str(value.datatype)))
            if (value.datatype)
            else Literal(str(value))
        )
    return None


def _order(result: Result) -> tuple[str, str, str, str]:
    return (str(result.focus), result.shape, str(result.path), str(result.value))
