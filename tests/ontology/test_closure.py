"""The rules of OWL 2 RL and HermiT agree on what both can see."""

import pyoxigraph
import pytest

from allegiance.check.hermit import judge
from allegiance.derive import closure
from allegiance.names import OWL, RDF, RDFS
from ontology.examples import CORE, ROOT, Example, examples, ontology

SEEN = [example for example in examples() if example.sees == "rules"]
CLASHES = [example for example in SEEN if example.kind == "clash"]


def _merges(example: Example) -> bool:
    """Say whether the clash makes one of two values, which then touches every other example."""
    return example.name.endswith(("-twice", "-is-another"))


def test_the_closure_infers_what_the_examples_say():
    consistent = [example for example in SEEN if example.kind != "clash"]
    given = [*ontology(CORE), *(triple for example in consistent for triple in example.given)]
    found = closure(given)
    known = {*given, *found.inferred}
    assert found.clashes == ()
    for example in consistent:
        for triple in example.expected:
            assert (triple in known) is (example.kind == "then"), f"{example.name}: {triple}"


def test_the_closure_finds_the_clashes_that_touch_nothing_else():
    apart = [example for example in CLASHES if not _merges(example)]
    given = [triple for example in apart for triple in example.given]
    found = closure([*ontology(CORE), *given]).clashes
    touched = {triple for clash in found for triple in clash.given}
    missed = [example.name for example in apart if not touched & set(example.given)]
    assert apart
    assert missed == []


@pytest.mark.parametrize(
    "example", [one for one in CLASHES if _merges(one)], ids=lambda example: example.name
)
def test_the_closure_finds_the_clash_of_two_that_become_one(example: Example):
    assert closure([*ontology(CORE), *example.given]).clashes


def test_the_closure_agrees_with_hermit_on_the_facts():
    triples = ontology(CORE)
    for file in sorted((ROOT / "data").glob("*.ttl")):
        parsed = pyoxigraph.parse(path=file, rename_blank_nodes=True)
        triples += [quad.triple for quad in parsed]
    found, verdict = closure(triples), judge(triples)
    assert verdict.consistent
    assert found.clashes == ()

    named = pyoxigraph.NamedNode
    types = set()
    relations = set()
    properties = {
        triple.subject for triple in triples if triple.object == named(OWL + "ObjectProperty")
    }
    for triple in {*triples, *found.inferred}:
        subject, predicate, value = triple.subject, triple.predicate, triple.object
        if not (isinstance(subject, named) and isinstance(value, named)):
            continue
        if predicate.value == RDF + "type" and not value.value.startswith((OWL, RDFS)):
            types.add((subject.value, value.value))
        elif predicate in properties:
            relations.add((subject.value, predicate.value, value.value))
    assert types == verdict.types
    assert relations == verdict.relations
