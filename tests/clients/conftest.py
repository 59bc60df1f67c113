"""A server to ask, and the clients from npm, installed once into a cache folder."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from allegiance.sparql import Limits
from sparql import small
from sparql.served import front

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an endpoint over the small store, with pages at other addresses."""
    path = tmp_path_factory.mktemp("clients") / "store"
    small.write(path)
    with front(path, Limits(seconds=20)) as server:
        yield f"http://127.0.0.1:{server.port}/sparql"


@pytest.fixture(scope="session")
def node_clients() -> Path:
    """The folder with ask.mjs and its packages."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("needs npm and node, which are not here")
    inputs = [HERE / name for name in ("package.json", "package-lock.json")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "allegiance-tests" / f"clients-{digest[:16]}"
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in inputs:
            shutil.copy(path, folder)
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        (folder / "installed").touch()
    shutil.copy(HERE / "ask.mjs", folder)
    return folder
