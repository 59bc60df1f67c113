"""What things are called: labels, prefixed names, and class expressions in short."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, Store, Triple

from allegiance.derive.rule import Node, Term
from allegiance.names import OWL, RDF, RDFS, SKOS, XSD

_LABELS = (NamedNode(f"{SKOS}prefLabel"), NamedNode(f"{RDFS}label"))


def values(store: Store, subject: Node, predicate: NamedNode) -> list[Term]:
    """Return the objects of a subject and predicate, in order."""
    found = {quad.object for quad in store.quads_for_pattern(subject, predicate, None, None)}
    return sorted(found, key=str)


def value(store: Store, subject: Node, predicate: NamedNode) -> Term | None:
    """Return the first object of a subject and predicate."""
    return next(iter(values(store, subject, predicate)), None)


def members(store: Store, head: Term | None) -> list[Term]:
    """Return the members of an RDF list, up to where it is broken or turns on itself."""
    found: list[Term] = []
    seen: set[Term] = set()
    while isinstance(head, NamedNode | BlankNode) and head not in seen:
        seen.add(head)
        first = value(store, head, NamedNode(f"{RDF}first"))
        if first is not None:
            found.append(first)
        head = value(store, head, NamedNode(f"{RDF}rest"))
    return found


@dataclass(frozen=True, slots=True)
class Names:
    """Names for the terms of a graph.

    prefixes: prefix → namespace.
    """

    store: Store
    prefixes: Mapping[str, str]

    def label(self, term: Term | str) -> str:
        """Return a thing's label, in English where there is one, else its short name."""
        node = NamedNode(term) if isinstance(term, str) else term
        if not isinstance(node, NamedNode):
            return self.short(node)
        for predicate in _LABELS:
            found = [v for v in values(self.store, node, predicate) if isinstance(v, Literal)]
            if found:
                return min(found, key=lambda label: label.language not in {"en", None}).value
        return self.short(node)

    def short(self, term: Term | str) -> str:
        """Return a prefixed name where there is one, an IRI in brackets, a literal, or, for a
        class without a name, its expression in short."""
        if isinstance(term, Literal):
            return (
                str(term).replace(f"^^<{XSD}", "^^xsd:").removesuffix(">")
                if _typed(term)
                else str(term)
            )
        if isinstance(term, BlankNode):
            return self._expression(term, 4)
        if isinstance(term, Triple):
            return f"<<( {self.statement(term)} )>>"
        iri = term if isinstance(term, str) else term.value
        fitting = [
            (len(namespace), prefix)
            for prefix, namespace in self.prefixes.items()
            if iri.startswith(namespace) and re.fullmatch(r"[\w./-]*", iri[len(namespace) :])
        ]
        if not fitting:
            return f"<{iri}>"
        length, prefix = max(fitting)
        return f"{prefix}:{iri[length:]}"

    def statement(self, triple: Triple) -> str:
        """Return a triple in short names."""
        verb = "a" if triple.predicate.value == f"{RDF}type" else self.short(triple.predicate)
        return f"{self.short(triple.subject)} {verb} {self.short(triple.object)}"

    def sentence(self, triple: Triple) -> str:
        """Return a triple in labels, as a reader would say it."""
        kind = triple.predicate.value == f"{RDF}type"
        verb = "is of the class" if kind else self.label(triple.predicate)
        subject, object_ = triple.subject, triple.object
        return f"{self.label(subject)} – {verb} – {self.label(object_)}"

    def _expression(self, node: BlankNode, depth: int) -> str:
        def get(name: str) -> Term | None:
            return value(self.store, node, NamedNode(f"{OWL}{name}"))

        def shown(term: Term) -> str:
            if isinstance(term, BlankNode):
                return self._expression(term, depth - 1) if depth else "…"
            return self.short(term)

        on = get("onProperty")
        for name, word in (
            ("someValuesFrom", "some"),
            ("allValuesFrom", "only"),
            ("hasValue", "value"),
        ):
            filler = get(name)
            if on is not None and filler is not None:
                return f"({shown(on)} {word} {shown(filler)})"
        for name, word in (("intersectionOf", " and "), ("unionOf", " or "), ("oneOf", ", ")):
            head = get(name)
            if head is not None:
                return f"({word.join(shown(term) for term in members(self.store, head))})"
        return "(unnamed)"


def _typed(literal: Literal) -> bool:
    return literal.datatype.value.startswith(XSD) and literal.datatype.value != f"{XSD}string"
