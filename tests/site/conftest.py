"""The pages over the example graph, with and without its text."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from graphs import Counted, write_store
from isles import BASE, write

from allegiance import names
from allegiance.folder import packaged
from allegiance.site import Question, Settings, create_app
from allegiance.sparql import Readers
from allegiance.sparql.processes import serving

QUESTIONS = (
    Question(
        "001",
        "Who arms whom?",
        "# Who arms whom?\nPREFIX def: <https://w3id.org/allegiance/def/>\n"
        "SELECT ?supplier ?armed WHERE { ?supplier def:suppliesArmsTo ?armed }",
    ),
    Question(
        "002",
        "Whose view is ascribed?",
        "# Whose view is ascribed?\n# One row a claim.\n\n"
        "PREFIX def: <https://w3id.org/allegiance/def/>\n"
        "SELECT ?claim ?actor WHERE { ?claim def:accordingTo ?actor }",
    ),
    Question(
        "003",
        "Who arms whom, by name?",
        "# Who arms whom, by name?\n\nSELECT ?supplier ?armed\nWHERE {\n"
        "  ?a def:suppliesArmsTo ?b .\n"
        "  ?a skos:prefLabel ?supplier . ?b skos:prefLabel ?armed .\n}\n",
    ),
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("isles")
    write(path)
    return path


@pytest.fixture(scope="session")
def plain_readers(folder: Path) -> Iterator[Readers]:
    graph = packaged()
    files = {name: [folder / f"{name}.ttl"] for name in ("facts", "sources", "links")}
    for name in ("ontology", "shapes"):
        files[name] = sorted((graph / name).glob("*.ttl"))
    write_store(folder / "store", BASE, files)
    with serving(folder / "store", BASE) as readers:
        yield readers


@pytest.fixture(scope="session")
def readers(plain_readers: Readers) -> Counted:
    return Counted(plain_readers.socket, plain_readers.limits)


@pytest.fixture(scope="session")
def settings(folder: Path) -> Settings:
    return Settings(
        base=BASE,
        title="The isles",
        description="Who stands with whom in the isles.",
        licence="https://creativecommons.org/licenses/by/4.0/",
        prefixes=names.prefixes(BASE),
        questions=QUESTIONS,
        release="0123456789abcdef",
        texts=folder / "texts",
        warnings=("One text is missing.",),
    )


@pytest.fixture(scope="session")
def client(settings: Settings, readers: Counted) -> FlaskClient:
    return create_app(settings, readers).test_client()


@pytest.fixture(scope="session")
def with_texts(settings: Settings, readers: Counted) -> Callable[[Path | None], FlaskClient]:
    """Return the pages with another folder of texts, or none."""
    return lambda texts: create_app(replace(settings, texts=texts), readers).test_client()
