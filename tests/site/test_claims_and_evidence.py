"""Claims, their words and their proof."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from graphs import write_store
from isles import CLAIMS, SENTENCES, TEXT, claim_slug, digest, place
from strict_page import Page

from allegiance import names
from allegiance.folder import find
from allegiance.site import Settings, create_app
from allegiance.sparql.processes import serving


def page(client: FlaskClient, address: str, status: int = 200) -> Page:
    response = client.get(address, headers={"Accept": "text/html"})
    assert response.status_code == status, address
    return Page(response.get_data(as_text=True))


@pytest.mark.parametrize("words", [claim[1] for claim in CLAIMS])
def test_the_marked_words_are_the_cited_span_letter_for_letter(
    client: FlaskClient, words: str
) -> None:
    start, end = place(words)
    shown = page(client, f"/claim/{claim_slug(words)}")
    assert shown.marks[0] == TEXT[start:end]
    sentence = next(s for _, s, _ in SENTENCES if words in s)
    assert shown.quotes[0] == sentence
    assert digest(words) in shown.text
    assert "proved" in shown.text


def test_a_claim_page_tells_how_the_claim_is_made(client: FlaskClient) -> None:
    text = page(client, f"/claim/{claim_slug(CLAIMS[1][1])}").text
    for words in (
        "Norland used to arm Verania.",
        "past only",
        "arms supply",
        "provider",
        "affirmative",
        "the columnist",
        "On the isles",
        "analysis",
        "Norland once armed Verania.",
        "No relation is derived from it",
        f"characters {place(CLAIMS[1][1])[0]}–{place(CLAIMS[1][1])[1]}",
    ):
        assert words in text, words


def test_a_claim_page_shows_what_is_set_beside_it_and_what_follows(client: FlaskClient) -> None:
    official = page(client, f"/claim/{claim_slug(CLAIMS[3][1])}").text
    assert "In contrast: Norland in fact sides with Estmark." in official
    assert "This claim is set against the relation." in official
    fact = page(client, f"/claim/{claim_slug(CLAIMS[4][1])}").text
    assert "In contrast: Norland is officially neutral." in fact
    assert "This claim gives the relation." in fact


def test_what_a_claim_says_holds_no_relation_of_its_actors(client: FlaskClient) -> None:
    text = page(client, f"/claim/{claim_slug(CLAIMS[3][1])}").text
    says = text.partition("What it says")[2].partition("How it is made")[0]
    assert "Norland is officially neutral" in text
    assert "stance direction neutral" in says
    assert "favours" not in says


def test_a_claim_inside_an_intention_shows_what_is_intended(client: FlaskClient) -> None:
    text = page(client, f"/claim/{claim_slug(CLAIMS[5][1])}").text
    assert "verania arms estmark" in text
    assert "provider Verania" in text


def test_without_the_text_a_claim_gives_place_and_digest_and_how_to_supply_it(
    with_texts: Callable[[Path | None], FlaskClient],
) -> None:
    words = CLAIMS[0][1]
    shown = page(with_texts(None), f"/claim/{claim_slug(words)}")
    assert not shown.marks
    assert "The text is not at hand here." in shown.text
    assert "Norland arms Estmark." in shown.text
    assert digest(words) in shown.text and digest(TEXT) in shown.text
    assert "isles.txt" in shown.text and "--texts" in shown.text


def test_words_of_another_text_are_never_shown(
    with_texts: Callable[[Path | None], FlaskClient], tmp_path: Path
) -> None:
    changed = TEXT.replace("sold guns", "gave guns", 1)
    (tmp_path / "isles.txt").write_text(changed, "utf-8")
    client = with_texts(tmp_path)
    shown = page(client, f"/claim/{claim_slug(CLAIMS[1][1])}")
    assert not shown.marks
    assert "is another one" in shown.text
    source = page(client, "/source/isles").text
    assert "its digest differs" in source and "gave guns" not in source


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\r\nb", b"", b"\xef\xbb\xbfx"])
def test_a_text_that_cannot_be_read_is_said_so(
    with_texts: Callable[[Path | None], FlaskClient], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "isles.txt").write_bytes(content)
    shown = page(with_texts(tmp_path), f"/claim/{claim_slug(CLAIMS[0][1])}")
    assert not shown.marks
    assert "not proved" in shown.text or "text at hand" in shown.text


def test_a_source_shows_each_sentence_in_order_with_its_claims(client: FlaskClient) -> None:
    shown = page(client, "/source/isles")
    assert shown.quotes == [words for _, words, _ in SENTENCES]
    for _, _, paraphrase in SENTENCES:
        assert paraphrase in shown.text
    glosses = [gloss for _, _, _, gloss, _ in CLAIMS]
    places = [shown.text.index(gloss) for gloss in glosses[1:]]
    assert places == sorted(places)
    assert set(shown.marks) == {words for _, words, _, _, _ in CLAIMS}
    assert "States nothing: It is noise." in shown.text
    assert "analysis" in shown.text and "opinion" in shown.text


def test_without_the_text_a_source_reads_as_paraphrases(
    with_texts: Callable[[Path | None], FlaskClient],
) -> None:
    shown = page(with_texts(None), "/source/isles")
    assert shown.quotes == [paraphrase for _, _, paraphrase in SENTENCES]
    assert "not at hand" in shown.text


def test_hostile_words_stay_words(client: FlaskClient) -> None:
    raw = client.get("/source/isles").get_data(as_text=True)
    assert "<script>" not in raw and "&lt;script&gt;" in raw
    entity = client.get("/id/treaty").get_data(as_text=True)
    assert "<img" not in entity and "&lt;img src=x" in entity
    assert "javascript:" not in "".join(page(client, "/id/norland").links)


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("/source/isles/s03", "/source/isles#s03"),
        ("/source/isles/s03/position", "/source/isles#s03"),
        ("/source/isles/part-2", "/source/isles#part-2"),
        (f"/claim/{claim_slug(CLAIMS[0][1])}/evidence-1", "#evidence-1"),
        (f"/claim/{claim_slug(CLAIMS[0][1])}/evidence-1/position", "#evidence-1"),
    ],
)
def test_what_is_shown_on_another_page_leads_there(
    client: FlaskClient, address: str, target: str
) -> None:
    response = client.get(address)
    assert response.status_code == 303
    assert response.headers["Location"].endswith(target)
    anchor = response.headers["Location"].partition("#")[2]
    assert anchor in page(client, response.headers["Location"]).ids


@pytest.mark.shared
def test_every_claim_of_the_repository_marks_its_span(root: Path, tmp_path: Path) -> None:
    folder = find(root)
    files = {name: [root / "data" / f"{name}.ttl"] for name in ("facts", "sources", "links")}
    files |= {name: list(folder.files(name)) for name in ("ontology", "shapes")}
    write_store(tmp_path / "store", folder.base, files)
    texts = root.parent / "shared" / "sources"
    settings = Settings(
        folder.base, folder.title, "", folder.licence, names.prefixes(folder.base), (), texts=texts
    )
    with serving(tmp_path / "store", folder.base) as readers:
        client = create_app(settings, readers).test_client()
        found = readers.ask(
            f"SELECT ?c WHERE {{ ?c <{names.DEF}evidence> ?e FILTER STRENDS(STR(?e), '/evidence-1')"
            " }",
            results="csv",
        )
        claims = found.decode().split()[1:]
        assert claims
        for claim in claims:
            place = re.search(r"-(\d+)-(\d+)(?:-\d+)?$", claim)
            assert place is not None
            slug = claim.removeprefix(folder.base + "claim/").removesuffix(place[0])
            text = (texts / f"{slug}.txt").read_bytes().decode()
            words = text[int(place[1]) : int(place[2])]
            assert words in page(client, claim.removeprefix(folder.base[:-1])).marks
