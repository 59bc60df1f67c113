"""A plain store over HTTP: the token, updates, graphs, versions, shapes, backup."""

import json
import subprocess
import threading
import time
import urllib.parse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest
from pyoxigraph import RdfFormat, parse

from running import command, serving

from .asking import TOKEN, ask, insert, rows, update

SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
<urn:shape> a sh:NodeShape ; sh:targetSubjectsOf <urn:age> ;
    sh:property [ sh:path <urn:age> ; sh:maxCount 1 ; sh:message "One age." ] .
"""


@pytest.mark.parametrize("token", ["Bearer wrong", "Basic " + TOKEN, "Bearer", ""])
def test_changes_without_the_token_are_refused(address, token):
    status, headers, _ = update(address, "INSERT DATA {<urn:a> <urn:b> 1}", authorization=token)
    assert status == 401
    assert headers["www-authenticate"] == "Bearer"
    assert ask(address, "DELETE", "/store", authorization=token)[0] == 401
    assert ask(address, "GET", "/store", authorization=token)[0] == 200
    assert rows(address, "SELECT * {?s ?p ?o}") == []


def test_an_update_is_seen_by_the_next_query(address):
    for number in range(5):
        assert update(address, f"INSERT DATA {{<urn:a> <urn:b> {number}}}")[0] == 204
        assert rows(address, "SELECT (COUNT(*) AS ?n) {?s ?p ?o}") == [str(number + 1)]


def test_an_update_that_fails_half_way_changes_nothing(address):
    text = "INSERT DATA {<urn:a> <urn:b> 1} ; CREATE GRAPH <urn:g> ; CREATE GRAPH <urn:g>"
    assert update(address, text)[0] == 403
    assert rows(address, "SELECT * {?s ?p ?o}") == []


@pytest.mark.parametrize("text", ["LOAD <http://127.0.0.1:1/>", "LOAD SILENT <file:///etc/passwd>"])
def test_nothing_is_loaded_from_elsewhere(address, text):
    assert update(address, text)[0] == (204 if "SILENT" in text else 403)
    assert rows(address, "SELECT * {?s ?p ?o}") == []


def test_a_graph_is_put_read_added_to_and_deleted(address):
    path = "/store?graph=urn:g"
    turtle = {"content_type": "text/turtle"}
    assert ask(address, "GET", path)[0] == 404
    assert ask(address, "PUT", path, "<urn:a> <urn:b> 1 .", **turtle)[0] == 201
    assert ask(address, "POST", path, "<urn:a> <urn:b> 2 .", **turtle)[0] == 204
    status, headers, body = ask(address, "GET", path, accept="application/n-triples")
    assert (status, len(body.splitlines())) == (200, 2)
    assert headers["content-type"] == "application/n-triples"
    assert ask(address, "HEAD", path)[1]["content-type"].startswith("text/turtle")
    assert ask(address, "PUT", path, "<urn:a> <urn:b> 3 .", **turtle)[0] == 204
    assert ask(address, "PUT", path, "this is none", **turtle)[0] == 400
    assert rows(address, "SELECT ?o {GRAPH <urn:g> {?s ?p ?o}}") == ["3"]
    assert ask(address, "DELETE", path)[0] == 204
    assert ask(address, "DELETE", path)[0] == 404


@pytest.mark.parametrize(
    ("media", "count"), [("application/n-quads", 60_000), ("application/trig", 600)]
)
def test_the_whole_dataset_comes_as_a_stream_however_long(arguments, media, count):
    text = "x" * 1200
    lines = [f'<urn:{n}> <urn:p> "{text}" <urn:g{n % 3}> .' for n in range(count)]
    lines += [f'<urn:{n}> <urn:p> "default" .' for n in range(10)]
    with serving(*arguments, "--fronts", "1", "--body", "100M") as address:
        for part in range(0, len(lines), 20_000):
            body = "\n".join(lines[part : part + 20_000])
            told = ask(address, "POST", "/store", body, content_type="application/n-quads")
            assert told[0] == 204, told[2]
        status, headers, _ = ask(address, "HEAD", "/store", accept=media)
        assert status == 200
        tag = headers["etag"]
        assert ask(address, "GET", "/store", accept=media, if_none_match=tag)[0] == 304
        status, headers, body = ask(address, "GET", "/store", accept=media)
        assert (status, headers["etag"]) == (200, tag)
        assert len(body) > 1200 * count
        found = parse(body.encode(), RdfFormat.from_media_type(media))
        assert Counter(str(quad.graph_name) for quad in found) == {
            "DEFAULT": 10,
            **{f"<urn:g{number}>": count // 3 for number in range(3)},
        }
    with serving(*arguments, "--fronts", "1", "--rows", "10") as address:
        status, _, body = ask(address, "GET", "/store", accept=media)
        assert status == 503
        assert "10 triples" in body


def test_a_graph_posted_without_a_name_gets_an_address(address):
    status, headers, _ = ask(
        address, "POST", "/store", "<> <urn:b> 1 .", content_type="text/turtle"
    )
    assert status == 201
    path = headers["location"].removeprefix(address)
    assert headers["location"] in ask(address, "GET", path)[2]


def test_if_match_refuses_a_change_of_an_older_version(address):
    path = "/store?graph=urn:g"
    turtle = {"content_type": "text/turtle"}
    ask(address, "PUT", path, "<urn:a> <urn:b> 1 .", **turtle)
    tag = ask(address, "GET", path)[1]["etag"]
    ask(address, "PUT", "/store?graph=urn:other", "<urn:a> <urn:b> 1 .", **turtle)
    assert ask(address, "GET", path, if_none_match=tag)[0] == 304
    assert ask(address, "PUT", path, "<urn:a> <urn:b> 2 .", if_match=tag, **turtle)[0] == 204
    assert ask(address, "PUT", path, "<urn:a> <urn:b> 3 .", if_match=tag, **turtle)[0] == 412
    assert ask(address, "PUT", path, "<urn:x> <urn:b> 3 .", if_none_match="*", **turtle)[0] == 412
    assert rows(address, "SELECT ?o {GRAPH <urn:g> {?s ?p ?o}}") == ["2"]


def test_the_dataset_of_the_request_is_the_one_updated_from(address):
    update(address, "INSERT DATA {GRAPH <urn:g> {<urn:a> <urn:b> 1}}")
    form = {"update": "INSERT {<urn:c> ?p ?o} WHERE {?s ?p ?o}", "using-graph-uri": "urn:g"}
    status, _, _ = ask(
        address,
        "POST",
        "/update",
        urllib.parse.urlencode(form),
        content_type="application/x-www-form-urlencoded",
    )
    assert status == 204
    assert rows(address, "SELECT ?s {?s ?p ?o}") == ["urn:c"]


def test_a_change_that_breaks_the_shapes_is_refused_with_the_report(arguments, tmp_path):
    (tmp_path / "shapes.ttl").write_text(SHAPES)
    with serving(*arguments, "--shapes", str(tmp_path / "shapes.ttl")) as address:
        assert update(address, "INSERT DATA {<urn:a> <urn:age> 1}")[0] == 204
        status, _, body = update(address, "INSERT DATA {<urn:a> <urn:age> 2}")
        assert status == 422
        assert "One age." in json.loads(body)["report"][0]
        body = update(address, "INSERT DATA {<urn:a> <urn:age> 2}", accept="text/turtle")[2]
        assert "ValidationReport" in body
        assert rows(address, "SELECT ?o {?s ?p ?o}") == ["1"]


def test_a_runaway_update_ends_at_its_limit(arguments):
    values = " ".join(str(number) for number in range(300))
    runaway = "INSERT {?a <urn:p> ?e} WHERE {" + "".join(
        f"VALUES ?{name} {{{values}}} " for name in "abcde"
    )
    with serving(*arguments, "--timeout", "1") as address:
        began = time.monotonic()
        status, _, body = update(address, runaway + "}")
        assert status in (503, 504)
        assert "Nothing was changed" in body
        assert time.monotonic() - began < 5
        assert update(address, "INSERT DATA {<urn:a> <urn:b> 1}")[0] == 204
        assert rows(address, "SELECT ?o {?s ?p ?o}") == ["1"]


def test_of_concurrent_changes_none_is_lost_or_seen_by_half(address):
    seen = []
    done = threading.Event()

    def write(first):
        for number in range(first, first + 5):
            status, _, body = update(address, insert(number))
            assert status == 204, body

    def read():
        while not done.is_set():
            seen.append(int(rows(address, "SELECT (COUNT(*) AS ?n) {?s ?p ?o}")[0]))

    with ThreadPoolExecutor(5) as pool:
        reader = pool.submit(read)
        try:
            # The first failure is raised here, with what the server said.
            for writer in as_completed([pool.submit(write, first * 5) for first in range(4)]):
                writer.result()
        finally:
            done.set()
        reader.result()
    assert rows(address, "SELECT (COUNT(*) AS ?n) {?s ?p ?o}") == ["40"]
    assert seen == sorted(seen)
    assert not any(count % 2 for count in seen)


def test_a_backup_of_a_served_store_is_restored_and_answers_the_same(arguments, tmp_path):
    with serving(*arguments) as address:
        update(address, "INSERT DATA {<urn:a> <urn:b> 1 . GRAPH <urn:g> {<urn:c> <urn:d> 2}}")
        store, backup, again = (str(tmp_path / name) for name in ("store", "backup", "again"))
        subprocess.run([command(), "backup", store, backup], check=True)
        update(address, "CLEAR ALL")
    subprocess.run([command(), "restore", backup, again], check=True)
    with serving("--store", again, *arguments[2:]) as address:
        assert rows(address, "SELECT ?o {{?s ?p ?o} UNION {GRAPH ?g {?s ?p ?o}}} ORDER BY ?o") == [
            "1",
            "2",
        ]


def test_a_document_that_was_cut_is_refused(address):
    head = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:u="urn:">'
    whole = f'{head}<rdf:Description rdf:about="urn:a"><u:p>1</u:p></rdf:Description></rdf:RDF>'
    for length in (len(whole) - 1, len(whole) - 10, len(head), 0):
        status, _, body = ask(
            address, "PUT", "/store?default", whole[:length], content_type="application/rdf+xml"
        )
        assert status == 400, whole[:length]
        assert "line 1" in body
    assert rows(address, "SELECT * {?s ?p ?o}") == []
    status, *_ = ask(address, "PUT", "/store?default", whole, content_type="application/rdf+xml")
    assert status == 204
