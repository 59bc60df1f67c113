"""The reader host opens another store while it is asked."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from allegiance.sparql import BadQuery, Readers, Superseded, control
from allegiance.sparql.processes import end, start_host, wait_for_host

from .served import children, until

BASE = "https://example.org/"


@pytest.fixture
def stores(store: Path, tmp_path: Path) -> dict[str, Path]:
    copies = {name: tmp_path / name for name in ("one", "two")}
    for path in copies.values():
        shutil.copytree(store, path)
    return copies


@pytest.fixture
def host(stores: dict[str, Path], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A host at the socket ``s`` with the store ``one``."""
    process = start_host(stores["one"], tmp_path / "s", BASE, name="one")
    wait_for_host(process, Readers(tmp_path / "s"))
    yield process
    end(process, 5)


def switch(readers: Readers, stores: dict[str, Path], name: str) -> None:
    what = {"do": "open", "store": str(stores[name]), "name": name}
    assert control.order(readers.socket, what) == {"opened": True}


def test_no_query_fails_while_stores_change(
    host: subprocess.Popen[bytes], stores: dict[str, Path], tmp_path: Path
):
    readers = Readers(tmp_path / "s")
    wrong: list[BaseException] = []
    asked = [0, 0, 0]
    over = threading.Event()

    def ask(number: int) -> None:
        try:
            while not over.is_set():
                assert readers.ask("ASK { ?s ?p ?o }", results="csv") == b"true"
                asked[number] += 1
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(asked))]
    for thread in threads:
        thread.start()
    for number in range(100):
        switch(readers, stores, ("two", "one")[number % 2])
    until(lambda: wrong or min(asked) > 20, 60)
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_who_means_one_store_gets_no_answer_of_another(
    host: subprocess.Popen[bytes], stores: dict[str, Path], tmp_path: Path
):
    readers = Readers(tmp_path / "s", release="one")
    assert readers.ask("ASK {}", results="csv") == b"true"
    switch(readers, stores, "two")
    with pytest.raises(Superseded):
        readers.ask("ASK {}")


def test_no_reader_of_the_last_store_is_left_idle(
    host: subprocess.Popen[bytes], stores: dict[str, Path], tmp_path: Path
):
    readers = Readers(tmp_path / "s")
    with readers.stream("ASK {}") as answer:
        assert b"".join(answer)
        until(lambda: children(host.pid))
        before = set(children(host.pid))
        switch(readers, stores, "two")
        until(lambda: not before & set(children(host.pid)))


def test_a_prefix_is_told_by_the_base_of_the_store_opened_last(
    host: subprocess.Popen[bytes], stores: dict[str, Path], tmp_path: Path
):
    readers = Readers(tmp_path / "s")
    what = {"do": "open", "store": str(stores["two"]), "name": "two", "base": "https://else.where/"}
    assert control.order(readers.socket, what) == {"opened": True}
    with pytest.raises(BadQuery, match=re.escape("PREFIX id: <https://else.where/id/>")):
        readers.ask("SELECT * { id:a ?p ?o }")
