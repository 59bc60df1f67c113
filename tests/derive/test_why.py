"""Proofs: each step can be taken again alone; what is missing is said; words where at hand."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, NamedNode, Triple

from allegiance.derive import Explainer, Proof, Words, lines, replay
from allegiance.folder import find
from allegiance.names import OWL
from allegiance.turtle import read

from .graphs import BASE, ENTITIES, ROOT, claim, ontology, statement, turtle

CORE = ontology()
SUPPLY = (
    "situation:s a def:Supply ; def:provider id:north ;"
    " def:recipient id:south ; def:goods id:rifles .\n"
)


def explain(text: str) -> Explainer:
    facts = turtle(ENTITIES + text)
    places = dict.fromkeys(CORE, "ontology/core.ttl:1") | dict.fromkeys(facts, "data/facts.ttl:1")
    return Explainer([*CORE, *facts], BASE, places)


def ask(explainer: Explainer, text: str) -> Proof:
    triple = statement(text)
    return explainer.why(triple.subject, triple.predicate, triple.object)  # type: ignore[arg-type]


def shown(proof: Proof, width: int = 1000) -> str:
    return "\n".join(lines(proof, None, width))


def check_steps(proof: Proof) -> None:
    """A proof stands when every step can be taken from its premises alone, in an empty store,
    and every premise is asserted or was concluded before."""
    had = set(proof.places)
    for step in proof.steps:
        assert set(step.premises) <= had, step
        assert step.conclusion not in step.premises
        assert replay(step), step
        had.add(step.conclusion)
    assert proof.goal in had or proof.steps or not proof.holds


@pytest.fixture(scope="module")
def repository() -> Explainer:
    """The repository's own graph."""
    folder = find(ROOT)
    triples = {
        triple: f"{path.name}"
        for kind in ("ontology", "data")
        for path in folder.files(kind)
        for triple in read(path, path.name).triples
    }
    return Explainer(triples, folder.base, triples)


def test_every_edge_of_the_repository_can_be_proved_again(repository: Explainer) -> None:
    edges = repository.derived.direct
    assert edges
    for edge in edges:
        proof = repository.why(edge.subject, edge.predicate, edge.object)  # type: ignore[arg-type]
        assert proof.holds
        assert proof.edges[edge].claims
        assert all(place for place in proof.places.values())
        check_steps(proof)


def test_every_inferred_triple_of_the_repository_can_be_proved_again(
    repository: Explainer,
) -> None:
    inferred = repository.derived.inferred
    assert inferred
    for triple in inferred[::7]:
        proof = repository.why(triple.subject, triple.predicate, triple.object)  # type: ignore[arg-type]
        assert proof.holds
        assert proof.steps[-1].conclusion == triple
        check_steps(proof)


def test_a_step_without_one_of_its_premises_is_no_step(repository: Explainer) -> None:
    edge = repository.derived.direct[0]
    proof = repository.why(edge.subject, edge.predicate, edge.object)  # type: ignore[arg-type]
    for step in proof.steps:
        for missing in step.premises:
            rest = tuple(premise for premise in step.premises if premise != missing)
            assert not replay(type(step)(step.rule, step.meaning, rest, step.conclusion))


_things = st.sampled_from(["e:x", "e:y", "e:z"])
_properties = st.sampled_from(["e:p", "e:q"])
_axioms = st.sampled_from(
    [
        "e:p a owl:SymmetricProperty .",
        "e:q a owl:TransitiveProperty .",
        "e:p rdfs:subPropertyOf e:q .",
        "e:q rdfs:subPropertyOf e:p .",
        "e:p owl:inverseOf e:q .",
        "e:q a owl:FunctionalProperty .",
        "e:x owl:sameAs e:y .",
        "e:C owl:equivalentClass [ owl:intersectionOf ( e:D [ owl:onProperty e:p ;"
        " owl:hasValue e:z ] ) ] .",
        "e:p rdfs:domain e:D .",
        "[ owl:onProperty e:q ; owl:someValuesFrom e:C ] rdfs:subClassOf e:D .",
    ]
)
_facts = st.tuples(_things, _properties, _things).map(lambda parts: " ".join(parts) + " .")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(_axioms, min_size=1, max_size=5, unique=True),
    st.lists(_facts, min_size=1, max_size=6, unique=True),
)
def test_what_follows_from_a_random_graph_can_be_proved_again(
    axioms: list[str], facts: list[str]
) -> None:
    explainer = Explainer(turtle("\n".join(axioms + facts)), BASE)
    for triple in explainer.derived.inferred:
        proof = explainer.why(triple.subject, triple.predicate, triple.object)  # type: ignore[arg-type]
        assert proof.holds
        check_steps(proof)
        assert shown(proof)


_dimensions = {
    "polarity": ["affirmative", "negative"],
    "certainty": ["certain", "possible"],
    "modality": ["actual", "intended"],
    "claimKind": ["report", "evaluation"],
    "timeframe": ["current", "past"],
}


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.data())
def test_an_edge_is_missing_exactly_where_something_is_named_that_it_lacks(
    data: st.DataObject,
) -> None:
    """What the tree says in words is what the rule says in SPARQL."""
    kinds = [
        ("Alliance", "alliedWith", ("party", "party")),
        ("ArmedConflict", "inConflictWith", ("party", "party")),
        ("Support", "supports", ("provider", "recipient")),
    ]
    kind, relation, (start, end) = data.draw(st.sampled_from(kinds), "kind")
    ends = [("north", "south"), ("north", "everyone"), ("everyone", "south")]
    one, other = data.draw(st.sampled_from(ends), "ends")
    text = f"situation:s a def:{kind} ; def:{start} id:{one} ; def:{end} id:{other} .\n"
    for slug in ("c", "d"):
        values = {
            on: choices[1 if data.draw(st.integers(0, 5), f"{slug} {on}") == 0 else 0]
            for on, choices in _dimensions.items()
        }
        sources = data.draw(st.sets(st.sampled_from([one, other, "west"])), f"{slug} sources")
        more = "".join(f"; def:accordingTo id:{source} " for source in sorted(sources))
        text += claim(slug, "s", more, **values)
    explainer = explain(text)
    goal = statement(f"id:{one} def:{relation} id:{other}")
    proof = ask(explainer, f"id:{one} def:{relation} id:{other}")
    counted = {record.iri for reason in proof.edges.values() for record in reason.claims}
    wanting = {missing.claim.iri for missing in explainer.missing(goal) if missing.claim}
    assert proof.holds == bool(counted)
    assert counted | wanting == {f"{BASE}claim/c", f"{BASE}claim/d"}
    assert not counted & wanting
    check_steps(proof)


def test_the_tree_of_an_edge_names_rule_claims_and_what_is_set_against_it() -> None:
    text = SUPPLY + claim("c", "s", '; def:gloss "North sends rifles to South."@en ')
    text += claim("no", "s", '; def:gloss "North sends none."@en ', polarity="negative")
    tree = shown(ask(explain(text), "id:north def:suppliesArmsTo id:south"))
    assert tree.startswith("North – supplies arms to – South: holds\n")
    assert "an edge, edge:north-suppliesArmsTo-south" in tree
    assert "rule: def:ArmsSupply (arms supply) gives def:provider def:suppliesArmsTo" in tree
    assert "├─ claim:c\n" in tree
    assert "North sends rifles to South." in tree
    assert "certain, report, actual, affirmative, current; no nested source" in tree
    assert "claim:no denies the same situation\n" in tree
    assert "certain, report, actual, negative, current" in tree
    # How the supply comes to be one of arms, down to what is stated.
    assert "situation:s a def:ArmsSupply\n" in tree
    assert "by cls-svf1" in tree
    assert "(def:goods some def:ArmsGoods)" in tree
    assert "situation:s def:goods id:rifles – stated in data/facts.ttl:1" in tree


def test_the_tree_of_an_inferred_triple_goes_down_to_claims_and_axioms() -> None:
    tree = shown(ask(explain(SUPPLY + claim("c", "s")), "id:north def:tiedTo id:south"))
    assert "by prp-spo1: A property holds wherever a narrower one does." in tree
    assert (
        "def:suppliesArmsTo rdfs:subPropertyOf def:tiedTo – stated in ontology/core.ttl:1" in tree
    )
    assert "claim:c" in tree
    assert "urn:" not in tree


def test_an_asserted_triple_is_shown_with_where_it_stands() -> None:
    proof = ask(explain(SUPPLY), "id:north a def:State")
    assert proof.steps == ()
    assert shown(proof).endswith("id:north a def:State – stated in data/facts.ttl:1")


def test_a_statement_of_the_derivation_graph_is_proved_by_its_edge() -> None:
    explainer = explain(SUPPLY + claim("c", "s"))
    proof = ask(explainer, "edge:north-suppliesArmsTo-south prov:wasDerivedFrom claim:c")
    assert proof.holds
    assert list(proof.edges) == [statement("id:north def:suppliesArmsTo id:south")]
    check_steps(proof)


@pytest.mark.parametrize(
    ("dimensions", "said"),
    [
        ({"timeframe": "past"}, "claimed as past only: claim:c"),
        ({"timeframe": "recentPast"}, "claimed as recent past only: claim:c"),
        ({"timeframe": "future"}, "claimed as future only: claim:c"),
        ({"polarity": "negative"}, "denied: claim:c"),
        ({"claimKind": "evaluation"}, "claimed as evaluation, not as report: claim:c"),
        ({"modality": "intended"}, "intended, not actual: claim:c"),
        ({"certainty": "possible"}, "only possible, not certain: claim:c"),
        (
            {"timeframe": "past", "polarity": "negative"},
            "denied; claimed as past only: claim:c",
        ),
    ],
)
def test_what_is_missing_is_said_with_the_claim(dimensions: dict[str, str], said: str) -> None:
    text = SUPPLY + claim("c", "s", '; def:gloss "So it is said."@en ', **dimensions)
    proof = ask(explain(text), "id:north def:suppliesArmsTo id:south")
    assert not proof.holds
    tree = shown(proof)
    assert "does not hold" in tree
    assert said in tree
    assert "So it is said." in tree


def test_a_dimension_that_a_claim_leaves_open_is_named() -> None:
    text = claim("c", "s").replace(" ; def:timeframe concept:current", "")
    proof = ask(explain(SUPPLY + text), "id:north def:suppliesArmsTo id:south")
    assert "does not say its timeframe: claim:c" in shown(proof)


@pytest.mark.parametrize(
    ("text", "goal", "said"),
    [
        (
            SUPPLY + claim("c", "s", "; def:accordingTo id:west "),
            "id:north def:suppliesArmsTo id:south",
            "only ascribed to West: claim:c",
        ),
        (
            "situation:s a def:Alliance ; def:party id:north , id:south .\n"
            + claim("c", "s", "; def:accordingTo id:north "),
            "id:north def:alliedWith id:south",
            "only ascribed to North, not also to South: claim:c",
        ),
        (
            "situation:s a def:Denunciation ; def:holder id:everyone ; def:toward id:north .\n"
            + claim("c", "s"),
            "id:everyone def:denounces id:north",
            "everyone is a diffuse actor, no one in particular: claim:c",
        ),
        (
            "situation:s a def:Partnership ; def:party id:north , id:everyone .\n"
            + claim("c", "s"),
            "id:north def:partnerOf id:everyone",
            "everyone is a diffuse actor, no one in particular: claim:c",
        ),
        (
            SUPPLY,
            "id:north def:suppliesArmsTo id:south",
            "claimed by nobody: situation:s",
        ),
        (
            SUPPLY + "situation:w a def:Intention ; def:content situation:s .\n",
            "id:north def:suppliesArmsTo id:south",
            "claimed by nobody; only the content of situation:w: situation:s",
        ),
        (
            SUPPLY.replace("rifles", "gas") + claim("c", "s"),
            "id:north def:suppliesArmsTo id:south",
            "not of the class arms supply: its goods (gas) not of the class arms goods",
        ),
        (
            "situation:s a def:Stance ; def:holder id:north ; def:toward id:south ;"
            " def:stanceBasis concept:official ; def:stanceDirection concept:favour .\n"
            + claim("c", "s"),
            "id:north def:favours id:south",
            "stance basis is official, not de facto: situation:s",
        ),
        (
            "situation:s a def:Partnership ; def:party id:north , id:south .\n" + claim("c", "s"),
            "id:north def:alliedWith id:south",
            "what does tie the two, and is never taken for it:\n   "
            "└─ id:north def:partnerOf id:south",
        ),
        (
            claim("c", "s", timeframe="past"),
            "claim:c a def:FactualClaim",
            "claimed as past only: claim:c",
        ),
        (
            SUPPLY + claim("c", "s", timeframe="past"),
            "id:north def:tiedTo id:south",
            "claimed as past only: claim:c",
        ),
        (
            SUPPLY,
            "id:west def:suppliesArmsTo id:south",
            "No claim in the graph says so, and no rule gives it.",
        ),
        (SUPPLY, "id:west a def:ArmedForce", "No claim in the graph says so"),
    ],
)
def test_what_else_may_be_missing_is_said(text: str, goal: str, said: str) -> None:
    proof = ask(explain(text), goal)
    assert not proof.holds
    assert said in shown(proof)


def test_a_proof_does_not_run_in_a_circle() -> None:
    explainer = explain(
        "e:p rdfs:subPropertyOf e:q . e:q rdfs:subPropertyOf e:p . e:p a owl:SymmetricProperty ."
        "id:north e:p id:south ."
    )
    for goal in ("id:south e:p id:north", "id:north e:q id:south", "id:south e:q id:north"):
        proof = ask(explainer, goal)
        assert statement("id:north e:p id:south") in proof.places
        check_steps(proof)


def test_a_long_proof_is_no_trouble() -> None:
    chain = "e:near a owl:TransitiveProperty .\n"
    classes = "".join(f"e:C{n} rdfs:subClassOf e:C{n + 1} .\n" for n in range(1500))
    proof = ask(explain(chain + classes + "id:north a e:C0 .\n"), "id:north a e:C1500")
    assert len(proof.steps) == 1500
    tree = shown(proof)
    assert "goes on: ask why of this alone" in tree
    assert len(tree.splitlines()) < 100
    had = set(proof.places)
    assert all(had.issuperset(s.premises) and not had.add(s.conclusion) for s in proof.steps)  # type: ignore[func-returns-value]


PLACED = """
source:tale a def:SourceText ; dcterms:title "A tale"@en ; def:length 60 .
source:tale\\/part-1 a def:Part ; dcterms:isPartOf source:tale ; oa:hasSelector source:tale\\/p .
source:tale\\/p oa:start 0 ; oa:end 60 .
source:tale\\/s01 a def:Sentence ; dcterms:isPartOf source:tale\\/part-1 ;
    oa:hasSelector source:tale\\/s01\\/position .
source:tale\\/s01\\/position oa:start 0 ; oa:end 30 .
claim:c def:evidence claim:c\\/evidence-1 ; def:voice id:teller .
id:teller skos:prefLabel "the teller"@en .
claim:c\\/evidence-1 oa:hasSource source:tale ; oa:hasSelector claim:c\\/evidence-1\\/position ;
    def:sha256 "DIGEST" .
claim:c\\/evidence-1\\/position oa:start 4 ; oa:end 22 .
"""
TALE = "Now North arms South.\x1b[2J And so it goes on, said the teller."


def placed(words: str) -> Proof:
    digest = hashlib.sha256(words.encode("utf-8")).hexdigest()
    text = SUPPLY + claim("c", "s") + PLACED.replace("DIGEST", digest)
    return ask(explain(text), "id:north def:suppliesArmsTo id:south")


def test_the_place_and_the_words_are_shown_where_the_text_is_at_hand(tmp_path: Path) -> None:
    (tmp_path / "tale.txt").write_text(TALE, "utf-8")
    proof = placed(TALE[4:22])
    tree = "\n".join(lines(proof, Words(tmp_path), 200))
    assert "place: tale 4–22, sentence s01" in tree
    assert "voice: the teller" in tree
    assert "“North arms South.�”" in tree, "what steers a terminal is taken out"
    assert "\x1b" not in tree
    assert "North arms" not in "\n".join(lines(proof))


def test_words_of_another_text_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "tale.txt").write_text(TALE.replace("arms", "robs"), "utf-8")
    tree = "\n".join(lines(placed(TALE[4:22]), Words(tmp_path), 200))
    assert "robs" not in tree
    assert "(the text at hand is not the one that the claim was drawn from)" in tree
    empty = tmp_path / "empty"
    empty.mkdir()
    tree = "\n".join(lines(placed(TALE[4:22]), Words(empty), 200))
    assert "(the text tale.txt is not at hand)" in tree


@pytest.mark.parametrize("width", [40, 72, 100])
def test_no_line_of_the_tree_is_wider_than_the_terminal(width: int) -> None:
    text = SUPPLY + claim("c", "s", f'; def:gloss "{"many words " * 40}"@en ')
    proof = ask(explain(text), "id:north def:suppliesArmsTo id:south")
    drawn = list(lines(proof, None, width))
    longest_word = max(len(word) for line in drawn for word in line.split())
    assert max(len(line) for line in drawn) <= max(width, longest_word + 24)
    assert all(line == line.rstrip() for line in drawn)


def test_a_class_without_a_name_is_shown_as_an_expression() -> None:
    explainer = explain("e:C owl:unionOf ( e:D [ owl:oneOf ( id:west ) ] ) .")
    nodes = {
        t.subject
        for t in explainer_triples(explainer)
        if isinstance(t.subject, BlankNode) and t.predicate.value == f"{OWL}oneOf"
    }
    (node,) = nodes
    assert explainer.names.short(node) == "(id:west)"  # type: ignore[arg-type]


def explainer_triples(explainer: Explainer) -> list[Triple]:
    return [quad.triple for quad in explainer.names.store]


def test_labels_are_taken_in_english_where_there_are_several() -> None:
    explainer = explain('id:east skos:prefLabel "Osten"@de , "East"@en . e:x rdfs:label "an x" .')
    assert explainer.names.label(NamedNode(f"{BASE}id/east")) == "East"
    assert explainer.names.label(NamedNode("https://example.org/other/x")) == "an x"
    assert explainer.names.label(NamedNode(f"{BASE}id/nameless")) == "id:nameless"
