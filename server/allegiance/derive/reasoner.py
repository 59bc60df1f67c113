"""The closure of a graph under the rules of OWL 2 RL in ``rules/``, and its clashes.

A triple's round says when it appeared: 0 for what was given. Each round tries the rules only
on what the round before it brought, so every triple has premises of earlier rounds, and a
proof cannot run in a circle.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode, Quad, Store, Triple, Variable

from allegiance.derive.rule import STEP, Node, Row, Rule, load
from allegiance.names import OWL, RDF, RDFS

_NEW = NamedNode(f"{STEP}new")
_SAME = NamedNode(f"{OWL}sameAs")
_TYPE = NamedNode(f"{RDF}type")
_THING = NamedNode(f"{OWL}Thing")
_EITHER_WAY = (_SAME, NamedNode(f"{OWL}differentFrom"))


@dataclass(frozen=True, slots=True)
class Clash:
    """A contradiction: what cannot hold together.

    rule: the rule that found it, as the W3C names it.
    message: one sentence that names the things, each IRI in angle brackets.
    node: the thing that it is about.
    premises: the rows that the rule matched, but for steps on the way.
    given: the asserted triples that all of it follows from.
    """

    rule: str
    message: str
    node: Node
    premises: tuple[Triple, ...]
    given: tuple[Triple, ...]


@dataclass(frozen=True, slots=True)
class Closure:
    """What follows from a graph, without what was given, and what contradicts itself in it.

    Left out: blank nodes, ``owl:Thing`` as a type, and things that are the same as themselves.
    """

    inferred: tuple[Triple, ...]
    clashes: tuple[Clash, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """One use of a rule: what it matched and what follows."""

    rule: Rule
    premises: tuple[Triple, ...]
    conclusion: Triple


class Reasoner:
    """A graph that closes itself under the rules, and can say why a triple is in it.

    rules: other rules than those of ``rules/``, for tests.
    store: all of it, in the default graph.
    rounds: triple → the round in which it appeared.
    given: the triples that were added, not concluded.
    """

    def __init__(self, rules: tuple[Rule, ...] | None = None) -> None:
        loaded = load("rules") if rules is None else rules
        self.rules = tuple(rule for rule in loaded if rule.head)
        self.clash_rules = tuple(rule for rule in loaded if not rule.head)
        self.store = Store()
        self.rounds: dict[Triple, int] = {}
        self.given: set[Triple] = set()
        self._round = 0
        self._reasons: dict[Triple, Match | None] = {}

    def add(self, triples: Iterable[Triple]) -> None:
        """Add triples and close the graph; a later call starts in a later round."""
        # Read back from the store, which writes some literals in another way.
        read = Store()
        read.extend(Quad(*triple) for triple in triples)
        new = {quad.triple for quad in read if quad.triple not in self.rounds}
        self.given |= new
        self._reasons.clear()
        while new:
            self.rounds.update(dict.fromkeys(new, self._round))
            self.store.extend(Quad(*triple) for triple in new)
            self._round += 1
            new = self._conclusions(new)

    def _conclusions(self, new: set[Triple]) -> set[Triple]:
        found: set[Triple] = set()
        predicates = {triple.predicate for triple in new}
        # Steps on the way are names of this module: only a rule that names them is meant.
        outward = any(not predicate.value.startswith(STEP) for predicate in predicates)
        types = {triple.object for triple in new if triple.predicate == _TYPE}
        # Where nearly all is new, one pass over all is cheaper than one for each pattern.
        whole = 2 * len(new) > len(self.rounds)
        if not whole:
            self.store.extend(Quad(t.subject, t.predicate, t.object, _NEW) for t in new)
        for rule in self.rules:
            touched = [
                index
                for index, (_, predicate, object_) in enumerate(rule.body)
                if (outward if isinstance(predicate, Variable) else predicate in predicates)
                and (predicate != _TYPE or isinstance(object_, Variable) or object_ in types)
            ]
            if whole and touched:
                queries = [rule.construct()]
            else:
                queries = [rule.construct(index, _NEW.value) for index in touched]
            for query in queries:
                found.update(self.store.query(query))  # type: ignore[arg-type]
        if not whole:
            self.store.remove_graph(_NEW)
        return {triple for triple in found if triple not in self.rounds}

    def inferred(self) -> Iterator[Triple]:
        """Yield what was not given and says something, in no order."""
        return (t for t in self.rounds if t not in self.given and says_something(t))

    def uses(self, conclusion: Triple) -> Iterator[Match]:
        """Yield the uses of rules that give a triple from triples of earlier rounds."""
        limit = self.rounds.get(conclusion, 0)
        for rule in self.rules:
            known = rule.known(conclusion)
            if known is None:
                continue
            for row in rule.rows(self.store, known):
                premises = rule.premises(row)
                if all(self.rounds.get(premise, limit) < limit for premise in premises):
                    yield Match(rule, premises, conclusion)

    def reason(self, conclusion: Triple) -> Match | None:
        """Return the use of a rule that gives a triple earliest; None for what was given."""
        if conclusion in self.given or conclusion not in self.rounds:
            return None
        if conclusion not in self._reasons:
            self._reasons[conclusion] = min(
                self.uses(conclusion),
                key=lambda use: (
                    max(self.rounds[premise] for premise in use.premises),
                    use.rule.name,
                    [order(premise) for premise in use.premises],
                ),
                default=None,
            )
        return self._reasons[conclusion]

    def roots(self, triples: Iterable[Triple]) -> list[Triple]:
        """Return the given triples that some triples follow from, in order of use."""
        found: dict[Triple, None] = {}
        seen: set[Triple] = set()
        waiting = list(triples)[::-1]
        while waiting:
            triple = waiting.pop()
            if triple in seen:
                continue
            seen.add(triple)
            use = self.reason(triple)
            if use is None:
                found[triple] = None
            else:
                waiting.extend(use.premises[::-1])
        return list(found)

    def clashes(self) -> Iterator[Clash]:
        """Yield each contradiction once, in order."""
        for rule in self.clash_rules:
            seen: set[frozenset[Triple]] = set()
            uses = [(rule.premises(row), row) for row in rule.rows(self.store)]
            for premises, row in sorted(uses, key=lambda use: [order(p) for p in use[0]]):
                # One fault may match in several ways, such as both ways round.
                roots = self.roots(premises)
                if frozenset(roots) not in seen:
                    seen.add(frozenset(roots))
                    yield _clash(rule, premises, row, roots)


def _clash(rule: Rule, premises: tuple[Triple, ...], row: Row, roots: list[Triple]) -> Clash:
    data = [triple for triple in roots if not axiom(triple)]
    message = re.sub(r"\?(\w+)", lambda match: str(row[match[1]]), rule.meaning)
    node = row["x"]
    if rule.name.startswith("eq-diff") and data:
        # The fault is in what made the two the same, not in either of them.
        assert not isinstance(data[0].subject, Triple)
        node = data[0].subject
        message += ", because of " + "; ".join(
            " ".join(str(term) for term in triple) for triple in data
        )
    assert isinstance(node, NamedNode | BlankNode)
    shown = tuple(premise for premise in premises if not internal(premise))
    return Clash(rule.name, message, node, shown, tuple(roots))


def internal(triple: Triple) -> bool:
    """Say whether a triple is only a step from one rule to the next."""
    return any(isinstance(term, NamedNode) and term.value.startswith(STEP) for term in triple)


def axiom(triple: Triple) -> bool:
    """Say whether a triple is of the vocabulary rather than of the facts."""
    predicate, object_ = triple.predicate, triple.object
    if predicate in _EITHER_WAY:
        return False
    if predicate == _TYPE:
        return isinstance(object_, NamedNode) and object_.value.startswith((OWL, RDFS, RDF))
    return predicate.value.startswith((OWL, RDFS, RDF))


def says_something(triple: Triple) -> bool:
    """Say whether a triple is worth writing down: not true of everything, no blank node."""
    if triple.predicate == _SAME and triple.subject == triple.object:
        return False
    if triple.predicate == _TYPE and triple.object == _THING:
        return False
    if any(isinstance(term, BlankNode) for term in triple):
        return False
    return not internal(triple)


def order(triple: Triple) -> tuple[str, ...]:
    """Return what triples are sorted by, the same on every machine."""
    return tuple(str(term) for term in triple)


def closure(triples: Iterable[Triple], rules: tuple[Rule, ...] | None = None) -> Closure:
    """Return what follows from the triples by the rules of OWL 2 RL, and the clashes.

    rules: other rules than the package's, for tests.
    """
    reasoner = Reasoner(rules)
    reasoner.add(triples)
    return Closure(
        tuple(sorted(reasoner.inferred(), key=order)),
        tuple(reasoner.clashes()),
    )
