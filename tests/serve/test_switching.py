"""A graph folder whose release changes while it is served."""

import http.client
import json
import os
import shutil
import signal
import socket
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from allegiance.release.state import set_current

from .running_server import Running, kill, run, until

OLD, NEW = "The river", "The great river"
LABEL = """PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?label { GRAPH ?g { <https://example.org/isles/id/river> skos:prefLabel ?label } }"""
# All that it counts is from one store, and it takes a while.
LONG = """PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?label (COUNT(*) AS ?n) {
  GRAPH ?g { <https://example.org/isles/id/river> skos:prefLabel ?label }
  { SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 12000000 } } GROUP BY ?label"""
STREAM = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
PAGE = "id/river"
REWORDED = b"Who sells weapons"


@dataclass(frozen=True)
class Two:
    """A folder with two releases: ``old`` is current, ``new`` is what its files say."""

    folder: Path
    old: str
    new: str

    @property
    def state(self) -> Path:
        return self.folder / ".allegiance"

    def release(self, name: str) -> Path:
        return self.state / "releases" / name


def change(folder: Path) -> None:
    facts = folder / "data" / "facts.ttl"
    facts.write_text(facts.read_text().replace(f'"{OLD}"', f'"{NEW}"'))


def reword(folder: Path) -> None:
    question = folder / "queries" / "001-who-arms-whom.rq"
    question.write_text(question.read_text().replace("# Who supplies arms", "# Who sells weapons"))


def build(folder: Path) -> str:
    built = run("build", str(folder))
    assert built.returncode == 0, built.stderr
    return built.stdout.split()[-1]


@pytest.fixture(scope="module")
def both(isles: Path, tmp_path_factory: pytest.TempPathFactory) -> Two:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("both") / "isles"
    shutil.copytree(isles, folder)
    old = (folder / ".allegiance" / "CURRENT").read_text().strip()
    change(folder)
    new = build(folder)
    assert new != old
    return Two(folder, old, new)


@pytest.fixture
def two(both: Two, tmp_path: Path) -> Two:
    """Two releases of one's own; ``serve`` finds the files as the old one was made of them."""
    folder = tmp_path / "isles"
    shutil.copytree(both.folder, folder)
    facts = folder / "data" / "facts.ttl"
    facts.write_text(facts.read_text().replace(f'"{NEW}"', f'"{OLD}"'))
    set_current(folder / ".allegiance", both.old)
    return Two(folder, both.old, both.new)


@dataclass(frozen=True)
class Got:
    status: int
    release: str
    body: bytes
    tag: str | None


def get(server: Running, path: str, accept: str = "text/csv", **headers: str) -> Got:
    with closing(http.client.HTTPConnection(address(server), timeout=280)) as connection:
        return ask_at(connection, path, accept, **headers)


def ask_at(connection: http.client.HTTPConnection, path: str, accept: str, **headers: str) -> Got:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", f"/{path}", headers={"Accept": accept, **names})
    answer = connection.getresponse()
    release = answer.getheader("X-Allegiance-Release", "")
    return Got(answer.status, release, answer.read(), answer.getheader("ETag"))


def address(server: Running) -> str:
    return server.url.removeprefix("http://").rstrip("/")


def query(text: str) -> str:
    return "sparql?" + urllib.parse.urlencode({"query": text})


def serving(two: Two, *arguments: str) -> Running:
    return Running(str(two.folder), "--port", "0", "--log", "none", *arguments)


def switched(server: Running, release: str) -> None:
    """Wait until each front tells of a release."""
    until(lambda: all(get(server, "readyz").release == release for _ in range(8)), 60)
    until(lambda: all(get(server, PAGE, "text/html").release == release for _ in range(8)), 60)


def started(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_long_query_ends_on_the_old_release_while_the_new_one_is_served(two: Two):
    got: list[Got] = []
    with serving(two, "--timeout", "300") as server:
        assert get(server, query(LABEL)).body.split(b"\r\n")[1] == OLD.encode()
        asking = started(lambda: got.append(get(server, query(LONG))))
        until(lambda: b'readers{state="working"} 1' in server.get("metrics")[1], 60)
        set_current(two.state, two.new)
        until(lambda: get(server, query(LABEL)).release == two.new, 60)
        pruned = run("prune", str(two.folder))
        assert asking.is_alive()
        assert f"kept    {two.old}  a server or a query has it open" in pruned.stdout
        asking.join(300)
        fresh = get(server, query(LABEL))
    (long,) = got
    assert (long.status, long.release) == (200, two.old)
    assert OLD.encode() in long.body
    assert (fresh.status, fresh.release) == (200, two.new)
    assert fresh.body.split(b"\r\n")[1] == NEW.encode()
    assert f"Serving a new release, built {built(two, two.new)}: {two.new[:12]}" in server.err


def built(two: Two, release: str) -> str:
    told: str = json.loads((two.release(release) / "build.json").read_text())["built"]
    return told


def test_pages_readiness_and_questions_are_of_the_new_release(two: Two):
    with serving(two) as server:
        before = get(server, PAGE, "text/html")
        assert (before.release, NEW.encode() in before.body) == (two.old, False)
        reword(two.folder)
        settings = two.folder / "allegiance.toml"
        settings.write_text(settings.read_text().replace('title = "Isles"', 'title = "Straits"'))
        assert REWORDED not in get(server, "sparql", "text/html").body
        change(two.folder)
        assert build(two.folder) == two.new
        switched(server, two.new)
        after = get(server, PAGE, "text/html")
        assert (after.status, after.release) == (200, two.new)
        assert NEW.encode() in after.body
        assert two.new[:12].encode() in after.body
        assert REWORDED in get(server, "sparql", "text/html").body
        assert b"Straits" in get(server, "", "text/html").body
        assert server.ready() == {"status": "ready", "release": two.new}
        assert get(server, "sparql", "text/turtle").release == two.new
        assert get(server, ".well-known/void", "text/turtle").release == two.new


def test_what_was_kept_or_tagged_on_one_release_is_not_given_on_the_other(two: Two):
    with serving(two, "--fronts", "1") as server:
        first = get(server, query(LABEL))
        assert get(server, query(LABEL), If_None_Match=first.tag or "").status == 304
        set_current(two.state, two.new)
        switched(server, two.new)
        second = get(server, query(LABEL), If_None_Match=first.tag or "")
        assert (second.status, second.release) == (200, two.new)
        assert NEW.encode() in second.body
        assert second.tag != first.tag
        assert get(server, query(LABEL), If_None_Match=second.tag or "").status == 304
        set_current(two.state, two.old)
        switched(server, two.old)
        both = f"{first.tag}, {second.tag}"
        third = get(server, query(LABEL), If_None_Match=both)
        assert (third.status, third.body, third.tag) == (200, first.body, first.tag)


def test_the_same_release_made_from_other_files_keeps_its_store_and_shows_the_new_ones(two: Two):
    with serving(two) as server:
        inode = (two.release(two.old) / "store").stat().st_ino
        reword(two.folder)
        assert build(two.folder) == two.old
        until(lambda: REWORDED in get(server, "sparql", "text/html").body, 60)
        assert (two.release(two.old) / "store").stat().st_ino == inode
        assert get(server, query(LABEL)).release == two.old


def damage_graph(release: Path) -> None:
    graph = release / "graph.nq"
    graph.write_bytes(graph.read_bytes().replace(b"great", b"small"))


def damage_store(release: Path) -> None:
    for file in (release / "store").glob("*.sst"):
        file.write_bytes(file.read_bytes()[:-100])


def damage_manifest(release: Path) -> None:
    (release / "manifest.json").write_text("{")


@pytest.mark.parametrize(
    "damage",
    [damage_graph, damage_store, damage_manifest, shutil.rmtree],
    ids=lambda do: do.__name__,
)
def test_a_damaged_new_release_is_not_served_and_that_is_said(
    two: Two, damage: Callable[[Path], None]
):
    damage(two.release(two.new))
    with serving(two) as server:
        set_current(two.state, two.new)
        until(lambda: server.ready().get("older_release"), 60)
        told = server.ready()
        assert told["status"] == "ready"
        assert told["release"] == two.old
        assert "An older release is served" in str(told["problem"])
        assert get(server, query(LABEL)).release == two.old
        page = get(server, "", "text/html")
        assert (page.status, page.release) == (200, two.old)
        assert b"An older release is served" in page.body
        # The one that is served is kept, although it is not current.
        pruned = run("prune", str(two.folder))
        assert two.release(two.old).is_dir()
        if damage is damage_store:
            assert f"kept    {two.old}  a server" in pruned.stdout
        else:
            assert pruned.returncode == 1
            assert "nothing was removed" in pruned.stderr
            assert "allegiance build" in pruned.stderr
        kill(server.host)
        until(server.works, 30)
        assert get(server, query(LABEL)).release == two.old
        if damage in (damage_graph, damage_store):
            change(two.folder)
            assert build(two.folder) == two.new
            switched(server, two.new)
            assert "problem" not in server.ready()
    assert "SERVING AN OLDER RELEASE" in server.err
    assert "Traceback" not in server.err


def test_a_lost_or_broken_name_of_the_current_release_is_said(two: Two):
    with serving(two) as server:
        (two.state / "CURRENT").write_text("nonsense\n")
        until(lambda: "names no release" in str(server.ready().get("problem")), 60)
        (two.state / "CURRENT").unlink()
        until(lambda: "no release is current" in str(server.ready().get("problem")), 60)
        assert get(server, query(LABEL)).release == two.old
        set_current(two.state, two.new)
        switched(server, two.new)


def test_a_host_or_front_that_dies_comes_back_with_the_new_release(two: Two):
    with serving(two) as server:
        set_current(two.state, two.new)
        switched(server, two.new)
        for victim in (server.host, server.front):
            kill(victim)
            until(server.works, 30)
            switched(server, two.new)
            assert NEW.encode() in get(server, query(LABEL + "# again")).body


def test_a_stream_goes_on_while_releases_change_and_its_store_is_held_until_it_ends(two: Two):
    with serving(two, "--rows", "0", "--timeout", "300") as server:
        host, _, port = address(server).rpartition(":")
        with socket.create_connection((host, int(port)), timeout=60) as stream:
            asked = f"GET /{query(STREAM)} HTTP/1.1\r\nHost: a\r\nAccept: text/csv\r\n\r\n"
            stream.sendall(asked.encode())
            head = stream.recv(65536)
            assert f"x-allegiance-release: {two.old}".encode() in head
            for release in (two.new, two.old, two.new):
                set_current(two.state, release)
                switched(server, release)
                for _ in range(50):
                    assert stream.recv(65536)
            assert "has it open" in run("prune", str(two.folder)).stdout
        until(lambda: f"removed {two.old}" in run("prune", str(two.folder)).stdout, 60)
        assert not two.release(two.old).exists()
        assert get(server, query(LABEL)).release == two.new


def storm(two: Two, switches: int, clients: int) -> Counter[str]:
    """Switch so often under load; return how many answers came from each release.

    Each answer is one that its release gives: words, tag and page.
    """
    says = {two.old: OLD.encode(), two.new: NEW.encode()}
    counts: Counter[str] = Counter()
    wrong: list[object] = []
    over = threading.Event()

    def load(number: int) -> None:
        connection = http.client.HTTPConnection(address(server), timeout=60)
        tags: dict[str, set[str]] = {two.old: set(), two.new: set()}
        asked = 0
        try:
            while not over.is_set():
                asked += 1
                if asked % 5 == 0:
                    got = ask_at(connection, PAGE, "text/html")
                    good = f"<code>{got.release[:12]}</code>".encode() in got.body
                    good &= (NEW.encode() in got.body) == (got.release == two.new)
                else:
                    # Some are in the cache, some are new.
                    more = "" if asked % 2 else f"# {number} {asked}"
                    theirs = ", ".join(tags[two.old] | tags[two.new]) if asked % 3 else ""
                    got = ask_at(connection, query(LABEL + more), "text/csv", If_None_Match=theirs)
                    if got.status == 304:
                        good = got.tag in tags[got.release]
                        counts["not modified"] += 1
                    else:
                        good = got.body.split(b"\r\n")[1] == says[got.release]
                        if got.tag and not more:
                            tags[got.release].add(got.tag)
                            good &= not tags[two.old] & tags[two.new]
                if got.status not in (200, 304) or not good:
                    wrong.append(got)
                    return
                counts[got.release] += 1
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    with serving(two) as server:
        threads = [threading.Thread(target=load, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        try:
            for number in range(switches):
                release = two.old if number % 2 else two.new
                set_current(two.state, release)
                until(lambda release=release: wrong or get(server, "readyz").release == release, 60)
                seen = counts[release]
                until(lambda release=release, seen=seen: wrong or counts[release] > seen + 20, 60)
        finally:
            over.set()
            for thread in threads:
                thread.join(60)
    assert wrong == [], wrong
    assert "Traceback" not in server.err
    return counts


def test_no_request_fails_and_none_is_mixed_while_releases_change(two: Two):
    counts = storm(two, switches=8, clients=6)
    assert min(counts[two.old], counts[two.new], counts["not modified"]) > 20


@pytest.mark.soak
def test_no_request_fails_over_many_switches(two: Two):
    counts = storm(two, switches=200, clients=12)
    print(dict(counts))


def test_told_to_stop_in_the_middle_of_a_switch_it_stops(two: Two):
    with serving(two) as server:
        set_current(two.state, two.new)
        os.kill(server.process.pid, signal.SIGTERM)
        assert server.process.wait(20) == 0


# Prune without a server


def test_prune_keeps_the_current_release_and_those_asked_for(two: Two):
    (two.state / "releases" / ".unfinished-1").mkdir()
    kept = run("prune", str(two.folder), "--keep", "1")
    assert kept.returncode == 0
    assert f"kept    {two.old}  current" in kept.stdout
    assert f"kept    {two.new}  among the last that were built" in kept.stdout
    assert "removed 1 folder of builds that did not end" in kept.stdout
    pruned = run("prune", "--state", str(two.state), cwd=two.folder)
    assert pruned.stdout.splitlines() == [f"removed {two.new}", f"kept    {two.old}  current"]
    assert [path.name for path in (two.state / "releases").iterdir()] == [two.old]
    assert run("query", "--on", str(two.folder), "-q", LABEL).stdout.split("\n")[1] == OLD


def test_prune_waits_for_a_build_and_leaves_what_it_makes(two: Two):
    shutil.rmtree(two.release(two.new))
    change(two.folder)
    building = started(lambda: build(two.folder))
    until(lambda: list((two.state / "releases").glob(".unfinished-*")), 60)
    pruned = run("prune", str(two.folder))
    building.join()
    assert pruned.stdout.splitlines() == [f"kept    {two.new}  current", f"removed {two.old}"]


@pytest.mark.parametrize("broken", ["no state", "no CURRENT", "CURRENT"])
def test_prune_without_a_current_release_removes_nothing(two: Two, broken: str):
    current = two.state / "CURRENT"
    if broken == "no state":
        shutil.rmtree(two.state)
    elif broken == "no CURRENT":
        current.unlink()
    else:
        current.write_text("nonsense")
    ended = run("prune", str(two.folder))
    assert ended.returncode == 1
    assert "help: " in ended.stderr
    assert "Traceback" not in ended.stderr
    if broken != "no state":
        assert two.release(two.old).is_dir() and two.release(two.new).is_dir()


def test_a_damaged_store_that_is_open_is_not_replaced_under_its_reader(two: Two):
    with serving(two) as server:
        damage_store(two.release(two.old))
        asked = run("build", str(two.folder))
        assert asked.returncode == 1
        assert "a server or a query has it open" in asked.stderr
        assert "stop that one first" in asked.stderr
        assert server.process.poll() is None
