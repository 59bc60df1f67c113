"""Edges from claims: which claims give one, which never do, and what each leads back to."""

import subprocess
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store, Triple

from allegiance.derive import Derived, derive, reifiers
from allegiance.names import DEF, PROV, RDF
from running import command

from .graphs import BASE, ENTITIES, ROOT, claim, name, ontology, short, statement, turtle

CORE = ontology()
SUPPLY = (
    "situation:s a def:Supply ; def:provider id:north ;"
    " def:recipient id:south ; def:goods id:rifles .\n"
)
PARTIES = "def:party id:north , id:south .\n"


def derived(text: str) -> Derived:
    return derive([*CORE, *turtle(ENTITIES + text)], BASE)


def edges(text: str) -> set[str]:
    return {short(edge) for edge in derived(text).direct}


def against(text: str) -> set[tuple[str, str]]:
    """Return (edge node, claim) for what is set against an edge, last parts of their IRIs."""
    return {
        (str(t.subject.value).rpartition("/")[2], str(t.object.value).rpartition("/")[2])  # type: ignore[union-attr]
        for t in derived(text).derivation
        if t.predicate.value == f"{DEF}setAgainst"
    }


def test_a_factual_claim_gives_its_edge() -> None:
    assert edges(SUPPLY + claim("c", "s")) == {"north suppliesArmsTo south"}


@pytest.mark.parametrize(
    ("dimension", "value"),
    [
        ("polarity", "negative"),
        ("certainty", "probable"),
        ("certainty", "possible"),
        ("certainty", "uncommitted"),
        ("modality", "intended"),
        ("modality", "required"),
        ("modality", "offered"),
        ("modality", "hypothetical"),
        ("claimKind", "evaluation"),
        ("claimKind", "forecast"),
        ("timeframe", "past"),
        ("timeframe", "recentPast"),
        ("timeframe", "future"),
    ],
)
def test_a_claim_of_another_dimension_gives_no_edge(dimension: str, value: str) -> None:
    assert edges(SUPPLY + claim("c", "s", **{dimension: value})) == set()


def test_a_claim_that_leaves_a_dimension_open_gives_no_edge() -> None:
    text = claim("c", "s").replace(" ; def:timeframe concept:current", "")
    assert edges(SUPPLY + text) == set()


def test_a_situation_that_is_only_the_content_of_another_gives_no_edge() -> None:
    text = "situation:wish a def:Intention ; def:holder id:north ; def:content situation:s .\n"
    assert edges(SUPPLY + text + claim("c", "wish")) == set()


def test_what_is_only_ascribed_gives_no_edge() -> None:
    assert edges(SUPPLY + claim("c", "s", "; def:accordingTo id:west ")) == set()
    assert edges(SUPPLY + claim("c", "s", "; def:accordingTo id:north , id:south ")) == set()


def test_a_second_claim_that_is_factual_is_enough() -> None:
    text = claim("past", "s", timeframe="past") + claim("now", "s")
    found = derived(SUPPLY + text)
    assert [short(edge) for edge in found.direct] == ["north suppliesArmsTo south"]
    assert statement_of(found, f"{PROV}wasDerivedFrom") == {NamedNode(f"{BASE}claim/now")}


def test_a_diffuse_subject_gives_no_edge_but_a_diffuse_object_does() -> None:
    by_all = "situation:s a def:Denunciation ; def:holder id:everyone ; def:toward id:north .\n"
    of_all = "situation:s a def:Denunciation ; def:holder id:north ; def:toward id:everyone .\n"
    assert edges(by_all + claim("c", "s")) == set()
    assert edges(of_all + claim("c", "s")) == {"north denounces everyone"}


def test_a_symmetric_relation_with_a_diffuse_party_gives_no_edge_either_way() -> None:
    text = "situation:s a def:Partnership ; def:party id:north , id:everyone .\n"
    assert edges(text + claim("c", "s")) == set()


@pytest.mark.parametrize(
    ("kind", "relation"),
    [("Alliance", "alliedWith"), ("Partnership", "partnerOf"), ("Cooperation", "cooperatesWith")],
)
def test_a_mutual_relation_holds_when_every_party_says_it_of_itself(
    kind: str, relation: str
) -> None:
    situation = f"situation:s a def:{kind} ; {PARTIES}"
    both = claim("c", "s", "; def:accordingTo id:north , id:south ")
    assert edges(situation + both) == {f"north {relation} south", f"south {relation} north"}
    one = claim("c", "s", "; def:accordingTo id:north ")
    assert edges(situation + one) == set()
    other = claim("c", "s", "; def:accordingTo id:north , id:west ")
    assert edges(situation + other) == set()


def test_two_claims_that_each_have_one_party_for_a_source_are_not_both_in_one() -> None:
    text = claim("c", "s", "; def:accordingTo id:north ")
    text += claim("d", "s", "; def:accordingTo id:south ")
    assert edges(f"situation:s a def:Alliance ; {PARTIES}" + text) == set()


def test_a_mutual_relation_of_two_roles_needs_the_word_of_both() -> None:
    text = "def:Support def:directByMutualAscription true .\n"
    text += "situation:s a def:Support ; def:provider id:north ; def:recipient id:south .\n"
    assert edges(text + claim("c", "s", "; def:accordingTo id:north ")) == set()
    both = claim("c", "s", "; def:accordingTo id:north , id:south ")
    assert edges(text + both) == {"north supports south"}


@pytest.mark.parametrize("kind", ["ArmedConflict", "Adjacency"])
def test_other_symmetric_relations_do_not_hold_by_being_ascribed(kind: str) -> None:
    both = claim("c", "s", "; def:accordingTo id:north , id:south ")
    assert edges(f"situation:s a def:{kind} ; {PARTIES}" + both) == set()


def test_a_de_facto_favourable_stance_gives_favours_and_no_other_stance_does() -> None:
    def stance(basis: str, direction: str) -> set[str]:
        return edges(
            "situation:s a def:Stance ; def:holder id:north ; def:toward id:south ;"
            f" def:stanceBasis concept:{basis} ; def:stanceDirection concept:{direction} .\n"
            + claim("c", "s")
        )

    assert stance("deFacto", "favour") == {"north favours south"}
    assert stance("official", "favour") == set()
    assert stance("deFacto", "oppose") == set()
    assert stance("deFacto", "neutral") == set()


def everything(text: str) -> set[Triple]:
    found = derived(text)
    assert found.clashes == ()
    return {*found.direct, *found.inferred}


def test_supplying_arms_never_becomes_supporting() -> None:
    found = everything(SUPPLY + claim("c", "s"))
    assert statement("id:north def:suppliesArmsTo id:south") in found
    between = {
        t.predicate for t in found if (t.subject, t.object) == (name("id:north"), name("id:south"))
    }
    assert between == {name("def:suppliesArmsTo"), name("def:tiedTo")}


@pytest.mark.parametrize("kind", ["Partnership", "StrategicPartnership"])
def test_partnership_never_becomes_alliance(kind: str) -> None:
    found = everything(f"situation:s a def:{kind} ; {PARTIES}" + claim("c", "s"))
    relations = {t.predicate for t in found if t.subject == name("id:north")} - {name("a")}
    assert relations == {name("def:partnerOf"), name("def:tiedTo")}
    assert statement("situation:s a def:Alliance") not in found


def test_no_relation_gives_another_but_the_one_above_all() -> None:
    relations = {t.object for t in CORE if t.predicate.value == f"{DEF}directProperty"}
    assert len(relations) >= 19
    for relation in relations:
        given = Triple(name("id:north"), relation, name("id:south"))  # type: ignore[arg-type]
        found = derive([*CORE, given], BASE).inferred
        others = {t.predicate for t in found if t.object in (name("id:south"), name("id:north"))}
        assert others - {relation} == {name("def:tiedTo")}, relation


def test_the_closure_makes_edges_follow_to_what_is_above_them() -> None:
    found = derived(SUPPLY + claim("c", "s"))
    assert statement("id:north def:tiedTo id:south") in found.inferred
    assert statement("situation:s a def:ArmsSupply") in found.inferred
    assert statement("claim:c a def:FactualClaim") in found.inferred
    assert not set(found.direct) & set(found.inferred)


def test_goods_make_the_kind_of_a_supply() -> None:
    assert edges(SUPPLY.replace("rifles", "gas") + claim("c", "s")) == {
        "north suppliesEnergyTo south"
    }


def statement_of(found: Derived, predicate: str) -> set[object]:
    return {t.object for t in found.derivation if t.predicate.value == predicate}


def test_the_node_of_an_edge_names_it_its_rule_and_all_its_claims() -> None:
    found = derived(SUPPLY + claim("c", "s") + claim("d", "s"))
    node = "edge:north-suppliesArmsTo-south"
    assert set(found.derivation) == {
        statement(f"{node} a rdf:Statement"),
        statement(f"{node} rdf:subject id:north"),
        statement(f"{node} rdf:predicate def:suppliesArmsTo"),
        statement(f"{node} rdf:object id:south"),
        statement(f"{node} def:rule def:ArmsSupply"),
        statement(f"{node} prov:wasDerivedFrom claim:c"),
        statement(f"{node} prov:wasDerivedFrom claim:d"),
    }


def test_each_node_reifies_its_edge() -> None:
    found = derived(f"situation:s a def:Alliance ; {PARTIES}" + claim("c", "s"))
    assert {t.object for t in reifiers(found.derivation)} == set(found.direct)
    for triple in reifiers(found.derivation):
        assert triple.predicate.value == f"{RDF}reifies"
        edge = triple.object
        assert isinstance(edge, Triple)
        assert Triple(triple.subject, NamedNode(f"{RDF}subject"), edge.subject) in found.derivation  # type: ignore[arg-type]


def test_edges_whose_names_would_be_the_same_get_nodes_of_their_own() -> None:
    text = "e:south a def:State .\n" + SUPPLY
    text += SUPPLY.replace("situation:s", "situation:t").replace("id:south", "e:south")
    found = derived(text + claim("c", "s") + claim("d", "t"))
    nodes = {t.subject for t in found.derivation}
    assert len(found.direct) == len(nodes) == 2
    for node in nodes:
        about = [t for t in found.derivation if t.subject == node]
        assert sum(t.predicate.value == f"{RDF}object" for t in about) == 1


def test_nothing_is_tied_to_itself_to_a_literal_or_to_what_has_no_name() -> None:
    itself = SUPPLY.replace("id:south", "id:north")
    words = SUPPLY.replace("id:south", '"the south"').replace("situation:s", "situation:t")
    nameless = SUPPLY.replace("id:south", "[]").replace("situation:s", "situation:u")
    from_nameless = SUPPLY.replace("id:north", "[]").replace("situation:s", "situation:v")
    text = itself + words + nameless + from_nameless
    text += claim("c", "s") + claim("d", "t") + claim("e", "u") + claim("f", "v")
    assert edges(text) == set()


NODE = "north-suppliesArmsTo-south"


def test_a_denial_of_the_same_situation_is_set_against_the_edge() -> None:
    text = SUPPLY + claim("c", "s")
    assert against(text + claim("no", "s", polarity="negative")) == {(NODE, "no")}
    assert against(text + claim("past", "s", timeframe="past")) == set()


SUPPORT = "situation:s a def:Support ; def:provider id:north ; def:recipient id:south .\n"
WANE = "situation:t a def:Change ; def:content situation:s ; def:trend concept:falling .\n"


@pytest.mark.parametrize(("this", "that"), [("c", "but"), ("but", "c")])
def test_a_contrast_is_set_against_the_edge_whichever_claim_says_it(this: str, that: str) -> None:
    text = SUPPORT + WANE + claim("c", "s") + claim("but", "t")
    text += f"claim:{this} def:contrastsWith claim:{that} .\n"
    assert against(text) == {("north-supports-south", "but")}


def test_a_contrast_counts_only_between_stances_support_guarantees_and_changes() -> None:
    text = claim("c", "s") + claim("but", "t") + "claim:c def:contrastsWith claim:but .\n"
    assert against(SUPPLY + WANE + text) == set()
    influence = "situation:t a def:Influence ; def:holder id:west ; def:toward id:south .\n"
    assert against(SUPPORT + influence + text) == set()


def test_claims_without_a_contrast_are_not_set_against_one_another() -> None:
    assert against(SUPPORT + WANE + claim("c", "s") + claim("but", "t")) == set()


def test_an_edge_is_not_set_against_the_claims_that_it_comes_from() -> None:
    text = SUPPORT + claim("c", "s") + claim("d", "s") + "claim:c def:contrastsWith claim:d .\n"
    assert against(text) == set()


def test_a_breach_of_a_duty_of_the_one_toward_the_other_is_set_against_the_edge() -> None:
    def breach(holder: str, toward: str, polarity: str = "affirmative") -> set[tuple[str, str]]:
        return against(
            SUPPLY + claim("c", "s") + "id:pact a def:Agreement .\n"
            f"situation:duty a def:Obligation ; def:holder id:{holder} ; def:toward id:{toward} ;"
            " def:underNorm id:pact .\n"
            f"situation:b a def:Breach ; def:holder id:{holder} ; def:breaches situation:duty .\n"
            + claim("failed", "b", claimKind="evaluation", timeframe="past", polarity=polarity)
        )

    assert breach("north", "south") == {(NODE, "failed")}
    assert breach("south", "north") == set()
    assert breach("north", "west") == set()
    assert breach("west", "south") == set()
    assert breach("north", "south", "negative") == set()


NEW_RELATION = """
def:trains a owl:ObjectProperty ; rdfs:subPropertyOf def:tiedTo ; rdfs:label "trains"@en .
def:Training a owl:Class ; rdfs:subClassOf def:Situation ; rdfs:label "training"@en ;
    def:directProperty def:trains ;
    def:directSubjectRole def:provider ;
    def:directObjectRole def:recipient .
"""


def test_a_new_relation_is_a_class_with_three_annotations_in_a_file(tmp_path: Path) -> None:
    declared = "".join(
        f"@prefix {prefix}: <{iri}> .\n"
        for prefix, iri in {
            "claim": f"{BASE}claim/",
            "concept": "https://w3id.org/allegiance/concept/",
            "def": DEF,
            "id": f"{BASE}id/",
            "owl": "http://www.w3.org/2002/07/owl#",
            "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
            "situation": f"{BASE}situation/",
            "skos": "http://www.w3.org/2004/02/skos/core#",
        }.items()
    )
    training = "situation:s a def:Training ; def:provider id:north ; def:recipient id:south .\n"
    for path, text in {
        "allegiance.toml": f'base = "{BASE}"\ntitle = "T"\nextends = "allegiance"\n',
        "ontology/training.ttl": declared + NEW_RELATION,
        "data/facts.ttl": declared + ENTITIES + training + claim("c", "s"),
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    asked = ["id:north", "def:trains", "id:south"]
    answer = why(tmp_path, *asked)
    assert answer.returncode == 0, answer.stderr
    assert "North – trains – South: holds" in answer.stdout
    assert "rule: def:Training (training)" in answer.stdout
    # It is the annotations that do it.
    kept = [line for line in (declared + NEW_RELATION).splitlines() if "directP" not in line]
    (tmp_path / "ontology/training.ttl").write_text("\n".join(kept), "utf-8")
    assert why(tmp_path, *asked).returncode == 1


def why(folder: Path, *terms: str) -> subprocess.CompletedProcess[str]:
    arguments = [command(), "why", "--on", str(folder), *terms]
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


def test_the_rule_of_edges_is_one_query_that_any_engine_can_run() -> None:
    """The file is plain SPARQL: run over a closed graph it writes the edges."""
    found = derived(SUPPLY + claim("c", "s"))
    store = Store()
    given = [*CORE, *turtle(ENTITIES + SUPPLY + claim("c", "s")), *found.inferred]
    store.extend(Quad(*triple) for triple in given)
    (query,) = (ROOT / "server" / "allegiance" / "derive" / "edges").glob("*.rq")
    assert set(store.query(query.read_text("utf-8"))) == set(found.direct)  # type: ignore[call-overload]


def test_a_literal_that_the_store_writes_differently_is_not_taken_for_new() -> None:
    graph = turtle('e:p owl:equivalentProperty e:q . e:x e:p "007"^^xsd:integer .')
    found = derive(graph, BASE).inferred
    assert {t.predicate for t in found} == {name("e:q")}
    assert all(isinstance(t.object, Literal) for t in found)
