"""The pages of the vocabulary: terms, values, shapes, and the ontology as a whole."""

from collections.abc import Iterator

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from allegiance.names import DCTERMS, DEF, OWL, RDF, RDFS, SH, SKOS
from allegiance.site.ask import iri as written
from allegiance.site.claims import both_ways
from allegiance.site.graph import Graph, Term
from allegiance.site.page import Page, Site
from allegiance.site.pages.choice import choose

USES = 50
"""How many uses of a term its page shows."""

SECTIONS = (
    ("Classes", OWL + "Class"),
    ("Relations and roles", OWL + "ObjectProperty"),
    ("Texts and numbers", OWL + "DatatypeProperty"),
    ("Annotations", OWL + "AnnotationProperty"),
)

TOLD = (
    RDFS + "label",
    SKOS + "prefLabel",
    SKOS + "definition",
    SKOS + "example",
    SKOS + "scopeNote",
    DCTERMS + "title",
    DCTERMS + "description",
)
"""Properties that the page tells in words and not in its table."""


def term(site: Site, iri: str) -> Page | None:
    """Return the page of a term, value or shape, or None when there is no such thing."""
    vocabulary = site.vocabulary.graph
    if iri not in vocabulary:
        return None
    description = list(vocabulary.described(iri))
    under: list[NamedNode] = []
    below: list[Triple] = []
    for prop in (RDFS + "subClassOf", RDFS + "subPropertyOf", SKOS + "inScheme"):
        for node in vocabulary.subjects(prop, iri):
            if isinstance(node, NamedNode):
                under.append(node)
                below.append(Triple(node, NamedNode(prop), NamedNode(iri)))
    relation = iri in site.vocabulary.relations
    edges = (
        choose(site, "FILTER(false)", f"?edge rdf:predicate {written(iri)} .") if relation else None
    )
    uses, total = ([], 0) if relation else _uses(site, iri)
    graph = Graph((*description, *below, *uses, *(edges.graph.triples if edges else ())))
    names = site.names(graph)
    return Page(
        "term.html",
        names.text(iri),
        names,
        iri,
        graph,
        {
            "types": vocabulary.iris(iri, RDF + "type"),
            "definition": vocabulary.literal(iri, SKOS + "definition"),
            "examples": vocabulary.objects(iri, SKOS + "example"),
            "notes": vocabulary.objects(iri, SKOS + "scopeNote"),
            "axioms": [
                (prop, [list(tokens(vocabulary, value)) for value in values])
                for prop, values in sorted(vocabulary.about(iri).items())
                if prop not in (*TOLD, RDF + "type")
            ],
            "below": sorted({node.value for node in under}, key=names.text),
            "uses": uses,
            "total": total,
            "edges": both_ways(edges.edges, site.vocabulary.symmetric) if edges else (),
        },
    )


def _uses(site: Site, iri: str) -> tuple[list[Triple], int]:
    node = written(iri)
    pattern = f"{{ ?s {node} ?o BIND({node} AS ?p) }} UNION {{ ?s ?p {node} BIND({node} AS ?o) }}"
    count = site.ask.rows(pattern, "facts", "sources", select="(COUNT(*) AS ?count)")
    value = count[0]["count"] if count else None
    total = int(value.value) if isinstance(value, Literal) else 0
    if not total:
        return [], 0
    rows = site.ask.rows(
        pattern, "facts", "sources", select="?s ?p ?o", after=f"ORDER BY ?s ?p ?o LIMIT {USES}"
    )
    found = []
    for row in rows:
        subject, prop = row["s"], row["p"]
        if isinstance(subject, NamedNode) and isinstance(prop, NamedNode):
            found.append(Triple(subject, prop, row["o"]))
    return found, total


def tokens(graph: Graph, value: Term) -> Iterator[str | Term]:
    """Yield an axiom's value as words and terms: ``goods``, ``some``, ``arms goods``."""
    if not isinstance(value, BlankNode):
        yield value
        return
    members = graph.list(value)
    if members:
        yield from _joined(graph, members, ",")
        return
    about = graph.about(value)
    for prop, word in ((OWL + "intersectionOf", "and"), (OWL + "unionOf", "or")):
        for head in about.get(prop, ()):
            if isinstance(head, BlankNode):
                yield from _joined(graph, graph.list(head), word)
                return
    told = {RDF + "type"}
    for restricted in about.get(OWL + "onProperty", ()):
        told.add(OWL + "onProperty")
        yield restricted
    for prop, word in _RESTRICTIONS.items():
        for inner in about.get(prop, ()):
            told.add(prop)
            yield word
            yield from tokens(graph, inner)
    for prop, values in sorted(about.items()):
        if prop not in told:
            for inner in values:
                yield NamedNode(prop)
                yield from tokens(graph, inner)


_RESTRICTIONS = {
    OWL + "someValuesFrom": "some",
    OWL + "allValuesFrom": "only",
    OWL + "hasValue": "value",
    OWL + "complementOf": "not",
    OWL + "cardinality": "exactly",
    OWL + "qualifiedCardinality": "exactly",
    OWL + "minCardinality": "at least",
    OWL + "minQualifiedCardinality": "at least",
    OWL + "maxCardinality": "at most",
    OWL + "maxQualifiedCardinality": "at most",
    OWL + "onClass": "",
    SH + "select": "",
}


def _joined(graph: Graph, members: list[Term], word: str) -> Iterator[str | Term]:
    for number, member in enumerate(members):
        if number:
            yield word
        nested = isinstance(member, BlankNode)
        if nested:
            yield "("
        yield from tokens(graph, member)
        if nested:
            yield ")"


def ontology(site: Site, iri: str) -> Page | None:
    """Return the page of the ontology: every term with its definition, every value, every shape."""
    graph = site.vocabulary.graph
    versions = graph.named(OWL + "versionIRI", iri)
    node = iri if OWL + "Ontology" in graph.iris(iri, RDF + "type") else next(iter(versions), "")
    if not node:
        return None
    own = Graph(
        triple
        for subject in dict.fromkeys(
            triple.subject for triple in graph.triples if _of_ontology(graph, triple.subject)
        )
        for triple in graph.described(subject)  # type: ignore[arg-type]
    )
    names = site.names(Graph(()))

    def by_label(iris: list[str]) -> list[str]:
        return sorted(dict.fromkeys(iris), key=lambda iri: names.text(iri).lower())

    sections = [
        (title, by_label([n for n in graph.named(RDF + "type", kind) if n.startswith(DEF)]))
        for title, kind in SECTIONS
    ]
    schemes = by_label(graph.named(RDF + "type", SKOS + "ConceptScheme"))
    shapes = by_label(graph.named(RDF + "type", SH + "NodeShape"))
    return Page(
        "ontology.html",
        graph.text(node, DCTERMS + "title") or "Ontology",
        names,
        iri,
        own,
        {
            "about": node,
            "description": graph.text(node, DCTERMS + "description"),
            "version": graph.text(node, OWL + "versionInfo"),
            "sections": [(title, terms) for title, terms in sections if terms],
            "schemes": [(s, by_label(graph.named(SKOS + "inScheme", s))) for s in schemes],
            "shapes": shapes,
        },
    )


def _of_ontology(graph: Graph, subject: object) -> bool:
    if not isinstance(subject, NamedNode | BlankNode):
        return False
    kinds = graph.iris(subject, RDF + "type")
    return not any(kind.startswith(SH) for kind in kinds) and (
        isinstance(subject, NamedNode)
        or OWL + "AllDifferent" in kinds
        or OWL + "AllDisjointClasses" in kinds
    )
