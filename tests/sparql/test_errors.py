"""What a person is told of a query that is wrong: where, what, what to do."""

import json
import time
from contextlib import suppress

import pytest

from allegiance.sparql import BadQuery, check

from .served import Server

CASES = [
    # query, line, column, fragment, words of the message
    ("SELECT * { ?s ex:p ?o }", 1, 15, "ex:p", "“ex:” is not declared"),
    ("SELECT *\nWHERE {\n\t?s skos:prefLabel ?o }", 3, 5, "skos:prefLabel",
     "PREFIX skos: <http://www.w3.org/2004/02/skos/core#>"),
    ("SELECT * { ?s id:a ?o }", 1, 15, "id:a", "PREFIX id: <https://example.org/id/>"),
    ("SELEC * {}", 1, 1, "SELEC", "Did you mean SELECT?"),
    ("SELECT * {\n  ?s ?p ?o .\n  FILTR(?o > 3)\n}", 3, 3, "FILTR", "Did you mean FILTER?"),
    ("SELECT * { ?s ?p ?o", 1, 10, "{", "never closed"),
    ("SELECT * { ?s ?p ?o ]}", 1, 21, "]", "while “{” is open"),
    ("SELECT * { ?s ?p ?o }}", 1, 22, "}", "closes nothing"),
    ("SELECT * { ?s ?p 'abc }", 1, 18, "'abc }", "no end"),
    ('SELECT * { ?s ?p """a\nb }', 1, 18, '"""a\nb }', "no end"),
    ("SELECT * { <a> ?p ?o }", 1, 12, "<a>", "relative"),
    ("SELECT * { ?s ?p ?o } ORDER ?o", 1, 29, "?o", "cannot stand here"),
    ("SELECT * { ?s ?p ?o } LIMIT ten", 1, 29, "ten", "cannot stand here"),
    ("SELECT ?x, ?y { ?x ?p ?y }", 1, 10, ",", "cannot stand here"),
    ("SELECT * { BIND(FOO(1) AS ?x) }", 1, 17, "FOO", "cannot stand here"),
    ("ASK {} ASK {}", 1, 8, "ASK", "cannot stand here"),
    ("SELECT ?s ?p { ?s ?p ?o } GROUP BY ?s", 1, 36, "?s", "GROUP BY"),
    ("SELECT * { ?é ?p ?o . ?é ?q }", 1, 29, "}", "Expected here"),
    ("# café ünï\nSELECT * { ?s ?p ?o\n\n ?x }", 4, 2, "?x", "cannot stand here"),
    ("SELECT * FROM <a b> { }", 1, 19, ">", "not a valid IRI"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "line", "column", "fragment", "words"), CASES)
def test_a_syntax_error_says_where_and_what_to_do(
    server: Server, query: str, line: int, column: int, fragment: str, words: str
):
    answer = server.get(query)
    assert answer.status == 400
    problem = answer.problem
    assert (problem["line"], problem["column"]) == (line, column)
    assert problem["fragment"] == fragment
    assert words in f"{problem['detail']} {problem['help']}"


def test_no_prefix_is_known_without_a_line_that_declares_it(server: Server):
    assert server.get("ASK { ?s rdf:type ?o }").status == 400
    declared = "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>\nASK { ?s rdf:type ?o }"
    assert server.get(declared).status == 200


@pytest.mark.parametrize("query", ["", " \n ", "# only a note"])
def test_an_empty_query_is_told_so(server: Server, query: str):
    answer = server.get(query)
    assert answer.status == 400
    assert "empty" in str(answer.problem["detail"])


@pytest.mark.parametrize("bracket", ["{", "(", "[", "<<(", "{ ?s ?p [", "FILTER EXISTS {"])
def test_ten_thousand_open_brackets_are_refused_at_the_first_too_many(server: Server, bracket: str):
    answer = server.post(
        b"SELECT * WHERE {" + bracket.encode() * 10_000, "application/sparql-query"
    )
    assert answer.status == 400
    assert "250" in str(answer.problem["detail"])
    assert server.get("ASK {}").status == 200


def test_two_hundred_levels_are_answered(server: Server):
    answer = server.get("ASK " + "{" * 200 + "}" * 200)
    assert json.loads(answer.body)["boolean"] is True


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("SELECT * {}", "solutions"),
        ("BASE <http://select/> PREFIX ask: <a:> # describe\n construct { } where { }", "graph"),
        ("prefix select: <a:>\nask {}", "boolean"),
        ("PREFIX insert: <a:>\nDESCRIBE insert:data", "graph"),
        ("VERSION '1.2' SELECT * {}", "solutions"),
        ("SELECT * { ?service ?load <http://a/service> . ?s service:x 'SERVICE' }", "solutions"),
        ('SELECT * { ?s ?p """SERVICE "" {{{{""" } # SERVICE', "solutions"),
        ("NONSENSE", None),
    ],
)
def test_the_form_of_a_query_is_told_by_its_tokens(query: str, kind: str | None):
    assert check(query) == kind


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://a/> { } }",
        "SELECT * { ?s ?p true.service?x{} }",
        "SELECT * { {} SERVICE SILENT ?v { } }",
        "SELECT * { ?s ?p 'it''s' . SERVICE<http://a/>{} }",
    ],
)
def test_service_is_seen_wherever_it_stands(query: str):
    with pytest.raises(BadQuery) as caught:
        check(query)
    assert caught.value.problem.code == "service"
    assert "SERVICE" in query[caught.value.problem.column - 1 :].upper()[:7]


@pytest.mark.parametrize(
    "text",
    ["a." * 200_000, '"' * 500_001, "<" * 500_000, "'\\" * 250_000, "a-" * 250_000, "{" * 500_000,
     '"""' + '"\\' * 250_000, "a:b." * 120_000, "<a" * 250_000, "%" * 500_000, "\\" * 500_000],
)  # fmt: skip
def test_reading_tokens_takes_time_in_proportion(text: str):
    began = time.monotonic()
    with suppress(BadQuery):
        check(text)
    assert time.monotonic() - began < 5


def test_a_function_that_nobody_has_is_told(server: Server):
    answer = server.get("ASK { FILTER(<urn:x:nobody>(1)) }")
    assert answer.status == 501
    assert "urn:x:nobody" in str(answer.problem["detail"])
