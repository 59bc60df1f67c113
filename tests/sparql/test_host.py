"""The reader host: who may come in, and that nothing outlives it."""

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from allegiance.errors import ReleaseError
from allegiance.sparql import AsyncReaders, BadQuery, Limits, Readers, Stopped, control
from allegiance.sparql.processes import serving, start_host, wait_for_host

from .served import children, until
from .small import RUNAWAY

BASE = "https://example.org/"


def test_only_this_user_can_reach_the_readers(store: Path):
    with serving(store, BASE) as readers:
        assert stat.S_IMODE(readers.socket.stat().st_mode) == 0o600
        assert stat.S_IMODE(readers.socket.parent.stat().st_mode) == 0o700
        folder = readers.socket.parent
    assert not folder.exists()


def test_what_a_killed_server_left_is_removed_by_the_next(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left, fresh, other = (tmp_path / name for name in ("allegiance-a", "allegiance-b", "other"))
    for path in (left, fresh, other):
        path.mkdir()
        (path / "front.json").write_text("{}")
    for path in (left, other):
        os.utime(path, (0, 0))
    with serving(store, BASE) as readers:
        os.utime(readers.socket.parent, (0, 0))
        with serving(store, BASE):
            assert readers.socket.exists()
    assert sorted(tmp_path.iterdir()) == [fresh, other]


@pytest.mark.parametrize("damage", ["empty", "missing", "no store"])
def test_a_store_that_cannot_be_opened_is_a_clear_error(tmp_path: Path, damage: str):
    path = tmp_path / "store"
    if damage != "missing":
        path.mkdir()
    if damage == "no store":
        (path / "CURRENT").write_text("nonsense\n")
    with pytest.raises(ReleaseError, match="cannot be opened") as caught, serving(path, BASE):
        pass
    assert "allegiance build" in str(caught.value)


def test_nonsense_on_the_socket_harms_nobody(store: Path):
    with serving(store, BASE) as readers:
        for nonsense in (b"", b"GET / HTTP/1.1\r\n\r\n", b"Q\xff\xff\xff\xff", b"Q\0\0\0\2{]"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(readers.socket))
                connection.sendall(nonsense)
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(5)
                while connection.recv(4096):
                    pass
        assert readers.ask("ASK {}", results="csv") == b"true"


def test_readers_end_with_their_host(store: Path, tmp_path: Path):
    readers = Readers(tmp_path / "s", Limits(seconds=60))
    host = start_host(store, readers.socket, BASE)
    wait_for_host(host, readers)
    failed = []

    def ask() -> None:
        try:
            readers.ask(RUNAWAY)
        except Stopped as error:
            failed.append(error.problem.code)

    thread = threading.Thread(target=ask)
    thread.start()
    until(lambda: len(children(host.pid)) == 1)
    (reader,) = children(host.pid)
    host.kill()
    host.wait()
    until(lambda: not Path(f"/proc/{reader}").exists())
    thread.join(5)
    assert failed == ["crash"]
    with pytest.raises(Stopped):
        readers.ask("ASK {}")


def test_nobody_notices_that_the_store_is_changed_for_another(store: Path, tmp_path: Path):
    other = tmp_path / "other"
    shutil.copytree(store, other)
    failed: list[BaseException] = []
    asked = 0

    async def ask(readers: AsyncReaders) -> None:
        nonlocal asked
        while not over:
            answer = await readers.stream("SELECT * { ?s ?p ?o } LIMIT 3", results="csv")
            body = b"".join([piece async for piece in answer])
            answer.close()
            assert body.count(b"\r\n") == 4
            asked += 1

    async def ask_on_four() -> None:
        readers = AsyncReaders(socket_path)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(4):
                    group.create_task(ask(readers))
        except* Exception as group:
            failed.extend(group.exceptions)
        readers.forget()

    over = False
    with serving(store, BASE) as plain:
        socket_path = plain.socket
        thread = threading.Thread(target=lambda: asyncio.run(ask_on_four()))
        thread.start()
        for number in range(60):
            where = (other, store)[number % 2]
            told = control.order(plain.socket, {"do": "open", "store": str(where), "name": ""})
            assert told == {"opened": True}
        over = True
        thread.join()
    assert not failed
    assert asked > 60


def test_a_host_ends_with_the_process_that_started_it(store: Path, tmp_path: Path):
    starter = (
        "import sys, time; from pathlib import Path\n"
        "from allegiance.sparql.processes import start_host\n"
        "print(start_host(Path(sys.argv[1]), Path(sys.argv[2]), 'https://a/').pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", starter, str(store), str(tmp_path / "s")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        host = int(process.stdout.readline())
        until((tmp_path / "s").exists)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    until(lambda: _gone(host))


def _gone(pid: int) -> bool:
    """Return whether a process is gone, or a zombie that nobody here can reap."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_an_unknown_prefix_is_offered_with_the_iri_of_this_folder(store: Path):
    with serving(store, "https://else.where/") as readers:
        with pytest.raises(BadQuery) as caught:
            readers.ask("SELECT * { id:a ?p ?o }")
        assert "PREFIX id: <https://else.where/id/>" in str(caught.value)
        assert caught.value.where == "line 1, column 12"
