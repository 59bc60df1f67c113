"""EXISTS written so that the engine looks up what it asks for, and does not run through it all.

The engine plans the patterns in EXISTS without regard to what is known from outside: it may begin
with one that shares nothing with the row at hand, and does so for each row. Several triple
patterns that must hold together are the same as the first of them with a filter that the others
EXIST, and so on; put in that form, each is looked up with all that is known by then:

    EXISTS { ?x a :C ; :p ?known }   →   EXISTS { ?x :p ?known FILTER EXISTS { ?x a :C } }

The two are equal by the definition of EXISTS (SPARQL 1.1 Query, section 18.6), since each pattern
sees the values of the same variables. Only groups of plain triple patterns and paths are
rewritten; whatever else is in one, such as a blank node, leaves it as it is. So does another group
around it than that of WHERE: there the engine plans a join by what its filters are, and may choose
a worse one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from allegiance.sparql.tokens import Token, tokens

_EXISTS = re.compile(r"\bEXISTS\b", re.IGNORECASE)
_MOST = 20
"""Patterns of one group: as many brackets come to stand in each other."""
_NAMES = ("iri", "prefixed")


def rewrite(query: str) -> str:
    """Return a query with the same answers, or the very same text where nothing is to be gained."""
    if not _EXISTS.search(query):
        return query
    all_ = list(tokens(query))
    made, at, depth = "", 0, 0
    for index, token in enumerate(all_[:-1]):
        depth += (token.text == "{") - (token.text == "}")
        if depth != 1 or token.word != "EXISTS" or all_[index + 1].text != "{":
            continue
        end = _closing(all_, index + 1)
        patterns = _Patterns(all_[index + 2 : end]).read() if end is not None else None
        if end is None or patterns is None:
            continue
        outside = {each.text[1:] for each in _variables([*all_[:index], *all_[end:]])}
        ordered = _in_order(patterns, outside)
        if ordered is not None:
            made += query[at : all_[index + 1].start] + _nested(ordered)
            at = all_[end].start + 1
    return made + query[at:]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A triple pattern: its text, the variables in it, and how many constants are at its ends."""

    text: str
    variables: frozenset[str]
    constants: int


class _Unknown(Exception):
    """Here stands something that is no plain triple pattern."""


class _Patterns:
    """Reads triple patterns from the tokens between two braces."""

    def __init__(self, between: Sequence[Token]) -> None:
        self._tokens = between
        self._at = 0

    def read(self) -> list[_Pattern] | None:
        """Return the patterns, or None when there is anything else."""
        found: list[_Pattern] = []
        try:
            while self._at < len(self._tokens):
                found += self._same_subject()
                if self._at < len(self._tokens):
                    self._take(".")
        except _Unknown:
            return None
        return found

    def _same_subject(self) -> Iterator[_Pattern]:
        subject = self._term()
        while True:
            verb = self._verb()
            yield _pattern(subject, verb, self._term())
            while self._next() == ",":
                self._at += 1
                yield _pattern(subject, verb, self._term())
            if self._next() != ";":
                return
            while self._next() == ";":
                self._at += 1
            if self._next() in (".", ""):
                return

    def _next(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _any(self) -> Token:
        if self._at == len(self._tokens):
            raise _Unknown
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, text: str) -> str:
        if self._any().text != text:
            raise _Unknown
        return text

    def _term(self) -> str:
        token = self._any()
        if token.kind in (*_NAMES, "variable", "number") or token.word in ("TRUE", "FALSE"):
            return token.text
        if token.kind != "string":
            raise _Unknown
        if self._next() == "^^":
            self._at += 1
            return f"{token.text}^^{self._name()}"
        if self._at < len(self._tokens) and self._tokens[self._at].kind == "language":
            return token.text + self._any().text
        return token.text

    def _name(self) -> str:
        token = self._any()
        if token.kind not in _NAMES:
            raise _Unknown
        return token.text

    def _verb(self) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at].kind == "variable":
            return self._any().text
        return self._path()

    def _path(self) -> str:
        path = self._step()
        while self._next() in ("/", "|"):
            path += self._any().text + self._step()
        return path

    def _step(self) -> str:
        before = ""
        while self._next() in ("^", "!"):
            before += self._any().text
        if self._next() == "(":
            self._at += 1
            step = f"({self._path()})"
            self._take(")")
        elif self._next() == "a":
            step = self._any().text
        else:
            step = self._name()
        if self._next() in ("*", "?"):
            raise _Unknown  # Of length zero: engines differ in what that is for unknown terms.
        return before + step + (self._any().text if self._next() == "+" else "")


def _pattern(subject: str, verb: str, there: str) -> _Pattern:
    variables = frozenset(each[1:] for each in (subject, verb, there) if each[0] in "?$")
    constants = sum(each[0] not in "?$" for each in (subject, there))
    return _Pattern(f"{subject} {verb} {there}", variables, constants)


def _closing(all_: Sequence[Token], opening: int) -> int | None:
    depth = 0
    for index in range(opening, len(all_)):
        depth += (all_[index].kind == "open") - (all_[index].kind == "close")
        if depth == 0:
            return index
    return None


def _variables(some: Sequence[Token]) -> Iterator[Token]:
    return (token for token in some if token.kind == "variable")


def _in_order(patterns: Sequence[_Pattern], known: set[str]) -> list[_Pattern] | None:
    """Return the patterns in an order in which each has a variable known by then, or None.

    Of those that have one, what is known best comes first.
    """
    if not 1 < len(patterns) <= _MOST:
        return None
    left, known, ordered = list(patterns), set(known), list[_Pattern]()
    while left:
        joined = [each for each in left if each.variables & known]
        if not joined:
            return None
        best = max(joined, key=lambda each: each.constants + len(each.variables & known))
        left.remove(best)
        ordered.append(best)
        known |= best.variables
    return ordered


def _nested(patterns: Sequence[_Pattern]) -> str:
    inner = " FILTER EXISTS { ".join(each.text for each in patterns)
    return "{ " + inner + " }" * len(patterns)
