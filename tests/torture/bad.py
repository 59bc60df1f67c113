"""Endpoints that answer small questions well and all else badly, each in its own way."""

import re
import socket
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

JSON = "application/sparql-results+json"
BEGUN = b'{"head":{"vars":["n"]},"results":{timed out'
TRUE = b'{"head":{},"boolean":true}'


def answer(body: bytes, media: str = JSON, status: str = "200 OK", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\n{extra}"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


PROBLEM = answer(b"too slow", "text/plain", "504 Gateway Timeout")


class Asked:
    """A request as it came, and the connection it came on."""

    def __init__(self, connection: socket.socket, listener: socket.socket) -> None:
        self.connection = connection
        self._listener = listener
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := connection.recv(65536)):
                raise OSError("the client left")
            data += more
        self.head, _, self.body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", self.head)
        while length and len(self.body) < int(length[1]):
            if not (more := connection.recv(65536)):
                raise OSError("the client left")
            self.body += more
        address = self.head.split(b" ")[1].partition(b"?")[2]
        self.text = urllib.parse.unquote_plus((address + b"&" + self.body).decode("latin-1"))

    @property
    def is_small(self) -> bool:
        """Whether it is a small question, or the work by which an idle server is known."""
        return "ASK { VALUES ?n {" in self.text or "FILTER(?a0 >= -" in self.text

    def end(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)


Behaviour = Callable[[Asked], None]


def well(asked: Asked) -> None:
    asked.say(PROBLEM)


def breaks_json(asked: Asked) -> None:
    """As oxigraph serve does: an error text in place of the rest, and a proper end."""
    asked.say(
        f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        + b"%x\r\n%s\r\n0\r\n\r\n" % (len(BEGUN), BEGUN)
    )


def hangs(asked: Asked) -> None:
    time.sleep(4)


def closes(asked: Asked) -> None:
    return


def cuts(asked: Asked) -> None:
    asked.say(f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nContent-Length: 900\r\n\r\n{{".encode())


def is_wrong(asked: Asked) -> None:
    rows = b'{"head":{"vars":["n"]},"results":{"bindings":[{"n":{"type":"literal","value":"1"}}]}}'
    asked.say(answer(rows))


def ends_early(asked: Asked) -> None:
    """Send some rows as if they were all."""
    asked.say(answer(b"v0\r\n1\r\n2\r\n", "text/csv"))


def is_late(asked: Asked) -> None:
    time.sleep(1.5)
    asked.say(PROBLEM)


def crashes_in_words(asked: Asked) -> None:
    asked.say(answer(b"Traceback", "text/plain", "500 Internal Server Error"))


def says_another_status(asked: Asked) -> None:
    asked.say(answer(b'{"status": 200}', "application/problem+json", "504 Gateway Timeout"))


def calls(asked: Asked) -> None:
    for url in re.findall(r"<(http://127[^>]*)>", asked.text):
        with suppress(OSError):
            urllib.request.urlopen(url, timeout=2).close()
    asked.say(PROBLEM)


def reads_files(asked: Asked) -> None:
    for url in re.findall(r"<(file://[^>]*)>", asked.text):
        with urllib.request.urlopen(url) as file:
            asked.say(answer(file.read(), "text/plain"))
        return
    asked.say(PROBLEM)


def echoes(asked: Asked) -> None:
    asked.say(answer(b"no", "text/plain", "400 Bad Request", f"X-Said: {asked.text}\r\n"))


def echoes_in_html(asked: Asked) -> None:
    asked.say(answer(asked.text.encode(), "text/html", "400 Bad Request"))


def takes_two_ends(asked: Asked) -> None:
    asked.say(answer(TRUE).replace(b"Connection: close\r\n", b"") * 2)


def obeys_updates(asked: Asked) -> None:
    asked.say(answer(b"", "text/plain", "204 No Content"))


def dies(asked: Asked) -> None:
    """End for all clients, as a server that crashes does."""
    asked.end()


@contextmanager
def endpoint(behaviour: Behaviour, *, one_at_a_time: bool = False) -> Iterator[str]:
    """Run an endpoint and yield its URL.

    one_at_a_time: whether a client waits until the one before it has its answer.
    """
    line = threading.Lock()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            asked = Asked(connection, listener)
            if not one_at_a_time:
                handle(asked)
                return
            with line:
                handle(asked)

    def handle(asked: Asked) -> None:
        asked.say(answer(TRUE)) if asked.is_small else behaviour(asked)

    def listen(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        thread = threading.Thread(target=listen, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/sparql"
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
