"""The questions ask after every relation, every role and every dimension that the ontology has."""

import re
from pathlib import Path

import pyoxigraph
import pytest
from pyoxigraph import NamedNode

from allegiance.names import DEF, OWL, RDF, RDFS

ROOT = Path(__file__).parents[2]


def ontology() -> pyoxigraph.Store:
    store = pyoxigraph.Store()
    for file in sorted((ROOT / "ontology").glob("*.ttl")):
        store.bulk_load(path=file, format=pyoxigraph.RdfFormat.TURTLE)
    return store


def subjects(predicate: str, value: str) -> set[str]:
    """Return the terms of the vocabulary with that value of that property, by their names."""
    found = ontology().quads_for_pattern(None, NamedNode(predicate), NamedNode(value))
    return {
        quad.subject.value.removeprefix(DEF)
        for quad in found
        if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(DEF)
    }


def asked() -> set[str]:
    """Return the names of the vocabulary that occur in a question, comments left out."""
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "queries").glob("*.rq"))
    code = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    return set(re.findall(r"\bdef:(\w+)", code))


@pytest.mark.parametrize(
    ("what", "predicate", "value"),
    [
        ("direct relations", RDFS + "subPropertyOf", DEF + "tiedTo"),
        ("dimensions", RDFS + "range", DEF + "Qualifier"),
        ("what a claim has", RDFS + "domain", DEF + "Claim"),
        ("what a sentence has", RDFS + "domain", DEF + "Sentence"),
        ("roles", RDFS + "subPropertyOf", DEF + "participant"),
        ("kinds of exertion", RDFS + "subClassOf", DEF + "Exertion"),
        ("kinds of supply", RDFS + "subClassOf", DEF + "Supply"),
    ],
)
def test_questions_ask_after_all(what: str, predicate: str, value: str):
    declared = subjects(predicate, value)
    assert declared, f"the ontology declares no {what}"
    assert sorted(declared - asked()) == []


def test_questions_name_no_term_that_is_not_declared():
    assert sorted(asked() - subjects(RDF + "type", OWL + "Class") - properties()) == []


def properties() -> set[str]:
    kinds = ("ObjectProperty", "DatatypeProperty", "AnnotationProperty")
    return set().union(*(subjects(RDF + "type", OWL + kind) for kind in kinds))
