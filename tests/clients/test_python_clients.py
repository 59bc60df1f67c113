"""Clients in Python, unchanged: SPARQLWrapper, rdflib's SPARQLStore, pandas, pyoxigraph."""

import io
import json
import subprocess
import sys
import urllib.parse

import pandas
import pytest
import SPARQLWrapper as wrapper  # noqa: N813 (it is a module)
from rdflib import Graph, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore

from sparql.small import BASE, SIZE

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # rdflib's own

SELECT = f"SELECT ?s ?o {{ ?s <{BASE}p1> ?o }} ORDER BY ?s LIMIT 3"
CONSTRUCT = f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{BASE}words> {{ ?s ?p ?o }} }}"
FIRST = [f"{BASE}s1", f"{BASE}s1002", f"{BASE}s1009"]


def client(endpoint: str, query: str, format: str, method: str = wrapper.GET):
    asking = wrapper.SPARQLWrapper(endpoint)
    asking.setQuery(query)
    asking.setReturnFormat(format)
    asking.setMethod(method)
    return asking


@pytest.mark.parametrize(
    ("method", "how"),
    [
        (wrapper.GET, wrapper.URLENCODED),
        (wrapper.POST, wrapper.URLENCODED),
        (wrapper.POST, wrapper.POSTDIRECTLY),
    ],
)
def test_sparqlwrapper_reads_rows(endpoint: str, method: str, how: str):
    asking = client(endpoint, SELECT, wrapper.JSON, method)
    asking.setRequestMethod(how)
    rows = asking.queryAndConvert()["results"]["bindings"]
    assert [row["s"]["value"] for row in rows] == FIRST


@pytest.mark.parametrize(
    ("format", "sign"),
    [(wrapper.XML, b"<sparql"), (wrapper.CSV, b"s,o"), (wrapper.TSV, b"?s\t?o")],
)
def test_sparqlwrapper_reads_rows_in_each_format(endpoint: str, format: str, sign: bytes):
    answer = client(endpoint, SELECT, format).query()
    assert sign in answer.response.read()


@pytest.mark.parametrize(
    "format", [wrapper.XML, wrapper.RDFXML, wrapper.TURTLE, wrapper.N3, wrapper.JSONLD]
)
def test_sparqlwrapper_reads_graphs(endpoint: str, format: str):
    found = client(endpoint, CONSTRUCT, format).queryAndConvert()
    graph = Graph().parse(data=found) if isinstance(found, bytes | str) else found
    assert len(graph) == 7


def test_sparqlwrapper_reads_truth_values_and_errors(endpoint: str):
    assert client(endpoint, "ASK {}", wrapper.JSON).queryAndConvert()["boolean"] is True
    with pytest.raises(wrapper.SPARQLExceptions.QueryBadFormed, match="never closed"):
        client(endpoint, "SELECT * {", wrapper.JSON).query()


def test_sparqlwrapper_names_a_dataset(endpoint: str):
    asking = client(endpoint, "SELECT * { ?s ?p ?o }", wrapper.JSON)
    asking.addDefaultGraph(f"{BASE}graph")
    assert len(asking.queryAndConvert()["results"]["bindings"]) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
@pytest.mark.parametrize("format", ["xml", "json", "csv"])
def test_rdflib_reads_rows(endpoint: str, format: str, method: str):
    store = SPARQLStore(endpoint, returnFormat=format, method=method)
    assert [str(row.s) for row in store.query(SELECT)] == FIRST


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
def test_rdflib_has_the_endpoint_as_a_graph(endpoint: str, method: str):
    graph = Graph(SPARQLStore(endpoint, method=method))
    assert len(graph) == SIZE
    assert graph.value(URIRef(f"{BASE}s1"), URIRef(f"{BASE}p1")) == URIRef(f"{BASE}s7")
    assert sum(1 for _ in graph.triples((None, URIRef(f"{BASE}p1"), None))) == 286
    assert bool(graph.query("ASK { ?s ?p ?o }"))
    assert len(graph.query(CONSTRUCT).graph) == 7


def test_rdflib_that_takes_no_graph_is_told_so(endpoint: str):
    """With returnFormat="json" it accepts only formats for rows, whatever the query."""
    store = SPARQLStore(endpoint, returnFormat="json", method="POST")
    status, said, _ = store.query(CONSTRUCT)
    assert status == 406
    assert "Not Acceptable" in said


def test_rdflib_asks_us_as_a_service(endpoint: str):
    query = f"SELECT ?s {{ SERVICE <{endpoint}> {{ ?s <{BASE}p1> <{BASE}s7> }} }}"
    assert [str(row.s) for row in Graph().query(query)] == [f"{BASE}s1"]


def test_pandas_reads_csv_json_and_xml(endpoint: str):
    asked = urllib.parse.urlencode({"query": SELECT})
    table = pandas.read_csv(f"{endpoint}?{asked}&format=csv")
    assert list(table["s"]) == FIRST
    table = pandas.read_csv(f"{endpoint}?{asked}", storage_options={"Accept": "text/csv"})
    assert list(table["s"]) == FIRST
    table = pandas.read_csv(f"{endpoint}?{asked}&format=tsv", sep="\t")
    assert list(table["?s"]) == [f"<{name}>" for name in FIRST]
    xml = f"{endpoint}?{asked}&format=xml"
    place = {"r": "http://www.w3.org/2005/sparql-results#"}
    uris = pandas.read_xml(xml, xpath=".//r:binding", namespaces=place, parser="etree")["uri"]
    assert list(uris)[::2] == FIRST


def test_oxigraph_asks_us_as_a_service(endpoint: str):
    program = (
        "import sys, pyoxigraph;"
        "found = pyoxigraph.Store().query(sys.argv[1]);"
        "print(found.serialize(format=pyoxigraph.QueryResultsFormat.JSON).decode())"
    )
    query = f"SELECT ?s {{ SERVICE <{endpoint}> {{ {SELECT} }} }} ORDER BY ?s"
    done = subprocess.run(
        [sys.executable, "-c", program, query], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    rows = json.load(io.StringIO(done.stdout))["results"]["bindings"]
    assert [row["s"]["value"] for row in rows] == FIRST
