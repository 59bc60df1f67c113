"""One change to a plain store, made on a clone: SPARQL Update, or a graph put, added, deleted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from xml.parsers import expat

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, Triple, parse

from allegiance.check import Report, validate
from allegiance.errors import AllegianceError
from allegiance.release.snapshots import Seal, Snapshot, Versions, clone, seal


@dataclass(frozen=True, slots=True)
class Payload:
    """RDF as it came. base: the IRI that relative IRIs are resolved against."""

    body: bytes
    media: str
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done.

    do: update, put, post or delete.
    graph: an IRI; "" the default graph; "*" the dataset; None for updates.
    update: the text of a SPARQL Update.  payloads: RDF to put or post.
    if_match: versions of the graph of which one must hold, None for any.
    if_none: whether the graph must not be there.
    """

    do: str
    graph: str | None = None
    update: str = ""
    base: str | None = None
    payloads: Sequence[Payload] = ()
    if_match: Sequence[str] | None = None
    if_none: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What was done. created: whether the graph is new."""

    created: bool


class Unfit(AllegianceError):
    """A change that cannot be made. code: syntax, rdf, address (no such graph), changed, dataset.

    report: of the shapes, as text and as Turtle, where code is shapes.
    """

    def __init__(self, code: str, what: str, help: str, report: tuple[str, str] = ("", "")) -> None:
        super().__init__(what, None, help)
        self.code = code
        self.report = report


def write(before: Snapshot, fresh: Path, change: Change, shapes: Iterable[Triple]) -> Done:
    """Make in an empty folder the sealed snapshot that comes after another.

    shapes: what the data of all graphs together must conform to, if there are any.
    Raises Unfit when the change cannot be made or breaks the shapes.
    """
    sealed = Seal.read(before.path)
    store = Store(str(clone(before, fresh)))
    done = apply(store, change, sealed)
    shapes = tuple(shapes)
    if shapes:
        _hold(store, shapes)
    store.flush()
    del store
    touched = None if change.do == "update" or change.graph == "*" else change.graph
    versions = sealed.versions.changed(touched, before.number + 1)
    seal(fresh, sealed.id, versions, before)
    return done


def apply(store: Store, change: Change, sealed: Seal) -> Done:
    """Make the change in an open store. Raises as ``write``."""
    if change.do == "update":
        _update(store, change)
        return Done(False)
    there = _there(store, change.graph)
    _conditions(change, there, sealed.id, sealed.versions)
    if change.do == "delete":
        if not there:
            raise _absent()
        _clear(store, change.graph)
        return Done(False)
    graph = change.graph or ""
    if change.do == "put":
        _clear(store, graph)
    for payload in change.payloads:
        _load(store, graph, payload)
    if graph not in ("", "*"):
        store.add_graph(NamedNode(graph))
    return Done(not there)


def _update(store: Store, change: Change) -> None:
    try:
        store.update(change.update, base_iri=change.base)
    except SyntaxError as error:
        raise Unfit("syntax", f"{error}", "Mend the update.") from None
    except (OSError, RuntimeError) as error:
        raise Unfit(
            "refused", f"The engine refused the update: {error}", "See what it says."
        ) from None


def _there(store: Store, graph: str | None) -> bool:
    if graph in ("", "*", None):
        return True
    return store.contains_named_graph(_name(graph))


def _name(graph: str | None) -> NamedNode:
    try:
        return NamedNode(graph or "")
    except ValueError as error:
        raise Unfit("dataset", f"{error}.", "Name graphs by absolute IRIs.") from None


def _conditions(change: Change, there: bool, named: str, versions: Versions) -> None:
    if change.if_none and there:
        raise Unfit("changed", "The graph is there already.", "Leave out If-None-Match.")
    if change.if_match is None:
        return
    now = tag(named, versions, change.graph or "")
    matches = there and ("*" in change.if_match or now in change.if_match)
    if not matches:
        raise Unfit(
            "changed", "The graph was changed since.", "Get it again, and make the change anew."
        )


def tag(named: str, versions: Versions, graph: str) -> str:
    """Return the name of a version of a graph. named: the id of the store."""
    return f"{named}.{versions.of(graph)}"


def _clear(store: Store, graph: str | None) -> None:
    if graph == "*":
        store.clear()
    elif graph == "":
        store.clear_graph(DefaultGraph())
    else:
        store.remove_graph(_name(graph))


def _absent() -> Unfit:
    return Unfit("address", "There is no such graph.", "See which there are: GET /sparql")


def _format(payload: Payload) -> RdfFormat:
    format = RdfFormat.from_media_type(payload.media) if payload.media else RdfFormat.TURTLE
    if format is None:
        raise Unfit(
            "media",
            f"RDF cannot come as {payload.media[:80]}.",
            "Send Turtle, N-Triples, RDF/XML, JSON-LD, TriG or N-Quads.",
        )
    return format


def _load(store: Store, graph: str, payload: Payload) -> None:
    format = _format(payload)
    to = None if graph == "*" else DefaultGraph() if graph == "" else _name(graph)
    try:
        if format == RdfFormat.RDF_XML:
            _whole(payload.body)
        quads = parse(BytesIO(payload.body), format, base_iri=payload.base, rename_blank_nodes=True)
        store.extend(quads if to is None else _into(quads, to))
    except (SyntaxError, ValueError) as error:
        raise Unfit("rdf", f"{error}", "Mend the RDF, and see that Content-Type fits it.") from None


def _whole(body: bytes) -> None:
    """Raise ValueError for XML that is not well formed: the engine takes a document that was cut
    for one that ends there.
    """
    try:
        expat.ParserCreate().Parse(body, True)
    except expat.ExpatError as error:
        raise ValueError(
            f"line {error.lineno}, column {error.offset + 1}: {expat.ErrorString(error.code)}"
        ) from None


def _into(quads: Iterable[Quad], graph: DefaultGraph | NamedNode) -> Iterable[Quad]:
    for quad in quads:
        if not isinstance(quad.graph_name, DefaultGraph):
            raise ValueError("the body names graphs, but the request is for one graph")
        yield Quad(quad.subject, quad.predicate, quad.object, graph)


def _hold(store: Store, shapes: Sequence[Triple]) -> None:
    report: Report = validate({quad.triple for quad in store}, shapes)
    if report.conforms:
        return
    lines = [
        f"{result.focus} {result.path or ''}: {result.message} [{result.shape}]"
        for result in report.results
    ]
    raise Unfit(
        "shapes",
        f"The change breaks the shapes in {len(lines)} places; nothing was changed.",
        "Mend what the report names.",
        ("\n".join(lines), report.graph.serialize(format="turtle")),
    )
