"""Content codings of answers and of requests: RFC 9110, sections 8.4 and 12.5.3."""

import gzip
import json
import zlib

import pytest
import zstandard

from .served import Answer, Server

LONG = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 20000"
MIDDLE = "SELECT * { ?s ?p ?o } LIMIT 50"
QUERY = "application/sparql-query"
MIB = 1024 * 1024


def ask(server: Server, query: str, accept: str | None, fresh: str = "") -> Answer:
    headers = {"Content-Type": QUERY, "Accept": "text/csv"}
    if accept is not None:
        headers["Accept-Encoding"] = accept
    return server.request("POST", "/sparql", f"{query} #{fresh}".encode(), headers)


def plain(answer: Answer) -> bytes:
    coding = answer.headers.get("content-encoding")
    if coding == "gzip":
        return gzip.decompress(answer.body)
    if coding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(answer.body)
    assert coding is None
    return answer.body


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1, zstd;q=0.5", "gzip"),
        ("gzip;q=0, zstd;q=0", None),
        ("gzip;q=0.2, identity;q=0.8", None),
        ("br, deflate", None),
        ("*", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("identity;q=0, gzip", "gzip"),
    ],
)
@pytest.mark.parametrize("query", [MIDDLE, LONG])
def test_an_answer_is_coded_as_the_client_prefers(
    server: Server, query: str, accept: str | None, coding: str | None
):
    for _ in ("first", "from the cache"):
        answer = ask(server, query, accept, str(accept))
        assert (answer.status, answer.headers.get("content-encoding")) == (200, coding)
        assert "accept-encoding" in answer.headers["vary"]
        assert plain(answer) == ask(server, query, None).body


def test_a_short_answer_stays_plain(server: Server):
    assert "content-encoding" not in ask(server, "ASK {}", "gzip").headers


@pytest.mark.parametrize("accept", ["identity;q=0", "*;q=0", "br, identity;q=0"])
def test_no_coding_that_suits_is_told(server: Server, accept: str):
    answer = ask(server, MIDDLE, accept)
    assert answer.status == 406
    assert "gzip" in str(answer.problem["help"])


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_coded_answer_comes_as_a_stream(server: Server, coding: str):
    with server.raw() as connection:
        connection.sendall(
            b"GET /sparql?query=SELECT*{?a?b?c.?d?e?f.?g?h?i} HTTP/1.1\r\nHost: a\r\n"
            b"Accept-Encoding: " + coding.encode() + b"\r\n\r\n"
        )
        said = b""
        while len(said) < 200_000:
            said += connection.recv(65536)
    assert b"transfer-encoding: chunked" in said
    assert b"content-encoding: " + coding.encode() in said


def coded(body: bytes, coding: str) -> bytes:
    if coding in ("gzip", "x-gzip"):
        return gzip.compress(body)
    return zstandard.ZstdCompressor().compress(body) if coding == "zstd" else body


def send(server: Server, body: bytes, coding: str, media: str = QUERY) -> Answer:
    headers = {"Content-Type": media, "Content-Encoding": coding}
    return server.request("POST", "/sparql", body, headers)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "zstd", "identity", "GZip"])
def test_a_query_may_come_coded(server: Server, coding: str):
    body = coded(b'SELECT ("x" AS ?x) {}', coding.lower())
    (row,) = json.loads(send(server, body, coding).body)["results"]["bindings"]
    assert row["x"]["value"] == "x"
    form = coded(b"query=ASK%7B%7D", coding.lower())
    media = "application/x-www-form-urlencoded"
    assert json.loads(send(server, form, coding, media).body)["boolean"] is True


def test_several_members_are_one_body(server: Server):
    for coding in ("gzip", "zstd"):
        body = coded(b"ASK ", coding) + coded(b"{}", coding)
        assert send(server, body, coding).status == 200


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "compress", "nonsense"])
def test_another_coding_is_refused_with_those_there_are(server: Server, coding: str):
    answer = send(server, b"ASK {}", coding)
    assert answer.status == 415
    assert "gzip" in str(answer.problem["help"])
    assert answer.headers["accept-encoding"] == "zstd, gzip"


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_what_is_not_in_its_coding_is_refused(server: Server, coding: str):
    whole = coded(b"ASK {} # and a comment that makes it longer", coding)
    for body in (b"ASK {}", whole[:-5], whole + b"x", b""):
        answer = send(server, body, coding)
        assert answer.status == 400, body


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_body_that_decodes_to_too_much_is_refused(server: Server, coding: str):
    assert send(server, coded(b"ASK {} #".ljust(MIB), coding), coding).status == 200
    assert send(server, coded(b"ASK {} #".ljust(MIB + 1), coding), coding).status == 413


def test_a_bomb_is_refused_before_it_takes_memory(server: Server):
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(squeeze.compress(bytes(MIB)) for _ in range(500)) + squeeze.flush()
    assert len(bomb) < MIB
    assert send(server, bomb, "gzip").status == 413
    bomb = zstandard.ZstdCompressor().compress(bytes(500 * MIB))
    assert send(server, bomb, "zstd").status == 413


def test_a_page_gets_the_body_decoded(server: Server):
    body = b"query=ASK%7B%7D"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Encoding": "gzip",
        "Accept": "text/html",
    }
    answer = server.request("POST", "/sparql", gzip.compress(body), headers)
    assert answer.body == b"page POST /sparql " + body
