"""What the ontology offers a mutant: the values of each dimension, and the classes."""

from collections import defaultdict
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode

from allegiance.names import CONCEPT, DEF, OWL, RDF, RDFS, SKOS
from allegiance.turtle import read

ENTITIES = ("Actor", "Place", "Norm", "Programme", "GoodsCategory")


class Words:
    """The values and classes of the ontology in a folder, as the facts write them."""

    def __init__(self, ontology: Path) -> None:
        self._values: dict[str, list[str]] = defaultdict(list)
        self._above: dict[str, set[str]] = defaultdict(set)
        defined = set()
        for path in sorted(ontology.glob("*.ttl")):
            for subject, predicate, value in read(path, path.name).triples:
                if isinstance(subject, BlankNode):
                    continue
                if predicate.value == SKOS + "inScheme" and isinstance(value, NamedNode):
                    scheme = value.value.removeprefix(CONCEPT)
                    self._values[scheme].append(subject.value.replace(CONCEPT, "concept:"))
                elif predicate.value == OWL + "equivalentClass":
                    defined.add(subject.value)
                elif predicate.value == RDFS + "subClassOf" and isinstance(value, NamedNode):
                    self._above[subject.value].add(value.value)
                elif predicate.value == RDF + "type" and value == NamedNode(OWL + "Class"):
                    self._above.setdefault(subject.value, set())
        self._classes = sorted(c for c in self._above if c.startswith(DEF) and c not in defined)

    def values(self, dimension: str) -> list[str]:
        """Return the values of a dimension, which has the name of its property."""
        return sorted(self._values[dimension])

    def classes(self, *tops: str) -> list[str]:
        """Return the classes at or below some classes, without those that are defined."""
        return [
            iri.replace(DEF, "def:")
            for iri in self._classes
            if self._up(iri) & {DEF + top for top in tops}
        ]

    def _up(self, iri: str) -> set[str]:
        return {iri}.union(*(self._up(above) for above in self._above.get(iri, ())))
