"""Edges: direct relations drawn from claims, each with a node that leads back to them."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import NamedNode, Quad, Triple

from allegiance.derive.reasoner import Clash, Match, Reasoner, order
from allegiance.derive.rule import Row, Term, load
from allegiance.names import DEF, PROV, RDF

_AGAINST = NamedNode(f"{DEF}setAgainst")
_OBJECT = NamedNode(f"{RDF}object")
_PREDICATE = NamedNode(f"{RDF}predicate")
_REIFIES = NamedNode(f"{RDF}reifies")
_RULE = NamedNode(f"{DEF}rule")
_SUBJECT = NamedNode(f"{RDF}subject")
_TYPE = NamedNode(f"{RDF}type")
_SAYS = NamedNode(f"{DEF}accordingTo")
_MUTUAL = NamedNode(f"{DEF}directByMutualAscription")
_FROM = NamedNode(f"{PROV}wasDerivedFrom")


@dataclass(frozen=True, slots=True)
class Derived:
    """All that follows from a graph folder, each part sorted.

    direct: the edges.
    derivation: for each edge a node with its rule, its claims and what is set against it.
    inferred: the closure of all, without what was given and without the edges.
    clashes: what contradicts itself; then the rest is worth little.
    """

    direct: tuple[Triple, ...]
    derivation: tuple[Triple, ...]
    inferred: tuple[Triple, ...]
    clashes: tuple[Clash, ...]


@dataclass(frozen=True, slots=True)
class Derivation:
    """The same, with the closed graph that it was read from.

    uses: edge → the matches of the rule that give it.
    nodes: edge → the IRI of its node.
    against: (edge node, claim) → in what way the claim is set against the edge.
    """

    reasoner: Reasoner
    uses: dict[Triple, tuple[Match, ...]]
    nodes: dict[Triple, NamedNode]
    against: dict[tuple[NamedNode, NamedNode], str]
    derived: Derived


def derive(asserted: Iterable[Triple], base: str) -> Derived:
    """Return the edges that follow from asserted triples, their reasons, and the closure.

    base: the IRI that the nodes of the edges start with, ``<base>edge/…``.
    """
    return derivation(asserted, base).derived


def reifiers(derivation: Iterable[Triple]) -> tuple[Triple, ...]:
    """Return, for each node of the derivation graph, that it reifies its edge (RDF 1.2)."""
    parts: dict[object, dict[NamedNode, object]] = {}
    for triple in derivation:
        if triple.predicate in (_SUBJECT, _PREDICATE, _OBJECT):
            parts.setdefault(triple.subject, {})[triple.predicate] = triple.object
    found = (
        Triple(node, _REIFIES, Triple(part[_SUBJECT], part[_PREDICATE], part[_OBJECT]))  # type: ignore[arg-type]
        for node, part in parts.items()
    )
    return tuple(sorted(found, key=order))


def derivation(asserted: Iterable[Triple], base: str) -> Derivation:
    """Return what ``derive`` does, with the closed graph, for proofs."""
    reasoner = Reasoner()
    reasoner.add(asserted)
    (edge_rule,) = load("edges")
    reasons: dict[Triple, set[tuple[object, object]]] = {}
    uses: dict[Triple, set[Match]] = {}
    for row in edge_rule.rows(reasoner.store):
        edge = Triple(row["subject"], row["property"], row["object"])  # type: ignore[arg-type]
        reasons.setdefault(edge, set()).add((row["rule"], row["claim"]))
        premises = edge_rule.premises(row) + tuple(_ascription(reasoner, row))
        uses.setdefault(edge, set()).add(Match(edge_rule, premises, edge))
    reasoner.add(reasons)
    nodes = _nodes(reasons, base)
    written = set(_written(reasons, nodes))
    reasoner.store.extend(Quad(*triple) for triple in written)
    against: dict[tuple[NamedNode, NamedNode], str] = {}
    for rule in load("against"):
        for row in rule.rows(reasoner.store):
            node, claim = row["edge"], row["claim"]
            if isinstance(node, NamedNode) and isinstance(claim, NamedNode):
                against.setdefault((node, claim), rule.meaning)
                written.add(Triple(node, _AGAINST, claim))
    derived = Derived(
        tuple(sorted(reasons, key=order)),
        tuple(sorted(written, key=order)),
        tuple(sorted(reasoner.inferred(), key=order)),
        tuple(reasoner.clashes()),
    )
    sorted_uses = {
        edge: tuple(sorted(matches, key=lambda match: [order(p) for p in match.premises]))
        for edge, matches in uses.items()
    }
    return Derivation(reasoner, sorted_uses, nodes, against, derived)


def _ascription(reasoner: Reasoner, row: Row) -> Iterator[Triple]:
    """Yield what allows a claim with nested sources to give an edge: that all parties are."""

    def found(subject: Term, predicate: Term) -> list[Triple]:
        quads = reasoner.store.quads_for_pattern(subject, predicate, None, None)  # type: ignore[arg-type]
        return sorted((quad.triple for quad in quads), key=order)

    if sources := found(row["claim"], _SAYS):
        yield from sources
        yield from found(row["rule"], _MUTUAL)
        for role in dict.fromkeys((row["from"], row["to"])):
            yield from found(row["situation"], role)


def _written(
    reasons: dict[Triple, set[tuple[object, object]]], nodes: dict[Triple, NamedNode]
) -> Iterator[Triple]:
    for edge, pairs in reasons.items():
        node = nodes[edge]
        yield Triple(node, _TYPE, NamedNode(f"{RDF}Statement"))
        yield Triple(node, _SUBJECT, edge.subject)
        yield Triple(node, _PREDICATE, edge.predicate)
        yield Triple(node, _OBJECT, edge.object)
        for rule, claim in pairs:
            yield Triple(node, _RULE, rule)  # type: ignore[arg-type]
            yield Triple(node, _FROM, claim)  # type: ignore[arg-type]


def _nodes(edges: Iterable[Triple], base: str) -> dict[Triple, NamedNode]:
    """Name each edge's node by the last parts of its IRIs; where two edges would share a
    name, each gets a digest after it, so that a name never depends on the other edge."""
    named: dict[str, list[Triple]] = {}
    for edge in edges:
        name = "-".join(_slug(term) for term in edge)
        named.setdefault(f"{base}edge/{name}", []).append(edge)
    found: dict[Triple, NamedNode] = {}
    for iri, sharing in named.items():
        for edge in sharing:
            digest = hashlib.sha256(str(edge).encode("utf-8")).hexdigest()[:8]
            found[edge] = NamedNode(f"{iri}-{digest}" if len(sharing) > 1 else iri)
    return found


def _slug(term: object) -> str:
    assert isinstance(term, NamedNode)
    return term.value.rstrip("/#").replace("#", "/").rpartition("/")[2]
