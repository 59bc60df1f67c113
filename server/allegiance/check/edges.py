"""Edges: that each stands on factual claims, on asserted kinds of things, and was not written."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from pyoxigraph import NamedNode, Triple

from allegiance.check.dataset import ASSERTED, Dataset, Loaded
from allegiance.check.places import Places
from allegiance.findings import Finding, Severity
from allegiance.names import CONCEPT, DEF, OWL, PROV, RDF, RDFS

_FACTUAL = {
    "certainty": "certain",
    "claimKind": "report",
    "modality": "actual",
    "polarity": "affirmative",
    "timeframe": "current",
}


class _Facts:
    """The triples by subject and predicate, and what is a kind of what."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._objects: dict[tuple[str, str], set[str]] = defaultdict(set)
        for subject, predicate, value in triples:
            if isinstance(subject, NamedNode) and isinstance(value, NamedNode):
                self._objects[subject.value, predicate.value].add(value.value)

    def of(self, subject: str, predicate: str) -> set[str]:
        return self._objects.get((subject, predicate), set())

    def up(self, names: set[str], predicate: str) -> set[str]:
        """Return the names and all above them along a predicate."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.of(name, predicate)
        return found

    def classes(self, node: str) -> set[str]:
        """Return the classes that a node is asserted to be in, with those above them."""
        return self.up(self.of(node, RDF + "type"), RDFS + "subClassOf")


def edges(loaded: Loaded, dataset: Dataset, places: Places) -> Iterator[Finding]:
    """Yield relations written by hand, and derived edges that should not have followed.

    It reads the derived graphs anew, by rules of its own, so that a fault in the derivation
    does not hide itself (S05, S06, S29).
    """
    facts = _Facts(loaded.triples(*ASSERTED))
    for triple in loaded.triples("facts", "sources", "links"):
        if DEF + "tiedTo" in facts.up({triple.predicate.value}, RDFS + "subPropertyOf"):
            yield Finding(
                "S05",
                Severity.ERROR,
                "a direct relation is derived from claims, never written by hand",
                "take the statement out, and describe the situation with a claim of it",
                places.statement(triple),
                triple.subject.value if isinstance(triple.subject, NamedNode) else None,
            )
    derivation = _Facts(dataset.graphs["derivation"])
    nodes: dict[Triple, str] = {}
    for triple in dataset.graphs["derivation"]:
        if isinstance(triple.subject, NamedNode) and triple.predicate.value == RDF + "subject":
            node = triple.subject.value
            (predicate,) = derivation.of(node, RDF + "predicate")
            (value,) = derivation.of(node, RDF + "object")
            assert isinstance(triple.object, NamedNode)
            nodes[Triple(triple.object, NamedNode(predicate), NamedNode(value))] = node
    for edge in dataset.graphs["direct"]:
        node = nodes.get(edge, "")
        yield from _edge(edge, derivation.of(node, PROV + "wasDerivedFrom"), facts, places)


def _edge(edge: Triple, claims: set[str], facts: _Facts, places: Places) -> Iterator[Finding]:
    ends = (edge.subject.value, edge.object.value)  # type: ignore[union-attr]
    name = edge.predicate.value
    written = " ".join(places.short(iri) for iri in (ends[0], name, ends[1]))
    claim = min(claims, default="")

    def finding(rule: str, message: str, advice: str, iri: str) -> Finding:
        return Finding(rule, Severity.ERROR, message, advice, places.node(iri), iri)

    if not _stands(ends, claims, facts):
        yield finding(
            "S05",
            f"the relation {written} does not stand on a factual claim",
            "an edge needs a claim that is affirmative, certain, actual, current and a report,"
            " in the author's own voice",
            claim or name,
        )
    symmetric = OWL + "SymmetricProperty" in facts.of(name, RDF + "type")
    for end in ends if symmetric else ends[:1]:
        if DEF + "DiffuseActor" in facts.classes(end):
            yield finding(
                "S06",
                f"the relation {written} would speak for each member of a diffuse actor",
                "let the situation have another class, or name the members that the text names",
                claim or end,
            )
    domain = facts.of(name, RDFS + "domain")
    value_range = domain if symmetric else facts.of(name, RDFS + "range")
    for end, wanted in zip(ends, (domain, value_range), strict=True):
        for kind in sorted(wanted - facts.classes(end)):
            yield finding(
                "S29",
                f"{places.short(end)} would silently become {places.short(kind)} by the relation"
                f" {written}",
                f"type it as {places.short(kind)} if it is one, else mend the situation",
                end,
            )


def _stands(ends: tuple[str, str], claims: set[str], facts: _Facts) -> bool:
    """Say whether one claim is factual and the author's own, or each end says so of itself."""
    factual = [
        claim
        for claim in claims
        if all(CONCEPT + value in facts.of(claim, DEF + name) for name, value in _FACTUAL.items())
    ]
    views = [facts.of(claim, DEF + "accordingTo") for claim in factual]
    return any(not view for view in views) or set(ends) <= set().union(*views)
