"""Answers of a store that changes are kept only as long as they hold."""

import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from .running_server import Running

TOKEN = "a-token-for-tests-only-0123456789"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"


def ask(server: Running, query: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    address = server.url + "sparql?" + urllib.parse.urlencode({"query": query})
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, headers={"Accept": "text/csv", **names})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            told = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, answer.read(), told
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


def update(server: Running, text: str) -> None:
    headers = {"Content-Type": "application/sparql-update", "Authorization": f"Bearer {TOKEN}"}
    request = urllib.request.Request(server.url + "update", text.encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status in (200, 204)


def test_each_commit_ends_what_was_kept(tmp_path: Path):
    token = tmp_path / "token"
    token.write_text(TOKEN)
    store = ("--store", str(tmp_path / "store"), "--token-file", str(token), "--port", "0")
    with Running(*store) as server:
        tags, releases = set[str](), set[str]()
        for number in range(1, 6):
            update(server, f"INSERT DATA {{ <a:{number}> <a:p> 1 }}")
            # More often than there are fronts, each of which has a cache of its own.
            all_told = []
            for _ in range(20):
                status, body, told = ask(server, COUNT, If_None_Match=", ".join(tags) or '"no"')
                assert (status, body.split()) == (200, [b"n", str(number).encode()])
                all_told.append(told)
            assert any("hit" in told["cache-status"] for told in all_told)
            releases.update(told["x-allegiance-release"] for told in all_told)
            assert len(releases) == number
            tags |= {told["etag"] for told in all_told}
