"""Each shape and lint passes what is right and stops what is wrong, and stops nothing else.

``<name>/conforms*.ttl`` and ``<name>/violates*.ttl`` are examples of one shape, by its short name;
``.txt`` beside one has the words of its text. All of them are held against all shapes in one run
of pySHACL, each with IRIs of its own in place of the example's.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph
import pytest
from pyshacl.entrypoints import meta_validate

from allegiance.check.lints import lint_shapes, with_words
from allegiance.check.shacl import Result, validate
from allegiance.names import SH, SKOS
from allegiance.texts import Text, load

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLE = "https://example.org/example/"
FILES = sorted(HERE.glob("*/*.ttl"))


def turtle(data: bytes) -> tuple[pyoxigraph.Triple, ...]:
    quads = pyoxigraph.parse(data, format=pyoxigraph.RdfFormat.TURTLE, rename_blank_nodes=True)
    return tuple(quad.triple for quad in quads)


def folder(name: str) -> tuple[pyoxigraph.Triple, ...]:
    files = sorted((ROOT / name).glob("*.ttl"))
    assert files
    return tuple(triple for file in files for triple in turtle(file.read_bytes()))


SHAPES = folder("shapes")
LINTS = lint_shapes()


def named(triples: tuple[pyoxigraph.Triple, ...]) -> set[str]:
    """Return the short names of the shapes that have a message, as all that can fire have."""
    return {
        triple.subject.value.rpartition("/")[2]
        for triple in triples
        if triple.predicate.value == f"{SH}message"
    }


def own(file: Path) -> str:
    return f"{EXAMPLE}{file.parent.name}/{file.stem}/"


@pytest.fixture(scope="module")
def fired() -> dict[str, set[str]]:
    """Example's IRI → short names of the shapes and lints that fired in it."""
    data = [*folder("ontology"), *turtle((HERE / "context.ttl").read_bytes())]
    texts: dict[str, Text] = {}
    for file in FILES:
        data += turtle(
            file.read_bytes().replace(f"<{EXAMPLE}>".encode(), f"<{own(file)}>".encode())
        )
        if text := load(file.parent, file.stem):
            texts[own(file) + "text"] = text
    words = with_words(data, texts)
    assert words
    found: dict[str, set[str]] = defaultdict(set)
    for result in (*validate(data, SHAPES).results, *validate([*data, *words], LINTS).results):
        found[place(result)].add(result.shape.rpartition("/")[2])
    return found


def place(result: Result) -> str:
    match = re.match(rf"{EXAMPLE}[^/]+/[^/]+/", getattr(result.focus, "value", ""))
    return match[0] if match else f"context: {result.focus}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_an_example_fires_its_own_shape_or_none(file: Path, fired: dict[str, set[str]]) -> None:
    expected = {file.parent.name} if file.stem.startswith("violates") else set()
    assert fired.get(own(file), set()) == expected


def test_the_shared_context_conforms(fired: dict[str, set[str]]) -> None:
    assert [where for where in fired if where.startswith("context")] == []


def test_every_shape_and_lint_has_examples_of_both_kinds() -> None:
    names = named(SHAPES) | named(LINTS)
    assert len(names) > 150
    examples = {(file.parent.name, file.stem.split("-")[0]) for file in FILES}
    assert examples == {(name, kind) for name in names for kind in ("conforms", "violates")}


def test_every_shape_that_can_fire_has_a_name_and_an_english_message() -> None:
    for triples in (SHAPES, LINTS):
        kinds = {f"{SH}PropertyShape", f"{SH}NodeShape"}
        shapes = {t.subject for t in triples if getattr(t.object, "value", "") in kinds}
        messages = {t.subject for t in triples if t.predicate.value == f"{SH}message"}
        said = {t.object for t in triples if t.predicate.value == f"{SH}message"}
        properties = {t.object for t in triples if t.predicate.value == f"{SH}property"}
        assert all(getattr(message, "language", "") == "en" for message in said)
        assert messages <= shapes
        # A node shape without a message only holds property shapes together.
        grouping = {t.subject for t in triples if t.predicate.value == f"{SH}property"}
        assert shapes - messages <= grouping
        named_shapes = {s for s in properties if isinstance(s, pyoxigraph.NamedNode)}
        assert named_shapes <= shapes


def test_lints_warn_and_shapes_stop() -> None:
    warnings = {t.subject for t in LINTS if t.predicate.value == f"{SH}severity"}
    assert len(warnings) == len(named(LINTS))
    assert not [t for t in SHAPES if t.predicate.value == f"{SH}severity"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:pyshacl")
@pytest.mark.parametrize("shapes", [SHAPES, LINTS], ids=["shapes", "lints"])
def test_the_shapes_are_themselves_valid_shacl(shapes: tuple[pyoxigraph.Triple, ...]) -> None:
    text = pyoxigraph.serialize(shapes, format=pyoxigraph.RdfFormat.N_TRIPLES)
    conforms, _, report = meta_validate(
        text, data_graph_format="nt", shacl_graph_format="nt", max_validation_depth=200
    )
    assert conforms, report


def test_constraint_queries_can_be_run_as_one_query_over_all_nodes() -> None:
    forbidden = re.compile(r"\b(VALUES|MINUS|SERVICE|GRAPH|LIMIT|NOW|RAND|UUID|GROUP)\b")
    queries = [
        triple.object.value
        for triple in (*SHAPES, *LINTS)
        if triple.predicate.value == f"{SH}select"
    ]
    assert len(queries) == 5
    for query in queries:
        assert query.startswith("SELECT $this ")
        assert not forbidden.search(query)


def examples() -> Iterator[str]:
    for file in FILES:
        yield from (
            t.object.value
            for t in turtle(file.read_bytes())
            if t.predicate.value == f"{SKOS}prefLabel"
        )


def test_examples_are_of_an_invented_world() -> None:
    real = {
        triple.object.value
        for triple in turtle((ROOT / "data" / "facts.ttl").read_bytes())
        if triple.predicate.value == f"{SKOS}prefLabel"
    }
    assert not real & set(examples())
