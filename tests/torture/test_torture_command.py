"""The command: whom it attacks, how much, and what it prints."""

import json
import shlex
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from . import bad
from .scorecard import torture


@pytest.mark.parametrize("url", ["http://192.0.2.1/sparql", "http://[2001:db8::1]:80/"])
def test_another_machine_is_left_alone_unless_one_runs_it(url: str):
    ran = torture(url)
    assert ran.code == 2
    assert "not this machine" in ran.err
    assert "--i-run-this-endpoint" in ran.err
    assert not ran.out


@pytest.mark.parametrize(
    "url",
    ["sparql", "ftp://127.0.0.1/", "http://127.0.0.1:x/", "http://127.0.0.1/?a=b", "http:///"],
)
def test_what_is_no_url_of_an_endpoint_is_wrong_use(url: str):
    ran = torture(url)
    assert ran.code == 2
    assert ran.err.startswith("error: ")
    assert "help: " in ran.err


def test_nobody_there_is_one_message():
    ran = torture("http://127.0.0.1:1/sparql")
    assert ran.code == 1
    assert "no small question is answered" in ran.err
    assert "Traceback" not in ran.err


def test_what_is_no_endpoint_is_one_message():
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        ran = torture(f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()
        thread.join()
    assert ran.code == 1
    assert "its status is 501" in ran.err
    assert "see that the endpoint runs" in ran.err


def test_the_list_says_of_each_case_what_is_demanded_and_why():
    ran = torture("--list", "--format", "json")
    cases = json.loads(ran.out)
    assert len(cases) >= 60
    assert len({case["name"] for case in cases}) == len(cases)
    assert all(case[key] for case in cases for key in ("name", "does", "demands", "why"))
    assert torture("--list").out.count("demanded: ") == len(cases)


def test_an_unknown_case_is_wrong_use():
    ran = torture("http://127.0.0.1:1/", "--only", "nonsense")
    assert ran.code == 2
    assert "families are protocol" in ran.err


def test_a_row_is_printed_for_each_case_and_a_summary_last():
    with bad.endpoint(bad.well) as url:
        ran = torture(url, "--only", "reach/service", "--only", "runaway/sort")
    rows = ran.out.splitlines()
    assert [row.split()[:2] for row in rows[:2]] == [
        ["green", "reach/service"],
        ["green", "runaway/sort"],
    ]
    assert rows[2].startswith("2 green of 2 cases; ")
    assert ran.code == 0


def test_markdown_has_a_table_a_family():
    with bad.endpoint(bad.well) as url:
        ran = torture(
            url, "--only", "reach", "--only", "runaway/sort", "--format=markdown", "--title", "Mine"
        )
    assert ran.out.startswith("## Mine\n")
    assert "| reach | verdict | what was seen |" in ran.out
    assert "| runaway | verdict | what was seen |" in ran.out
    assert "| sort | green | 504 in " in ran.out


def test_what_the_budget_does_not_hold_is_not_run_and_not_passed():
    with bad.endpoint(bad.is_late) as url:
        ran = torture(url, "--only", "runaway", "--limit", "2", "--budget", "1", "--format", "json")
    verdicts = [case["verdict"] for case in ran.card["cases"]]
    assert verdicts[0] == "green"
    assert set(verdicts[1:]) == {"not run"}
    assert ran.code == 1


def test_no_more_requests_are_made_than_allowed():
    with bad.endpoint(bad.well) as url:
        ran = torture(url, "--requests", "100", "--format", "json")
    assert ran.card["requests"] == 100
    assert ran.card["cases"][-1]["seen"] == "the requests were used up"
    assert ran.code == 1


def test_the_endpoint_is_started_anew_after_a_red_case(tmp_path: Path):
    mark = tmp_path / "mark"
    start = [sys.executable, "-c", f"open({str(mark)!r}, 'a').write('x')"]
    with bad.endpoint(bad.closes) as url:
        ran = torture(
            url,
            "--only",
            "reach/service",
            "--only",
            "reach/describe",
            "--format",
            "json",
            "--restart",
            shlex.join(start),
        )
    assert mark.read_text() == "xx"
    assert ran.card["restarts"] == 2


def test_a_server_cannot_steer_the_terminal():
    def steers(asked: bad.Asked) -> None:
        asked.say(bad.answer(b"{}", "a/\xc2\x9bb".encode().decode("latin-1"), "555 Odd"))

    with bad.endpoint(steers) as url:
        ran = torture(url, "--only", "protocol/get")
    assert all(line.isprintable() for line in ran.out.splitlines())
