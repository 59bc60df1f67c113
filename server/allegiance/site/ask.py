"""Questions the pages put to the readers, and the answers as terms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyoxigraph
from pyoxigraph import BlankNode, NamedNode, QueryResultsFormat, RdfFormat, Triple

from allegiance.site.graph import Graph, Term
from allegiance.sparql import Dataset, Readers

Row = Mapping[str, Term]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in the form that the query asked for: rows, or yes or no, or triples."""

    variables: tuple[str, ...] = ()
    rows: tuple[tuple[Term | None, ...], ...] = ()
    verdict: bool | None = None
    triples: tuple[Triple, ...] | None = None


def read(answer: bytes) -> Answer:
    """Return an answer of the readers as terms."""
    if not answer.lstrip().startswith(b"{"):
        triples = pyoxigraph.parse(answer, format=RdfFormat.N_TRIPLES)
        return Answer(triples=tuple(quad.triple for quad in triples))
    results = pyoxigraph.parse_query_results(answer, format=QueryResultsFormat.JSON)
    if isinstance(results, pyoxigraph.QueryBoolean):
        return Answer(verdict=bool(results))
    if not isinstance(results, pyoxigraph.QuerySolutions):
        raise TypeError(f"an answer in JSON is no {type(results).__name__}")
    names = tuple(variable.value for variable in results.variables)
    return Answer(names, tuple(tuple(row) for row in results))


class Ask:
    """Asks the readers of one release; the named graphs of ``base`` are known by name."""

    def __init__(self, readers: Readers, base: str, prefixes: Mapping[str, str]) -> None:
        self._readers = readers
        self._base = base
        self._prologue = "".join(
            f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in prefixes.items()
        )

    def answer(self, query: str, dataset: Dataset | None = None) -> Answer:
        """Answer a query that a visitor wrote, as it is.

        Raises QueryError and LimitError.
        """
        return read(self._readers.ask(query, dataset=dataset))

    def rows(self, pattern: str, *graphs: str, select: str = "*", after: str = "") -> list[Row]:
        """Return the solutions of a graph pattern over those named graphs taken as one.

        Without graphs, the pattern has to say GRAPH itself.
        ``after`` follows the pattern: GROUP BY, ORDER BY, LIMIT.
        """
        dataset = "".join(f"FROM {iri(self._base + 'graph/' + name)}\n" for name in graphs)
        query = f"{self._prologue}SELECT {select}\n{dataset}WHERE {{\n{pattern}\n}}\n{after}"
        answer = self.answer(query)
        return [
            {name: term for name, term in zip(answer.variables, row, strict=True) if term}
            for row in answer.rows
        ]

    def graph(self, pattern: str, *graphs: str) -> Graph:
        """Return the triples that the pattern binds to ``?s ?p ?o``."""
        return Graph(triples(self.rows(pattern, *graphs, select="DISTINCT ?s ?p ?o")))


def triples(rows: Iterable[Row]) -> Iterable[Triple]:
    """Yield the triple that each row binds to ``s``, ``p`` and ``o``."""
    for row in rows:
        subject, prop, value = row["s"], row["p"], row["o"]
        if isinstance(subject, NamedNode | BlankNode) and isinstance(prop, NamedNode):
            yield Triple(subject, prop, value)


def iri(value: str) -> str:
    """Return an IRI as it is written in a query.

    Raises ValueError when it is none, so that nothing else can be smuggled into a query.
    """
    return str(NamedNode(value))


def values(variable: str, iris: Sequence[str]) -> str:
    """Return a VALUES block that lets a variable be each of the IRIs."""
    return f"VALUES ?{variable} {{ {' '.join(iri(value) for value in iris)} }}"


def named(rows: Iterable[Row], variable: str) -> list[str]:
    """Return the IRIs that a variable was bound to, each once, in order."""
    terms = (row.get(variable) for row in rows)
    return list(dict.fromkeys(term.value for term in terms if isinstance(term, NamedNode)))
