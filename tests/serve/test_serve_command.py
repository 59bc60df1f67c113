"""``allegiance serve``: from the command to answers, and what happens when things go wrong."""

import json
import os
import re
import shutil
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from .running_server import Running, alive, descendants, kill, run, until

RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
ARMS = """PREFIX def: <https://w3id.org/allegiance/def/>
SELECT ?a ?b { ?a def:suppliesArmsTo ?b }"""


def released(folder: Path) -> str:
    return (folder / ".allegiance" / "CURRENT").read_text().strip()


def break_facts(folder: Path) -> None:
    with (folder / "data" / "facts.ttl").open("a") as file:
        file.write("\nthis is no Turtle\n")


# It serves


def test_it_says_where_it_is_and_answers(running: Running):
    assert re.fullmatch(r"Serving .+ at http://127\.0\.0\.1:\d+/\n", running.said)
    status, rows = running.ask(ARMS)
    assert status == 200
    assert len(rows.splitlines()) > 1


def test_a_browser_gets_the_first_page_and_answers_as_pages(running: Running):
    for path in ("", "sparql", "sparql?query=ASK%7B%7D", "sparql?query=SELEC"):
        status, body = running.get(path, "text/html,*/*;q=0.8")
        assert status == (400 if "SELEC" in path else 200)
        assert body.startswith(b"<!DOCTYPE html>")


def test_it_is_ready_and_names_its_release(running: Running, isles: Path):
    assert running.ready() == {"status": "ready", "release": released(isles)}


def test_a_runaway_gets_504_and_the_next_query_an_answer(running: Running):
    status, body = running.ask(RUNAWAY)
    assert status == 504
    assert "limit is 1 s" in json.loads(body)["detail"]
    assert running.works()
    until(lambda: b'readers{state="working"} 0' in running.get("metrics")[1], 1)


def test_a_setting_can_be_a_variable(own: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    env = {"ALLEGIANCE_PORT": str(port), "ALLEGIANCE_TIMEOUT": "0.2"}
    with Running(str(own), env=env) as server:
        assert server.url == f"http://127.0.0.1:{port}/"
        assert server.ask(RUNAWAY)[0] == 504


def test_missing_texts_are_told_and_block_nothing(own: Path):
    shutil.rmtree(own / "texts")
    with Running(str(own), "--port", "0") as server:
        assert server.works()
        assert "texts are not at hand" in str(server.ready()["warnings"])
    assert "--texts DIR" in server.err


# It refuses, with a reason


def test_a_port_in_use_is_told_before_anything_is_built(own: Path):
    shutil.rmtree(own / ".allegiance")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        began = time.monotonic()
        ended = run("serve", str(own), "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert "is in use" in ended.stderr
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert time.monotonic() - began < 5
    assert not list((own / ".allegiance" / "releases").iterdir())


def test_a_second_server_on_one_state_folder_is_refused(own: Path):
    with Running(str(own), "--port", "0") as server:
        second = run("serve", str(own), "--port", "0")
        assert second.returncode == 1
        assert "already serves" in second.stderr
        assert "--state" in second.stderr
        assert server.works()
    with Running(str(own), "--port", "0") as server:
        assert server.works()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 2, "no graph folder"),
        (["--port", "70000"], 2, "--port"),
        (["--timeout", "0"], 2, "--timeout"),
        (["--host", "192.0.2.1"], 1, "--host"),
        (["--host", "no.such.host.invalid"], 1, "--host"),
        (["--texts", "nowhere"], 2, "no such folder"),
    ],
)
def test_wrong_use_is_told(own: Path, arguments: list[str], code: int, words: str):
    folder = [] if arguments == ["nowhere"] else [str(own)]
    ended = run("serve", *folder, *arguments, cwd=own.parent)
    assert ended.returncode == code
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_error_and_no_release_yet_serves_nothing(own: Path):
    shutil.rmtree(own / ".allegiance")
    break_facts(own)
    ended = run("serve", str(own), "--port", "0")
    assert ended.returncode == 1
    assert "allegiance check" in ended.stderr
    assert "Serving" not in ended.stdout


# The last good release


def test_an_error_in_the_folder_leaves_the_last_good_release_served_and_says_so(own: Path):
    before = released(own)
    break_facts(own)
    with Running(str(own), "--port", "0") as server:
        assert len(server.ask(ARMS)[1].splitlines()) > 1
        ready = server.ready()
        assert ready["status"] == "ready"
        assert ready["release"] == before
        assert ready["older_release"] is True
        assert "error" in str(ready["problem"])
        assert b"older release" in server.get("", "text/html")[1]
    assert "OLDER RELEASE" in server.err
    assert "allegiance check" in server.err


def test_a_damaged_store_is_made_anew(own: Path):
    for file in (own / ".allegiance" / "releases" / released(own) / "store").glob("*.sst"):
        file.write_bytes(file.read_bytes()[:-100])
    with Running(str(own), "--port", "0") as server:
        assert len(server.ask(ARMS)[1].splitlines()) > 1


def test_a_damaged_release_is_not_served(own: Path):
    graph = own / ".allegiance" / "releases" / released(own) / "graph.nq"
    graph.write_bytes(graph.read_bytes().replace(b"estmark", b"eastmark"))
    break_facts(own)
    ended = run("serve", str(own), "--port", "0")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


# Processes


def test_a_killed_reader_host_is_started_again(own: Path):
    with Running(str(own), "--port", "0") as server:
        before = server.host
        kill(before)
        until(server.works)
        assert server.host != before
        assert server.ready()["status"] == "ready"
    assert "reader host ended by SIGKILL" in server.err


def test_a_killed_front_is_started_again_at_the_same_address(own: Path):
    with Running(str(own), "--port", "0") as server:
        before = server.front
        kill(before)
        until(server.works)
        assert server.front != before
    assert "front ended by SIGKILL" in server.err


def test_a_child_that_dies_again_and_again_stops_the_server(own: Path):
    with Running(str(own), "--port", "0") as server:
        for _ in range(5):
            until(lambda: server.host)
            before = server.host
            kill(before)
            until(lambda before=before: not alive(before))
            until(lambda: server.works() or server.process.poll() is not None)
        assert server.process.wait(20) == 1
    assert "fifth time" in server.err


def test_nothing_outlives_a_killed_supervisor(own: Path):
    with Running(str(own), "--port", "0") as server:
        port = int(server.url.rstrip("/").rpartition(":")[2])
        asking = threading.Thread(target=lambda: _ignore(server))
        asking.start()
        until(lambda: descendants(server.process.pid) - set(server.children))
        everyone = descendants(server.process.pid)
        server.process.kill()
        until(lambda: not any(alive(pid) for pid in everyone))
        asking.join()
    with socket.create_server(("127.0.0.1", port)):
        pass
    with Running(str(own), "--port", str(port)) as again:
        assert again.works()


def _ignore(server: Running) -> None:
    with suppress(OSError):
        server.ask(RUNAWAY)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_finishes_what_runs_and_leaves_nothing(
    own: Path, tmp_path: Path, number: int
):
    temporary = tmp_path / "t"
    temporary.mkdir()
    got = []
    with Running(
        str(own), "--port", "0", "--timeout", "1", env={"TMPDIR": str(temporary)}
    ) as server:
        assert len(list(temporary.iterdir())) == 1
        asking = threading.Thread(target=lambda: got.append(server.ask(RUNAWAY)[0]))
        asking.start()
        until(lambda: descendants(server.process.pid) - set(server.children))
        os.kill(server.process.pid, number)
        assert server.process.wait(15) == 0
        asking.join()
    assert got == [504]
    assert not list(temporary.iterdir())
    assert "Traceback" not in server.err


def test_a_long_query_does_not_hold_up_the_end(own: Path):
    with Running(str(own), "--port", "0", "--timeout", "600") as server:
        asking = threading.Thread(target=lambda: _ignore(server))
        asking.start()
        until(lambda: descendants(server.process.pid) - set(server.children))
        began = time.monotonic()
        server.process.terminate()
        assert server.process.stderr is not None
        assert any("Ending" in line for line in server.process.stderr)
        server.process.terminate()
        server.process.wait(15)
        assert time.monotonic() - began < 9  # The drain alone takes 10 s.
        asking.join()
