"""The suite sees what is bad: each fault, put into an endpoint on purpose, has its verdict."""

import pytest

from . import bad
from .scorecard import torture

FAULTS = [
    (bad.breaks_json, "runaway/product", "red", "results+json"),
    (bad.hangs, "runaway/product", "red", "no answer in"),
    (bad.closes, "runaway/product", "red", "without a status"),
    (bad.cuts, "runaway/product", "amber", "connection was closed"),
    (bad.cuts, "runaway/rows", "green", "connection was closed"),
    (bad.is_wrong, "runaway/product", "red", "a wrong answer"),
    (bad.ends_early, "runaway/rows-as-csv", "red", "cannot be whole"),
    (bad.is_late, "runaway/product", "amber", "over the limit"),
    (bad.crashes_in_words, "runaway/product", "amber", "500"),
    (bad.says_another_status, "runaway/product", "red", "it says 200"),
    (bad.calls, "reach/service", "red", "was called"),
    (bad.calls, "reach/from", "red", "was called"),
    (bad.reads_files, "reach/from-file", "red", "private file"),
    (bad.echoes, "framing/injection", "red", "of the client's making"),
    (bad.echoes_in_html, "encoding/script-in-error", "red", "with the script in it"),
    (bad.echoes_in_html, "encoding/control-in-error", "red", "control characters"),
    (bad.takes_two_ends, "framing/two-lengths", "red", "a connection that had to end"),
    (bad.takes_two_ends, "framing/length-and-chunks", "amber", "a connection that had to end"),
    (bad.obeys_updates, "protocol/update-by-post", "red", "204"),
    (bad.obeys_updates, "protocol/update-by-get", "red", "204"),
    (bad.closes, "size/open-braces", "red", "without a status"),
    (bad.hangs, "size/announced", "red", "still waits"),
    (bad.well, "runaway/product", "green", "504"),
    (bad.well, "size/open-braces", "green", "504"),
    (bad.well, "reach/service", "green", "504"),
]


@pytest.mark.parametrize(
    ("behaviour", "case", "verdict", "seen"),
    FAULTS,
    ids=[f"{behaviour.__name__}-{case}" for behaviour, case, _, _ in FAULTS],
)
def test_a_fault_has_its_verdict(behaviour: bad.Behaviour, case: str, verdict: str, seen: str):
    with bad.endpoint(behaviour) as url:
        ran = torture(url, "--limit", "0.5", "--only", case, "--format", "json")
    told = ran.cases[case]
    assert (told["verdict"], seen in told["seen"]) == (verdict, True), told
    assert ran.code == (1 if verdict == "red" else 0)


@pytest.mark.parametrize(
    ("behaviour", "slow"), [(bad.is_late, True), (bad.crashes_in_words, False), (bad.hangs, False)]
)
def test_what_rests_on_times_alone_is_told_apart(behaviour: bad.Behaviour, slow: bool):
    with bad.endpoint(behaviour) as url:
        ran = torture(url, "--limit", "0.5", "--only", "runaway/product", "--format", "json")
    assert ran.cases["runaway/product"]["slow"] is slow


def test_other_clients_that_have_to_wait_are_seen():
    with bad.endpoint(bad.hangs, one_at_a_time=True) as url:
        ran = torture(url, "--limit", "1", "--only", "runaway/product", "--format", "json")
    told = ran.cases["runaway/product"]
    assert told["verdict"] == "red"
    assert "failed (first: the client stopped waiting)" in told["seen"]


def test_an_endpoint_that_is_gone_ends_the_run():
    with bad.endpoint(bad.dies) as url:
        ran = torture(url, "--only", "reach/service", "--only", "reach/from", "--format", "json")
    assert ran.cases["reach/service"]["verdict"] == "red"
    assert ran.cases["reach/from"]["verdict"] == "not run"
    assert ran.cases["reach/from"]["seen"].endswith("no longer answers since reach/service")
    assert ran.code == 1
