"""The ontology with one logical axiom less, for every axiom.

A list of classes or values that differ counts as many: a list of disjoint classes is tried with
each pair let go, the list of values with each value left out, a definition with each condition
left out and with each direction alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import pyoxigraph

from allegiance.names import CONCEPT, DEF, OWL, RDF, RDFS
from ontology.examples import terms

AXIOMS = {
    RDFS + "domain",
    RDFS + "range",
    RDFS + "subClassOf",
    RDFS + "subPropertyOf",
    OWL + "disjointWith",
}
CHARACTERISTICS = {
    OWL + name + "Property" for name in ("Functional", "Irreflexive", "Symmetric", "Transitive")
}
TYPE = pyoxigraph.NamedNode(RDF + "type")
FIRST = pyoxigraph.NamedNode(RDF + "first")
REST = pyoxigraph.NamedNode(RDF + "rest")
NIL = pyoxigraph.NamedNode(RDF + "nil")

Triples = list[pyoxigraph.Triple]


@dataclass(frozen=True, slots=True)
class Mutant:
    """An ontology without one axiom: what is missing, in words and in its own terms."""

    missing: str
    terms: frozenset[str]
    triples: tuple[pyoxigraph.Triple, ...]


def mutants(triples: Triples, beside: Triples | None = None) -> Iterator[Mutant]:
    """Yield triples without each of their axioms in turn, always with those beside them."""
    about: dict[object, Triples] = {}
    for triple in triples:
        about.setdefault(triple.subject, []).append(triple)

    def below(node: object) -> Triples:
        """Return the triples of a blank node and of the blank nodes that they lead to."""
        if not isinstance(node, pyoxigraph.BlankNode):
            return []
        own = about.get(node, [])
        return own + [deeper for triple in own for deeper in below(triple.object)]

    def without(
        gone: Triples, instead: Triples | None = None, said: Triples | None = None
    ) -> Mutant:
        said = said or gone
        lost = set(gone)
        left = [triple for triple in triples if triple not in lost]
        return Mutant(
            ", ".join(_short(triple) for triple in said),
            terms(said),
            (*left, *(instead or []), *(beside or [])),
        )

    def members(node: object) -> Iterator[tuple[object, object]]:
        """Yield (cell, member) of a list."""
        while node != NIL:
            values = {triple.predicate: triple.object for triple in about[node]}
            yield node, values[FIRST]
            node = values[REST]

    for triple in triples:
        subject, predicate, value = triple.subject, triple.predicate.value, triple.object
        kind = value.value if predicate == RDF + "type" else None
        if predicate in AXIOMS:
            yield without([triple, *below(subject), *below(value)])
        elif kind in CHARACTERISTICS or (
            kind == DEF + "Qualifier" and subject.value.startswith(CONCEPT)
        ):
            yield without([triple])
        elif predicate == OWL + "equivalentClass":
            yield from _without_a_part(triple, below, members, without)
        elif kind == OWL + "AllDisjointClasses":
            (head,) = (t.object for t in about[subject] if t.predicate.value == OWL + "members")
            classes = [member for _, member in members(head)]
            for pair in combinations(classes, 2):
                others = [other for other in combinations(classes, 2) if other != pair]
                yield without(
                    below(subject), [_disjoint(*other) for other in others], [_disjoint(*pair)]
                )
        elif kind == OWL + "AllDifferent":
            (members_triple,) = (t for t in about[subject] if t.predicate.value == OWL + "members")
            cells = list(members(members_triple.object))
            for index, (_, member) in enumerate(cells):
                kept = [other for place, (_, other) in enumerate(cells) if place != index]
                yield without(
                    [members_triple, *below(members_triple.object)],
                    _list(subject, members_triple.predicate, kept),
                    [pyoxigraph.Triple(member, TYPE, value)],
                )


def _without_a_part(triple, below, members, without) -> Iterator[Mutant]:
    """Yield without a definition, with each of its directions alone, without each condition."""
    subject, value = triple.subject, triple.object
    definition = below(value)
    yield without([triple, *definition])
    sub = pyoxigraph.NamedNode(RDFS + "subClassOf")
    yield without([triple], [pyoxigraph.Triple(subject, sub, value)])
    yield without([triple], [pyoxigraph.Triple(value, sub, subject)])
    (head,) = (t for t in definition if t.predicate.value == OWL + "intersectionOf")
    conditions = [member for _, member in members(head.object)]
    cells = [t for t in definition if t.predicate in (FIRST, REST)]
    for condition in conditions:
        kept = [other for other in conditions if other != condition]
        said = below(condition) or [pyoxigraph.Triple(subject, sub, condition)]
        yield without([head, *cells, *below(condition)], _list(value, head.predicate, kept), said)


def _list(subject, predicate, values: Sequence) -> Triples:
    nodes = [pyoxigraph.BlankNode() for _ in values]
    made = [pyoxigraph.Triple(subject, predicate, nodes[0])]
    for node, value, rest in zip(nodes, values, [*nodes[1:], NIL], strict=True):
        made += [pyoxigraph.Triple(node, FIRST, value), pyoxigraph.Triple(node, REST, rest)]
    return made


def _disjoint(first, second) -> pyoxigraph.Triple:
    return pyoxigraph.Triple(first, pyoxigraph.NamedNode(OWL + "disjointWith"), second)


def _short(triple: pyoxigraph.Triple) -> str:
    names = (triple.subject, triple.predicate, triple.object)
    return " ".join(
        name.value
        if isinstance(name, pyoxigraph.Literal)
        else "[]"
        if isinstance(name, pyoxigraph.BlankNode)
        else re.split("[/#]", name.value)[-1]
        for name in names
    )
