"""A fault in the derivation does not hide itself: the edges are judged by rules of their own."""

from dataclasses import replace

import pytest
from pyoxigraph import NamedNode, Triple

from allegiance.check import Dataset, Loaded, dataset, load
from allegiance.check.edges import edges
from allegiance.check.places import Places
from allegiance.folder import find
from allegiance.names import DEF, PROV, RDF

from .conftest import Graph

ID = "https://example.org/bay/id/"
EDGE = "https://example.org/bay/edge/"


def rules(loaded: Loaded, whole: Dataset) -> list[str]:
    places = Places(document for _, document in loaded.documents)
    return [finding.rule for finding in edges(loaded, whole, places)]


def derived(graph: Graph) -> tuple[Loaded, Dataset]:
    loaded = load(find(graph.path))
    return loaded, dataset(loaded)


def with_edge(whole: Dataset, subject: str, name: str, value: str, claim: str) -> Dataset:
    """Return a dataset with one more edge, as a faulty derivation would have written it."""
    edge = Triple(NamedNode(ID + subject), NamedNode(DEF + name), NamedNode(ID + value))
    node = NamedNode(f"{EDGE}{subject}-{name}-{value}")
    said = (
        Triple(node, NamedNode(RDF + "subject"), edge.subject),
        Triple(node, NamedNode(RDF + "predicate"), edge.predicate),
        Triple(node, NamedNode(RDF + "object"), edge.object),
        Triple(
            node,
            NamedNode(PROV + "wasDerivedFrom"),
            NamedNode(f"https://example.org/bay/claim/{claim}"),
        ),
    )
    graphs = dict(whole.graphs)
    graphs["direct"] = (*graphs["direct"], edge)
    graphs["derivation"] = (*graphs["derivation"], *said)
    return replace(whole, graphs=graphs)


def test_the_edges_that_follow_stand(graph: Graph) -> None:
    loaded, whole = derived(graph)
    assert len(whole.graphs["direct"]) == 1
    assert rules(loaded, whole) == []


def test_an_edge_from_a_past_claim_does_not_stand(graph: Graph) -> None:
    loaded, whole = derived(graph)
    wrong = with_edge(whole, "verania", "suppliesArmsTo", "norland", "bay-34-75")
    assert rules(loaded, wrong) == ["S05"]


def test_an_edge_without_a_claim_does_not_stand(graph: Graph) -> None:
    loaded, whole = derived(graph)
    assert rules(loaded, replace(whole, graphs={**whole.graphs, "derivation": ()})) == ["S05"]


def test_an_edge_from_what_one_side_says_does_not_stand(graph: Graph) -> None:
    graph.edit("data/facts.ttl", 'def:gloss "In', 'def:accordingTo id:verania ; def:gloss "In')
    loaded, whole = derived(graph)
    assert whole.graphs["direct"] == ()
    wrong = with_edge(whole, "norland", "suppliesArmsTo", "estmark", "bay-0-33")
    assert rules(loaded, wrong) == ["S05"]


@pytest.mark.parametrize(
    ("subject", "name", "value"),
    [("many", "suppliesArmsTo", "estmark"), ("estmark", "alliedWith", "many")],
)
def test_an_edge_speaks_for_no_diffuse_actor(
    graph: Graph, subject: str, name: str, value: str
) -> None:
    many = 'id:many a def:DiffuseActor ;\n    skos:prefLabel "many"@en .\n\nid:norland a'
    graph.edit("data/facts.ttl", "id:norland a", many)
    loaded, whole = derived(graph)
    wrong = with_edge(whole, subject, name, value, "bay-0-33")
    assert rules(loaded, wrong) == ["S06"]


@pytest.mark.parametrize(
    ("subject", "name", "value"),
    [
        ("guns", "suppliesArmsTo", "estmark"),
        ("norland", "supports", "guns"),
        ("norland", "alliedWith", "guns"),
    ],
)
def test_an_edge_makes_nothing_an_actor(graph: Graph, subject: str, name: str, value: str) -> None:
    loaded, whole = derived(graph)
    wrong = with_edge(whole, subject, name, value, "bay-0-33")
    assert rules(loaded, wrong) == ["S29"]


def test_the_dataset_merges_all_graphs_in_its_default_graph(graph: Graph) -> None:
    _, whole = derived(graph)
    assert set(whole.graphs) == {
        "ontology", "facts", "sources", "links", "shapes", "direct", "derivation", "inferred",
    }  # fmt: skip
    store = whole.store()
    everything = {triple for triples in whole.graphs.values() for triple in triples}
    (row,) = store.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")  # type: ignore[misc]
    assert int(row["n"].value) == len(everything)  # type: ignore[index]
    assert store.query(f"ASK {{ GRAPH <{whole.base}graph/direct> {{ ?s ?p ?o }} }}")
