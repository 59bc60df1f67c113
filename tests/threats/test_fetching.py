"""Nothing that is sent to a store or lies in a graph folder makes us ask an address or read a
file.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from federation.endpoints import Endpoint, endpoint
from running import command, serving
from store.test_plain_store import TOKEN, ask, rows, update

SECRET = "no-one-may-read-this-line"


@pytest.fixture(scope="module")
def trap() -> Iterator[Endpoint]:
    """An endpoint that notes who asks it."""
    with endpoint() as running:
        yield running


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that no answer may hold."""
    path = tmp_path_factory.mktemp("secret") / "file.nt"
    path.write_text(f'<urn:s> <urn:p> "{SECRET}" .')
    return path


@pytest.fixture(scope="module", params=[False, True], ids=["alone", "federating"])
def address(request, trap, tmp_path_factory) -> Iterator[str]:
    """A store; one that may ask the trap by SERVICE, and so not in any other way."""
    folder = tmp_path_factory.mktemp("store")
    (folder / "token").write_text(TOKEN)
    arguments = ["--store", str(folder / "store"), "--token-file", str(folder / "token")]
    allow = ["--service-allow", trap.origin] if request.param else []
    with serving(*arguments, "--log", "none", "--fronts", "1", "--timeout", "5", *allow) as running:
        yield running


def everything(address: str) -> str:
    return "\n".join(rows(address, "SELECT * {{?s ?p ?o} UNION {GRAPH ?g {?s ?p ?o}}}"))


def put(address: str, media: str, text: str) -> tuple[int, str]:
    status, _, body = ask(address, "PUT", "/store?graph=urn:g", text, content_type=media)
    return status, body


@pytest.mark.parametrize("silent", ["", "SILENT "])
@pytest.mark.parametrize("into", ["", " INTO GRAPH <urn:g>"])
def test_load_loads_nothing(address, trap, secret, silent, into):
    for iri in (f"{trap.origin}/", f"file://{secret}", f"{secret.as_uri()}", "unix:/run/x"):
        status, _, body = update(address, f"LOAD {silent}<{iri}>{into}")
        assert status == (204 if silent else 403), body
    # Behind what the tokens take for an IRI, the kernel or the forwarder holds it.
    hidden = f"INSERT {{}} WHERE {{ FILTER(1<'x>') }}; LOAD <{trap.origin}/> #'"
    assert update(address, hidden)[0] in (400, 403)
    assert not trap.asked
    assert SECRET not in everything(address)


def test_using_names_graphs_of_the_store_only(address, trap, secret):
    for iri in (f"{trap.origin}/", secret.as_uri()):
        text = f"INSERT {{ <urn:a> ?p ?o }} USING <{iri}> WHERE {{ ?s ?p ?o }}"
        assert update(address, text)[0] == 204
    assert not trap.asked
    assert SECRET not in everything(address)


def test_a_context_of_json_ld_is_not_fetched(address, trap, secret):
    for iri in (f"{trap.origin}/context", secret.as_uri()):
        for context in (iri, [iri], {"@import": iri}, {"p": {"@id": "urn:p", "@context": iri}}):
            document = {"@context": context, "@id": "urn:a", "p": "x"}
            status, _ = put(address, "application/ld+json", json.dumps(document))
            assert status in (204, 201, 400)
    assert not trap.asked
    assert SECRET not in everything(address)


RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:u="urn:"'


def test_an_entity_of_xml_is_not_fetched(address, trap, secret):
    for iri in (f"{trap.origin}/entity", secret.as_uri(), str(secret)):
        for declared in (f'<!ENTITY x SYSTEM "{iri}">', f'<!ENTITY % x SYSTEM "{iri}"> %x;'):
            document = (
                f"<?xml version='1.0'?><!DOCTYPE rdf:RDF [{declared}]><rdf:RDF {RDF}>"
                "<rdf:Description rdf:about='urn:a'><u:p>&x;</u:p></rdf:Description></rdf:RDF>"
            )
            assert put(address, "application/rdf+xml", document)[0] in (201, 204, 400)
    outer = f"<!DOCTYPE rdf:RDF SYSTEM '{trap.origin}/dtd'><rdf:RDF {RDF}/>"
    assert put(address, "application/rdf+xml", outer)[0] in (201, 204, 400)
    assert not trap.asked
    assert SECRET not in everything(address)


def test_entities_that_multiply_do_not_fill_the_store(address):
    """The “billion laughs”: ten levels of ten."""
    entities = '<!ENTITY a0 "hahahahahaha">' + "".join(
        f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10)
    )
    document = (
        f"<?xml version='1.0'?><!DOCTYPE rdf:RDF [{entities}]><rdf:RDF {RDF}>"
        "<rdf:Description rdf:about='urn:a'><u:p>&a9;</u:p></rdf:Description></rdf:RDF>"
    )
    assert put(address, "application/rdf+xml", document)[0] in (201, 204, 400, 503, 504)
    assert len(everything(address)) < 10_000
    assert update(address, "INSERT DATA { <urn:still> <urn:works> 1 }")[0] == 204


@pytest.mark.parametrize(
    ("media", "document"),
    [
        ("text/turtle", "<urn:a> <urn:p> " + "[ <urn:p> " * 50_000),
        ("text/turtle", "<urn:a> <urn:p> " + "(" * 200_000),
        ("text/turtle", "<urn:a> <urn:p> " + "<<( <urn:a> <urn:p> " * 50_000),
        ("application/ld+json", '{"@id":"urn:a","urn:p":' * 30_000),
        ("application/ld+json", "[" * 500_000),
        (
            "application/rdf+xml",
            f"<rdf:RDF {RDF}>" + "<rdf:Description><u:p>" * 20_000,
        ),
    ],
    ids=["blank nodes", "lists", "triple terms", "objects", "arrays", "elements"],
)
def test_rdf_that_nests_deeply_harms_nobody(address, media, document):
    status, body = put(address, media, document)
    assert status in (400, 500, 503, 504), body
    assert json.loads(body)["detail"]
    assert update(address, "INSERT DATA { <urn:still> <urn:works> 1 }")[0] == 204


def test_an_update_that_nests_deeply_is_refused(address):
    status, _, body = update(address, "INSERT { } WHERE " + "{" * 10_000)
    assert status == 400
    assert json.loads(body)["type"].endswith("/nesting")


@pytest.fixture(scope="module")
def isles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imports") / "isles"
    subprocess.run([command(), "new", str(folder)], check=True, capture_output=True)
    return folder


def test_imports_of_an_ontology_are_not_followed(isles, trap, secret, tmp_path):
    folder = Path(shutil.copytree(isles, tmp_path / "isles"))
    (folder / "ontology").mkdir(exist_ok=True)
    (folder / "ontology" / "more.ttl").write_text(
        "@prefix dcterms: <http://purl.org/dc/terms/> .\n"
        "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        "@prefix vann: <http://purl.org/vocab/vann/> .\n\n"
        "<https://example.org/more> a owl:Ontology ;\n"
        f"    owl:imports <{trap.origin}/imported> ,\n        <{secret.as_uri()}> ;\n"
        "    owl:versionIRI <https://example.org/more/1> ;\n"
        '    dcterms:creator "Ada" ;\n'
        '    dcterms:description "It imports."@en ;\n'
        "    dcterms:license <https://creativecommons.org/licenses/by/4.0/> ;\n"
        '    dcterms:title "More"@en ;\n'
        '    vann:preferredNamespacePrefix "more" .\n'
    )
    for step in ("check", "build"):
        ran = subprocess.run([command(), step, str(folder)], capture_output=True, text=True)
        assert "Traceback" not in ran.stderr
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert SECRET not in ran.stdout + ran.stderr
    assert not trap.asked


def test_imports_of_data_and_shapes_are_not_followed(trap, secret, tmp_path):
    imports = "<urn:o> a <http://www.w3.org/2002/07/owl#Ontology> ;"
    imports += f" <http://www.w3.org/2002/07/owl#imports> <{trap.origin}/>, <{secret.as_uri()}> ."
    shapes = tmp_path / "shapes.ttl"
    shapes.write_text(
        imports + "\n<urn:shape> a <http://www.w3.org/ns/shacl#NodeShape> ;"
        " <http://www.w3.org/ns/shacl#targetSubjectsOf> <urn:p> ."
    )
    (tmp_path / "data.ttl").write_text(imports + "\n<urn:a> <urn:p> 1 .")
    ran = subprocess.run(
        [command(), "check", "--data", str(tmp_path / "data.ttl"), "--shapes", str(shapes)],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    (tmp_path / "token").write_text(TOKEN)
    arguments = ["--store", str(tmp_path / "store"), "--token-file", str(tmp_path / "token")]
    with serving(*arguments, "--shapes", str(shapes), "--log", "none", "--fronts", "1") as address:
        assert put(address, "text/turtle", imports + "<urn:a> <urn:p> 1 .")[0] == 201
        assert SECRET not in everything(address)
    assert not trap.asked
