"""What would have made a triple hold, and what stands in its way."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode, Quad, Store, Triple

from allegiance.derive.claim import Claims
from allegiance.derive.names import Names, members, value, values
from allegiance.derive.proof import Missing
from allegiance.derive.rule import Node, Term
from allegiance.names import DEF, OWL, RDF, RDFS

_TYPE = NamedNode(f"{RDF}type")
_DIFFUSE = NamedNode(f"{DEF}DiffuseActor")
_FACTUAL = NamedNode(f"{DEF}FactualClaim")

_PHRASES = {
    "polarity": "denied",
    "certainty": "only {value}, not {needed}",
    "modality": "{value}, not {needed}",
    "claimKind": "claimed as {value}, not as {needed}",
    "timeframe": "claimed as {value} only",
}
"""How a value of a dimension that makes no fact is said; others get a plain form."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One part of a class's definition.

    on: the property of a restriction; None where the condition is to be in a class.
    filler: the class to be in, the value to have, or the class that a value must be in.
    some: whether the filler is the class of a value.
    """

    on: NamedNode | None
    filler: Term
    some: bool = False


def definitions(store: Store, cls: NamedNode) -> tuple[tuple[Condition, ...], ...]:
    """Return each set of conditions that is enough to be in a class."""
    same, wider = NamedNode(f"{OWL}equivalentClass"), NamedNode(f"{RDFS}subClassOf")
    found = {quad.subject for quad in store.quads_for_pattern(None, wider, cls, None)}
    found |= {quad.subject for quad in store.quads_for_pattern(None, same, cls, None)}
    found |= set(values(store, cls, same))  # type: ignore[arg-type]
    expressions = sorted((node for node in found if isinstance(node, BlankNode)), key=str)
    return tuple(filter(None, (_conditions(store, node) for node in expressions)))


def conditions(store: Store, cls: NamedNode) -> tuple[Condition, ...]:
    """Return the conditions of a class's only definition; none where there is another number."""
    found = definitions(store, cls)
    return found[0] if len(found) == 1 else ()


def _conditions(store: Store, node: BlankNode) -> tuple[Condition, ...]:
    """Read an expression; empty where it has a part that is not read here."""
    head = value(store, node, NamedNode(f"{OWL}intersectionOf"))
    parts = members(store, head) if head is not None else [node]
    found: list[Condition] = []
    for part in parts:
        if isinstance(part, NamedNode):
            found.append(Condition(None, part))
            continue
        on = some = has = None
        if isinstance(part, BlankNode):
            on = value(store, part, NamedNode(f"{OWL}onProperty"))
            some = value(store, part, NamedNode(f"{OWL}someValuesFrom"))
            has = value(store, part, NamedNode(f"{OWL}hasValue"))
        filler = has if has is not None else some
        if not isinstance(on, NamedNode) or filler is None:
            return ()
        found.append(Condition(on, filler, some=has is None))
    return tuple(found)


class Gaps:
    """Finds what is missing, in a closed graph."""

    def __init__(self, store: Store, names: Names, claims: Claims) -> None:
        self._store = store
        self._names = names
        self._claims = claims

    def missing(self, goal: Triple) -> tuple[Missing, ...]:
        """Return what would have made a triple hold, and what each lacks."""
        subject, object_ = goal.subject, goal.object
        if not isinstance(subject, NamedNode) or not isinstance(object_, NamedNode):
            return ()
        if goal.predicate == _TYPE:
            return tuple(self._membership(subject, object_))
        found: list[Missing] = []
        for rule, start, end in self._rules(goal.predicate):
            for situation in self._situations(start, subject, end, object_):
                if not self._is(situation, rule):
                    found.extend(self._membership(situation, rule, near=True))
                    continue
                claims = self._claims.about(situation)
                if not claims:
                    found.append(Missing(situation, None, (self._unclaimed(situation),)))
                for claim in claims:
                    lacks = self._lacks(claim, situation, rule, start, end, subject, object_)
                    if lacks:
                        found.append(Missing(claim, self._claims.read(claim), lacks))
        return tuple(dict.fromkeys(found))

    def _rules(self, predicate: NamedNode) -> Iterator[tuple[NamedNode, NamedNode, NamedNode]]:
        """Yield class, subject role and object role of each rule that gives the property or a
        narrower one."""
        narrower = NamedNode(f"{RDFS}subPropertyOf")
        wanted: dict[NamedNode, None] = {predicate: None}
        for known in (waiting := [predicate]):
            for quad in self._quads(None, narrower, known):
                if isinstance(quad.subject, NamedNode) and quad.subject not in wanted:
                    wanted[quad.subject] = None
                    waiting.append(quad.subject)
        for direct in sorted(wanted, key=str):
            for quad in self._quads(None, NamedNode(f"{DEF}directProperty"), direct):
                rule = quad.subject
                if not isinstance(rule, NamedNode):
                    continue
                for start in values(self._store, rule, NamedNode(f"{DEF}directSubjectRole")):
                    for end in values(self._store, rule, NamedNode(f"{DEF}directObjectRole")):
                        if isinstance(start, NamedNode) and isinstance(end, NamedNode):
                            yield rule, start, end

    def _situations(
        self, start: NamedNode, subject: NamedNode, end: NamedNode, object_: NamedNode
    ) -> list[NamedNode]:
        starting = {quad.subject for quad in self._quads(None, start, subject)}
        ending = {quad.subject for quad in self._quads(None, end, object_)}
        both = (node for node in starting & ending if isinstance(node, NamedNode))
        return sorted(both, key=str)

    def _lacks(
        self,
        claim: NamedNode,
        situation: NamedNode,
        rule: NamedNode,
        start: NamedNode,
        end: NamedNode,
        subject: NamedNode,
        object_: NamedNode,
    ) -> tuple[str, ...]:
        """Say what keeps a claim from giving an edge; the edge rule says the same in SPARQL."""
        label = self._names.label
        found: list[str] = []
        if not self._is(claim, _FACTUAL):
            found += self._unmet(claim, conditions(self._store, _FACTUAL)) or ["no factual claim"]
        sources = values(self._store, claim, NamedNode(f"{DEF}accordingTo"))
        parties = {party for role in (start, end) for party in values(self._store, situation, role)}
        mutual = any(
            getattr(term, "value", "") == "true"
            for term in values(self._store, rule, NamedNode(f"{DEF}directByMutualAscription"))
        )
        if sources and not mutual:
            found.append("only ascribed to " + ", ".join(label(source) for source in sources))
        elif sources and parties - set(sources):
            silent = ", ".join(label(party) for party in sorted(parties - set(sources), key=str))
            said = ", ".join(label(source) for source in sources)
            found.append(f"only ascribed to {said}, not also to {silent}")
        prop = value(self._store, rule, NamedNode(f"{DEF}directProperty"))
        symmetric = isinstance(prop, NamedNode) and self._is(
            prop, NamedNode(f"{OWL}SymmetricProperty")
        )
        for actor in (subject, object_) if symmetric else (subject,):
            if self._is(actor, _DIFFUSE):
                found.append(f"{label(actor)} is a diffuse actor, no one in particular")
        if subject == object_:
            found.append("nothing is tied to itself by an edge")
        return tuple(found)

    def _membership(
        self, subject: NamedNode, cls: NamedNode, near: bool = False
    ) -> Iterator[Missing]:
        """Yield, for each definition of a class, what something lacks to be in it.

        near: only where something of the definition is met, or its property is there.
        """
        for wanted in definitions(self._store, cls):
            close = any(
                (condition.on is None and self._is(subject, condition.filler))
                or (condition.on is not None and values(self._store, subject, condition.on))
                for condition in wanted
            )
            if close or not near:
                record = self._claims.read(subject) if cls == _FACTUAL else None
                reasons = self._unmet(subject, wanted)
                if record is None:
                    kind = f"not of the class {self._names.label(cls)}"
                    reasons = [f"{kind}: {'; '.join(reasons)}"]
                yield Missing(subject, record, tuple(reasons))

    def _unmet(self, subject: NamedNode, wanted: tuple[Condition, ...]) -> list[str]:
        label = self._names.label
        found: list[str] = []
        for condition in wanted:
            if condition.on is None:
                if not self._is(subject, condition.filler):
                    found.append(f"not of the class {label(condition.filler)}")
                continue
            given = values(self._store, subject, condition.on)
            shown = ", ".join(label(term) for term in given)
            if condition.some:
                if not any(self._is(term, condition.filler) for term in given):
                    kind = f"of the class {label(condition.filler)}"
                    on = label(condition.on)
                    found.append(f"its {on} ({shown}) not {kind}" if given else f"no {on} {kind}")
            elif condition.filler not in given:
                phrase = _PHRASES.get(
                    condition.on.value.removeprefix(DEF), "{on} is {value}, not {needed}"
                )
                on, needed = label(condition.on), label(condition.filler)
                found.append(
                    phrase.format(on=on, value=shown, needed=needed)
                    if given
                    else f"does not say its {on}"
                )
        return found

    def _unclaimed(self, situation: NamedNode) -> str:
        within = sorted(
            (quad.subject for quad in self._quads(None, NamedNode(f"{DEF}content"), situation)),
            key=str,
        )
        if within:
            return "claimed by nobody; only the content of " + ", ".join(
                self._names.short(node) for node in within
            )
        return "claimed by nobody"

    def _is(self, term: Term | Node, cls: Term) -> bool:
        return isinstance(term, NamedNode | BlankNode) and bool(self._quads(term, _TYPE, cls))

    def _quads(self, subject: Node | None, predicate: NamedNode, object_: Term) -> list[Quad]:
        return list(self._store.quads_for_pattern(subject, predicate, object_, None))
