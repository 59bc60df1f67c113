"""The same graph in every format, by header and by parameter."""

import pytest
from flask.testing import FlaskClient
from isles import BASE, CLAIMS, claim_slug
from pyoxigraph import CanonicalizationAlgorithm, Dataset, NamedNode, Quad, RdfFormat, parse
from werkzeug.test import TestResponse

FORMATS = {
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json",
}
THINGS = (
    "/id/norland",
    "/id/isles-author-1",
    f"/claim/{claim_slug(CLAIMS[1][1])}",
    "/situation/norland-arms-estmark",
    "/edge/norland-suppliesArmsTo-estmark",
    "/source/isles",
    "/graph/facts",
    "/def/ArmsSupply",
    "/def/FactualClaim",
    "/def/suppliesArmsTo",
    "/concept/past",
    "/ontology",
)


def parsed(response: TestResponse) -> Dataset:
    """Return the triples of an answer, with blank nodes named by what is said of them."""
    form = RdfFormat.from_media_type(response.mimetype)
    assert form is not None
    dataset = Dataset(parse(response.get_data(), format=form))
    dataset.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return dataset


@pytest.mark.parametrize("address", THINGS)
def test_every_format_holds_the_same_triples(client: FlaskClient, address: str) -> None:
    graphs = []
    for name, media in FORMATS.items():
        by_header = client.get(address, headers={"Accept": media})
        by_link = client.get(f"{address}?format={name}")
        assert by_header.status_code == by_link.status_code == 200
        assert by_header.mimetype == by_link.mimetype == media
        assert by_header.headers["Vary"] == "Accept"
        graphs += [parsed(by_header), parsed(by_link)]
    assert len(graphs[0]) > 0
    assert all(graph == graphs[0] for graph in graphs[1:])


def test_the_graph_of_an_entity_holds_what_its_page_shows(client: FlaskClient) -> None:
    graph = parsed(client.get("/id/norland?format=ttl"))
    vocabulary = "https://w3id.org/allegiance/def/"
    claim = BASE + "claim/" + claim_slug(CLAIMS[6][1])
    edge = BASE + "edge/norland-suppliesArmsTo-estmark"
    for subject, prop, value in (
        (BASE + "id/norland", vocabulary + "suppliesArmsTo", BASE + "id/estmark"),
        (edge, vocabulary + "setAgainst", claim),
        (claim, vocabulary + "evidence", claim + "/evidence-1"),
    ):
        assert Quad(NamedNode(subject), NamedNode(prop), NamedNode(value)) in graph


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
        ("text/*", "text/html"),
        ("text/turtle, text/html;q=0.9", "text/turtle"),
        ("text/html;q=0.1, application/ld+json", "application/ld+json"),
        ("application/rdf+xml;q=0.5, application/n-triples;q=0.6", "application/n-triples"),
        ("text/html;q=0, text/turtle;q=0.1", "text/turtle"),
        ("application/*", "application/n-triples"),
    ],
)
def test_accept_chooses_with_its_weights(client: FlaskClient, accept: str, media: str) -> None:
    response = client.get("/id/norland", headers={"Accept": accept})
    assert (response.status_code, response.mimetype) == (200, media)


@pytest.mark.parametrize("accept", ["image/png", "text/html;q=0", "application/json"])
def test_what_no_format_meets_is_406_and_names_the_formats(
    client: FlaskClient, accept: str
) -> None:
    response = client.get("/id/norland", headers={"Accept": accept})
    assert response.status_code == 406
    assert response.headers["Vary"] == "Accept"
    assert "text/turtle" in response.get_data(as_text=True)


def test_a_format_that_does_not_exist_is_406(client: FlaskClient) -> None:
    assert client.get("/id/norland?format=docx").status_code == 406


def test_a_page_points_to_its_other_formats(client: FlaskClient) -> None:
    response = client.get("/id/norland")
    links = response.headers.getlist("Link")
    assert any("text/turtle" in link and 'rel="alternate"' in link for link in links)


def test_a_redirect_keeps_the_format(client: FlaskClient) -> None:
    response = client.get("/source/isles/s01?format=nt", follow_redirects=True)
    assert (response.status_code, response.mimetype) == (200, "application/n-triples")


def test_a_head_request_has_the_headers_and_no_body(client: FlaskClient) -> None:
    response = client.head("/id/norland", headers={"Accept": "text/turtle"})
    assert (response.status_code, response.mimetype) == (200, "text/turtle")
    assert response.get_data() == b""
