"""Releases on a real disk: the same input gives the same release, and nothing is half done."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pyoxigraph
import pytest

from running import command

GRAPH_FOLDERS = ("ontology", "data", "shapes", "queries")


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A copy of the repository's graph folder, without any text."""
    copy = tmp_path / "somewhere" / "graph"
    for name in GRAPH_FOLDERS:
        shutil.copytree(root / name, copy / name)
    shutil.copy(root / "allegiance.toml", copy)
    return copy


@pytest.fixture
def own(state: Path, tmp_path: Path) -> Path:
    """A state folder of one's own, with the release of the repository's graph."""
    copy = tmp_path / "state"
    shutil.copytree(state, copy)
    return copy


def build(folder: Path, state: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [command(), "build", str(folder), "--state", str(state)], capture_output=True, text=True
    )


def release(state: Path) -> Path:
    return state / "releases" / (state / "CURRENT").read_text().strip()


def ask(folder: Path, state: Path, query: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [command(), "query", "--on", str(folder), "--state", str(state), "-q", query],
        capture_output=True,
        text=True,
    )


COUNT = "SELECT (COUNT(*) AS ?n) { ?claim a <https://w3id.org/allegiance/def/Claim> }"


def test_another_folder_without_the_texts_gives_the_same_release(
    folder: Path, state: Path, tmp_path: Path
) -> None:
    built = build(folder, tmp_path / "other")
    assert built.returncode == 0, built.stderr
    first, second = release(state), release(tmp_path / "other")
    assert built.stdout.split()[-1] == first.name == second.name
    for file in ("graph.nq", "manifest.json"):
        assert (first / file).read_bytes() == (second / file).read_bytes()
    assert json.loads((second / "build.json").read_text())["texts"] is False


def test_the_id_is_the_digest_of_the_graph(state: Path) -> None:
    data = (release(state) / "graph.nq").read_bytes()
    assert hashlib.sha256(data).hexdigest() == release(state).name
    lines = data.decode().splitlines()
    assert lines == sorted(lines)


def test_the_default_graph_is_the_merge_of_all_graphs_but_the_reifiers(state: Path) -> None:
    store = pyoxigraph.Store.read_only(str(release(state) / "store"))
    reifiers = pyoxigraph.NamedNode("https://w3id.org/allegiance/graph/reifiers")
    named = {quad.triple for quad in store if quad.graph_name != pyoxigraph.DefaultGraph()}
    apart = {quad.triple for quad in store.quads_for_pattern(None, None, None, reifiers)}
    merged = [
        quad.triple for quad in store.quads_for_pattern(None, None, None, pyoxigraph.DefaultGraph())
    ]
    assert len(merged) == len(set(merged))
    assert apart
    assert set(merged) == named - apart


def test_a_changed_fact_gives_another_release(folder: Path, own: Path) -> None:
    before = release(own).name
    facts = folder / "data" / "facts.ttl"
    facts.write_text(facts.read_text().replace('"Russia"@en', '"Russian Federation"@en'))
    for file in (folder / "queries").iterdir():
        file.unlink()
    built = build(folder, own)
    assert built.returncode == 0, built.stderr
    assert release(own).name != before
    assert (own / "releases" / before).is_dir()


def test_an_error_in_the_folder_leaves_the_last_good_release_current(
    folder: Path, own: Path
) -> None:
    before = release(own).name
    (folder / "data" / "facts.ttl").write_text("this is no Turtle")
    built = build(folder, own)
    assert built.returncode == 1
    assert "allegiance check" in built.stderr
    assert "Traceback" not in built.stderr
    assert release(own).name == before
    assert ask(folder, own, COUNT).returncode == 0


def test_what_a_crashed_build_left_is_removed(folder: Path, own: Path) -> None:
    rubbish = own / "releases" / ".unfinished-1"
    rubbish.mkdir()
    (rubbish / "graph.nq").write_text("half")
    assert build(folder, own).returncode == 0
    assert [path.name for path in (own / "releases").iterdir()] == [release(own).name]


@pytest.mark.parametrize("damaged", ["graph.nq", "manifest.json", "CURRENT"])
@pytest.mark.parametrize("how", ["cut", "changed", "removed"])
def test_a_damaged_release_is_built_anew_before_it_is_asked(
    root: Path, own: Path, damaged: str, how: str
) -> None:
    whole = release(own)
    path = own / "CURRENT" if damaged == "CURRENT" else whole / damaged
    data = path.read_bytes()
    if how == "removed":
        path.unlink()
    else:
        path.write_bytes(data[: len(data) // 2] if how == "cut" else b"x" + data[1:])
    answer = ask(root, own, COUNT)
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout.split()[-1]) > 100
    assert path.read_bytes() == data
    # Without CURRENT there is no release to be damaged.
    assert str(path) in answer.stderr or (path == own / "CURRENT" and how == "removed")


@pytest.mark.parametrize(
    ("pattern", "how"),
    [("*.sst", "changed"), ("*.sst", "cut"), ("MANIFEST-*", "changed"), ("CURRENT", "removed")],
)
def test_a_damaged_store_is_named_and_made_anew(
    root: Path, own: Path, pattern: str, how: str
) -> None:
    path = sorted((release(own) / "store").glob(pattern))[0]
    data = bytearray(path.read_bytes())
    if how == "removed":
        path.unlink()
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    answer = ask(root, own, COUNT)
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout.split()[-1]) > 100
    assert str(path) in answer.stderr


def test_a_damaged_release_is_named_and_not_served_where_none_can_be_built(
    folder: Path, own: Path
) -> None:
    graph = release(own) / "graph.nq"
    data = bytearray(graph.read_bytes())
    data[len(data) // 2] ^= 1
    graph.write_bytes(data)
    (folder / "data" / "facts.ttl").write_text("this is no Turtle")
    ran = subprocess.run(
        [command(), "serve", str(folder), "--state", str(own), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 1
    assert str(graph) in ran.stderr
    assert "Serving" not in ran.stdout


def test_a_state_folder_that_cannot_be_made_is_said_with_what_to_do(
    root: Path, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    built = build(root, in_the_way / "state")
    assert built.returncode == 1
    assert "--state DIR" in built.stderr
    assert "Traceback" not in built.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a read-only disk")
def test_a_release_on_a_read_only_disk_can_be_asked(root: Path, own: Path) -> None:
    mounted = subprocess.run(
        ["mount", "--bind", "-o", "ro", str(own), str(own)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.strip()}")
    try:
        with pytest.raises(OSError, match="Read-only"):
            (own / "probe").write_text("")
        answer = ask(root, own, COUNT)
        refused = build(root, own)
    finally:
        subprocess.run(["umount", str(own)], check=True)
    assert answer.returncode == 0, answer.stderr
    assert refused.returncode == 1
    assert "--state DIR" in refused.stderr


def test_two_builds_at_once_both_end_well(folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "both"
    arguments = [command(), "build", str(folder), "--state", str(state)]
    running = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate()[0].split()[-1] for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert said == {release(state).name}
