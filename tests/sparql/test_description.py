"""What the endpoint says of itself: SPARQL 1.1 Service Description, and VoID."""

import pytest
import rdflib
from rdflib import Namespace, URIRef

from allegiance.sparql.formats import GRAPHS, RESULTS

from .served import Server
from .small import BASE, SIZE

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # rdflib's own

SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
VOID = Namespace("http://rdfs.org/ns/void#")
LIMIT = Namespace("https://w3id.org/allegiance/limit/")
FORMAT = Namespace("http://www.w3.org/ns/formats/")
PARSERS = {
    "text/turtle": "turtle",
    "application/n-triples": "nt",
    "application/rdf+xml": "xml",
    "application/ld+json": "json-ld",
    "application/trig": "trig",
    "application/n-quads": "nquads",
}


def described(server: Server, accept: str = "text/turtle", path: str = "/sparql") -> rdflib.Graph:
    answer = server.request("GET", path, headers={"Accept": accept})
    assert (answer.status, answer.media) == (200, accept)
    data = rdflib.Dataset(default_union=True)
    data.parse(data=answer.body, format=PARSERS[accept])
    graph = rdflib.Graph()
    for s, p, o, _ in data.quads():
        graph.add((s, p, o))
    return graph


def service(server: Server) -> URIRef:
    return URIRef(f"http://127.0.0.1:{server.port}/sparql")


@pytest.mark.parametrize("media", PARSERS)
def test_it_comes_in_each_format_for_graphs(server: Server, media: str):
    graph = described(server, media)
    assert (service(server), rdflib.RDF.type, SD.Service) in graph
    assert len(graph) == len(described(server))


@pytest.mark.parametrize("accept", [None, "*/*", "image/png;q=0.1, */*;q=0.01"])
def test_without_a_wish_it_is_turtle(server: Server, accept: str | None):
    headers = {"Accept": accept} if accept else {}
    assert server.request("GET", "/sparql", headers=headers).media == "text/turtle"
    assert server.request("HEAD", "/sparql", headers=headers).media == "text/turtle"


def test_a_link_can_name_its_format(server: Server):
    answer = server.request("GET", "/sparql?format=nt", headers={"Accept": "text/html"})
    assert answer.media == "application/n-triples"


def test_what_it_does_not_come_as_is_refused(server: Server):
    answer = server.request("GET", "/sparql", headers={"Accept": "text/csv"})
    assert answer.status == 406
    assert "text/turtle" in str(answer.problem["help"])


def test_it_names_its_address_as_the_client_sees_it(server: Server):
    answer = server.request(
        "GET", "/sparql", headers={"Host": "graph.example.org", "Accept": "text/turtle"}
    )
    assert b"<http://graph.example.org/sparql>" in answer.body
    assert "host" in answer.headers["vary"]


@pytest.mark.parametrize("host", ["a b", "x>.<http://evil.example/>", 'a"', "a/b", ""])
def test_a_host_that_is_none_is_not_repeated(server: Server, host: str):
    answer = server.request("GET", "/sparql", headers={"Host": host, "Accept": "text/turtle"})
    if answer.status == 200:
        assert b"<http://127.0.0.1" in answer.body
        assert b"evil" not in answer.body
    else:
        assert answer.status == 400


def test_it_tells_each_format_that_there_is(server: Server):
    told = set(described(server).objects(service(server), SD.resultFormat))
    assert len(told) == len(RESULTS) + len(GRAPHS)
    assert {FORMAT.SPARQL_Results_JSON, FORMAT.Turtle, FORMAT["N-Quads"]} <= told


def test_it_tells_the_named_graphs(server: Server):
    graph = described(server)
    names = {str(name) for name in graph.objects(None, SD.name)}
    words = ("graph", "words", "control", "return", "nonames", "triples")
    assert names == {BASE + name for name in words}


def test_it_claims_no_feature_that_is_not_there(server: Server):
    assert not set(described(server).objects(None, SD.feature))
    languages = set(described(server).objects(None, SD.supportedLanguage))
    assert languages == {SD.SPARQL11Query}


def test_it_tells_the_limits_that_run(server: Server, strict: Server):
    for running, seconds in ((server, 10), (strict, 0.5)):
        graph = described(running)
        told = [
            float(value)
            for limit, value in graph.predicate_objects(service(running))
            if limit.startswith(LIMIT) and limit.endswith(("querySeconds", "timeout"))
        ]
        assert told == [seconds]
        for limit in set(graph.predicates(service(running))):
            if limit.startswith(LIMIT):
                assert (limit, rdflib.RDFS.label, None) in graph


def test_a_client_that_has_it_is_told_so(server: Server):
    tag = server.request("GET", "/sparql").headers["etag"]
    headers = {"If-None-Match": tag}
    assert server.request("GET", "/sparql", headers=headers).status == 304
    headers["Accept"] = "application/n-triples"
    assert server.request("GET", "/sparql", headers=headers).status == 200


def test_void_tells_how_much_there_is(server: Server):
    graph = described(server, path="/.well-known/void")
    (data,) = graph.subjects(rdflib.RDF.type, VOID.Dataset)
    assert graph.value(data, VOID.triples) == rdflib.Literal(SIZE)
    assert graph.value(data, VOID.sparqlEndpoint) == service(server)
