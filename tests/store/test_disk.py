"""Full, read-only, damaged and failing disks: nothing is lost, served broken, or lied about."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from running import command, serving

from .asking import ask, insert, query, rows, update
from .disks import fill, image, mounted, small
from .processes import find, until
from .tracing import traced

COUNT = "SELECT (COUNT(*) AS ?n) {?s ?p ?o}"


def on(disk, arguments):
    return ["--store", str(disk / "store"), *arguments[2:], "--fronts", "1"]


def test_a_full_disk_refuses_changes_until_there_is_room(arguments, tmp_path):
    with small(tmp_path / "disk") as disk, serving(*on(disk, arguments)) as address:
        assert update(address, insert(0))[0] == 204
        there = 2
        for left in (0, 8 << 10, 64 << 10, 256 << 10, 1 << 20):
            filler = fill(disk, left)
            status, _, body = update(address, insert(1000 + left))
            assert status in (204, 507), body
            assert left or status == 507
            if status == 204:
                there += 2
            else:
                assert "disk is full" in body
                assert "Nothing was changed" in body
            assert rows(address, COUNT) == [str(there)]
            filler.unlink()
            status, _, body = update(address, insert(left))
            assert status == 204, body
            there += 2 if left else 0
            assert rows(address, COUNT) == [str(there)]


def test_a_store_on_a_full_or_read_only_disk_is_served_and_changes_are_refused(
    arguments, tmp_path, capfd
):
    with small(tmp_path / "disk") as disk:
        with serving(*on(disk, arguments)) as address:
            assert update(address, insert(0))[0] == 204
        filler = fill(disk)
        for how, room in ((None, filler.unlink), ("remount,ro", None)):
            if how:
                subprocess.run(["mount", "-o", how, str(disk)], check=True)
            with serving(*on(disk, arguments)) as address:
                assert "cannot be written" in capfd.readouterr().err
                assert rows(address, COUNT) == ["2"]
                status, _, body = update(address, insert(1))
                assert status == 507, body
                assert "Nothing was changed" in body
                assert rows(address, COUNT) == ["2"]
            if room:
                room()
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        with serving(*on(disk, arguments)) as address:
            assert update(address, insert(1))[0] == 204
            assert rows(address, COUNT) == ["4"]


def spoil(path, how):
    data = bytearray(path.read_bytes())
    if how == "flipped":
        # In CURRENT that makes 000000000002 of 000000000003, which is there as well.
        data[11 if path.name == "CURRENT" else len(data) // 2] ^= 1
        path.write_bytes(data)
    elif how == "truncated":
        path.write_bytes(data[: len(data) // 2])
    else:
        path.unlink()


@pytest.mark.parametrize("how", ["flipped", "truncated", "missing"])
@pytest.mark.parametrize("name", ["store/*.sst", "store/MANIFEST*", "seal.json", "../../CURRENT"])
def test_a_damaged_file_of_a_snapshot_is_named_and_not_served(stored, tmp_path, how, name):
    arguments, store = stored
    shutil.copytree(store, tmp_path / "store", copy_function=shutil.copyfile)
    now = (tmp_path / "store" / "CURRENT").read_text().split()[0]
    damaged = max(
        (tmp_path / "store" / "snapshots" / now).glob(name), key=lambda p: p.stat().st_size
    )
    spoil(damaged, how)
    command_line = [command(), "serve", "--store", str(tmp_path / "store"), *arguments[2:]]
    ran = subprocess.run([*command_line, "--port", "0"], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 1
    assert damaged.name in ran.stderr
    assert "Serving" not in ran.stdout
    assert "Traceback" not in ran.stderr


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A store with some commits in it, and the arguments to serve it by."""
    folder = tmp_path_factory.mktemp("stored")
    (folder / "token").write_text("only-for-these-tests-0123456789\n")
    arguments = ["--store", str(folder / "store"), "--token-file", str(folder / "token")]
    with serving(*arguments, "--log", "none", "--fronts", "1") as address:
        for number in range(3):
            assert update(address, insert(number))[0] == 204
    return arguments, folder / "store"


def test_damage_under_a_running_server_is_never_answered_with_other_data(arguments, tmp_path):
    texts = [f"{number:03} {'x' * 500}" for number in range(400)]
    triples = " . ".join(f'<urn:{n}> <urn:p> "{text}"' for n, text in enumerate(texts))
    with serving(*arguments, "--fronts", "1"):
        pass
    with serving(*arguments, "--fronts", "1") as address:
        assert update(address, f"INSERT DATA {{{triples}}}")[0] == 204
        now = (tmp_path / "store" / "CURRENT").read_text().split()[0]
        largest = max(
            (tmp_path / "store" / "snapshots" / now).glob("store/*.sst"),
            key=lambda path: path.stat().st_size,
        )
        with largest.open("r+b") as file:
            for at in range(100, largest.stat().st_size - 2000, 997):
                file.seek(at)
                file.write(b"\xff")
        status, body = query(address, "SELECT ?o {?s ?p ?o} ORDER BY ?o")
        assert status == 500 or body.split("\r\n")[1:-1] == texts
        if status == 500:
            assert "Corruption" in body


def test_a_failed_sync_of_what_is_current_is_told_and_mended(arguments, tmp_path):
    server = serving(*arguments, "--fronts", "1")
    store = tmp_path / "store"
    with server as address:
        assert update(address, insert(0))[0] == 204
        (writer,) = find(server.process.pid, "writer")
        inject = ("-P", str(store), "-e", "inject=fsync:error=EIO")
        with traced(writer, tmp_path / "trace", *inject):
            status, _, body = update(address, insert(1))
            told = json.loads(body)
            assert status == 500, body
            assert told["title"] == "The outcome of the change is not known"
            assert "Input/output error" in told["detail"]
            # Readers and writer agree on the one state, which the help says how to tell.
            before = re.search(r"greater than (\d{12})", told["help"])[1]
            assert rows(address, COUNT) == ["4"]
            now = ask(address, "GET", "/livez")[1]["x-allegiance-release"]
            assert now == (store / "CURRENT").read_text().split()[0] > before
            status, _, body = update(address, insert(2))
            assert status == 507, body
            assert "Nothing was changed" in body
            assert rows(address, COUNT) == ["4"]
        assert update(address, insert(3))[0] == 204
        assert rows(address, COUNT) == ["6"]
    with serving(*arguments, "--fronts", "1") as address:
        assert rows(address, COUNT) == ["6"]


def test_one_failed_sync_that_is_made_good_is_no_failure(arguments, tmp_path):
    server = serving(*arguments, "--fronts", "1")
    with server as address:
        (writer,) = find(server.process.pid, "writer")
        inject = ("-P", str(tmp_path / "store"), "-e", "inject=fsync:error=EIO:when=1")
        with traced(writer, tmp_path / "trace", *inject):
            assert update(address, insert(0))[0] == 204
        assert "INJECTED" in (tmp_path / "trace").read_text()
        assert rows(address, COUNT) == ["2"]


def test_a_failed_sync_before_changes_nothing(arguments, tmp_path):
    server = serving(*arguments, "--fronts", "1")
    with server as address:
        assert update(address, insert(0))[0] == 204
        (writer,) = find(server.process.pid, "writer")
        snapshots = tmp_path / "store" / "snapshots"
        for path in (snapshots, snapshots / ".unfinished" / "seal.json"):
            inject = ("-P", str(path), "-e", "inject=fsync:error=EIO")
            with traced(writer, tmp_path / "trace", *inject):
                status, _, body = update(address, insert(1))
                assert status == 507, body
                assert "Nothing was changed" in body
            assert rows(address, COUNT) == ["2"]
            assert len(list(snapshots.iterdir())) == 2
        assert update(address, insert(1))[0] == 204
        assert rows(address, COUNT) == ["4"]


def test_all_that_is_promised_is_synced_before_the_answer(arguments, tmp_path):
    server = serving(*arguments, "--fronts", "1")
    store = tmp_path / "store"
    with server as address:
        assert update(address, insert(0))[0] == 204
        known = {path.name for path in store.glob("snapshots/*/store/*")}
        (writer,) = find(server.process.pid, "writer")
        calls = "trace=fsync,fdatasync,rename,renameat,renameat2,sendto"
        with traced(writer, tmp_path / "trace", "-e", calls):
            assert update(address, insert(1))[0] == 204
    said = (tmp_path / "trace").read_text()
    now = (store / "CURRENT").read_text().split()[0]
    fresh = store / "snapshots" / ".unfinished"
    new = [
        path.name
        for path in (store / "snapshots" / now / "store").iterdir()
        if path.name not in known and not path.name.startswith("LOG")
    ]
    assert any(name.endswith(".sst") for name in new)

    def place(pattern):
        found = list(re.finditer(pattern, said))
        assert found, f"{pattern} is not in\n{said}"
        return found[-1].start()

    def synced(path):
        return place(rf"fsync\(\d+<{re.escape(str(path))}>\) += 0")

    files = [synced(fresh / "store" / name) for name in new]
    order = [
        max(files),
        synced(fresh / "store"),
        synced(fresh / "seal.json"),
        synced(fresh),
        place(rf'rename\("{re.escape(str(fresh))}", "[^"]*{now}"\) = 0'),
        synced(store / "snapshots"),
        synced(store / ".CURRENT.new"),
        place(r'rename\("[^"]*\.CURRENT\.new", "[^"]*/CURRENT"\) = 0'),
        synced(store),
        place(r'sendto\(.*\\"do\\": \\"open\\"'),
        place(r'sendto\(.*\\"created\\"'),
    ]
    assert order == sorted(order)


def test_what_was_acknowledged_is_there_after_a_power_loss(arguments, tmp_path):
    disk = image(tmp_path / "image")
    lost = []
    with (
        mounted(tmp_path / "disk", "-o", "loop,commit=300", str(disk)) as folder,
        serving(*on(folder, arguments)) as address,
    ):
        for number in range(3):
            assert update(address, insert(number))[0] == 204
            # What the disk has at that moment, without what waits in memory to be written.
            lost.append(Path(shutil.copyfile(disk, tmp_path / f"lost{number}")))
    for number, copy in enumerate(lost):
        with (
            mounted(tmp_path / f"again{number}", "-o", "loop", str(copy)) as folder,
            serving(*on(folder, arguments)) as address,
        ):
            assert rows(address, COUNT) == [str(2 * number + 2)]


def test_room_is_given_back_by_what_a_killed_server_left(arguments, tmp_path):
    with serving(*arguments, "--fronts", "1") as address:
        assert update(address, insert(0))[0] == 204
    snapshots = tmp_path / "store" / "snapshots"
    for rubbish in (snapshots / ".unfinished", snapshots / "000000000007"):
        (rubbish / "store").mkdir(parents=True)
        (rubbish / "store" / "half.sst").write_bytes(b"half")
    with serving(*arguments, "--fronts", "1") as address:
        until(lambda: len(list(snapshots.iterdir())) == 2, 10, "the end of what was left")
        assert rows(address, COUNT) == ["2"]
