"""Nothing is declared for show: terms and values are used by a fact, a shape or a question."""

import re

import pyoxigraph

from allegiance.names import CONCEPT, DEF, RDFS, SKOS
from ontology.examples import ROOT, ontology, terms


def test_nine_terms_in_ten_are_used(capsys):
    declared = {
        triple.subject.value
        for triple in ontology()
        if triple.subject.value.startswith((DEF, CONCEPT))
        and triple.predicate.value in (RDFS + "label", SKOS + "inScheme")
    }
    unused = sorted(declared - _used(), key=str.lower)
    names = ", ".join(term.rsplit("/")[-1] for term in unused)
    with capsys.disabled():
        print(f"\n{len(unused)} of {len(declared)} terms not used: {names or 'none'}")
    assert len(unused) <= len(declared) / 10


def test_no_fact_shape_or_question_uses_a_term_that_is_not_declared():
    declared = {triple.subject.value for triple in ontology()}
    assert sorted(_used() - declared) == []


def _used() -> frozenset[str]:
    used: set[str] = set()
    for folder in ("data", "shapes"):
        for file in (ROOT / folder).glob("*.ttl"):
            used |= terms(quad.triple for quad in pyoxigraph.parse(path=file))
            used |= _named(file.read_text("utf-8"))
    for file in (ROOT / "queries").glob("*.rq"):
        used |= _named(file.read_text("utf-8"))
    return frozenset(used)


def _named(text: str) -> set[str]:
    """Return the terms that SPARQL names, in a file or in the text of a shape."""
    code = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    short = {"def": DEF, "concept": CONCEPT}
    found = {short[p] + name for p, name in re.findall(r"\b(def|concept):([A-Za-z]\w*)", code)}
    spelt = rf"<((?:{re.escape(DEF)}|{re.escape(CONCEPT)})\w+)>"
    return found | set(re.findall(spelt, code))
