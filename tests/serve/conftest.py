import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .running_server import Running, run


@pytest.fixture(scope="session")
def isles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small graph folder with a release of its own; not to be changed."""
    path = tmp_path_factory.mktemp("folder") / "isles"
    assert run("new", str(path)).returncode == 0
    built = run("build", str(path))
    assert built.returncode == 0, built.stderr
    return path


@pytest.fixture
def own(isles: Path, tmp_path: Path) -> Path:
    """A copy of it to change; its release is current."""
    path = tmp_path / "isles"
    shutil.copytree(isles, path)
    return path


@pytest.fixture(scope="module")
def running(isles: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests that leave it as it is."""
    path = tmp_path_factory.mktemp("served") / "isles"
    shutil.copytree(isles, path)
    with Running(str(path), "--port", "0", "--timeout", "1") as server:
        yield server
