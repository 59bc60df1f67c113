"""Triples held in memory for one page, to be asked by subject, property and value."""

from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

Node = NamedNode | BlankNode
Term = NamedNode | BlankNode | Literal | Triple


class Graph:
    """A small set of triples in a fixed order. Nodes may be given as terms or as IRIs."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._forward: dict[Node, dict[str, list[Term]]] = {}
        self._backward: dict[tuple[str, Term], list[Node]] = {}
        self.triples: tuple[Triple, ...] = tuple(dict.fromkeys(triples))
        for triple in self.triples:
            subject, prop, value = triple.subject, triple.predicate.value, triple.object
            if isinstance(subject, Triple):
                continue
            self._forward.setdefault(subject, {}).setdefault(prop, []).append(value)
            self._backward.setdefault((prop, value), []).append(subject)

    def __contains__(self, node: Node | str) -> bool:
        return _node(node) in self._forward

    def about(self, node: Node | str) -> dict[str, list[Term]]:
        """Return property → values of a node."""
        return self._forward.get(_node(node), {})

    def objects(self, node: Node | str, prop: str) -> list[Term]:
        """Return a node's values of a property."""
        return self.about(node).get(prop, [])

    def iris(self, node: Node | str, prop: str) -> list[str]:
        """Return those values that are IRIs."""
        return [value.value for value in self.objects(node, prop) if isinstance(value, NamedNode)]

    def iri(self, node: Node | str, prop: str) -> str:
        """Return the first IRI among the values, or the empty text."""
        return next(iter(self.iris(node, prop)), "")

    def literal(self, node: Node | str, prop: str) -> Literal | None:
        """Return the literal to show: an English one first, then one without a language."""
        found = [value for value in self.objects(node, prop) if isinstance(value, Literal)]
        return best(found)

    def text(self, node: Node | str, prop: str) -> str:
        """Return the text of ``literal``, or the empty text."""
        literal = self.literal(node, prop)
        return literal.value if literal else ""

    def number(self, node: Node | str, prop: str) -> int | None:
        """Return a value that is a whole number, or None."""
        text = self.text(node, prop)
        return int(text) if text.isascii() and text.isdecimal() else None

    def subjects(self, prop: str, value: Term | str) -> list[Node]:
        """Return the nodes that have that value of the property."""
        return self._backward.get((prop, NamedNode(value) if isinstance(value, str) else value), [])

    def named(self, prop: str, value: Term | str) -> list[str]:
        """Return the IRIs of the nodes that have that value of the property."""
        return [node.value for node in self.subjects(prop, value) if isinstance(node, NamedNode)]

    def nodes(self) -> Iterator[str]:
        """Yield every IRI that stands as subject or value, once."""
        seen = dict.fromkeys(
            term.value
            for triple in self.triples
            for term in (triple.subject, triple.object)
            if isinstance(term, NamedNode)
        )
        yield from seen

    def list(self, head: Node) -> list[Term]:
        """Return the members of an RDF list."""
        rest = "http://www.w3.org/1999/02/22-rdf-syntax-ns#rest"
        first = "http://www.w3.org/1999/02/22-rdf-syntax-ns#first"
        members: list[Term] = []
        seen: set[Node] = set()
        while head not in seen and self.objects(head, first):
            seen.add(head)
            members += self.objects(head, first)[:1]
            following = next(iter(self.objects(head, rest)), None)
            if not isinstance(following, NamedNode | BlankNode):
                break
            head = following
        return members

    def described(self, node: Node | str) -> Iterator[Triple]:
        """Yield what is said of a node, and of the blank nodes that it leads to."""
        todo: list[Node] = [_node(node)]
        seen: set[Node] = set()
        while todo:
            subject = todo.pop()
            if subject in seen:
                continue
            seen.add(subject)
            for prop, values in self._forward.get(subject, {}).items():
                for value in values:
                    yield Triple(subject, NamedNode(prop), value)
                    if isinstance(value, BlankNode):
                        todo.append(value)


def best(literals: Iterable[Literal]) -> Literal | None:
    """Return the literal to show to a reader of English, the same one each time."""

    def rank(literal: Literal) -> tuple[bool, bool, str, str]:
        language = literal.language or ""
        return (language.partition("-")[0] != "en", bool(language), language, literal.value)

    return min(literals, key=rank, default=None)


def _node(node: Node | str) -> Node:
    return NamedNode(node) if isinstance(node, str) else node
