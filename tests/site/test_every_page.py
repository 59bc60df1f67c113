"""What holds of every page: found by following every link from the first one."""

from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest
from flask.testing import FlaskClient
from isles import TEXT
from strict_page import Page

Crawl = dict[str, Page]


def kind(address: str) -> str:
    """Return of which kind an address is: there are many terms and many downloads."""
    return "format" if "format=" in address else address.split("/")[1].partition("?")[0]


def crawl(client: FlaskClient, sample: int = 12) -> Crawl:
    """Return address → page for what links lead to from the first page; each must answer 200.

    Of terms, values, shapes and downloads only the first ``sample`` of each kind are visited;
    answers in other formats are the endpoint's.
    """
    todo = deque(["/"])
    pages: Crawl = {}
    seen: set[str] = set()
    visits = Counter[str]()
    while todo:
        address = todo.popleft()
        visits[kind(address)] += 1
        if (
            kind(address) in {"def", "concept", "shape", "format"}
            and visits[kind(address)] > sample
        ):
            continue
        wanted = {"Accept": "text/html"}
        with client.get(address, follow_redirects=True, headers=wanted) as response:
            assert response.status_code == 200, address
            if response.mimetype != "text/html":
                continue
            pages[address] = page = Page(response.get_data(as_text=True))
        for link in page.links:
            target = urldefrag(urljoin(address, link)).url
            endpoint = target.startswith("/sparql?") and "format=" in target
            if target.startswith("/") and not endpoint and target not in seen:
                seen.add(target)
                todo.append(target)
    return pages


@pytest.fixture(scope="module")
def pages(client: FlaskClient) -> Crawl:
    return crawl(client)


def test_every_kind_of_page_is_linked(pages: Crawl) -> None:
    kinds = {address.split("?")[0].split("/")[1] for address in pages}
    assert kinds >= {
        "",
        "claim",
        "claims",
        "concept",
        "def",
        "edge",
        "entities",
        "graph",
        "id",
        "ontology",
        "questions",
        "shape",
        "situation",
        "source",
        "sources",
        "sparql",
    }


def test_a_page_is_whole_without_scripts_and_loads_nothing_foreign(pages: Crawl) -> None:
    for address, page in pages.items():
        for tag, values in page.tags:
            assert tag not in {"script", "iframe", "object", "embed", "img", "style"}, address
            assert not any(name.startswith("on") or name == "style" for name in values), address
        sheets = [link["href"] for link in page.all("link") if link["rel"] == "stylesheet"]
        assert sheets == ["/static/site.css"], address


def test_a_page_can_be_used_without_eyes(pages: Crawl) -> None:
    for address, page in pages.items():
        assert page.all("html")[0]["lang"] == "en", address
        first = page.all("a")[0]
        assert (first["class"], first["href"]) == ("skip", "#content"), address
        assert len(page.all("h1")) == len(page.all("main")) == 1, address
        assert page.all("nav")[0]["aria-label"], address
        assert len(page.ids) == len(set(page.ids)), address
        assert all("scope" in cell for cell in page.all("th")), address
        labelled = {label.get("for") for label in page.all("label")}
        assert all(area["id"] in labelled for area in page.all("textarea")), address
        for values in page.all("section"):
            assert values["aria-labelledby"] in page.ids, address


def test_an_anchor_leads_to_a_place_on_its_page(pages: Crawl) -> None:
    for address, page in pages.items():
        for link in page.links:
            target = urldefrag(urljoin(address, link))
            if target.fragment and target.url in pages and target.url.startswith("/source/"):
                assert target.fragment in pages[target.url].ids, (address, link)


def test_only_web_addresses_lead_away(pages: Crawl) -> None:
    away = {
        link
        for page in pages.values()
        for link in page.links
        if not link.startswith(("/", "#", "?", "data:"))
    }
    assert "http://www.wikidata.org/entity/Q1" in away
    assert all(link.startswith(("http://", "https://")) for link in away)


def test_every_answer_has_the_security_headers(client: FlaskClient) -> None:
    for address in ("/", "/id/norland", "/nothing", "/id/norland?format=ttl", "/static/site.css"):
        with client.get(address) as response:
            headers = response.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "Permissions-Policy" in headers


def test_without_the_text_no_page_shows_its_words(
    with_texts: Callable[[Path | None], FlaskClient],
) -> None:
    pages = crawl(with_texts(None), sample=1)
    assert len(pages) > 40
    for address, page in pages.items():
        assert not page.marks, address
        for words in ("“historically”", "🤝", "hopes that Verania"):
            assert words not in page.text, address


def test_a_site_below_a_path_keeps_its_links_below_it(client: FlaskClient) -> None:
    response = client.get("/id/norland", base_url="http://example.net/isles")
    page = Page(response.get_data(as_text=True))
    local = [link for link in page.links if link.startswith("/")]
    assert local and all(link.startswith("/isles/") for link in local)


def test_the_words_of_the_example_can_be_told_from_markup() -> None:
    assert "<b>" in TEXT and "<script>" in TEXT and "\u00a0" in TEXT and "🤝" in TEXT
