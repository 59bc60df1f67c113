"""OWLAPI's checkers: the core is in OWL 2 RL and DL, all of it in DL, with the facts too."""

import pyoxigraph
import pytest

from allegiance.names import OWL, RDF, RDFS
from ontology import owlapi
from ontology.examples import ALL, CORE, ROOT, ntriples, ontology


@pytest.mark.parametrize(
    ("files", "profile"),
    [(CORE, "OWL2RLProfile"), (CORE, "OWL2DLProfile"), (ALL, "OWL2DLProfile")],
    ids=["core in RL", "core in DL", "all in DL"],
)
def test_the_ontology_is_in_its_profile(files, profile, reasoners):
    assert reasoners.submit(owlapi.violations, profile, ntriples(ontology(files))).result() == []


def test_a_profile_checker_sees_what_is_outside(reasoners):
    """The DL axioms are outside RL, so a silent checker would be noticed."""
    outside = reasoners.submit(owlapi.violations, "OWL2RLProfile", ntriples(ontology())).result()
    assert len(outside) == len(ontology(["dl.ttl"])) / 4


def test_the_facts_keep_it_in_dl(reasoners):
    triples = ontology()
    for file in sorted((ROOT / "data").glob("*.ttl")):
        parsed = pyoxigraph.parse(path=file, rename_blank_nodes=True)
        triples += [quad.triple for quad in parsed]
    assert reasoners.submit(owlapi.violations, "OWL2DLProfile", ntriples(triples)).result() == []


def test_owlapi_reads_every_axiom(reasoners):
    """A triple that OWLAPI does not understand it drops without a word."""
    axioms = {RDFS + name for name in ("subClassOf", "subPropertyOf", "domain", "range")}
    axioms |= {OWL + name for name in ("disjointWith", "equivalentClass", "members")}
    silent = {"AnnotationProperty", "Class", "DatatypeProperty", "ObjectProperty", "Ontology"}
    silent |= {"Restriction", "AllDifferent", "AllDisjointClasses"}
    facts = {"http://www.w3.org/2004/02/skos/core#inScheme"}
    triples = ontology()
    expected = [
        triple
        for triple in triples
        if triple.predicate.value in axioms | facts
        or (
            triple.predicate.value == RDF + "type"
            and triple.object.value not in {OWL + name for name in silent}
        )
    ]
    assert reasoners.submit(owlapi.logical_axioms, ntriples(triples)).result() == len(expected)
