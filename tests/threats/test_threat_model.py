"""docs/threat-model.md: each threat names its test, and each test that it names is there."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "threat-model.md"
_TEST = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")


def rows() -> list[tuple[str, str]]:
    """Return each threat of the table with the cell that names its tests."""
    found = []
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and cells[0] != "Threat" and not cells[0].startswith("**"):
            assert len(cells) == 3, line
            found.append((cells[0], cells[2]))
    return found


def test_each_threat_names_a_test_and_each_named_test_exists():
    threats = rows()
    assert len(threats) > 40
    for threat, cell in threats:
        named = _TEST.findall(cell)
        assert named, f"no test: {threat}"
        # Nothing but tests stands there, so none is misspelt past this one.
        assert not _TEST.sub("", cell).strip(", "), cell
        for path, test in named:
            tree = ast.parse((TESTS / path).read_text("utf-8"))
            there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert not test or test in there, f"{path}::{test} is not there: {threat}"
            assert any(name.startswith("test_") for name in there)
