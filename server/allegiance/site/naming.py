"""Labels: the word for each IRI on a page."""

from collections.abc import Iterable, Mapping

from pyoxigraph import Literal

from allegiance.names import DCTERMS, DEF, OA, OWL, PROV, RDF, RDFS, SH, SKOS, WD
from allegiance.site.addresses import Addresses, is_iri
from allegiance.site.ask import Ask, values
from allegiance.site.graph import Graph
from allegiance.site.vocabulary import Vocabulary

LABELS = (SKOS + "prefLabel", RDFS + "label", DCTERMS + "title", DEF + "gloss", DEF + "paraphrase")
"""The properties that may hold a label, the best first."""

BORROWED = {
    DCTERMS + "created": "created",
    DCTERMS + "creator": "author",
    DCTERMS + "description": "description",
    DCTERMS + "isPartOf": "part of",
    DCTERMS + "language": "language",
    DCTERMS + "license": "licence",
    DCTERMS + "title": "title",
    DCTERMS + "type": "genre",
    OA + "hasSelector": "place",
    OA + "hasSource": "source text",
    OWL + "AllDifferent": "all different",
    OWL + "AnnotationProperty": "annotation property",
    OWL + "Class": "class",
    OWL + "DatatypeProperty": "datatype property",
    OWL + "FunctionalProperty": "at most one value",
    OWL + "IrreflexiveProperty": "never to itself",
    OWL + "ObjectProperty": "property",
    OWL + "SymmetricProperty": "holds both ways",
    OWL + "TransitiveProperty": "transitive",
    OWL + "disjointWith": "shares no member with",
    OWL + "equivalentClass": "same as",
    PROV + "Agent": "author",
    PROV + "wasDerivedFrom": "derived from",
    RDF + "type": "is a",
    RDFS + "domain": "stands on",
    RDFS + "isDefinedBy": "defined by",
    RDFS + "range": "leads to",
    RDFS + "subClassOf": "kind of",
    RDFS + "subPropertyOf": "special case of",
    SH + "NodeShape": "shape",
    SH + "PropertyShape": "shape of a property",
    SKOS + "Concept": "value",
    SKOS + "ConceptScheme": "dimension",
    SKOS + "altLabel": "also called",
    SKOS + "broadMatch": "part of what is called",
    SKOS + "closeMatch": "close match",
    SKOS + "exactMatch": "exact match",
    SKOS + "hiddenLabel": "written in texts as",
    SKOS + "inScheme": "value of",
    SKOS + "narrowMatch": "includes what is called",
    SKOS + "prefLabel": "name",
    SKOS + "relatedMatch": "related",
}
"""Plain words for the terms of other vocabularies that pages show."""


class Names:
    """Labels of the IRIs on one page; what has none is shown by its slug or prefixed name."""

    def __init__(
        self, labels: Graph, vocabulary: Vocabulary, prefixes: Mapping[str, str], base: str
    ) -> None:
        self._labels = labels
        self._vocabulary = vocabulary
        self._prefixes = prefixes
        self._base = base

    def literal(self, iri: str) -> Literal:
        """Return the label of an IRI, with its language if it has one."""
        label = self._known(iri) if is_iri(iri) else None
        return label if label is not None else Literal(self._made(iri))

    def text(self, iri: str) -> str:
        """Return the label of an IRI as plain text."""
        return self.literal(iri).value

    def short(self, iri: str) -> str:
        """Return an IRI as a prefixed name, or whole where no prefix fits."""
        fitting = [
            (len(namespace), prefix, iri.removeprefix(namespace))
            for prefix, namespace in self._prefixes.items()
            if iri.startswith(namespace) and "/" not in iri.removeprefix(namespace)
        ]
        if not fitting:
            return iri
        _, prefix, rest = max(fitting)
        return f"{prefix}:{rest}"

    def _known(self, iri: str) -> Literal | None:
        for prop in LABELS:
            label = self._labels.literal(iri, prop)
            if label is not None:
                return label
        label = self._vocabulary.label(iri)
        if label is None and iri in BORROWED:
            return Literal(BORROWED[iri])
        return label

    def _made(self, iri: str) -> str:
        for kind in ("situation", "edge", "id", "claim", "source"):
            rest = iri.removeprefix(f"{self._base}{kind}/")
            if rest != iri and rest:
                return rest.replace("/", ", ").replace("-", " ")
        if iri.startswith(WD):
            return "Wikidata " + iri.removeprefix(WD)
        return self.short(iri)


def _unnamed(iri: str) -> bool:
    """Return whether a thing is of a kind that bears no label: then none need be asked for."""
    return iri.endswith("/position") or "/evidence-" in iri or "/edge/" in iri


def names(
    ask: Ask,
    vocabulary: Vocabulary,
    addresses: Addresses,
    prefixes: Mapping[str, str],
    graph: Graph,
    more: Iterable[str] = (),
) -> Names:
    """Return labels for every IRI of a graph and ``more``, asking only for those not yet known."""
    wanted = [
        iri
        for iri in dict.fromkeys((*graph.nodes(), *more))
        if is_iri(iri)
        and vocabulary.label(iri) is None
        and not any(graph.literal(iri, prop) for prop in LABELS)
        and addresses.path(iri) is not None
        and not _unnamed(iri)
    ]
    if not wanted:
        return Names(graph, vocabulary, prefixes, addresses.base)
    pattern = f"{values('s', wanted)} {values('p', LABELS)} ?s ?p ?o ."
    found = ask.graph(pattern, "facts", "sources", "links", "ontology", "shapes")
    labels = Graph((*graph.triples, *found.triples))
    return Names(labels, vocabulary, prefixes, addresses.base)
