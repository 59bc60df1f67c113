import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from running import command
from serve.running_server import Running


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small graph folder with a release."""
    path = tmp_path_factory.mktemp("limits") / "isles"
    subprocess.run([command(), "new", str(path)], check=True, capture_output=True)
    subprocess.run([command(), "build", str(path)], check=True, capture_output=True)
    return path


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """A copy of it, since a state folder is served once."""
    return Path(shutil.copytree(folder, tmp_path / "isles"))


TIGHT = (
    *("--timeout", "2", "--rows", "100", "--bytes", "20K", "--memory", "48M"),
    *("--body", "4K", "--address", "2K", "--header", "2K", "--header-seconds", "0.5"),
    *("--body-seconds", "0.5", "--send-seconds", "1", "--slow", "2", "--readers", "8"),
    *("--line", "2", "--wait", "0.6", "--connections", "60", "--fronts", "2", "--log", "json"),
)


@pytest.fixture(scope="module")
def tight(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with two fronts whose limits are soon reached."""
    path = tmp_path_factory.mktemp("tight") / "isles"
    shutil.copytree(folder, path)
    with Running(str(path), "--port", "0", *TIGHT) as server:
        yield server
