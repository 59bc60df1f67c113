"""``allegiance check --data --shapes``: SHACL alone, on any RDF files."""

import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import rdflib

from .conftest import Run

SHAPES = """@prefix ex: <https://example.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

ex:Bridge a sh:NodeShape ;
    sh:targetClass ex:BridgeKind ;
    sh:property ex:Bridge-opened .

ex:Bridge-opened a sh:PropertyShape ;
    sh:path ex:opened ;
    sh:minCount 1 ;
    sh:datatype xsd:integer ;
    sh:message "A bridge opened in a year."@en .
"""
GOOD = """@prefix ex: <https://example.org/> .

ex:a a ex:BridgeKind ;
    ex:opened 1890 .
"""
BAD = GOOD.replace("1890", '"1890"')


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "shapes.ttl").write_text(SHAPES)
    (tmp_path / "good.ttl").write_text(GOOD)
    (tmp_path / "bad.ttl").write_text(BAD)
    return tmp_path


def test_data_that_conform_exit_0(files: Path, run: Run) -> None:
    said = run("check", "--data", files / "good.ttl", "--shapes", files / "shapes.ttl")
    assert (said.code, said.out) == (0, "0 errors, 0 warnings\n")


def test_data_that_do_not_conform_exit_1_and_show_the_line(files: Path, run: Run) -> None:
    said = run("check", "--data", files / "bad.ttl", "--shapes", files / "shapes.ttl")
    assert said.code == 1
    assert (
        f"{files / 'bad.ttl'}:4:15: error: A bridge opened in a year. [Bridge-opened]" in said.out
    )
    assert '4 |     ex:opened "1890" .' in said.out
    assert said.out.endswith("1 error, 0 warnings\n")


def test_files_can_be_several_and_of_any_format(files: Path, run: Run) -> None:
    graph = rdflib.Graph().parse(files / "bad.ttl")
    graph.serialize(files / "bad.rdf", format="pretty-xml")
    graph.serialize(files / "bad.jsonld", format="json-ld")
    graph.serialize(files / "bad.nt", format="nt", encoding="utf-8")
    for name in ("bad.rdf", "bad.jsonld", "bad.nt"):
        said = run(
            "check", "--data", files / "good.ttl", "--data", files / name,
            "--shapes", files / "shapes.ttl",
        )  # fmt: skip
        assert said.code == 1, name


def test_the_report_comes_in_turtle(files: Path, run: Run) -> None:
    said = run(
        "check", "--format", "turtle",
        "--data", files / "bad.ttl", "--shapes", files / "shapes.ttl",
    )  # fmt: skip
    assert said.code == 1
    report = rdflib.Graph().parse(data=said.out, format="turtle")
    sh = rdflib.Namespace("http://www.w3.org/ns/shacl#")
    assert (None, sh.conforms, rdflib.Literal(False)) in report
    assert (None, sh.focusNode, rdflib.URIRef("https://example.org/a")) in report


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "good.ttl"], "--data and --shapes go together"),
        (["--shapes", "shapes.ttl"], "--data and --shapes go together"),
        (["--data", "none.ttl", "--shapes", "shapes.ttl"], "the file cannot be read"),
        (["--data", "good.odt", "--shapes", "shapes.ttl"], "no RDF format goes by the name .odt"),
        (["--format", "turtle"], "--format turtle is for --data and --shapes"),
    ],
)
def test_wrong_use_exits_2_and_says_how_to_use_it(
    files: Path, run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(files)
    said = run("check", *arguments)
    assert said.code == 2
    assert message in said.err
    assert "help: " in said.err


def test_data_with_a_syntax_error_exit_1_with_line_and_column(files: Path, run: Run) -> None:
    (files / "bad.ttl").write_text(GOOD.replace("1890 .", "1890"))
    said = run("check", "--data", files / "bad.ttl", "--shapes", files / "shapes.ttl")
    assert said.code == 1
    assert re.search(r"bad\.ttl:\d+:\d+: ", said.err)


def test_shapes_that_are_wrong_exit_1(files: Path, run: Run) -> None:
    (files / "shapes.ttl").write_text(SHAPES.replace("sh:path ex:opened ;", ""))
    said = run("check", "--data", files / "good.ttl", "--shapes", files / "shapes.ttl")
    assert said.code == 1
    assert "the shapes cannot be used" in said.err


@pytest.fixture
def trap() -> tuple[str, list[str]]:
    """An address on this machine, and the list of what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/turtle")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()
    server.server_close()


QUERY = """
ex:Asking a sh:NodeShape ;
    sh:targetClass ex:BridgeKind ;
    sh:sparql [ sh:select "%s" ] .
"""


@pytest.mark.parametrize(
    "more",
    [
        "<https://example.org/shapes> a owl:Ontology ; owl:imports <ADDRESS> .",
        QUERY % "SELECT $this FROM <ADDRESS> WHERE { $this ?p ?o }",
        QUERY % "SELECT $this from named <ADDRESS> WHERE { GRAPH ?g { $this ?p ?o } }",
        QUERY % "SELECT $this WHERE { SERVICE <ADDRESS> { $this ?p ?o } }",
    ],
    ids=["import", "from", "from-named", "service"],
)
def test_shapes_from_outside_fetch_nothing(
    files: Path, run: Run, trap: tuple[str, list[str]], more: str
) -> None:
    address, asked = trap
    prefix = "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
    text = prefix + SHAPES + more.replace("ADDRESS", address)
    (files / "shapes.ttl").write_text(text)
    said = run("check", "--data", files / "good.ttl", "--shapes", files / "shapes.ttl")
    assert asked == []
    assert said.code == (0 if "imports" in more else 1)
    assert "imports" in more or "the shapes" in said.err


def test_a_variable_called_from_is_no_from(files: Path, run: Run) -> None:
    more = (
        QUERY % "SELECT $this WHERE { $this ?p ?from . FILTER (?from = <https://example.org/x>) }"
    )
    (files / "shapes.ttl").write_text(SHAPES + more)
    said = run("check", "--data", files / "good.ttl", "--shapes", files / "shapes.ttl")
    assert said.code == 0


def test_settings_of_rdflib_are_left_as_they_were(files: Path, run: Run) -> None:
    import rdflib.plugins.sparql

    before = rdflib.NORMALIZE_LITERALS, rdflib.plugins.sparql.SPARQL_LOAD_GRAPHS
    run("check", "--data", files / "good.ttl", "--shapes", files / "shapes.ttl")
    assert before == (rdflib.NORMALIZE_LITERALS, rdflib.plugins.sparql.SPARQL_LOAD_GRAPHS)
