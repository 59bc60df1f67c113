"""The ontology and the shapes, read once for each release: labels, definitions, what is a role."""

from functools import cached_property

from pyoxigraph import Literal, NamedNode

from allegiance.names import DEF, OWL, RDF, RDFS, SKOS
from allegiance.site.ask import Ask
from allegiance.site.graph import Graph


class Vocabulary:
    """Terms and values of a release. They are few, so they are held in memory."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    @cached_property
    def graph(self) -> Graph:
        """What the graphs ``ontology`` and ``shapes`` say."""
        return self._ask.graph("?s ?p ?o", "ontology", "shapes")

    def label(self, iri: str) -> Literal | None:
        """Return the label of a term or value, or None when the ontology has no such thing."""
        return self.graph.literal(iri, RDFS + "label") or self.graph.literal(
            iri, SKOS + "prefLabel"
        )

    def definition(self, iri: str) -> str:
        """Return the definition of a term or value, or the empty text."""
        return self.graph.text(iri, SKOS + "definition")

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """The properties that say who or what takes part in a situation."""
        return tuple(sorted(self._below(RDFS + "subPropertyOf", DEF + "participant")))

    @cached_property
    def relations(self) -> tuple[str, ...]:
        """The properties of derived edges."""
        return tuple(sorted(self._below(RDFS + "subPropertyOf", DEF + "tiedTo")))

    @cached_property
    def situations(self) -> tuple[str, ...]:
        """The classes of situations."""
        return tuple(sorted(self._below(RDFS + "subClassOf", DEF + "Situation")))

    def symmetric(self, prop: str) -> bool:
        """Return whether a relation holds both ways."""
        return OWL + "SymmetricProperty" in self.graph.iris(prop, RDF + "type")

    def scheme(self, name: str) -> list[str]:
        """Return the values of a dimension such as ``polarity``, in order of IRI."""
        scheme = DEF.removesuffix("def/") + "concept/" + name
        return sorted(self.graph.named(SKOS + "inScheme", scheme))

    def _below(self, prop: str, top: str) -> set[str]:
        found: set[str] = set()
        todo = [top]
        while todo:
            for node in self.graph.subjects(prop, todo.pop()):
                if isinstance(node, NamedNode) and node.value not in found:
                    found.add(node.value)
                    todo.append(node.value)
        return found
