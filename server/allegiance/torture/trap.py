"""What a query must not reach: a listening socket, and a file with a secret in it."""

import secrets
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Thread

_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/turtle\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class Trap:
    """Listens where the endpoint can reach it and counts who calls; has a file with a secret."""

    def __init__(self, family: socket.AddressFamily, address: str) -> None:
        self.secret = secrets.token_hex(16)
        self.calls = 0
        self._family = family
        self._address = address

    def __enter__(self) -> "Trap":
        self._listener = socket.create_server((self._address, 0), family=self._family)
        self._folder = tempfile.TemporaryDirectory(prefix="allegiance-torture-")
        folder = Path(self._folder.name)
        folder.chmod(0o755)
        self.file = folder / "secret.ttl"
        self.file.write_text(f'<urn:allegiance:trap> <urn:allegiance:secret> "{self.secret}" .\n')
        self.file.chmod(0o644)
        self._thread = Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """The address that nobody may call."""
        host = f"[{self._address}]" if ":" in self._address else self._address
        return f"http://{host}:{self._listener.getsockname()[1]}/trap"

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.calls += 1
            with connection, suppress(OSError):
                connection.settimeout(2)
                connection.recv(65536)
                connection.sendall(_ANSWER)
