"""Each example comes out as the design says, and each axiom has one that needs it."""

from ontology import owlapi
from ontology.examples import CORE, Example, examples, ntriples, ontology
from ontology.mutants import Mutant, mutants

EXAMPLES = examples()
ENOUGH = 40
"""Examples tried on an axiom, those nearest to it first, before it counts as not missed."""


def test_each_example_comes_out_as_expected(reasoners):
    text = {sees: ntriples(ontology(CORE)) for sees in ("rules", "core")}
    text["whole"] = ntriples(ontology())
    jobs = [
        reasoners.submit(owlapi.failures, text[example.sees], [_question(example)])
        for example in EXAMPLES
    ]
    assert [line for job in jobs for line in job.result()] == []


def test_each_axiom_has_an_example_that_needs_it(reasoners, capsys):
    """Take each axiom out in turn; at least nine in ten are missed.

    The core is tried alone, since the DL axioms imply some of it but no rule engine sees them.
    """
    dl = [example for example in EXAMPLES if example.sees == "whole"]
    rl = [example for example in EXAMPLES if example.sees != "whole"]
    tried = [(mutant, rl) for mutant in mutants(ontology(CORE))]
    tried += [(mutant, dl) for mutant in mutants(ontology(["dl.ttl"]), ontology(CORE))]
    jobs = [
        reasoners.submit(
            owlapi.failures,
            ntriples(mutant.triples),
            [_question(example) for example in _nearest(mutant, known)],
            only_first=True,
        )
        for mutant, known in tried
    ]
    alive = [
        mutant.missing for (mutant, _), job in zip(tried, jobs, strict=True) if not job.result()
    ]
    with capsys.disabled():
        print(f"\n{len(tried)} axioms taken out in turn, {len(alive)} not missed")
        print("".join(f"  {missing}\n" for missing in alive), end="")
    assert len(tried) > 400
    assert len(alive) <= len(tried) / 10


def _nearest(mutant: Mutant, known: list[Example]) -> list[Example]:
    """Return the examples that share a term with the axiom, the ones most about it first."""

    def distance(example: Example) -> tuple[int, int, str]:
        shared = example.terms & mutant.terms
        return -len(shared), len(example.terms) - len(shared), example.name

    return sorted((one for one in known if one.terms & mutant.terms), key=distance)[:ENOUGH]


def _question(example: Example) -> owlapi.Question:
    expected = [
        (triple.subject.value, triple.predicate.value, triple.object.value)
        for triple in example.expected
    ]
    return example.name, example.kind, ntriples(example.given), expected
