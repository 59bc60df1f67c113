"""The answer to a query as a table, with the claims behind the edges that it names."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from allegiance.errors import LimitError, QueryError
from allegiance.names import DEF, XSD
from allegiance.site.ask import Answer, named, values
from allegiance.site.claims import Edge, both_ways
from allegiance.site.graph import Graph, Term
from allegiance.site.page import Page, Site
from allegiance.site.pages.choice import choose
from allegiance.site.settings import Question
from allegiance.sparql import BadQuery, Dataset, Stopped

ROWS = 1000
"""How many rows of an answer a page shows; the other formats give all of them."""

EDGES = 100
"""How many edges a page explains at most."""

NUMBERS = {
    XSD + name
    for name in ("integer", "decimal", "double", "float", "int", "long", "nonNegativeInteger")
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer as a page shows it.

    rows: the first of them. total: how many there are. numeric: for each column, whether it
    holds only numbers. edges: the edges that the rows name, each with its claims; ``hidden``
    counts those left out.
    """

    answer: Answer
    rows: Sequence[Sequence[Term | None]]
    total: int
    numeric: Sequence[bool]
    edges: Sequence[Edge]
    hidden: int
    graph: Graph


def show(site: Site, query: str, rows: int = ROWS, dataset: Dataset | None = None) -> Shown:
    """Ask a query and return its answer with what the page needs to show it.

    Raises QueryError and LimitError.
    """
    answer = site.ask.answer(query, dataset)
    table: Sequence[Sequence[Term | None]] = answer.rows
    if answer.triples is not None:
        table = [(t.subject, t.predicate, t.object) for t in answer.triples]
    shown = table[:rows]
    columns = zip(*shown, strict=True) if shown else ()
    edges = _edges(site, query, shown)
    chosen = choose(site, "FILTER(false)", values("edge", edges[:EDGES])) if edges else None
    return Shown(
        answer=answer,
        rows=shown,
        total=len(table),
        numeric=[_numeric(column) for column in columns],
        edges=both_ways(chosen.edges, site.vocabulary.symmetric) if chosen else (),
        hidden=max(0, len(edges) - EDGES),
        graph=chosen.graph if chosen else Graph(()),
    )


def iris_of(rows: Iterable[Sequence[Term | None]]) -> list[str]:
    """Return every IRI in a table, also those inside triple terms, each once."""
    return list(dict.fromkeys(iri for row in rows for term in row for iri in _iris(term)))


def answers(
    site: Site, query: str, *, question: Question | None = None, dataset: Dataset | None = None
) -> Page:
    """Return the page of a query's answer, or of what is wrong with the query."""
    try:
        shown = show(site, query, dataset=dataset)
    except (QueryError, LimitError) as error:
        return wrong(site, query, error)
    names = site.names(shown.graph, iris_of(shown.rows))
    return Page(
        "answer.html",
        question.title if question else "Answer",
        names,
        shows={
            "shown": shown,
            "query": query,
            "question": question,
            "dataset": _parameters(dataset),
            "most": ROWS,
        },
    )


def _parameters(dataset: Dataset | None) -> list[tuple[str, str]]:
    if dataset is None:
        return []
    return [
        *(("default-graph-uri", iri) for iri in dataset.default),
        *(("named-graph-uri", iri) for iri in dataset.named),
    ]


def wrong(site: Site, query: str, error: QueryError | LimitError) -> Page:
    """Return the page that says what is wrong with a query, and keeps the query."""
    limit = isinstance(error, LimitError)
    problem = error.problem if isinstance(error, BadQuery | Stopped) else None
    return Page(
        "wrong.html",
        problem.title if problem else "The query cannot be answered",
        site.names(),
        shows={
            "query": query,
            "error": error,
            "limit": limit,
            "caret": caret(query, problem.line, problem.column) if problem else None,
        },
        status=problem.status if problem else 504 if limit else 400,
    )


@dataclass(frozen=True, slots=True)
class Caret:
    """A place in a query: line and column from 1, the line, and a line that points at it."""

    line: int
    column: int
    text: str
    pointer: str


def caret(query: str, line: int | None, column: int | None) -> Caret | None:
    """Return a place in a query as a page shows it, or None when it is not in the query."""
    lines = query.split("\n")
    if line is None or column is None or not 1 <= line <= len(lines):
        return None
    text = lines[line - 1].rstrip("\r")
    before = text[: max(0, column - 1)]
    pointer = "".join("\t" if letter == "\t" else " " for letter in before) + "^"
    return Caret(line, column, text, pointer)


def _numeric(column: Sequence[Term | None]) -> bool:
    terms = [term for term in column if term is not None]
    return bool(terms) and all(
        isinstance(term, Literal) and term.datatype.value in NUMBERS for term in terms
    )


def _texts(row: Sequence[Term | None]) -> Iterable[str]:
    return (term.value for term in row if isinstance(term, Literal))


def _iris(term: object) -> Iterable[str]:
    if isinstance(term, NamedNode):
        yield term.value
    elif isinstance(term, Triple):
        for inner in (term.subject, term.predicate, term.object):
            yield from _iris(inner)


def _edges(site: Site, query: str, rows: Sequence[Sequence[Term | None]]) -> list[str]:
    """Return the nodes of the edges that an answer names.

    An edge is named by a row when its relation and both its ends stand there or in the query, by
    IRI or by label. So no answer shows an edge without what is set against it.
    """
    mentioned = _mentioned(query)
    bound = [{*iris_of([row]), *_texts(row), *mentioned} for row in rows]
    every = mentioned.union(*bound)
    any_relation = DEF + "tiedTo" in every
    relations = [
        prop for prop in site.vocabulary.relations if any_relation or _called(site, prop) & every
    ]
    nodes = [iri for iri in every if iri.startswith(f"{site.settings.base}edge/")]
    patterns = []
    if relations:
        patterns.append(f"{{ {values('p', relations)} ?edge rdf:predicate ?p }}")
    if nodes:
        patterns.append(f"{{ {values('edge', nodes)} ?edge rdf:predicate ?p }}")
    if not patterns:
        return []
    found = site.ask.rows(
        f"{' UNION '.join(patterns)} ?edge rdf:subject ?s ; rdf:object ?o . FILTER (isIRI(?o))"
        " OPTIONAL { ?s skos:prefLabel ?from } OPTIONAL { ?o skos:prefLabel ?to }",
        "derivation",
        "facts",
        select="DISTINCT ?edge ?s ?p ?o ?from ?to",
    )
    parts: dict[str, tuple[set[str], set[str], set[str]]] = {}
    for row in found:
        edge, subject, prop, value = (named([row], name)[0] for name in ("edge", "s", "p", "o"))
        one, relation, other = parts.setdefault(edge, ({subject}, set(), {value}))
        relation.update(_called(site, prop))
        one.update(_texts([row.get("from")]))
        other.update(_texts([row.get("to")]))
    return sorted(
        edge
        for edge, (one, relation, other) in parts.items()
        if edge in every
        or any(one & row and other & row and (any_relation or relation & row) for row in bound)
    )


def _called(site: Site, prop: str) -> set[str]:
    label = site.vocabulary.label(prop)
    return {prop, label.value} if label else {prop}


_PREFIX = re.compile(r"PREFIX\s+([\w.-]*):\s*<([^<>\s]*)>", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w<])([A-Za-z][\w.-]*)?:([\w-]+)")
_IRI = re.compile(r"<([^<>\s]+)>")


def _mentioned(query: str) -> set[str]:
    """Return the IRIs that a query writes out, whole or by prefix; a few too many do no harm."""
    prefixes = dict(_PREFIX.findall(query))
    return {
        prefixes[prefix] + name for prefix, name in _NAME.findall(query) if prefix in prefixes
    } | set(_IRI.findall(query))
