"""Who may change a store: only whoever sends the token in a header, which no page can make a
browser do; and the token shows nowhere.
"""

import hmac
import json
import subprocess
import urllib.parse
from contextlib import suppress
from pathlib import Path

import pytest

from allegiance.sparql import AsyncReaders, ServerLimits
from allegiance.sparql.writing import Writing, Written, hashed
from running import command
from serve.running_server import Running, descendants
from store.test_plain_store import ask, rows

TOKEN = "a-token-that-shows-nowhere-5ac93e"
INSERT = "INSERT DATA { <urn:a> <urn:b> 1 }"


@pytest.fixture(scope="module", params=["file", "variable"])
def server(request, tmp_path_factory):
    """A store with the token given in either way, whose log tells as much as it can."""
    folder = tmp_path_factory.mktemp("writing")
    arguments = ["--store", str(folder / "store"), "--port", "0", "--fronts", "1"]
    arguments += ["--log", "json", "--log-queries", "--log-slow", "0"]
    env = {}
    if request.param == "file":
        (folder / "token").write_text(TOKEN + "\n")
        arguments += ["--token-file", str(folder / "token")]
    else:
        env = {"ALLEGIANCE_TOKEN": TOKEN}
    with Running(*arguments, env=env) as running:
        yield running
    assert TOKEN not in running.said + running.out + running.err
    # It was written indeed, and of these requests.
    assert "/update" in running.err


def send(server: Running, method: str, path: str, body: str | None = None, **headers: str):
    return ask(server.url.rstrip("/"), method, path, body, **{"authorization": "", **headers})


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/x-www-form-urlencoded", urllib.parse.urlencode({"update": INSERT})),
        ("multipart/form-data; boundary=x", f"--x\r\n\r\n{INSERT}\r\n--x--\r\n"),
        ("text/plain", INSERT),
        ("application/sparql-update", INSERT),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "cookie": f"token={TOKEN}"},
        {"origin": "null", "sec_fetch_site": "cross-site"},
    ],
)
def test_a_form_of_another_site_changes_nothing(server, media, body, headers):
    for path in ("/update", f"/update?access_token={TOKEN}", "/store", "/store?default"):
        status, told, _ = send(server, "POST", path, body, content_type=media, **headers)
        assert status == 401
        assert "access-control-allow-credentials" not in told
    form = body + f"&token={TOKEN}&access_token={TOKEN}&authorization=Bearer+{TOKEN}"
    assert send(server, "POST", "/update", form, content_type=media, **headers)[0] == 401
    assert rows(server.url.rstrip("/"), "SELECT * {?s ?p ?o}") == []


def test_an_update_is_not_taken_by_get_or_at_the_address_for_queries(server):
    bearer = f"Bearer {TOKEN}"
    path = "/update?" + urllib.parse.urlencode({"update": INSERT})
    assert send(server, "GET", path, authorization=bearer)[0] == 405
    form = urllib.parse.urlencode({"update": INSERT})
    media = "application/x-www-form-urlencoded"
    assert send(server, "POST", "/sparql", form, content_type=media)[0] in (400, 403)
    assert rows(server.url.rstrip("/"), "SELECT * {?s ?p ?o}") == []


@pytest.mark.parametrize(
    "given",
    [TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "", " ", "\xff" * 20, "x" * 4000, f"{TOKEN} {TOKEN}"],
)
def test_a_token_that_is_nearly_right_is_refused(server, given):
    media = "application/sparql-update"
    told = send(
        server, "POST", "/update", INSERT, authorization=f"Bearer {given}", content_type=media
    )
    assert told[0] == 401
    assert json.loads(told[2])["type"].endswith("/token")
    assert TOKEN not in told[2]


def test_tokens_are_compared_in_constant_time(monkeypatch, tmp_path):
    """Not by timing, which a busy machine blurs: whatever is given, two hashes of one length go to
    the comparison that is made for it.
    """
    compared = []
    same = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda *two: compared.append(two) or same(*two))
    to = Written(tmp_path / "writer", tmp_path, hashed(TOKEN))
    writing = Writing(to, AsyncReaders(tmp_path / "readers"), ServerLimits())
    given = ("", "x", TOKEN[:-1], TOKEN, TOKEN * 9)
    assert [writing._may({"authorization": f"Bearer {one}"}) for one in given] == [
        *(False, False, False, True, False)
    ]
    assert len(compared) == len(given)
    assert {len(side) for two in compared for side in two} == {64}


def test_the_token_is_in_no_other_process_and_no_file(server):
    media = "application/sparql-update"
    bearer = f"Bearer {TOKEN}"
    assert send(server, "POST", "/update", "", authorization=bearer, content_type=media)[0] != 401
    for child in descendants(server.process.pid):
        for name in ("environ", "cmdline"):
            with suppress(FileNotFoundError, ProcessLookupError):  # A reader may just have ended.
                assert TOKEN.encode() not in Path(f"/proc/{child}/{name}").read_bytes()
    started = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
    assert TOKEN.encode() not in started
    private = next(Path(part.decode()).parent for part in _arguments(server.front) if b"/" in part)
    for file in private.iterdir():
        if file.is_file():
            assert TOKEN.encode() not in file.read_bytes()
    assert private.stat().st_mode & 0o077 == 0


def _arguments(pid: int) -> list[bytes]:
    told = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return [part for part in told if part.endswith(b"front.json")]


@pytest.mark.parametrize(
    "token", ["short", "has a space in it, or two", "with\ttab-0123456789", "é" * 20]
)
def test_a_weak_token_is_refused_and_not_repeated(tmp_path, token):
    (tmp_path / "token").write_text(token)
    store = str(tmp_path / "store")
    ran = subprocess.run(
        [
            command(),
            "serve",
            "--store",
            store,
            "--token-file",
            str(tmp_path / "token"),
            "--port",
            "0",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 2
    assert token not in ran.stdout + ran.stderr
