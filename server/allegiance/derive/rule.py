"""A rule: one SPARQL query that is a conclusion and the patterns it follows from.

The files are plain SPARQL, in a form that is also read here: one triple pattern a line, each
closed by a full stop; filters and exceptions after them; no blank node. So a match can be
shown as its premises, and a rule can be asked what gives one conclusion.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pyoxigraph import BlankNode, Literal, NamedNode, QuerySolutions, Store, Triple, Variable

from allegiance.errors import AllegianceError
from allegiance.names import RDF, XSD

Node = NamedNode | BlankNode
Term = NamedNode | BlankNode | Literal | Triple
Pattern = tuple[Variable | Term, Variable | Term, Variable | Term]
Row = Mapping[str, Term]

STEP = "urn:allegiance:step:"
"""Names of statements that only lead from one rule to the next; never handed out."""

_FORM = re.compile(
    r"(?P<comment>(?:#[^\n]*\n)+)(?P<prologue>(?:PREFIX[^\n]*\n|\n)*)"
    r"(?:CONSTRUCT \{ (?P<head>[^{}]*) \}|SELECT \*)\nWHERE \{\n(?P<body>.*)\}\s*",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    name: the file's name, for a rule of OWL 2 RL that of the W3C's tables.
    meaning: the rule in a sentence; may speak of its variables.
    head: what it concludes; None for a rule that finds a clash.
    body: the patterns that must match, in the order of the file.
    tail: filters and exceptions, as written.
    """

    name: str
    meaning: str
    head: Pattern | None
    body: tuple[Pattern, ...]
    tail: str
    prologue: str

    def select(self) -> str:
        """Return a query for the rows that match."""
        return self._query("SELECT *", None)

    def construct(self, only_new: int | None = None, graph: str = "") -> str:
        """Return a query for the conclusions.

        only_new: the index of the pattern that must match in the named graph, where one must.
        """
        assert self.head is not None
        return self._query(f"CONSTRUCT {{ {_written(self.head)} }}", only_new, graph)

    def rows(self, store: Store, known: Row | None = None) -> Iterator[dict[str, Term]]:
        """Yield the rows that match in the store's default graph, with some values known."""
        substitutions = {Variable(name): value for name, value in (known or {}).items()}
        found = store.query(self.select(), substitutions=substitutions)
        assert isinstance(found, QuerySolutions)
        names = [variable.value for variable in found.variables]
        for solution in found:
            row = {name: solution[name] for name in names}
            yield {name: value for name, value in row.items() if value is not None}

    def premises(self, row: Row) -> tuple[Triple, ...]:
        """Return what a row matched, in the order of the patterns."""
        return tuple(_filled(pattern, row) for pattern in self.body)

    def known(self, conclusion: Triple) -> dict[str, Term] | None:
        """Return the values that a conclusion gives to variables; None if it is not of its form."""
        if self.head is None:
            return None
        row: dict[str, Term] = {}
        terms = (conclusion.subject, conclusion.predicate, conclusion.object)
        for part, term in zip(self.head, terms, strict=True):
            if isinstance(part, Variable):
                if row.setdefault(part.value, term) != term:
                    return None
            elif part != term:
                return None
        return row

    def _query(self, form: str, only_new: int | None, graph: str = "") -> str:
        patterns = [f"{_written(pattern)} ." for pattern in self.body]
        if only_new is not None:
            # First, since the engine keeps to the order where it cannot tell which is smaller.
            patterns.insert(0, f"GRAPH <{graph}> {{ {patterns.pop(only_new)} }}")
        body = "\n".join(patterns)
        return f"{self.prologue}{form} WHERE {{\n{body}\n{self.tail}}}"


@cache
def load(folder: str) -> tuple[Rule, ...]:
    """Return the rules of a folder beside this module, in order of name.

    Raises AllegianceError when a file is not of the form that this module reads.
    """
    found = (files("allegiance.derive") / folder).iterdir()
    paths = sorted((path for path in found if path.name.endswith(".rq")), key=lambda p: p.name)
    return tuple(parse(path.name.removesuffix(".rq"), path.read_text("utf-8")) for path in paths)


def parse(name: str, text: str) -> Rule:
    """Read a rule from SPARQL.

    Raises AllegianceError when it is not of the form that this module reads.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise AllegianceError(
            "the rule is not of the form: comment, prefixes, CONSTRUCT { … } or SELECT *, WHERE",
            f"{name}.rq",
            "write it like the rules beside it",
        )
    prefixes = dict(re.findall(r"PREFIX (\w*): <([^>]*)>", form["prologue"]))
    comment = form["comment"].splitlines()[0].removeprefix("#").strip()
    body: list[Pattern] = []
    rest = form["body"].splitlines(keepends=True)
    while rest and (match := re.fullmatch(r"\s*(\S+) (\S+) (\S+) \.\s*", rest[0])):
        body.append(_pattern(match.groups(), prefixes, name))
        rest.pop(0)
    head = _pattern(form["head"].split(), prefixes, name) if form["head"] else None
    return Rule(name, comment, head, tuple(body), "".join(rest), form["prologue"])


def _pattern(
    parts: tuple[str | None, ...] | list[str], prefixes: Row | dict[str, str], name: str
) -> Pattern:
    terms: list[Variable | Term] = []
    for part in parts:
        assert part is not None
        if part.startswith("?"):
            terms.append(Variable(part[1:]))
        elif part == "a":
            terms.append(NamedNode(RDF + "type"))
        elif part in {"true", "false"}:
            terms.append(Literal(part, datatype=NamedNode(XSD + "boolean")))
        else:
            prefix, _, local = part.partition(":")
            if prefix not in prefixes:
                raise AllegianceError(
                    f"the rule uses “{part}” without its prefix", f"{name}.rq", "declare the prefix"
                )
            terms.append(NamedNode(f"{prefixes[prefix]}{local}"))
    subject, predicate, object_ = terms
    return subject, predicate, object_


def _filled(pattern: Pattern, row: Row) -> Triple:
    subject, predicate, object_ = (
        row[part.value] if isinstance(part, Variable) else part for part in pattern
    )
    return Triple(subject, predicate, object_)  # type: ignore[arg-type]


def _written(pattern: Pattern) -> str:
    return " ".join(str(part) for part in pattern)
