"""docs/endpoint.md says what the program does."""

from .endpoint_page import PAGE, fresh


def test_its_tables_are_those_of_the_program():
    page = PAGE.read_text("utf-8")
    assert page.count("<!-- table:") == 3
    assert page == fresh(page), "run: python tests/sparql/endpoint_page.py"
