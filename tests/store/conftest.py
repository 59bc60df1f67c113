"""A plain store in a folder of the test's own, and a server of it."""

from pathlib import Path

import pytest

from running import serving

from .asking import TOKEN


@pytest.fixture
def arguments(tmp_path: Path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    token = str(tmp_path / "token")
    return ["--store", str(tmp_path / "store"), "--token-file", token, "--log", "none"]


@pytest.fixture
def address(arguments):
    with serving(*arguments, "--fronts", "1") as address:
        yield address
