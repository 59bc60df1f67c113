"""The servers that are compared: how each is given the data, started, asked and ended."""

import re
import shutil
import socket
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

_START_SECONDS = 300.0
_READY = "SELECT ?s WHERE { ?s ?p ?o } LIMIT 1"
TOKEN = "a-token-of-the-bench"


class Server:
    """One server with its data. Ask it at ``address`` + a percent-encoded query."""

    name: str
    address: str
    process: "subprocess.Popen[bytes]"

    def __init__(self, folder: Path, peers: Path) -> None:
        self.folder = folder / self.name.replace(" ", "-")
        self.peers = peers / "bin"
        self.port = _free_port()

    def version(self) -> str:
        """Return name and version, as the table says it."""
        raise NotImplementedError

    def load(self, data: Path) -> None:
        """Take the data, N-Triples, into an empty folder."""

    def begin(self) -> list[str | Path]:
        """Return the command that starts it, and set ``address``."""
        raise NotImplementedError

    def start(self) -> float:
        """Start it; return after how many seconds it gave its first answer."""
        command = self.begin()
        began = time.monotonic()
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder
        )
        while time.monotonic() < began + _START_SECONDS:
            try:
                urlopen(self.url(_READY), timeout=_START_SECONDS).read()
                return time.monotonic() - began
            except (URLError, ConnectionError):
                if self.process.poll() is not None:
                    raise SystemExit(f"{self.name} ended with {self.process.returncode}") from None
                time.sleep(0.01)
        raise SystemExit(f"{self.name} gave no answer in {_START_SECONDS} s")

    def url(self, query: str) -> str:
        """Return the address of a query."""
        return self.address + quote(query, safe="")

    def ask(self, query: str, accept: str, seconds: float) -> bytes:
        """Return the body of an answer."""
        request = Request(self.url(query), headers={"Accept": accept})
        with urlopen(request, timeout=seconds) as answer:
            return answer.read()

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Ours(Server):
    """``allegiance serve --store``, with its default settings but for the log."""

    name = "ours"
    _more: tuple[str, ...] = ()

    def version(self) -> str:
        return f"allegiance {version('allegiance')}"

    def load(self, data: Path) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "token").write_text(TOKEN)
        # The limits are wide for this one request only; what is measured has the defaults.
        self._more = (
            "--body",
            "8G",
            "--memory",
            "32G",
            "--timeout",
            "3600",
            "--body-seconds",
            "60",
        )
        self.start()
        self._more = ()
        put = Request(self.base + "/store?default", data.read_bytes(), method="PUT")
        put.add_header("Content-Type", "application/n-triples")
        put.add_header("Authorization", f"Bearer {TOKEN}")
        urlopen(put, timeout=3600).close()
        self.stop()

    def begin(self) -> list[str | Path]:
        self.base = f"http://127.0.0.1:{self.port}"
        self.address = f"{self.base}/sparql?query="
        command = [Path(sys.executable).with_name("allegiance"), "serve", "--store", "data"]
        command += ["--token-file", "token", "--port", str(self.port), "--log", "none"]
        return [*command, *self._more]

    def update(self, update: str) -> None:
        """Make a change."""
        post = Request(f"{self.base}/update", update.encode())
        post.add_header("Content-Type", "application/sparql-update")
        post.add_header("Authorization", f"Bearer {TOKEN}")
        urlopen(post, timeout=60).close()


class Oxigraph(Server):
    """``oxigraph serve`` on a store that its own ``load`` made."""

    name = "oxigraph serve"

    def version(self) -> str:
        return _said([self.peers / "oxigraph", "--version"])

    def load(self, data: Path) -> None:
        self.folder.mkdir(parents=True)
        command = [self.peers / "oxigraph", "load", "--location", "data", "--file", data]
        subprocess.run(command, check=True, cwd=self.folder, capture_output=True)

    def begin(self) -> list[str | Path]:
        self.address = f"http://127.0.0.1:{self.port}/query?query="
        bind = f"127.0.0.1:{self.port}"
        return [self.peers / "oxigraph", "serve", "--location", "data", "--bind", bind]

    def update(self, update: str) -> None:
        """Make a change."""
        post = Request(f"http://127.0.0.1:{self.port}/update", update.encode())
        post.add_header("Content-Type", "application/sparql-update")
        urlopen(post, timeout=60).close()


class RdflibEndpoint(Server):
    """``rdflib-endpoint serve``, which reads the data into memory when it starts."""

    name = "rdflib-endpoint"

    def version(self) -> str:
        show = [self.peers / "python", "-m", "pip", "freeze", "--disable-pip-version-check"]
        found = re.findall(r"^(rdflib(?:-endpoint)?)==(\S+)", _said(show), re.MULTILINE)
        return ", ".join(" ".join(each) for each in reversed(found))

    def load(self, data: Path) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "data.nt").symlink_to(data.resolve())

    def begin(self) -> list[str | Path]:
        self.address = f"http://127.0.0.1:{self.port}/?query="
        command = [self.peers / "rdflib-endpoint", "serve", "--host", "127.0.0.1"]
        return [*command, "--port", str(self.port), "data.nt"]


class Virtuoso(Server):
    """Virtuoso of Debian, with buffers for the data and no limit on rows."""

    name = "Virtuoso"

    def version(self) -> str:
        show = ["dpkg-query", "-W", "-f", "${Version}", "virtuoso-opensource-7-bin"]
        return f"Virtuoso {_said(show)}"

    @staticmethod
    def there() -> bool:
        """Return whether it is installed."""
        return all(shutil.which(name) for name in ("virtuoso-t", "isql-vt", "dpkg-query"))

    def load(self, data: Path) -> None:
        self.folder.mkdir(parents=True)
        self._sql = _free_port()
        (self.folder / "virtuoso.ini").write_text(
            _VIRTUOSO.format(sql=self._sql, http=self.port, data=data.resolve().parent)
        )
        self.start()
        read = f"file_to_string_output ('{data.resolve()}')"
        run = f"DB.DBA.TTLP_MT ({read}, '', 'urn:bench', 0, 2); checkpoint; "
        command = ["isql-vt", f"localhost:{self._sql}", "dba", "dba", f"exec={run}"]
        subprocess.run(command, check=True, capture_output=True)
        self.stop()

    def begin(self) -> list[str | Path]:
        # Its default graph has graphs of its own in it, so it is asked for ours by name.
        graph = quote("urn:bench", safe="")
        self.address = f"http://127.0.0.1:{self.port}/sparql?default-graph-uri={graph}&query="
        return ["virtuoso-t", "-f", "-c", "virtuoso.ini"]


_VIRTUOSO = """\
[Database]
DatabaseFile = virtuoso.db
ErrorLogFile = virtuoso.log
LockFile = virtuoso.lck
TransactionFile = virtuoso.trx
xa_persistent_file = virtuoso.pxa
FileExtend = 200
MaxCheckpointRemap = 2000
[TempDatabase]
DatabaseFile = virtuoso-temp.db
TransactionFile = virtuoso-temp.trx
[Parameters]
ServerPort = {sql}
MaxClientConnections = 40
DirsAllowed = ., {data}
NumberOfBuffers = 170000
MaxDirtyBuffers = 130000
MaxQueryMem = 2G
VectorSize = 1000
MaxVectorSize = 1000000
ThreadsPerQuery = 2
AsyncQueueMaxThreads = 10
CheckpointInterval = 0
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 40
MaxKeepAlives = 40
KeepAliveTimeout = 60
[SPARQL]
ResultSetMaxRows = 100000000
MaxQueryCostEstimationTime = 0
MaxQueryExecutionTime = 0
"""


def all_servers(folder: Path, peers: Path) -> list[Server]:
    """Return every server that can be had here; ours and oxigraph serve come first."""
    found: list[Server] = [Ours(folder, peers), Oxigraph(folder, peers)]
    if Virtuoso.there():
        found.append(Virtuoso(folder, peers))
    return [*found, RdflibEndpoint(folder, peers)]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _said(command: list[str | Path]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
