"""Why a triple holds, or what is missing for it."""

from collections.abc import Iterable, Mapping

from pyoxigraph import Literal, NamedNode, Quad, Store, Triple

from allegiance import names as known
from allegiance.derive.claim import Claims
from allegiance.derive.edge import Derivation, Derived, derivation
from allegiance.derive.missing import Gaps, conditions
from allegiance.derive.names import Names
from allegiance.derive.proof import Against, EdgeReason, Missing, Proof, Step
from allegiance.derive.rule import Term
from allegiance.names import DEF


class Explainer:
    """Answers why a triple holds, for one graph that is closed once.

    asserted: the triples of the ontology and the facts.
    base: the base IRI of the graph folder.
    places: asserted triple → where it stands, such as a file and line; triples that stand
        somewhere without being reasoned with, as shapes do, may be among them.
    prefixes: prefix → namespace for short names; the folder's own when left out.
    """

    def __init__(
        self,
        asserted: Iterable[Triple],
        base: str,
        places: Mapping[Triple, str] | None = None,
        prefixes: Mapping[str, str] | None = None,
    ) -> None:
        triples = tuple(asserted)
        self._derivation: Derivation = derivation(triples, base)
        self._reasoner = self._derivation.reasoner
        self._places = {_as_stored(triple): place for triple, place in (places or {}).items()}
        self._written = set(self._derivation.derived.derivation)
        store = self._reasoner.store
        self.names = Names(store, known.prefixes(base) if prefixes is None else prefixes)
        needed = conditions(store, NamedNode(f"{DEF}FactualClaim"))
        self._claims = Claims(
            store, triples, tuple(condition.on for condition in needed if condition.on)
        )
        self._gaps = Gaps(store, self.names, self._claims)

    @property
    def derived(self) -> Derived:
        """All that follows from the graph."""
        return self._derivation.derived

    def terms(self) -> set[NamedNode]:
        """Return every IRI of the closed graph and of what stands beside it."""
        stored = (quad.triple for quad in self._reasoner.store)
        return {
            term
            for triples in (stored, self._places)
            for triple in triples
            for term in triple
            if isinstance(term, NamedNode)
        }

    def why(self, subject: NamedNode, predicate: NamedNode, object_: Term) -> Proof:
        """Return the proof of a triple, or what is missing for it."""
        goal = _as_stored(Triple(subject, predicate, object_))
        if goal in self._reasoner.rounds:
            return self._proof(goal, goal)
        if goal in self._written:
            # A statement of the derivation graph: its reason is that of the edge it is about.
            (edge,) = (e for e, node in self._derivation.nodes.items() if node == subject)
            return self._proof(goal, edge)
        if goal in self._places:
            return Proof(goal, True, (), {goal: self._places[goal]}, {}, (), (), self.names)
        tied = (
            edge
            for edge in self._derivation.derived.direct
            if edge.subject == subject and edge.object == object_
        )
        return Proof(goal, False, (), {}, {}, self.missing(goal), tuple(tied), self.names)

    def missing(self, goal: Triple) -> tuple[Missing, ...]:
        """Return each claim or situation that would give a triple but for what it lacks."""
        return self._gaps.missing(goal)

    def _proof(self, goal: Triple, start: Triple) -> Proof:
        steps: list[Step] = []
        places: dict[Triple, str] = {}
        edges: dict[Triple, EdgeReason] = {}
        done: set[Triple] = set()
        waiting: list[tuple[Triple, tuple[Step, ...] | None]] = [(start, None)]
        # Depth first, premises before conclusions, without recursion: a proof may be deep.
        while waiting:
            triple, found = waiting.pop()
            if found is not None:
                steps.extend(found)
                continue
            if triple in done:
                continue
            done.add(triple)
            found = self._steps(triple)
            if not found:
                places[triple] = self._places.get(triple, "")
                continue
            if triple in self._derivation.uses:
                edges[triple] = self._edge(triple)
            waiting.append((triple, found))
            premises = [premise for step in found for premise in step.premises]
            waiting.extend((premise, None) for premise in reversed(premises))
        return Proof(goal, True, tuple(steps), places, edges, (), (), self.names)

    def _steps(self, triple: Triple) -> tuple[Step, ...]:
        """Return the steps that give a triple: one for each claim of an edge, one else."""
        uses = self._derivation.uses.get(triple)
        if uses is None:
            use = self._reasoner.reason(triple)
            uses = () if use is None else (use,)
        return tuple(
            Step(use.rule.name, use.rule.meaning, use.premises, use.conclusion) for use in uses
        )

    def _edge(self, edge: Triple) -> EdgeReason:
        node = self._derivation.nodes[edge]
        rules: set[NamedNode] = set()
        claims: set[NamedNode] = set()
        for triple in self._written:
            if triple.subject == node and isinstance(triple.object, NamedNode):
                if triple.predicate.value == f"{DEF}rule":
                    rules.add(triple.object)
                elif triple.predicate.value == f"{known.PROV}wasDerivedFrom":
                    claims.add(triple.object)
        against = (
            Against(self._claims.read(claim), how)
            for (of, claim), how in sorted(self._derivation.against.items(), key=str)
            if of == node
        )
        return EdgeReason(
            edge,
            node.value,
            tuple(sorted(rules, key=str)),
            tuple(self._claims.read(claim) for claim in sorted(claims, key=str)),
            tuple(against),
        )


def why(
    asserted: Iterable[Triple],
    base: str,
    subject: NamedNode,
    predicate: NamedNode,
    object_: Term,
    places: Mapping[Triple, str] | None = None,
) -> Proof:
    """Return why a triple holds, or what is missing; for one question (see ``Explainer``)."""
    return Explainer(asserted, base, places).why(subject, predicate, object_)


def _as_stored(triple: Triple) -> Triple:
    """Return a triple as the store writes it: some literals have more than one form."""
    if not isinstance(triple.object, Literal):
        return triple
    store = Store()
    store.add(Quad(*triple))
    stored: list[Triple] = [quad.triple for quad in store]
    return stored[0]
