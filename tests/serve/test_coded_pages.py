"""Pages and linked data come as gzip or zstd to who takes them so."""

import gzip
import urllib.error
import urllib.request

import pytest
import zstandard

PATHS = ("/", "/entities", "/ontology", "/ontology?format=ttl", "/static/site.css")


def get(served: str, path: str, coding: str = "", method: str = "GET"):
    headers = {"Accept-Encoding": coding} if coding else {"Accept-Encoding": "identity"}
    request = urllib.request.Request(served + path, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers, answer.read()


def plain(coding: str, body: bytes) -> bytes:
    if coding == "gzip":
        return gzip.decompress(body)
    return zstandard.ZstdDecompressor().decompressobj().decompress(body)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_page_comes_in_the_coding_that_is_taken(served: str, path: str, coding: str):
    as_is, whole = get(served, path)
    assert as_is["content-encoding"] is None
    headers, body = get(served, path, coding)
    assert headers["content-encoding"] == coding
    assert plain(coding, body) == whole
    assert len(body) < len(whole) / 2
    for told in (as_is, headers):
        assert "accept-encoding" in ", ".join(told.get_all("vary")).lower()


def test_what_is_short_and_what_has_no_body_is_not_coded(served: str):
    assert get(served, "/livez", "gzip")[0]["content-encoding"] is None
    headers, body = get(served, "/entities", "gzip", "HEAD")
    assert (headers["content-encoding"], body) == (None, b"")


def test_who_takes_neither_a_coding_nor_the_plain_page_is_told(served: str):
    with pytest.raises(urllib.error.HTTPError, match="406") as told:
        get(served, "/", "br, identity;q=0")
    told.value.close()
