"""Each rule by an example that needs it, and all of them against owlrl on random graphs."""

from pathlib import Path

import owlrl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, NamedNode, Triple

from allegiance.derive import closure
from allegiance.derive.rule import load, parse
from allegiance.errors import AllegianceError
from allegiance.names import OWL, RDF
from allegiance.turtle import to_rdflib

from .graphs import NAMES, ROOT, statement, turtle

RULES = load("rules")

# rule → a graph, and what follows from it by that rule
EXAMPLES = {
    "cax-eqc1": ("e:C owl:equivalentClass e:D . e:x a e:C .", "e:x a e:D"),
    "cax-eqc2": ("e:C owl:equivalentClass e:D . e:x a e:D .", "e:x a e:C"),
    "cax-sco": ("e:C rdfs:subClassOf e:D . e:x a e:C .", "e:x a e:D"),
    "cls-avf": (
        "e:C owl:onProperty e:p ; owl:allValuesFrom e:D . e:x a e:C ; e:p e:y .",
        "e:y a e:D",
    ),
    "cls-hv1": ("e:C owl:onProperty e:p ; owl:hasValue e:v . e:x a e:C .", "e:x e:p e:v"),
    "cls-hv2": ("e:C owl:onProperty e:p ; owl:hasValue e:v . e:x e:p e:v .", "e:x a e:C"),
    "cls-int1": ("e:C owl:intersectionOf ( e:D ) . e:x a e:D .", "e:x a e:C"),
    "cls-int1-last": ("e:C owl:intersectionOf ( e:D ) . e:x a e:D .", "e:x a e:C"),
    "cls-int1-list": ("e:C owl:intersectionOf ( e:D ) . e:x a e:D .", "e:x a e:C"),
    "cls-int1-rest": ("e:C owl:intersectionOf ( e:D e:E ) . e:x a e:D , e:E .", "e:x a e:C"),
    "cls-int1-step": (
        "e:C owl:intersectionOf ( e:D e:E e:F ) . e:x a e:D , e:E , e:F .",
        "e:x a e:C",
    ),
    "cls-int2": ("e:C owl:intersectionOf ( e:D e:E ) . e:x a e:C .", "e:x a e:E"),
    "cls-oo": ("e:C owl:oneOf ( e:x e:y ) .", "e:y a e:C"),
    "cls-svf1": (
        "e:C owl:onProperty e:p ; owl:someValuesFrom e:D . e:x e:p e:y . e:y a e:D .",
        "e:x a e:C",
    ),
    "cls-svf2": (
        "e:C owl:onProperty e:p ; owl:someValuesFrom owl:Thing . e:x e:p e:y .",
        "e:x a e:C",
    ),
    "cls-uni": ("e:C owl:unionOf ( e:D e:E ) . e:x a e:E .", "e:x a e:C"),
    "eq-rep-o": ("e:x owl:sameAs e:y . e:s e:p e:x .", "e:s e:p e:y"),
    "eq-rep-p": ("e:p owl:sameAs e:q . e:s e:p e:x .", "e:s e:q e:x"),
    "eq-rep-s": ("e:x owl:sameAs e:y . e:x e:p e:o .", "e:y e:p e:o"),
    "eq-sym": ("e:x owl:sameAs e:y .", "e:y owl:sameAs e:x"),
    "eq-trans": ("e:x owl:sameAs e:y . e:y owl:sameAs e:z .", "e:x owl:sameAs e:z"),
    "list-first": ("e:C owl:oneOf ( e:x ) .", "e:x a e:C"),
    "list-rest": ("e:C owl:unionOf ( e:D e:E e:F ) . e:x a e:F .", "e:x a e:C"),
    "prp-dom": ("e:p rdfs:domain e:C . e:x e:p e:y .", "e:x a e:C"),
    "prp-eqp1": ("e:p owl:equivalentProperty e:q . e:x e:p e:y .", "e:x e:q e:y"),
    "prp-eqp2": ("e:p owl:equivalentProperty e:q . e:x e:q e:y .", "e:x e:p e:y"),
    "prp-fp": ("e:p a owl:FunctionalProperty . e:x e:p e:y , e:z .", "e:y owl:sameAs e:z"),
    "prp-ifp": (
        "e:p a owl:InverseFunctionalProperty . e:y e:p e:x . e:z e:p e:x .",
        "e:y owl:sameAs e:z",
    ),
    "prp-inv1": ("e:p owl:inverseOf e:q . e:x e:p e:y .", "e:y e:q e:x"),
    "prp-inv2": ("e:p owl:inverseOf e:q . e:x e:q e:y .", "e:y e:p e:x"),
    "prp-rng": ("e:p rdfs:range e:C . e:x e:p e:y .", "e:y a e:C"),
    "prp-spo1": ("e:p rdfs:subPropertyOf e:q . e:x e:p e:y .", "e:x e:q e:y"),
    "prp-spo2": (
        "e:p owl:propertyChainAxiom ( e:q e:r ) . e:x e:q e:y . e:y e:r e:z .",
        "e:x e:p e:z",
    ),
    "prp-symp": ("e:p a owl:SymmetricProperty . e:x e:p e:y .", "e:y e:p e:x"),
    "prp-trp": ("e:p a owl:TransitiveProperty . e:x e:p e:y . e:y e:p e:z .", "e:x e:p e:z"),
}

# Rules that others stand in for where the conclusion is theirs as well.
STAND_INS = {"eq-trans": {"eq-rep-s", "eq-rep-o"}}

# rule → a graph with a clash, what the clash is about, and the part without which there is none
CLASHES = {
    "cax-adc": (
        "[] a owl:AllDisjointClasses ; owl:members ( e:C e:D e:E ) . e:x a e:C .",
        "e:x",
        "e:x a e:E .",
    ),
    "cax-dw": ("e:C owl:disjointWith e:D . e:x a e:C .", "e:x", "e:x a e:D ."),
    "cls-com": ("e:C owl:complementOf e:D . e:x a e:C .", "e:x", "e:x a e:D ."),
    "cls-nothing2": ("e:C rdfs:subClassOf owl:Nothing .", "e:x", "e:x a e:C ."),
    "dt-diff": ('e:p a owl:FunctionalProperty . e:x e:p "a" .', "e:x", 'e:x e:p "b" .'),
    "eq-diff1": ("e:x owl:differentFrom e:y .", "e:x", "e:x owl:sameAs e:y ."),
    "eq-diff2": (
        "[] a owl:AllDifferent ; owl:members ( e:u e:v e:w ) ."
        "e:p a owl:FunctionalProperty . e:x e:p e:u .",
        "e:x",
        "e:x e:p e:w .",
    ),
    "eq-diff3": (
        "[] a owl:AllDifferent ; owl:distinctMembers ( e:u e:v e:w ) ."
        "e:p a owl:FunctionalProperty . e:x e:p e:v .",
        "e:x",
        "e:x e:p e:u .",
    ),
    "prp-asyp": ("e:p a owl:AsymmetricProperty . e:x e:p e:y .", "e:x", "e:y e:p e:x ."),
    "prp-irp": (
        "e:p a owl:IrreflexiveProperty . e:q rdfs:subPropertyOf e:p .",
        "e:x",
        "e:x e:q e:x .",
    ),
    "prp-pdw": ("e:p owl:propertyDisjointWith e:q . e:x e:p e:y .", "e:x", "e:x e:q e:y ."),
}


def test_every_rule_has_an_example() -> None:
    assert {rule.name for rule in RULES} == set(EXAMPLES) | set(CLASHES)


@pytest.mark.parametrize("rule", sorted(EXAMPLES))
def test_a_rule_gives_its_example_and_without_it_nothing_does(rule: str) -> None:
    graph, conclusion = EXAMPLES[rule]
    without = tuple(r for r in RULES if r.name not in {rule} | STAND_INS.get(rule, set()))
    assert statement(conclusion) in closure(turtle(graph)).inferred
    assert statement(conclusion) not in closure(turtle(graph), without).inferred


@pytest.mark.parametrize("rule", sorted(EXAMPLES))
def test_owlrl_gives_the_example_as_well(rule: str) -> None:
    graph, conclusion = EXAMPLES[rule]
    assert statement(conclusion) in _by_owlrl(turtle(graph))


@pytest.mark.parametrize("rule", sorted(CLASHES))
def test_a_clash_is_found_once_and_names_what_it_is_about(rule: str) -> None:
    graph, about, needed = CLASHES[rule]
    assert closure(turtle(graph)).clashes == ()
    (clash,) = closure(turtle(graph + needed)).clashes
    assert clash.rule == rule
    assert f"<{clash.node.value}>" == str(turtle(f"{about} a e:x .")[0].subject)
    assert str(clash.node) in clash.message
    assert "?" not in clash.message


def test_a_clash_leads_back_to_the_triples_that_were_given() -> None:
    graph = turtle(
        "e:C rdfs:subClassOf e:B . e:B owl:disjointWith e:D . e:p rdfs:range e:C ."
        "e:x e:p e:y . e:y a e:D . e:unrelated a e:D ."
    )
    (clash,) = closure(graph).clashes
    assert set(clash.given) == set(graph) - {statement("e:unrelated a e:D")}
    assert statement("e:y a e:B") in clash.premises
    # What it leads back to is enough for the clash.
    assert closure(clash.given).clashes[0].rule == "cax-dw"


def test_values_that_are_only_written_differently_do_not_clash() -> None:
    graph = "e:p a owl:FunctionalProperty . e:x e:p 5 , 5.0 ."
    assert closure(turtle(graph)).clashes == ()


def test_what_says_nothing_is_not_handed_out() -> None:
    graph = turtle(
        "e:C rdfs:subClassOf owl:Thing , [ owl:onProperty e:p ; owl:hasValue e:v ] ."
        "e:D owl:intersectionOf ( e:C e:E ) . e:x a e:C , e:E . e:y owl:sameAs e:x ."
    )
    found = closure(graph).inferred
    assert statement("e:x e:p e:v") in found, "the way leads through a class without a name"
    assert statement("e:y a e:D") in found
    for triple in found:
        assert not any(isinstance(term, BlankNode) for term in triple)
        assert triple.object != NamedNode(f"{OWL}Thing")
        assert triple.predicate != NamedNode(f"{OWL}sameAs") or triple.subject != triple.object
        assert "urn:" not in str(triple)


def test_only_what_is_new_is_handed_out_in_a_fixed_order() -> None:
    graph = turtle("e:C rdfs:subClassOf e:D . e:x a e:C , e:D . e:y a e:C . e:a a e:C .")
    assert closure(graph).inferred == (statement("e:a a e:D"), statement("e:y a e:D"))
    assert closure(reversed(graph)) == closure(graph)


def test_a_rule_that_is_not_of_the_form_is_refused_with_its_name() -> None:
    with pytest.raises(AllegianceError, match=r"own\.rq: the rule is not of the form"):
        parse("own", "SELECT ?x WHERE { ?x ?p ?y }")
    text = "# Says.\n\nCONSTRUCT { ?x e:q ?y }\nWHERE {\n  ?x e:p ?y .\n}\n"
    with pytest.raises(AllegianceError, match=r"own\.rq: the rule uses “e:p” without its prefix"):
        parse("own", text)


def test_the_rules_say_in_their_first_line_what_they_mean() -> None:
    folder = ROOT / "server" / "allegiance" / "derive" / "rules"
    for path in sorted(Path(folder).glob("*.rq")):
        assert path.read_text("utf-8").startswith("# "), path.name
    assert all(len(rule.meaning) > 10 for rule in RULES)


# What an axiom of each rule may look like, over three classes, properties and individuals.
_classes = st.sampled_from(["e:C", "e:D", "e:E"])
_properties = st.sampled_from(["e:p", "e:q", "e:r"])
_things = st.sampled_from(["e:x", "e:y", "e:z", "e:w"])


def _written(form: str) -> st.SearchStrategy[str]:
    """Return Turtle of a form in which C, P and X stand for any class, property, thing."""
    choices = {"C": _classes, "P": _properties, "X": _things}
    parts = [choices.get(part, st.just(part)) for part in form.split()]
    return st.tuples(*parts).map(" ".join)


FORMS = {
    "cax": ("C owl:equivalentClass C .", "C rdfs:subClassOf C ."),
    "cls-avf": ("C rdfs:subClassOf [ owl:onProperty P ; owl:allValuesFrom C ] .",),
    "cls-hv": (
        "C rdfs:subClassOf [ owl:onProperty P ; owl:hasValue X ] .",
        "[ owl:onProperty P ; owl:hasValue X ] rdfs:subClassOf C .",
        "C owl:equivalentClass [ owl:onProperty P ; owl:hasValue X ] .",
    ),
    "cls-int": (
        "C owl:intersectionOf ( C C ) .",
        "[ owl:intersectionOf ( C C C ) ] rdfs:subClassOf C .",
        "C owl:intersectionOf ( C [ owl:onProperty P ; owl:hasValue X ] ) .",
    ),
    "cls-oo": ("C owl:oneOf ( X X ) .",),
    "cls-svf": (
        "[ owl:onProperty P ; owl:someValuesFrom C ] rdfs:subClassOf C .",
        "[ owl:onProperty P ; owl:someValuesFrom owl:Thing ] rdfs:subClassOf C .",
    ),
    "cls-uni": ("C owl:unionOf ( C C C ) .",),
    "eq": ("X owl:sameAs X .",),
    "eq-rep-p": ("P owl:sameAs P .",),
    "prp-dom": ("P rdfs:domain C .",),
    "prp-eqp": ("P owl:equivalentProperty P .",),
    "prp-fp": ("P a owl:FunctionalProperty .",),
    "prp-ifp": ("P a owl:InverseFunctionalProperty .",),
    "prp-inv": ("P owl:inverseOf P .",),
    "prp-rng": ("P rdfs:range C .",),
    "prp-spo1": ("P rdfs:subPropertyOf P .",),
    "prp-spo2": ("P owl:propertyChainAxiom ( P P ) .",),
    "prp-symp": ("P a owl:SymmetricProperty .",),
    "prp-trp": ("P a owl:TransitiveProperty .",),
}
_facts = st.lists(st.one_of(_written("X P X ."), _written("X a C .")), min_size=2, max_size=7)
_any_axiom = st.one_of([_written(form) for forms in FORMS.values() for form in forms])


@pytest.mark.parametrize("group", sorted(FORMS))
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_the_closure_is_that_of_owlrl_on_random_graphs(group: str, data: st.DataObject) -> None:
    own = st.one_of([_written(form) for form in FORMS[group]])
    axioms = data.draw(st.lists(own, min_size=1, max_size=2), "axioms of the group")
    others = data.draw(st.lists(_any_axiom, max_size=2), "other axioms")
    graph = turtle("\n".join([*axioms, *others, *data.draw(_facts, "facts")]))
    ours = _comparable(set(graph) | set(closure(graph).inferred))
    assert ours == _comparable(_by_owlrl(graph))


def _by_owlrl(graph: list[Triple]) -> set[Triple]:
    closed = to_rdflib(graph)
    owlrl.DeductiveClosure(
        owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False
    ).expand(closed)
    return {
        Triple(*(NamedNode(str(term)) for term in triple))  # type: ignore[arg-type]
        for triple in closed
        if all(str(term).startswith("http") for term in triple)
    }


def _comparable(triples: set[Triple]) -> set[Triple]:
    """Keep what is said of individuals, which is what the rules are for."""
    things = {NamedNode(f"{NAMES['e']}{slug}") for slug in "xyzw"}
    classes = {NamedNode(f"{NAMES['e']}{slug}") for slug in "CDE"}
    properties = {NamedNode(f"{NAMES['e']}{slug}") for slug in "pqr"}
    same, kind = NamedNode(f"{OWL}sameAs"), NamedNode(f"{RDF}type")
    return {
        triple
        for triple in triples
        if triple.subject in things
        and (
            (triple.predicate == kind and triple.object in classes)
            or (triple.predicate in properties and triple.object in things)
            or (triple.predicate == same and triple.object in things - {triple.subject})
        )
    }
