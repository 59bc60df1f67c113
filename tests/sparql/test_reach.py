"""No query makes the server ask another address or read a file."""

import socket
import threading
from collections.abc import Iterator

import pytest

from .served import Server


@pytest.fixture
def called() -> Iterator[tuple[int, list[bytes]]]:
    """A listening socket: its port, and whatever came to it."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    heard.append(b"a call")

        thread = threading.Thread(target=listen)
        thread.start()
        yield listener.getsockname()[1], heard
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
        "SELECT * {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}",
        "SELECT * {{ VALUES ?v {{ <{url}> }} SERVICE ?v {{ ?s ?p ?o }} }}",
        "PREFIX e: <{url}> SELECT * {{ service e: {{ ?s ?p ?o }} }}",
        "ASK {{ FILTER EXISTS {{ {{ SELECT * {{ SeRvIcE<{url}>{{ ?s ?p ?o }} }} }} }} }}",
    ],
)
def test_service_is_refused_and_nobody_is_asked(server: Server, called, query: str):
    port, heard = called
    answer = server.get(query.format(url=f"http://127.0.0.1:{port}/sparql"))
    assert answer.status == 403
    assert answer.problem["title"] == "SERVICE is refused"
    assert answer.problem["line"] == 1
    assert not heard


@pytest.mark.parametrize(
    "query",
    [
        # By the grammar the first “<” begins an IRI that hides what follows; the engine sees a
        # comparison. So the kernel holds this, not the tokens.
        "SELECT * {{ FILTER(1<'x>')SERVICE <{url}> {{ ?s ?p ?o }} }} #'",
        "SELECT * {{ FILTER(?a<?b)SERVICE#>\n<{url}> {{ ?s ?p ?o }} }}",
    ],
)
def test_service_hidden_from_the_tokens_is_held_by_the_kernel(server: Server, called, query: str):
    port, heard = called
    answer = server.get(query.format(url=f"http://127.0.0.1:{port}/sparql"))
    assert answer.status == 403
    assert not heard


@pytest.mark.parametrize("clause", ["FROM", "FROM NAMED"])
def test_from_names_only_graphs_of_the_store(server: Server, called, clause: str):
    port, heard = called
    for url in (f"http://127.0.0.1:{port}/g", "file:///etc/passwd", "file:///etc/hostname"):
        query = (
            f"SELECT * {clause} <{url}> {{ {{ ?s ?p ?o }} UNION {{ GRAPH ?g {{ ?s ?p ?o }} }} }}"
        )
        answer = server.get(query, "text/csv")
        assert answer.status == 200
        assert len(answer.body.splitlines()) == 1
    fields = {"default-graph-uri": f"http://127.0.0.1:{port}/g"}
    assert len(server.get("SELECT * { ?s ?p ?o }", "text/csv", **fields).body.splitlines()) == 1
    assert not heard
