"""The texts are not ours to publish: no file of the repository holds a run of their words."""

import re
import subprocess
from pathlib import Path

import pytest

from allegiance.folder import find

RUN = 8


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.replace("\u2019", "'").casefold())


def runs(text: str) -> set[str]:
    found = words(text)
    return {" ".join(found[at : at + RUN]) for at in range(len(found) - RUN + 1)}


@pytest.mark.shared
def test_no_file_holds_eight_words_in_a_row_of_a_text(root: Path) -> None:
    at_hand = find(root).texts_at()
    assert at_hand is not None
    copied = set().union(*(runs(text.read_text("utf-8")) for text in at_hand.glob("*.txt")))
    assert copied
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split("\0"):
        path = root / name
        if name and path.is_file():
            shared = runs(path.read_text("utf-8", "replace")) & copied
            assert not shared, f"{name}: {sorted(shared)[0]}"
