"""What tests of several rooms need: the repository's graph, a served copy of it, the texts."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from running import command, serving

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, by name, what needs the texts or suites where they are not at hand."""
    for item in items:
        if item.get_closest_marker("shared") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason="needs ../shared, which is not here"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository, which is a graph folder."""
    return ROOT


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with the current release of the repository's graph, built once."""
    path = tmp_path_factory.mktemp("state")
    subprocess.run([command(), "build", str(ROOT), "--state", str(path)], check=True)
    return path


@pytest.fixture(scope="session")
def served(state: Path) -> Iterator[str]:
    """The address, without a slash at its end, of a server of the repository's graph."""
    with serving(str(ROOT), "--state", str(state)) as address:
        yield address
