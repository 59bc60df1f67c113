from collections.abc import Iterator
from pathlib import Path

import pytest

from allegiance.sparql import Limits

from . import small
from .served import Server, front


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "store"
    small.write(path)
    return path


@pytest.fixture(scope="session")
def server(store: Path) -> Iterator[Server]:
    with front(store, Limits(seconds=10)) as running:
        yield running


@pytest.fixture(scope="session")
def strict(store: Path) -> Iterator[Server]:
    """A server whose limits are soon reached."""
    with front(store, Limits(seconds=0.5, memory=64 * 1024**2, send_seconds=1)) as running:
        yield running
