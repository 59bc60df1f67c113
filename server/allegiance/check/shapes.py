"""The folder's own shapes over what is asserted, and the SHACL of any files alone."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyoxigraph
from pyoxigraph import Literal, NamedNode, Triple

from allegiance.check.dataset import ASSERTED, Loaded
from allegiance.check.places import Places
from allegiance.check.shacl import Report, Result, ShapesError, validate
from allegiance.errors import AllegianceError, TurtleError, UsageError
from allegiance.findings import Finding, Severity
from allegiance.folder import SETTINGS
from allegiance.turtle import Document, read


def shapes(loaded: Loaded, places: Places) -> Iterator[Finding]:
    """Yield a finding for each node of the asserted data that a shape of the folder rejects."""
    try:
        report = validate(loaded.triples(*ASSERTED), loaded.triples("shapes"))
    except ShapesError as error:
        yield Finding("shapes", Severity.ERROR, error.what, error.help or "")
        return
    yield from findings(report, places)


def findings(report: Report, places: Places) -> Iterator[Finding]:
    """Yield the rows of a validation report as findings, in the order of their places."""
    found = [_finding(result, places) for result in report.results]
    yield from sorted(found, key=lambda finding: (finding.place is None, _numbers(finding)))


def _numbers(finding: Finding) -> tuple[str, int, int]:
    place = finding.place
    return (place.file, place.line or 0, place.column or 0) if place else ("", 0, 0)


def _finding(result: Result, places: Places) -> Finding:
    node = result.focus if isinstance(result.focus, NamedNode) else None
    place = None
    if node and result.path and result.value:
        place = places.statement(Triple(node, result.path, result.value))
    if node and place is None:
        place = places.node(node.value)
    return Finding(
        result.shape,
        result.severity,
        result.message or "this node does not conform to the shape",
        _advice(result, places),
        place,
        node.value if node else None,
    )


def _advice(result: Result, places: Places) -> str:
    about = _term(result.focus, places)
    value = result.value if result.value != result.focus else None
    if result.path is None:
        looked = f"look at {about}" + (f" and {_term(value, places)}" if value else "")
    elif value is None:
        looked = f"look at {places.short(result.path.value)} of {about}"
    else:
        looked = f"{about} has {places.short(result.path.value)} {_term(value, places)}"
    if result.severity is Severity.WARNING:
        return f"{looked}; if it is right as it is, say why in a [[waiver]] of {SETTINGS}"
    return looked


def _term(value: object, places: Places) -> str:
    if isinstance(value, NamedNode):
        return places.short(value.value)
    if isinstance(value, Literal):
        return f'"{value.value}"'
    return "a node without a name"


def check_shacl(data: Sequence[Path], shapes: Sequence[Path]) -> tuple[Report, tuple[Finding, ...]]:
    """Hold RDF files in any format against shapes in any format; nothing else is looked at.

    Returns the report of the standard, and its rows as findings.

    Raises UsageError when a file is missing or of no known format, TurtleError when it cannot
    be parsed, ShapesError when the shapes are wrong.
    """
    report = validate(_triples(data), _triples(shapes))
    return report, tuple(findings(report, Places(_documents(data))))


def _triples(paths: Iterable[Path]) -> Iterator[Triple]:
    for path in paths:
        rdf_format = pyoxigraph.RdfFormat.from_extension(path.suffix.removeprefix("."))
        if rdf_format is None:
            raise UsageError(
                f"no RDF format goes by the name {path.suffix or 'of this file'}",
                str(path),
                "use .ttl, .nt, .nq, .trig, .rdf or .jsonld",
            )
        try:
            with path.open("rb") as file:
                for quad in pyoxigraph.parse(
                    file,
                    format=rdf_format,
                    base_iri=path.resolve().as_uri(),
                    rename_blank_nodes=True,
                ):
                    yield quad.triple
        except OSError as error:
            raise UsageError(
                f"the file cannot be read: {error.strerror}", str(path), "check the name"
            ) from None
        except SyntaxError as error:
            place = ":".join(str(n) for n in (path, error.lineno, error.offset) if n)
            raise TurtleError(
                str(error.msg), place, "mend the line; the statement before it may lack its end"
            ) from None


def _documents(paths: Iterable[Path]) -> Iterator[Document]:
    """Yield what can be read with its lines: Turtle without relative IRIs."""
    for path in paths:
        if path.suffix in (".ttl", ".nt"):
            try:
                yield read(path, str(path))
            except AllegianceError:
                continue
