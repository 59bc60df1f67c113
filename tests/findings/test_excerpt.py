"""The line that an error shows, with carets under the place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.findings import excerpt


def test_a_short_line_is_shown_whole_with_carets_under_the_place() -> None:
    assert excerpt("SELECT ?s WHERE", 8, 2) == ("SELECT ?s WHERE", "       ^^")


def test_a_long_line_is_shown_only_near_the_place() -> None:
    line = "a" * 5000 + "HERE" + "b" * 5000
    shown, carets = excerpt(line, 5001, 4)
    assert len(shown) <= 104
    assert shown[carets.index("^") : len(carets)] == "HERE"
    assert shown.startswith("… ") and shown.endswith(" …")


@pytest.mark.parametrize("evil", ["\x1b[2J", "\u202e", "\x07", "\x00"])
def test_what_steers_a_terminal_is_not_shown(evil: str) -> None:
    shown, _ = excerpt(f"before{evil}after", 1)
    assert all(letter.isprintable() for letter in shown)


@given(st.text(max_size=400), st.integers(1, 500), st.integers(1, 300))
def test_the_carets_stand_under_the_place(line: str, column: int, length: int) -> None:
    shown, carets = excerpt(line, column, length)
    assert set(carets.strip()) == {"^"}
    assert len(shown) <= 104
    first = carets.index("^")
    whole = line.rstrip("\r\n")
    if column <= len(whole) and whole[column - 1].isprintable() and whole[column - 1] != " ":
        assert shown[first] == whole[column - 1]
