"""Commands, unchanged: curl, and roqet of Rasqal."""

import json
import shutil
import subprocess

import pytest

from sparql.small import BASE

SELECT = f"SELECT ?s {{ ?s <{BASE}p1> ?o }} ORDER BY ?s LIMIT 3"
LONG = "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 20000"
FIRST = [f"{BASE}s1", f"{BASE}s1002", f"{BASE}s1009"]


def run(*command: str, given: str | None = None) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}, which is not here")
    done = subprocess.run(command, capture_output=True, text=True, input=given, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def curl(*arguments: str, given: str | None = None) -> str:
    return run("curl", "--silent", "--show-error", "--fail-with-body", *arguments, given=given)


def names(said: str) -> list[str]:
    return [row["s"]["value"] for row in json.loads(said)["results"]["bindings"]]


def test_curl_gets_and_posts(endpoint: str):
    asked = f"query={SELECT}"
    assert names(curl("--get", "--data-urlencode", asked, endpoint)) == FIRST
    assert names(curl("--data-urlencode", asked, endpoint)) == FIRST
    media = "Content-Type: application/sparql-query"
    assert names(curl("--header", media, "--data-binary", SELECT, endpoint)) == FIRST


def test_curl_sends_in_chunks(endpoint: str):
    headers = ("Content-Type: application/sparql-query", "Transfer-Encoding: chunked")
    given = [part for header in headers for part in ("--header", header)]
    assert names(curl(*given, "--data-binary", "@-", endpoint, given=SELECT)) == FIRST


def test_curl_takes_compressed_answers(endpoint: str):
    asked = ("--data-urlencode", f"query={LONG}", endpoint)
    plain = curl(*asked)
    assert len(plain) > 1_000_000
    assert curl("--compressed", *asked) == plain


def test_curl_by_http_10_gets_a_whole_answer(endpoint: str):
    asked = ("--data-urlencode", f"query={LONG}", endpoint)
    assert curl("--http1.0", *asked) == curl(*asked)


def test_curl_asks_what_is_there(endpoint: str):
    assert "sd:Service" in curl(endpoint)
    said = curl("--head", "--get", "--data-urlencode", f"query={SELECT}", endpoint).lower()
    assert "etag:" in said


def test_curl_keeps_a_tag(endpoint: str, tmp_path):
    asked = ("--get", "--data-urlencode", f"query={SELECT}", endpoint)
    tag = str(tmp_path / "tag")
    assert names(curl("--etag-save", tag, *asked)) == FIRST
    status = ("--output", "/dev/null", "--write-out", "%{http_code}")
    assert curl("--etag-compare", tag, *status, *asked) == "304"


def test_roqet_asks_the_endpoint(endpoint: str):
    said = run("roqet", "-p", endpoint, "-r", "csv", "-e", SELECT)
    assert said.split() == ["s", *FIRST]
