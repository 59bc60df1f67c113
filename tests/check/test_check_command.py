"""``allegiance check`` on a folder: each step finds what is wrong, says where and what to do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Graph, Run

FACTS, SOURCES = "data/facts.ttl", "data/sources.ttl"
QUESTION = "queries/001-who-arms-whom"


def test_a_right_folder_passes_and_the_words_are_proved(graph: Graph, check: Run) -> None:
    said = check("--strict", hermit=True)
    assert said.code == 0
    assert re.fullmatch(
        r"0 errors, 0 warnings; 2 claims, 3 sentences, 1 question; [\d.]+ s;"
        r" the words were proved against the text\n",
        said.out,
    )
    assert said.err == ""


def test_the_installed_command_says_the_same(graph: Graph) -> None:
    command = Path(sys.executable).with_name("allegiance")
    done = subprocess.run(
        [command, "check", "--no-hermit"], cwd=graph.path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 errors, 0 warnings; 2 claims")
    assert "HermiT was not asked" in done.stdout


def test_it_works_from_the_root_where_services_and_containers_begin(graph: Graph) -> None:
    command = Path(sys.executable).with_name("allegiance")
    done = subprocess.run([command, "check", graph.path], cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# Syntax


def test_every_file_with_an_error_is_named_with_line_and_column(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, "def:provider id:norland ;", "def:provider id:norland")
    graph.edit(SOURCES, "@prefix prov:", "# @prefix prov:")
    said = check()
    assert said.code == 1
    line = graph.line(FACTS, "def:recipient id:estmark")
    assert re.search(rf"^data/facts.ttl:{line}:5: error: .*\[syntax\]$", said.out, re.MULTILINE)
    prefix = graph.line(SOURCES, "prov:Agent")
    assert f"data/sources.ttl:{prefix}:" in said.out
    assert "declare the prefix" in said.out
    assert "not checked: terms, literals, shapes, evidence, ontology, questions" in said.out
    assert said.rules() == ["syntax", "syntax", "skipped"]


def test_the_line_of_a_syntax_error_is_shown_with_a_caret(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, "id:guns a def:ArmsGoods ;", "id:guns a def:ArmsGoods ; ;; ]")
    out = check().out
    line = graph.line(FACTS, ";; ]")
    shown = next(row for row in out.split("\n") if row.startswith(f"{line} | "))
    caret = out.split("\n")[out.split("\n").index(shown) + 1]
    assert shown[caret.index("^")] == "]"


@pytest.mark.parametrize("name", ["facts", "sources"])
def test_a_missing_file_is_named(graph: Graph, check: Run, name: str) -> None:
    (graph.path / f"data/{name}.ttl").unlink()
    said = check()
    assert said.code == 1
    assert f"the folder has no data/{name}.ttl" in said.out


def test_a_file_that_no_graph_reads_is_an_error(graph: Graph, check: Run) -> None:
    graph.write("data/more.ttl", graph.read(FACTS))
    said = check()
    assert said.code == 1
    assert "data/more.ttl: error: this file belongs to no graph" in said.out


def test_a_file_that_is_not_utf_8_is_an_error(graph: Graph, check: Run) -> None:
    (graph.path / FACTS).write_bytes(graph.read(FACTS).encode().replace(b"Norland", b"Norl\xe4nd"))
    said = check()
    assert said.code == 1
    assert said.rules() == ["syntax", "skipped"]
    assert "data/facts.ttl" in said.out


def test_a_folder_that_is_no_graph_is_wrong_use(tmp_path: Path, run: Run) -> None:
    said = run("check", tmp_path)
    assert said.code == 2
    assert "this is no graph folder" in said.err
    assert "allegiance new" in said.err


def test_a_folder_of_texts_that_is_not_there_is_wrong_use(check: Run, tmp_path: Path) -> None:
    said = check("--texts", tmp_path / "nowhere")
    assert said.code == 2
    assert "nowhere" in said.err


def test_a_line_longer_than_any_buffer_is_read_like_others(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, '"guns"@en', f'"guns {"and guns " * 3000}"@en ;\n    def:nothing id:guns')
    said = check()
    assert said.rules() == ["undeclared"]
    assert f"data/facts.ttl:{graph.line(FACTS, 'def:nothing')}:5: error: def:nothing" in said.out


def test_a_line_separator_inside_a_text_is_no_line_end(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, '"guns"@en', '"guns\u2028and\x0bguns"@en ;\n    def:nothing id:guns')
    said = check()
    assert said.rules() == ["undeclared"]
    assert f"data/facts.ttl:{graph.line(FACTS, 'def:nothing')}:5: error: def:nothing" in said.out


# Terms


@pytest.mark.parametrize(
    ("old", "new", "name", "meant"),
    [
        ("def:provider id:norland", "def:providr id:norland", "def:providr", "def:provider"),
        ("a def:ArmsGoods", "a def:ArmGoods", "def:ArmGoods", "def:ArmsGoods"),
        ("def:recipient id:estmark", "def:recipient id:estmrk", "id:estmrk", "id:estmark"),
        ("def:timeframe concept:past", "def:timeframe concept:pst", "concept:pst", "concept:past"),
        ('skos:prefLabel "guns"', 'skos:prefLable "guns"', "skos:prefLable", "skos:prefLabel"),
    ],
)
def test_a_misspelt_term_is_shown_with_what_was_meant(
    graph: Graph, check: Run, old: str, new: str, name: str, meant: str
) -> None:
    graph.edit(FACTS, old, new)
    said = check()
    assert said.code == 1
    line = graph.line(FACTS, name)
    column = graph.read(FACTS).split("\n")[line - 1].index(name) + 1
    assert f"data/facts.ttl:{line}:{column}: error: {name} is used here, but no file" in said.out
    assert f"did you mean {meant}?" in said.out
    assert f"{' ' * len(str(line))} | {' ' * (column - 1)}{'^' * len(name)}\n" in said.out


def test_a_link_from_a_thing_that_is_not_described_is_an_error(graph: Graph, check: Run) -> None:
    graph.write(
        "data/links.ttl",
        """@prefix id: <https://example.org/bay/id/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

id:norlund skos:relatedMatch <https://example.org/catalogue/1> .
""",
    )
    said = check()
    assert said.rules() == ["undeclared"]
    assert "did you mean id:norland?" in said.out


def test_a_misspelt_term_in_a_question_is_shown_with_what_was_meant(
    graph: Graph, check: Run
) -> None:
    graph.edit(f"{QUESTION}.rq", "def:suppliesArmsTo", "def:supliesArmsTo")
    said = check()
    assert said.rules() == ["undeclared", "question"]
    assert f"{QUESTION}.rq:5:6: error: def:supliesArmsTo is used here" in said.out
    assert "did you mean def:suppliesArmsTo?" in said.out


def test_names_in_comments_and_strings_of_a_question_are_no_terms(graph: Graph, check: Run) -> None:
    more = (
        '# def:nothing\n  FILTER (?from != "def:nothing" && ?to != "<https://example.org/bay/x>")'
    )
    graph.edit(f"{QUESTION}.rq", "?a skos:prefLabel ?from .", f"?a skos:prefLabel ?from . {more}")
    assert check().rules() == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "message"),
    [
        ("a def:ArmsGoods", "a id:estmark", "no-class", "id:estmark is used as a class here"),
        ("a def:ArmsGoods", 'a "arms"@en', "no-class", "the type of a thing is a class"),
        ("def:goods id:guns", "def:Supply id:guns", "no-property", "def:Supply is used as a prop"),
    ],
)
def test_a_term_is_used_as_what_it_is(
    graph: Graph, check: Run, old: str, new: str, rule: str, message: str
) -> None:
    graph.edit(FACTS, old, new)
    said = check()
    assert said.code == 1
    assert rule in said.rules()
    assert f"data/facts.ttl:{graph.line(FACTS, new)}:" in said.out
    assert message in said.out


# Literals


def test_a_literal_has_a_value_in_its_datatype(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, "oa:end 33", 'oa:end "soon"^^<http://www.w3.org/2001/XMLSchema#integer>')
    said = check()
    assert "literal-of-no-value" in said.rules()
    assert '"soon"^^xsd:integer is not written as a literal of its datatype is' in said.out
    assert said.err == ""


@pytest.mark.parametrize(
    ("old", "new", "found", "meant"),
    [
        ("oa:start 0 ;", "oa:start 00 ;", '"00"^^xsd:integer', '"0"^^xsd:integer'),
        ('"guns"@en', '"guns"@EN', "@EN", "@en"),
        ('"guns"@en', '"guns"@en-GB', "@en-GB", "@en-gb"),
    ],
)
def test_a_literal_that_a_store_would_rewrite_is_an_error(
    graph: Graph, check: Run, old: str, new: str, found: str, meant: str
) -> None:
    graph.edit(FACTS, old, new)
    said = check()
    assert said.code == 1
    line = graph.line(FACTS, new)
    assert re.search(rf"^data/facts.ttl:{line}:\d+: error: .*\[S35\]$", said.out, re.MULTILINE)
    assert found in said.out
    assert f"write {meant}" in said.out


def test_what_only_looks_like_a_language_tag_is_left_alone(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, '"guns"@en', '\'guns, "big"@EN\'@en # "@EN')
    assert "S35" not in check().rules()


# Shapes


def test_a_shape_names_the_line_of_the_value_at_fault(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, "def:timeframe concept:past", "def:timeframe concept:actual")
    said = check()
    assert said.code == 1
    line = graph.line(FACTS, "def:timeframe concept:actual")
    assert f"data/facts.ttl:{line}:19: error: A claim has one time frame" in said.out
    assert "Claim-timeframe" in said.rules()


def test_a_shape_names_the_block_in_which_something_is_missing(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, "    def:goods id:guns .", '    skos:altLabel "arms"@en .')
    said = check()
    line = graph.line(FACTS, "situation:norland-arms-estmark a def:ArmsSupply")
    assert f"data/facts.ttl:{line}:1: error: A supply names its goods." in said.out
    assert "help: look at def:goods of situation:norland-arms-estmark" in said.out


def test_shapes_that_cannot_be_used_are_an_error(graph: Graph, check: Run) -> None:
    graph.write(
        "shapes/own.ttl",
        """@prefix def: <https://w3id.org/allegiance/def/> .
@prefix ex: <https://example.org/bay/shape/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .

ex:Own a sh:NodeShape ;
    sh:targetClass def:Claim ;
    sh:minCount 1 .
""",
    )
    said = check()
    assert said.code == 1
    assert "shapes" in said.rules()
    assert "the shapes cannot be used" in said.out


def test_a_shape_of_the_folder_itself_is_used(graph: Graph, check: Run) -> None:
    graph.write(
        "shapes/own.ttl",
        """@prefix def: <https://w3id.org/allegiance/def/> .
@prefix ex: <https://example.org/bay/shape/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

ex:Own a sh:PropertyShape ;
    sh:targetClass def:ArmsGoods ;
    sh:path skos:altLabel ;
    sh:minCount 1 ;
    sh:severity sh:Warning ;
    sh:message "Arms have a second name here."@en .
""",
    )
    said = check()
    assert (said.code, said.rules()) == (0, ["Own"])
    assert check("--strict").code == 1


# Evidence


def test_a_text_that_is_not_at_hand_is_a_named_warning(graph: Graph, check: Run) -> None:
    (graph.path / "texts/bay.txt").unlink()
    said = check()
    assert (said.code, said.rules()) == (0, ["text-missing"])
    assert "the text source:bay is not at hand" in said.out
    assert str(graph.path / "texts/bay.txt") in said.out
    assert "--texts" in said.out
    assert "the words were not proved against the text" in said.out
    assert check("--strict").code == 1


def test_texts_can_lie_elsewhere(graph: Graph, check: Run, tmp_path: Path) -> None:
    (graph.path / "texts").rename(tmp_path / "elsewhere")
    assert check().rules() == ["text-missing"]
    said = check("--texts", tmp_path / "elsewhere")
    assert (said.code, said.rules()) == (0, [])


def test_a_text_with_one_letter_changed_is_another_text(graph: Graph, check: Run) -> None:
    graph.edit("texts/bay.txt", "sold guns", "sold gums")
    said = check()
    assert (said.code, said.rules()) == (1, ["S01"])
    assert "is not the text that the claims were read from" in said.out
    assert "1 of its 3 sentences differ, first source:bay\\/s02" in said.out or (
        "1 of its 3 sentences differ, first <https://example.org/bay/source/bay/s02>" in said.out
    )
    assert "the words were not proved against the text" in said.out


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Norl\xe4nd\n", "bay.txt:1:5: the text is not UTF-8: byte 0xe4"),
        (b"Norland\r\nsupplies\r\n", "bay.txt:1: the text has CRLF or CR line ends"),
        (b"\xef\xbb\xbfNorland\n", "bay.txt:1:1: the text begins with a byte order mark"),
    ],
)
def test_a_text_that_cannot_be_read_as_it_is_stops_the_check(
    graph: Graph, check: Run, data: bytes, message: str
) -> None:
    (graph.path / "texts/bay.txt").write_bytes(data)
    said = check()
    assert (said.code, said.rules()) == (1, ["text-unreadable"])
    assert message in said.out
    assert "help: " in said.out


@pytest.mark.parametrize("change", [("oa:end 33", "oa:end 32"), ("oa:start 0", "oa:start 1")])
def test_a_shifted_span_is_found_with_and_without_the_text(
    graph: Graph, check: Run, change: tuple[str, str]
) -> None:
    graph.edit(FACTS, *change)
    assert set(check().rules()) >= {"S01", "claim-name"}
    (graph.path / "texts/bay.txt").unlink()
    assert "claim-name" in check().rules()


@pytest.mark.parametrize("name", [FACTS, SOURCES])
@pytest.mark.parametrize("number", ["9999999999", "9" * 5000])
def test_a_place_behind_the_end_of_the_text_is_found(
    graph: Graph, check: Run, name: str, number: str
) -> None:
    graph.edit(name, "oa:start 34", f"oa:start {number}")
    said = check()
    assert said.code == 1
    assert "S02-span-not-empty" in said.rules()


@pytest.mark.parametrize("name", [FACTS, SOURCES])
def test_a_changed_digest_is_found(graph: Graph, check: Run, name: str) -> None:
    digests = re.findall(r'sha256 "(\w+)"', graph.read(name))
    graph.edit(name, digests[-1], "0" * 64)
    said = check()
    assert (said.code, said.rules()) == (1, ["S01"])
    assert f"which is {digests[-1]}" in said.out


def test_a_dropped_sentence_is_found(graph: Graph, check: Run) -> None:
    text = graph.read(SOURCES)
    graph.write(SOURCES, text[: text.index("source:bay\\/s03 a def:Sentence")])
    assert check().rules() == ["sentence-left-out"]


def test_a_sentence_that_no_claim_cites_is_found(graph: Graph, check: Run) -> None:
    graph.edit(SOURCES, ' ; def:statesNothing "A closing line."@en', "")
    said = check()
    assert (said.code, said.rules()) == (1, ["sentence-uncovered"])
    line = graph.line(SOURCES, "source:bay\\/s03 a def:Sentence")
    assert f"data/sources.ttl:{line}:1: error: no claim cites this sentence" in said.out


def test_a_sentence_that_is_cited_states_something(graph: Graph, check: Run) -> None:
    graph.edit(SOURCES, '"So they once did."@en', '"Once."@en ; def:statesNothing "Nothing."@en')
    assert check().rules() == ["sentence-states-something"]


def test_evidence_that_runs_over_two_sentences_is_found(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, "oa:end 33", "oa:end 40")
    assert "evidence-outside-sentence" in check().rules()


def test_sentences_that_overlap_are_found(graph: Graph, check: Run) -> None:
    graph.edit(SOURCES, "oa:end 33", "oa:end 36")
    assert "sentences-overlap" in check().rules()


def test_a_sentence_outside_its_part_is_found(graph: Graph, check: Run) -> None:
    graph.edit(SOURCES, "oa:start 0 ;", "oa:start 5 ;")
    assert "sentence-outside-part" in check().rules()


def test_evidence_is_numbered_from_one(graph: Graph, check: Run) -> None:
    graph.write(FACTS, graph.read(FACTS).replace("bay-0-33\\/evidence-1", "bay-0-33\\/evidence-2"))
    assert check().rules() == ["evidence-name"]


# Lints and waivers


def test_a_lint_warns_of_words_and_a_waiver_silences_it(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, "def:timeframe concept:past", "def:timeframe concept:recentPast")
    assert check().rules() == []
    # An evaluation, so that no relation follows from it that the question would show.
    graph.edit(
        FACTS,
        "def:claimKind concept:report ;\n    def:timeframe concept:recentPast",
        "def:claimKind concept:evaluation ;\n    def:timeframe concept:current",
    )
    said = check()
    assert (said.code, said.rules()) == (0, ["S09-past-words"])
    claim = "https://example.org/bay/claim/bay-34-75"
    waiver = f'\n[[waiver]]\nrule = "S09"\nnode = "{claim}"\nreason = "Read twice."\n'
    graph.write("allegiance.toml", graph.read("allegiance.toml") + waiver)
    assert (check("--strict").code, check().rules()) == (0, [])


def test_a_waiver_that_waives_nothing_is_a_warning(graph: Graph, check: Run) -> None:
    waiver = '\n[[waiver]]\nrule = "S11"\nnode = "https://example.org/x"\nreason = "None."\n'
    graph.write("allegiance.toml", graph.read("allegiance.toml") + waiver)
    said = check()
    assert (said.code, said.rules()) == (0, ["waiver-unused"])
    assert "this waiver of S11 for https://example.org/x waives nothing" in said.out
    (graph.path / "texts/bay.txt").unlink()
    assert check().rules() == ["text-missing"]


def test_an_error_cannot_be_waived(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, '    skos:prefLabel "Norland arms Estmark"@en ;\n', "")
    node = "https://example.org/bay/situation/norland-arms-estmark"
    waiver = f'\n[[waiver]]\nrule = "Situation-label"\nnode = "{node}"\nreason = "No name."\n'
    graph.write("allegiance.toml", graph.read("allegiance.toml") + waiver)
    assert check().rules() == ["Situation-label", "waiver-unused"]


# Ontology


def test_a_contradiction_is_found_and_the_questions_are_left_out(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, "id:norland a def:State ;", "id:norland a def:State ; a def:ArmedForce ;")
    said = check()
    assert said.code == 1
    line = graph.line(FACTS, "id:norland a def:State")
    assert f"data/facts.ttl:{line}:1: error: " in said.out
    assert any(rule.startswith("clash-") for rule in said.rules())
    assert "not checked: questions" in said.out


def test_hermit_finds_a_contradiction_between_facts_and_ontology(graph: Graph, check: Run) -> None:
    graph.edit(FACTS, "id:norland a def:State ;", "id:norland a def:State ; a def:ArmedForce ;")
    said = check(hermit=True)
    assert "inconsistent" in said.rules()
    assert "the facts contradict the ontology, says HermiT" in said.out


def test_hermit_finds_a_class_that_can_have_no_member(graph: Graph, check: Run) -> None:
    graph.write(
        "ontology/own.ttl",
        """@prefix def: <https://w3id.org/allegiance/def/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix own: <https://example.org/bay/def/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .

own:FloatingNorm a owl:Class ;
    rdfs:subClassOf def:Norm ;
    rdfs:subClassOf def:Place ;
    rdfs:label "floating norm"@en ;
    skos:definition "A norm that is a place."@en ;
    rdfs:isDefinedBy <https://w3id.org/allegiance/ontology> .
""",
    )
    said = check(hermit=True)
    assert (said.code, said.rules()) == (1, ["unsatisfiable"])
    assert "ontology/own.ttl:7:1: error: own:FloatingNorm can have no member" in said.out


def test_a_relation_written_by_hand_is_an_error(graph: Graph, check: Run) -> None:
    graph.edit(
        FACTS, "id:norland a def:State ;", "id:norland a def:State ; def:supports id:estmark ;"
    )
    said = check()
    assert (said.code, said.rules()) == (1, ["S05"])
    assert "never written by hand" in said.out


# Questions


def test_a_question_with_other_rows_is_an_error_that_shows_them(graph: Graph, check: Run) -> None:
    graph.edit(f"{QUESTION}.csv", "Norland,Estmark", "Estmark,Norland")
    said = check()
    assert (said.code, said.rules()) == (1, ["question"])
    assert "1 missing, such as Estmark, Norland; 1 too many, such as Norland, Estmark" in said.out


def test_the_rows_of_an_ordered_question_come_in_its_order(graph: Graph, check: Run) -> None:
    query = graph.read(f"{QUESTION}.rq").split("SELECT")[0]
    body = "SELECT ?name WHERE { ?x a def:State ; skos:prefLabel ?name }"
    rows = "name\r\nVerania\r\nNorland\r\nEstmark\r\n"
    graph.write(f"{QUESTION}.csv", rows)
    graph.write(f"{QUESTION}.rq", query + body)
    assert check().rules() == []
    graph.write(f"{QUESTION}.rq", query + body + " ORDER BY ?name")
    said = check()
    assert said.rules() == ["question"]
    assert "another order, from row 1 on" in said.out


def test_questions_and_tables_come_in_pairs(graph: Graph, check: Run) -> None:
    graph.write("queries/002-more.rq", graph.read(f"{QUESTION}.rq"))
    graph.write("queries/003-less.csv", graph.read(f"{QUESTION}.csv"))
    said = check()
    assert said.rules() == ["question-without-answer", "answer-without-question"]
    assert "write queries/002-more.csv" in said.out


def test_a_question_begins_with_its_words(graph: Graph, check: Run) -> None:
    graph.edit(f"{QUESTION}.rq", "# Who arms whom?\n", "")
    assert check().rules() == ["question-without-words"]


def test_a_question_with_a_syntax_error_is_named_with_its_line(graph: Graph, check: Run) -> None:
    graph.edit(f"{QUESTION}.rq", "?a skos:prefLabel ?from .", "?a skos:prefLabel ?from . ]")
    said = check()
    assert said.rules() == ["question"]
    assert re.search(rf"^{QUESTION}.rq:6:\d+: error: the query is wrong", said.out, re.MULTILINE)


def test_a_question_asks_no_other_server(graph: Graph, check: Run) -> None:
    graph.edit(
        f"{QUESTION}.rq", "?a skos:prefLabel ?from .", "SERVICE <http://127.0.0.1:9/> { ?a ?b ?c }"
    )
    said = check()
    assert said.rules() == ["question"]
    assert "SERVICE" in said.out


# Anything


def test_progress_is_silent_where_nobody_watches(check: Run) -> None:
    assert check().err == ""


def test_the_check_changes_no_file(graph: Graph, check: Run) -> None:
    before = {p: p.read_bytes() for p in graph.path.rglob("*") if p.is_file()}
    check()
    assert {p: p.read_bytes() for p in graph.path.rglob("*") if p.is_file()} == before
