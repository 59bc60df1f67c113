"""The editor and the answers to queries."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
from flask.testing import FlaskClient
from isles import BASE
from strict_page import Page
from test_entities_and_edges import after

from allegiance.site import Settings, create_app, read_questions
from allegiance.sparql import Readers

PREFIX = f"PREFIX def: <https://w3id.org/allegiance/def/>\nPREFIX id: <{BASE}id/>\n"
LABEL = "http://www.w3.org/2004/02/skos/core#prefLabel"


def ask(client: FlaskClient, query: str, status: int = 200) -> Page:
    response = client.get("/sparql?" + urlencode({"query": query}))
    assert response.status_code == status
    return Page(response.get_data(as_text=True))


def test_the_first_page_says_what_the_graph_is_and_leads_with_an_answer_and_its_evidence(
    client: FlaskClient,
) -> None:
    page = Page(client.get("/").get_data(as_text=True))
    after(
        page.text,
        "The isles",
        "Who stands with whom in the isles.",
        "One text is missing.",
        "9 claims",
        "6 entities",
        "10 sentences",
        "1 source",
        "Who arms whom?",
        "Norland",
        "Estmark",
        "Norland supplies arms to Estmark",
        "Set against it",
        "Norland does not arm Estmark.",
        "Questions",
        "Whose view is ascribed?",
        "PREFIX def:",
        "curl",
    )
    assert page.marks


def test_every_question_is_one_click(client: FlaskClient) -> None:
    links = Page(client.get("/sparql").get_data(as_text=True)).links
    assert {"/questions/001", "/questions/002"} <= set(links)
    page = Page(client.get("/questions/002").get_data(as_text=True))
    after(page.text, "Whose view is ascribed?", "1 row", "Estmark takes Norland", "Estmark")


def test_questions_are_read_from_their_files() -> None:
    queries = {"002-bare.rq": "ASK {}\n", "001-who.rq": "# Who, where?\n# A note.\nASK {}\n"}
    told, bare = read_questions(queries)
    assert (told.number, told.title, told.note) == ("001", "Who, where?", "A note.")
    assert (bare.number, bare.title, bare.note) == ("002", "002-bare", "")


def test_a_question_is_told_with_its_note(client: FlaskClient) -> None:
    page = Page(client.get("/questions/002").get_data(as_text=True))
    after(page.text, "Whose view is ascribed?", "One row a claim.", "1 row")


def test_a_question_without_prefixes_gets_those_it_needs(client: FlaskClient) -> None:
    page = Page(client.get("/questions/003").get_data(as_text=True))
    after(page.text, "1 row", "Norland", "Estmark", "PREFIX def:", "PREFIX skos:", "SELECT")
    assert "PREFIX rdf:" not in page.text


def test_an_answer_that_names_an_edge_by_labels_shows_what_is_set_against_it(
    client: FlaskClient,
) -> None:
    page = Page(client.get("/questions/003").get_data(as_text=True))
    after(page.text, "On whose word", "Set against it", "Norland does not arm Estmark.")


def test_rows_show_labels_and_keep_the_iri_and_the_query(client: FlaskClient) -> None:
    query = PREFIX + "SELECT ?who WHERE { ?who def:suppliesArmsTo id:estmark }"
    page = ask(client, query)
    link = next(a for a in page.all("a") if a.get("title") == BASE + "id/norland")
    assert link["href"] == "/id/norland"
    assert "SELECT ?who" in page.text
    assert "1 row" in page.text


def test_an_answer_that_names_an_edge_shows_what_is_set_against_it(client: FlaskClient) -> None:
    for query in (
        "SELECT ?who WHERE { ?who def:suppliesArmsTo id:estmark }",
        "SELECT ?p WHERE { id:norland ?p id:estmark }",
        "SELECT ?a ?b WHERE { ?a def:tiedTo ?b }",
        "CONSTRUCT WHERE { ?a def:suppliesArmsTo ?b }",
        "SELECT ?edge WHERE { ?edge def:rule ?rule }",
    ):
        after(
            ask(client, PREFIX + query).text,
            "On whose word",
            "Norland supplies arms to Estmark",
            "Set against it",
            "Norland does not arm Estmark.",
        )


def test_an_answer_without_edges_explains_none(client: FlaskClient) -> None:
    page = ask(client, PREFIX + "SELECT ?state WHERE { ?state a def:State }")
    assert "3 rows" in page.text and "On whose word" not in page.text


def test_the_language_is_shown_and_numbers_stand_right(client: FlaskClient) -> None:
    page = ask(
        client, f"SELECT ?name WHERE {{ <{BASE}id/verania> <{LABEL}> ?name }} ORDER BY ?name"
    )
    after(page.text, "Verania", "en", "Weranien", "de")
    assert any(span.get("lang") == "de" for span in page.all("span"))
    counted = ask(client, 'SELECT ?n ?word WHERE { VALUES (?n ?word) { (1 "one") (22 "two") } }')
    assert [cell.get("class") for cell in counted.all("th")] == ["number", None]


def test_a_triple_term_is_readable(client: FlaskClient) -> None:
    graph = f"{BASE}graph/reifiers"
    reifies = "http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies"
    page = ask(client, f"SELECT ?t WHERE {{ GRAPH <{graph}> {{ ?e <{reifies}> ?t }} }}")
    assert "“ Norland supplies arms to Estmark ”" in page.text


def test_yes_and_no(client: FlaskClient) -> None:
    assert "Yes." in ask(client, "ASK { ?s ?p ?o }").text
    assert "No." in ask(client, "ASK { <urn:nothing> ?p ?o }").text


def test_triples_are_a_table(client: FlaskClient) -> None:
    page = ask(client, PREFIX + "CONSTRUCT WHERE { id:guns ?p ?o }")
    after(page.text, "subject", "property", "value", "guns")
    assert "arms goods" in page.text


def test_an_empty_answer_says_that_the_query_is_valid_and_what_to_try(client: FlaskClient) -> None:
    page = ask(client, "SELECT ?s WHERE { ?s <urn:nothing> ?o }")
    after(page.text, "The query is valid", "What to try")


def test_a_long_answer_shows_the_first_thousand_rows_and_says_of_how_many(
    client: FlaskClient,
) -> None:
    numbers = " ".join(str(number) for number in range(1200))
    page = ask(client, f"SELECT ?n WHERE {{ VALUES ?n {{ {numbers} }} }}")
    assert "First 1,000 of 1,200 rows" in page.text
    assert len(page.all("tr")) == 1001


def test_a_syntax_error_shows_line_column_and_place_and_keeps_the_query(
    client: FlaskClient,
) -> None:
    query = "SELECT ?s WHERE {\n  ?s <urn:p> nothing:x }"
    page = ask(client, query, 400)
    assert "Line 2" in page.text
    raw = client.get("/sparql?" + urlencode({"query": query})).get_data(as_text=True)
    line, pointer = raw.partition("<pre ")[2].partition(">")[2].partition("</pre>")[0].split("\n")
    assert line == "  ?s &lt;urn:p&gt; nothing:x }"
    assert pointer.strip() == "^"
    assert "nothing:x" in raw.partition("<textarea")[2]


def test_a_limit_is_told_in_plain_words_and_is_no_200(
    settings: Settings, plain_readers: Readers
) -> None:
    hurried = replace(plain_readers, limits=replace(plain_readers.limits, seconds=0.3))
    client = create_app(settings, hurried).test_client()
    query = "SELECT (COUNT(*) AS ?slow) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
    page = ask(client, query, 504)
    after(page.text, "too long", "0.3", "?slow")


def test_a_page_that_the_readers_cannot_answer_for_is_503(settings: Settings) -> None:
    client = create_app(settings, Readers(Path("/nowhere/readers.sock"))).test_client()
    response = client.get("/id/norland")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert "cannot be reached" in Page(response.get_data(as_text=True)).text


def test_an_answer_links_to_itself_in_other_formats(client: FlaskClient) -> None:
    for query, formats in (
        ("SELECT * WHERE { ?s ?p ?o } LIMIT 1", ["csv", "json", "xml", "tsv"]),
        ("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 1", ["ttl", "nt", "rdf", "jsonld"]),
    ):
        links = [link for link in ask(client, query).links if "format=" in link]
        assert [link.rpartition("=")[2] for link in links] == formats
        fields = parse_qs(links[0].partition("?")[2])
        assert fields["query"] == [query]


def test_the_dataset_of_the_request_is_the_one_that_is_asked(client: FlaskClient) -> None:
    query = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
    graph = f"{BASE}graph/links"
    fields = urlencode({"query": query, "default-graph-uri": graph})
    page = Page(client.get(f"/sparql?{fields}").get_data(as_text=True))
    assert " 2 " in page.text.partition("1 row")[2][:20]
    assert all("default-graph-uri=" in link for link in page.links if "format=" in link)


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_form_works_by_get_and_by_post(client: FlaskClient, method: str) -> None:
    data = {"query": "ASK { ?s ?p ?o }"}
    if method == "get":
        response = client.get("/sparql?" + urlencode(data))
    else:
        response = client.post("/sparql", data=data)
    assert "Yes." in response.get_data(as_text=True)


def test_a_query_cannot_break_out_of_the_editor(client: FlaskClient) -> None:
    query = 'SELECT ("</textarea><script>alert(1)</script>" AS ?x) WHERE {}'
    raw = client.get("/sparql?" + urlencode({"query": query})).get_data(as_text=True)
    assert "<script" not in raw
    assert raw.count("</textarea>") == 1
