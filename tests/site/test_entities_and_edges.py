"""Entities, edges, situations and terms: never an edge without what is set against it."""

from flask.testing import FlaskClient
from graphs import Counted
from isles import CLAIMS, claim_slug
from strict_page import Page


def text(client: FlaskClient, address: str, status: int = 200) -> str:
    response = client.get(address, headers={"Accept": "text/html"})
    assert response.status_code == status, address
    return Page(response.get_data(as_text=True)).text


def after(text: str, *words: str) -> None:
    """Assert that the words stand in the text in that order."""
    at = 0
    for word in words:
        found = text.find(word, at)
        assert found >= 0, f"“{word}” does not stand after {text[max(0, at - 60) : at]!r}"
        at = found + len(word)


def test_an_entity_says_what_it_is(client: FlaskClient) -> None:
    shown = text(client, "/id/norland")
    after(shown, "Norland", "state", "also called Kingdom of Norland", "Harbour", "Wikidata Q1")


def test_an_edge_of_an_entity_stands_with_its_claims_and_what_is_set_against_it(
    client: FlaskClient,
) -> None:
    after(
        text(client, "/id/norland"),
        "Norland supplies arms to Estmark",
        "On the word of this claim",
        "Norland arms Estmark.",
        "said as a present fact",
        "Norland sells guns to Estmark",
        "Set against it",
        "Norland does not arm Estmark.",
        "denied",
        "What is said otherwise",
    )


def test_an_edge_stands_on_the_page_of_its_other_end_too(client: FlaskClient) -> None:
    after(
        text(client, "/id/estmark"),
        "Norland supplies arms to Estmark",
        "Norland arms Estmark.",
        "Set against it",
        "Norland does not arm Estmark.",
    )


def test_official_position_and_conduct_stand_side_by_side(client: FlaskClient) -> None:
    after(
        text(client, "/id/norland"),
        "Norland favours Estmark",
        "Norland in fact sides with Estmark.",
        "Set against it",
        "Norland is officially neutral.",
    )


def test_what_gives_no_edge_is_told_with_the_reason_in_words(client: FlaskClient) -> None:
    shown = text(client, "/id/norland")
    assert "supplies arms to Verania" not in shown
    after(shown, "What is said otherwise", "Norland used to arm Verania.", "past only")
    after(
        shown,
        "What is said otherwise",
        "Estmark takes Norland for its ally.",
        "ascribed to Estmark",
    )
    after(shown, "What is said otherwise", "It is shameful", "the author’s evaluation")


def test_what_is_only_wanted_of_an_entity_is_found_from_it(client: FlaskClient) -> None:
    shown = text(client, "/id/verania")
    assert "Estmark wants Veranian arms." in shown
    assert "Verania supplies arms to" not in shown


def test_a_relation_that_holds_both_ways_is_shown_once(client: FlaskClient) -> None:
    shown = text(client, "/id/verania")
    assert shown.count("allied with") == 1
    assert "Verania allied with Estmark" in shown


def test_an_edge_page_names_its_rule_its_claims_and_what_is_set_against_it(
    client: FlaskClient,
) -> None:
    after(
        text(client, "/edge/norland-suppliesArmsTo-estmark"),
        "Norland supplies arms to Estmark",
        "arms supply",
        "Norland arms Estmark.",
        "Set against it",
        "Norland does not arm Estmark.",
    )


def test_the_page_of_a_relation_shows_each_edge_with_what_is_set_against_it(
    client: FlaskClient,
) -> None:
    after(
        text(client, "/def/suppliesArmsTo"),
        "supplies arms to",
        "Relations of this kind",
        "Norland supplies arms to Estmark",
        "Set against it",
        "Norland does not arm Estmark.",
    )


def test_a_situation_shows_roles_and_claims_for_and_against(client: FlaskClient) -> None:
    shown = text(client, "/situation/norland-arms-estmark")
    after(shown, "arms supply", "goods", "guns", "provider", "Norland")
    after(shown, "Plays a role in", "disgrace")
    assert "Norland arms Estmark." in shown and "Norland does not arm Estmark." in shown


def test_a_situation_that_is_only_wanted_says_that_nobody_claims_it(client: FlaskClient) -> None:
    shown = text(client, "/situation/verania-arms-estmark")
    assert "No claim asserts or denies it" in shown
    after(shown, "Plays a role in", "estmark hopes", "content")


def test_a_term_shows_definition_axioms_and_uses(client: FlaskClient) -> None:
    shown = text(client, "/def/ArmsSupply")
    after(shown, "arms supply", "A supply of arms.", "kind of", "supply", "Where it is used")
    assert "norland arms estmark" in shown
    value = text(client, "/concept/past")
    after(
        value, "past", "value of", "timeframe", "Where it is used", "Norland used to arm Verania."
    )


def test_the_ontology_lists_terms_values_and_shapes(client: FlaskClient) -> None:
    shown = text(client, "/ontology")
    after(shown, "Classes", "arms supply", "Relations and roles", "supplies arms to", "Values")
    assert "A supply of arms." in shown


def test_a_named_graph_says_what_it_holds_and_how_to_get_it(client: FlaskClient) -> None:
    assert "215 triples" in text(client, "/graph/facts")
    text(client, "/graph/nothing", 404)


def test_an_author_has_a_page(client: FlaskClient) -> None:
    after(text(client, "/id/isles-author-1"), "the columnist", "Where it is named")


def test_lists_of_entities_claims_and_sources(client: FlaskClient) -> None:
    after(text(client, "/entities"), "state", "Estmark", "Norland", "Verania")
    after(text(client, "/sources"), "On the isles", "9", "at hand and proved")
    shown = text(client, "/claims")
    after(shown, "1–9 of 9", "Norland arms Estmark.", "It is shameful")


def test_claims_can_be_filtered(client: FlaskClient) -> None:
    concept = "https://w3id.org/allegiance/concept/"
    assert "1–1 of 1" in text(client, f"/claims?polarity={concept}negative")
    assert "1–3 of 3" in text(client, "/claims?q=VERANIA")
    assert "1–1 of 1" in text(client, "/claims?kind=https://w3id.org/allegiance/def/Intention")
    about = "/claims?about=https://example.org/isles/id/verania"
    assert "1–3 of 3" in text(client, about)


def test_a_filter_that_is_nonsense_finds_nothing_and_breaks_nothing(client: FlaskClient) -> None:
    for query in (
        "q=%22%29%20%7D%20%23",
        "q=%5C",
        "polarity=%3E%20.%20%3Fs",
        "about=not-an-iri",
        "source=http%3A%2F%2Fa%2F%20b",
        "page=99999",
    ):
        assert "No claim meets all of that." in text(client, f"/claims?{query}"), query
    for number in ("-1", "x", "²", "0"):
        assert "1–9 of 9" in text(client, f"/claims?page={number}")


def test_what_is_not_there_is_404_and_says_what_is(client: FlaskClient) -> None:
    for address in (
        "/id/nothing",
        "/claim/nothing",
        "/situation/nothing",
        "/edge/nothing",
        "/source/nothing",
        "/def/Nothing",
        "/concept/nothing",
        "/shape/nothing",
        "/ontology/9.9",
        "/nothing",
        "/id/",
        "/id/a%3E%20b",
        "/id/%22%7D",
        "/source/..%2F..%2Fetc%2Fpasswd",
        "/id/" + "x" * 3000,
        "/questions/999",
    ):
        assert "What exists" in text(client, address, 404), address


def test_a_page_asks_few_queries(client: FlaskClient, readers: Counted) -> None:
    for address, most in (
        ("/id/norland", 3),
        (f"/claim/{claim_slug(CLAIMS[0][1])}", 3),
        ("/edge/norland-suppliesArmsTo-estmark", 3),
        ("/source/isles", 2),
        ("/def/suppliesArmsTo", 3),
        ("/", 6),
    ):
        client.get(address)
        before = len(readers.asked)
        client.get(address)
        assert len(readers.asked) - before <= most, address
