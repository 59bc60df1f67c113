"""A proof: steps that can each be taken again from nothing but their premises."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode, Quad, Store, Triple

from allegiance.derive.claim import ClaimRecord
from allegiance.derive.names import Names
from allegiance.derive.rule import load


@dataclass(frozen=True, slots=True)
class Step:
    """One use of a rule.

    rule: its name, as the W3C's tables have it, or ``edge``.
    meaning: the rule in a sentence.
    """

    rule: str
    meaning: str
    premises: tuple[Triple, ...]
    conclusion: Triple


@dataclass(frozen=True, slots=True)
class Against:
    """A claim that takes something of an edge back; how: in what way, as a verb phrase."""

    claim: ClaimRecord
    how: str


@dataclass(frozen=True, slots=True)
class EdgeReason:
    """Why an edge holds.

    node: its node in the derivation graph.
    rules: the situation classes whose annotations make the edge.
    claims: the claims that it was drawn from.
    against: the claims that it is set against.
    """

    edge: Triple
    node: str
    rules: tuple[NamedNode, ...]
    claims: tuple[ClaimRecord, ...]
    against: tuple[Against, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that would make a triple hold, and what it lacks.

    claim: the claim, where there is one; else the subject that lacks something.
    lacks: what stands in its way, each a short phrase.
    """

    subject: NamedNode
    claim: ClaimRecord | None
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """Why a triple holds, or what is missing for it.

    steps: in an order where each premise is asserted or was concluded before.
    places: asserted triple → where it stands, for the asserted triples that are used.
    edges: edge → its reason, for the edges that are used.
    missing: for what does not hold, what would have made it hold.
    instead: for what does not hold, the edges that tie the two.
    names: what the things in it are called.
    """

    goal: Triple
    holds: bool
    steps: tuple[Step, ...]
    places: Mapping[Triple, str]
    edges: Mapping[Triple, EdgeReason]
    missing: tuple[Missing, ...]
    instead: tuple[Triple, ...]
    names: Names


def replay(step: Step) -> bool:
    """Say whether a step's rule gives its conclusion from its premises alone."""
    rules = {rule.name: rule for folder in ("rules", "edges") for rule in load(folder)}
    store = Store()
    store.extend(Quad(*premise) for premise in step.premises)
    found: set[object] = set(store.query(rules[step.rule].construct()))  # type: ignore[arg-type]
    return step.conclusion in found
