"""The format of an answer: RFC 9110, section 12, and each format read by a strict parser."""

import csv
import io
import json
import urllib.parse
import xml.etree.ElementTree as ET

import pytest
import rdflib
from pyoxigraph import Literal, QueryResultsFormat, RdfFormat, Triple, parse, parse_query_results
from rdflib.compare import isomorphic

from .served import Server
from .small import BASE

JSON, XML = "application/sparql-results+json", "application/sparql-results+xml"
CSV, TSV = "text/csv", "text/tab-separated-values"
TURTLE, NTRIPLES = "text/turtle", "application/n-triples"
RDFXML, JSONLD = "application/rdf+xml", "application/ld+json"

SELECT = "SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 5"
CONSTRUCT = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 5"
WORDS = f"SELECT ?o {{ GRAPH <{BASE}words> {{ ?s ?p ?o }} }} ORDER BY ?o"
ALL_WORDS = f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{BASE}words> {{ ?s ?p ?o }} }}"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        (JSON, JSON),
        (XML, XML),
        (CSV, CSV),
        (TSV, TSV),
        ("application/json", "application/json"),
        ("application/xml", "application/xml"),
        ("text/*", CSV),
        ("application/*", JSON),
        (f"{XML};q=0.5, {CSV};q=0.9", CSV),
        (f"{XML};q=0.9, {CSV};q=0.5", XML),
        (f"{JSON};q=0, */*", XML),
        (f"{CSV}; q=0.1, {JSON}; q=0.1", JSON),
        (f"text/html;q=0.3,   {CSV}", CSV),
        ("image/png, */*;q=0.1", JSON),
        (f"{CSV};charset=utf-8", CSV),
        (f"{XML};Q=0.2,{TSV};Q=0.4", TSV),
    ],
)
def test_solutions_come_as_the_client_prefers(server: Server, accept: str | None, media: str):
    answer = server.get(SELECT, accept)
    assert answer.status == 200
    assert answer.media == media
    assert "accept" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, TURTLE),
        ("*/*", TURTLE),
        (TURTLE, TURTLE),
        (NTRIPLES, NTRIPLES),
        (RDFXML, RDFXML),
        (JSONLD, JSONLD),
        ("application/json", "application/json"),
        (f"{RDFXML};q=0.5, {NTRIPLES};q=0.9", NTRIPLES),
        (f"{TURTLE};q=0, text/*;q=0.3, {JSONLD};q=0.2", "text/plain"),
    ],
)
@pytest.mark.parametrize("query", [CONSTRUCT, f"DESCRIBE <{BASE}s1>"])
def test_graphs_come_as_the_client_prefers(
    server: Server, query: str, accept: str | None, media: str
):
    answer = server.get(query, accept)
    assert (answer.status, answer.media) == (200, media)


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        (SELECT, "image/png"),
        (SELECT, TURTLE),
        ("ASK {}", NTRIPLES),
        (CONSTRUCT, CSV),
        (CONSTRUCT, TSV),
        (CONSTRUCT, JSON),
        (SELECT, "*/*;q=0"),
        (SELECT, "text/html;q=0, image/*"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(server: Server, query: str, accept: str):
    answer = server.get(query, accept)
    assert answer.status == 406
    there = (TURTLE, NTRIPLES, RDFXML, JSONLD) if query == CONSTRUCT else (JSON, XML, CSV, TSV)
    for media in there:
        assert media in str(answer.problem["help"])


@pytest.mark.parametrize(
    ("name", "media"),
    [("json", JSON), ("xml", XML), ("csv", CSV), ("tsv", TSV)],
)
def test_a_link_can_name_the_format_of_rows(server: Server, name: str, media: str):
    assert server.get(SELECT, BROWSER, format=name).media == media


@pytest.mark.parametrize(
    ("name", "media"), [("ttl", TURTLE), ("nt", NTRIPLES), ("rdf", RDFXML), ("jsonld", JSONLD)]
)
def test_a_link_can_name_the_format_of_a_graph(server: Server, name: str, media: str):
    assert server.get(CONSTRUCT, BROWSER, format=name).media == media


def test_a_format_that_does_not_fit_is_refused(server: Server):
    for query, name in ((SELECT, "ttl"), (CONSTRUCT, "csv"), (SELECT, "pdf")):
        assert server.get(query, format=name).status == 406


# Pages


def test_a_browser_gets_a_page(server: Server):
    asked = urllib.parse.urlencode({"query": SELECT})
    answer = server.get(SELECT, BROWSER)
    assert answer.body == b"page GET /sparql "
    body = asked.encode()
    answer = server.post(body, "application/x-www-form-urlencoded", BROWSER)
    assert answer.body == b"page POST /sparql " + body


@pytest.mark.parametrize("query", ["SELEC", "SELECT * { SERVICE <a:a> {} }", ""])
def test_a_browser_gets_errors_and_the_form_as_a_page_too(server: Server, query: str):
    assert server.get(query, BROWSER).body == b"page GET /sparql "
    assert server.request("GET", "/sparql", headers={"Accept": BROWSER}).media == "text/html"


# Each format holds what was asked, by a strict parser

EXPECTED = {
    ("plain", None, "string"),
    ('a "quoted", comma\'d \t tab \n line', "en", "langString"),
    ("عربي", "ar", "langString"),
    ("5", None, "integer"),
    ("1.5", None, "decimal"),
    ("true", None, "boolean"),
    ("<&>", None, "string"),
}


def told(term) -> tuple[str, str | None, str]:
    assert isinstance(term, Literal)
    return term.value, term.language, term.datatype.value.rpartition("#")[2]


@pytest.mark.parametrize(
    ("media", "engine"),
    [(JSON, QueryResultsFormat.JSON), (XML, QueryResultsFormat.XML), (TSV, QueryResultsFormat.TSV)],
)
def test_solutions_hold_each_term_whole(server: Server, media: str, engine: QueryResultsFormat):
    body = server.get(WORDS, media).body
    if media == JSON:
        json.loads(body)
    if media == XML:
        ET.fromstring(body)
    assert {told(row["o"]) for row in parse_query_results(body, format=engine)} == EXPECTED


def test_csv_holds_each_value(server: Server):
    text = server.get(WORDS, CSV).body.decode("utf-8")
    header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert header == ["o"]
    assert {line[0] for line in lines} == {value for value, _, _ in EXPECTED}


@pytest.mark.parametrize(
    ("media", "name"), [(JSON, "json"), (XML, "xml"), (CSV, "csv"), (TSV, "t")]
)
@pytest.mark.parametrize(("query", "verdict"), [("ASK {}", True), ("ASK { ?s <a:a> 1 }", False)])
def test_a_truth_value_comes_in_each_format(
    server: Server, query: str, verdict: bool, media: str, name: str
):
    body = server.get(query, media).body
    if name == "json":
        assert json.loads(body)["boolean"] is verdict
    elif name == "xml":
        found = ET.fromstring(body).find("{http://www.w3.org/2005/sparql-results#}boolean")
        assert found is not None
        assert found.text == str(verdict).lower()
    else:
        assert body == str(verdict).lower().encode()


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")  # rdflib's own
@pytest.mark.parametrize(
    ("media", "name"), [(TURTLE, "turtle"), (NTRIPLES, "nt"), (RDFXML, "xml"), (JSONLD, "json-ld")]
)
def test_a_graph_is_the_same_in_each_format(server: Server, media: str, name: str):
    want = rdflib.Graph()
    for quad in parse(server.get(ALL_WORDS, NTRIPLES).body, format=RdfFormat.N_TRIPLES):
        want.parse(data=f"{quad.triple} .", format="nt")
    assert len(want) == len(EXPECTED)
    got = rdflib.Graph().parse(data=server.get(ALL_WORDS, media).body, format=name)
    assert isomorphic(got, want)


@pytest.mark.parametrize("media", [JSON, XML, CSV, TSV])
def test_a_long_answer_is_whole(server: Server, media: str):
    query = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 20000"
    body = server.get(query, media).body
    assert len(body) > 5 * 65536
    if media == CSV:
        assert len(list(csv.reader(io.StringIO(body.decode()), strict=True))) == 20001
    else:
        engine = QueryResultsFormat.from_media_type(media)
        assert sum(1 for _ in parse_query_results(body, format=engine)) == 20000


# RDF 1.2, and what XML cannot say


def test_triple_terms_come_where_the_format_has_them(server: Server):
    query = f"SELECT ?t {{ GRAPH <{BASE}triples> {{ ?e ?p ?t }} }}"
    (row,) = json.loads(server.get(query, JSON).body)["results"]["bindings"]
    assert row["t"]["type"] == "triple"
    graph = f"CONSTRUCT {{ ?e ?p ?t }} {{ GRAPH <{BASE}triples> {{ ?e ?p ?t }} }}"
    for media in (TURTLE, NTRIPLES):
        (quad,) = parse(server.get(graph, media).body, format=RdfFormat.from_media_type(media))
        assert isinstance(quad.object, Triple)
        assert str(quad.object) == f"<{BASE}a> <{BASE}p> <{BASE}b>"


@pytest.mark.parametrize(
    ("graph", "media", "others"),
    [
        ("triples", JSONLD, TURTLE),
        ("control", RDFXML, "Turtle"),
        ("return", RDFXML, "Turtle"),
        ("nonames", RDFXML, "Turtle"),
    ],
)
def test_a_graph_that_a_format_cannot_say_is_refused_not_broken(
    server: Server, graph: str, media: str, others: str
):
    query = f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{BASE}{graph}> {{ ?s ?p ?o }} }}"
    answer = server.get(query, media)
    assert answer.status == 406
    assert others in str(answer.problem["help"])
    assert server.get(query, TURTLE).status == 200


def test_rows_that_xml_cannot_say_are_refused_not_broken(server: Server):
    query = f"SELECT ?o {{ GRAPH <{BASE}control> {{ ?s ?p ?o }} }}"
    assert server.get(query, XML).status == 406
    (row,) = json.loads(server.get(query, JSON).body)["results"]["bindings"]
    assert row["o"]["value"] == "bell \u0007"
    # A bare carriage return would come out as a line feed.
    assert server.get(query.replace("control", "return"), XML).status == 406
