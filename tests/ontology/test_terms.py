"""Every term is labelled, defined and placed: in words, in the hierarchy, among its siblings."""

import re
from collections import Counter
from itertools import combinations

import pyoxigraph
import pytest

from allegiance.names import CONCEPT, DCTERMS, DEF, OWL, RDF, RDFS, SKOS, VANN
from ontology.examples import APART, ontology

NAME = "https://w3id.org/allegiance/ontology"
VALUES: dict[tuple[str, str], list] = {}
for _triple in ontology():
    VALUES.setdefault((_triple.subject.value, _triple.predicate.value), []).append(_triple.object)
KINDS = {subject: VALUES[subject, RDF + "type"] for subject, p in VALUES if p == RDF + "type"}
TERMS = sorted(subject for subject in KINDS if subject.startswith(DEF))
NAMED = sorted(subject for subject in KINDS if subject.startswith((DEF, CONCEPT)))

OPEN = {
    "domain": {"tiedTo"},
    "range": {
        *("participant", "recipient", "toward", "cause", "via"),
        *("tiedTo", "suppliesArmsTo", "suppliesEnergyTo", "providesPeacekeepersTo"),
        *("memberOf", "participatesIn", "leads", "denounces", "pressures"),
    },
}
"""Properties left open on purpose; the scope note of each says why."""

OVERLAPPING = {
    "Exertion": "a public condemnation may be meant to make somebody act",
}
"""Classes whose subclasses may share members, and why."""


def values(term: str, predicate: str) -> list:
    return VALUES.get((term, predicate), [])


def iris(term: str, predicate: str) -> set[str]:
    return {v.value for v in values(term, predicate) if isinstance(v, pyoxigraph.NamedNode)}


def kinds(term: str) -> set[str]:
    return {kind.value.removeprefix(OWL) for kind in KINDS[term]}


def test_the_header_says_what_a_reader_needs():
    for predicate in (
        *(DCTERMS + name for name in ("title", "description", "creator", "license")),
        *(OWL + name for name in ("versionIRI", "versionInfo")),
        *(VANN + name for name in ("preferredNamespacePrefix", "preferredNamespaceUri")),
    ):
        assert len(values(NAME, predicate)) == 1, predicate
    (version,) = values(NAME, OWL + "versionInfo")
    assert iris(NAME, OWL + "versionIRI") == {f"{NAME}/{version.value}"}
    assert [subject for subject in KINDS if "Ontology" in kinds(subject)] == [NAME]


@pytest.mark.parametrize("term", NAMED, ids=lambda term: term.rsplit("/")[-1])
def test_a_term_has_one_label_and_one_definition(term):
    kind = "label" if term.startswith(DEF) else "prefLabel"
    (label,) = values(term, (RDFS if term.startswith(DEF) else SKOS) + kind)
    (definition,) = values(term, SKOS + "definition")
    assert label.language == definition.language == "en"
    assert re.fullmatch(r"[A-Z].*[^.]\.", definition.value)
    assert iris(term, RDFS + "isDefinedBy") == {NAME}


def test_no_two_terms_share_a_label_or_a_definition():
    for predicate in (RDFS + "label", SKOS + "prefLabel", SKOS + "definition"):
        found = Counter(value.value for term in NAMED for value in values(term, predicate))
        assert [text for text, count in found.items() if count > 1] == []


def test_three_terms_in_five_have_an_example():
    shown = [term for term in NAMED if values(term, SKOS + "example")]
    assert len(shown) >= 0.6 * len(NAMED)


def test_names_are_in_the_case_of_their_kind():
    for term in TERMS:
        first = term.removeprefix(DEF)[0]
        assert first.isupper() == ("Class" in kinds(term)), term


def test_each_value_is_in_the_scheme_of_its_dimension():
    schemes = {
        subject for subject in NAMED if SKOS + "ConceptScheme" in {k.value for k in KINDS[subject]}
    }
    found = [iris(term, SKOS + "inScheme") for term in NAMED if term.startswith(CONCEPT)]
    assert {scheme for one in found for scheme in one} == schemes
    dimensions = {
        term.removeprefix(DEF)
        for term in TERMS
        if iris(term, RDFS + "range") == {DEF + "Qualifier"}
    }
    # The genre of a part is said with a borrowed property.
    assert {scheme.removeprefix(CONCEPT) for scheme in schemes} == dimensions | {"genre"}


@pytest.mark.parametrize("side", ["domain", "range"])
def test_each_property_has_a_domain_and_a_range(side):
    """Its own, or what follows from a property above it or from its symmetry."""
    for term in TERMS:
        if "ObjectProperty" not in kinds(term):
            continue
        symmetric = "SymmetricProperty" in kinds(term)
        sides = [RDFS + "domain", RDFS + "range"] if symmetric else [RDFS + side]
        above = [term, *iris(term, RDFS + "subPropertyOf")]
        found = {one for name in above for key in sides for one in iris(name, key)}
        name = term.removeprefix(DEF)
        assert bool(found) is (name not in OPEN[side]), name
        if name in OPEN[side]:
            assert " open" in values(term, SKOS + "scopeNote")[0].value, name


def test_four_in_five_sets_of_siblings_have_a_disjointness():
    below: dict[str, list[str]] = {}
    for term in TERMS:
        if "Class" in kinds(term):
            above = iris(term, RDFS + "subClassOf")
            if not above and not values(term, OWL + "equivalentClass"):
                above = {"top"}
            for name in above:
                below.setdefault(name.removeprefix(DEF), []).append(term.removeprefix(DEF))
    above_of = {
        term.removeprefix(DEF): {one.removeprefix(DEF) for one in iris(term, RDFS + "subClassOf")}
        for term in TERMS
    }
    apart = {frozenset(pair) for line in APART for pair in combinations(line.split(), 2)}

    def disjoint(first: str, second: str) -> bool:
        return any(
            frozenset((a, b)) in apart
            for a in {first, *above_of[first]}
            for b in {second, *above_of[second]}
        )

    sets = {name: members for name, members in below.items() if len(members) > 1}
    bare = {
        name
        for name, members in sets.items()
        if not any(disjoint(*pair) for pair in combinations(members, 2))
    }
    assert bare == set(OVERLAPPING)
    assert len(bare) <= len(sets) / 5
