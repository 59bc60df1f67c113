"""A folder of one's own goes the whole way: check, build, serve, questions, evidence."""

import csv
import html
import io
import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph
import pytest

from allegiance.names import CONCEPT, DEF, VOCABULARY
from running import command, serving

from .author import Author

SPANS = 26
"""How many passages the claims of a new folder cite."""

CITED = """PREFIX def: <https://w3id.org/allegiance/def/>
PREFIX oa: <http://www.w3.org/ns/oa#>
SELECT ?claim ?evidence ?source ?start ?end {
  ?claim def:evidence ?evidence .
  ?evidence oa:hasSource ?source ; oa:hasSelector ?place .
  ?place oa:start ?start ; oa:end ?end .
}"""


def run(*arguments: str) -> str:
    """Run the command; it must succeed. Returns what it said on stdout."""
    done = subprocess.run([command(), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read().decode("utf-8")


def ask(address: str, query: str) -> list[dict[str, str]]:
    """Put a query to the endpoint; return its rows."""
    request = urllib.request.Request(
        f"{address}/sparql",
        urllib.parse.urlencode({"query": query}).encode(),
        {"Accept": "application/sparql-results+json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        rows = json.load(answer)["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in rows]


def shown(address: str, base: str, texts: Path) -> int:
    """Hold the words on every page of a claim against the text; return how many there were."""
    cited = ask(address, CITED)
    pages: dict[str, str] = {}
    for row in cited:
        path = urllib.parse.quote(row["claim"].removeprefix(base))
        page = pages.setdefault(path, "") or get(f"{address}/{path}")
        pages[path] = page
        anchor = row["evidence"].rpartition("/")[2]
        words = (texts / f"{row['source'].rpartition('/')[2]}.txt").read_bytes().decode("utf-8")
        found = re.search(rf'id="{anchor}".*?<mark>(.*?)</mark>', page, re.DOTALL)
        assert found, f"{row['evidence']} shows no words"
        assert html.unescape(found[1]) == words[int(row["start"]) : int(row["end"])]
    return len(cited)


def quads(state: Path) -> list[pyoxigraph.Quad]:
    """Return what the current release of a state folder says."""
    name = (state / "CURRENT").read_text().strip()
    return list(pyoxigraph.parse(path=str(state / "releases" / name / "graph.nq")))


def errors(folder: Path) -> str:
    """Return the last line that a check says, without asking HermiT."""
    return run("check", str(folder), "--no-hermit").splitlines()[-1]


def test_a_new_folder_is_checked_built_served_and_asked(tmp_path):
    folder = tmp_path / "coast"
    run("new", str(folder))
    assert run("check", str(folder), "--strict").startswith("0 errors, 0 warnings; 17 claims")
    name = run("build", str(folder)).splitlines()[-1]
    assert (folder / ".allegiance" / "CURRENT").read_text().strip() == name
    with serving(str(folder)) as address:
        assert "Coast" in get(f"{address}/")
        question = (folder / "queries" / "001-who-arms-whom.rq").read_text("utf-8")
        known = (folder / "queries" / "001-who-arms-whom.csv").read_text("utf-8")
        rows = [tuple(row.values()) for row in ask(address, question)]
        assert rows == [tuple(row) for row in csv.reader(io.StringIO(known))][1:]
        assert shown(address, "https://example.org/coast/", folder / "texts") == SPANS


def test_a_folder_with_an_unusual_name_is_served_with_its_words(tmp_path):
    folder = tmp_path / "a folder – here" / "größe"
    folder.parent.mkdir()
    base = "https://example.org/größe/"
    run("new", str(folder))
    with serving(str(folder)) as address:
        assert shown(address, base, folder / "texts") == SPANS
        assert ask(address, f"SELECT ?t {{ <{base}id/norland> a ?t }}")


@pytest.mark.parametrize("name", ["two words", 'quo"te\\', "50% #1"])
def test_a_name_that_is_no_iri_may_stand_beside_a_base_that_is(tmp_path, name):
    folder = tmp_path / name
    run("new", str(folder), "--base", "https://example.org/a,b/")
    assert errors(folder).startswith("0 errors, 0 warnings; 17 claims")


BASE = "https://data.example.net/harbour/"


@pytest.fixture(scope="module")
def harbour(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with other actors and another base, and the relation that the docs show."""
    folder = tmp_path_factory.mktemp("other") / "harbour"
    (folder / "ontology").mkdir(parents=True)
    documented = (root / "docs" / "folder.md").read_text("utf-8")
    (example,) = re.findall(r"```turtle\n(.*?)```", documented, re.DOTALL)
    ontology = example.replace("https://example.org/my-graph/", BASE)
    (folder / "ontology" / "mine.ttl").write_text(ontology, "utf-8")
    (folder / "queries").mkdir()
    (folder / "queries" / "001-who-trains-whom.rq").write_text(
        "# Who trains whom?\nSELECT ?who ?whom {"
        " ?who <https://data.example.net/harbour/def/trains> ?whom } ORDER BY ?who\n"
    )
    (folder / "queries" / "001-who-trains-whom.csv").write_text(
        f"who,whom\n{BASE}id/ostrava-bay,{BASE}id/quill-islands\n"
    )
    (folder / "allegiance.toml").write_text(
        f'base = "{BASE}"\ntitle = "Harbour"\nextends = "allegiance"\n', "utf-8"
    )
    author = Author(
        folder,
        BASE,
        "gulls",
        [
            "Ostrava Bay trains the coast guard of the Quill Islands.",
            "It leads the Council of Nine Harbours — “the Nine”.",
            "Gulls!",
        ],
    )
    author.entity("ostrava-bay", "State", "Ostrava Bay")
    author.entity("quill-islands", "State", "Quill Islands")
    author.entity("the-nine", "IntergovernmentalBody", "Council of Nine Harbours")
    author.situation(
        "training",
        f"<{BASE}def/Training>",
        "Ostrava Bay trains the Quill Islands",
        provider="ostrava-bay",
        recipient="quill-islands",
    )
    author.situation(
        "leadership", "Leadership", "It leads the Nine", holder="ostrava-bay", toward="the-nine"
    )
    author.claim(
        "Ostrava Bay trains the coast guard of the Quill Islands", "training", "It trains them."
    )
    author.claim("leads the Council of Nine Harbours — “the Nine”", "leadership", "It leads them.")
    author.states_nothing("Gulls!", "An exclamation.")
    author.write()
    return folder


@pytest.fixture(scope="module")
def harbour_served(harbour: Path) -> Iterator[str]:
    with serving(str(harbour)) as address:
        yield address


def test_other_actors_under_another_base_go_the_same_way(harbour, harbour_served):
    assert errors(harbour).startswith("0 errors, 0 warnings; 2 claims, 3 sentences, 1 question")
    assert shown(harbour_served, BASE, harbour / "texts") == 2
    rows = ask(harbour_served, f"SELECT ?o {{ <{BASE}id/ostrava-bay> <{DEF}leads> ?o }}")
    assert rows == [{"o": f"{BASE}id/the-nine"}]
    page = get(f"{harbour_served}/id/ostrava-bay")
    assert "Ostrava Bay" in page and "Armenia" not in page


def test_nothing_of_the_packaged_graph_leaks_into_another(harbour, harbour_served):
    shared = (DEF, CONCEPT, f"{VOCABULARY}shape/", f"{VOCABULARY}ontology")
    said = quads(harbour / ".allegiance")
    graphs = {quad.graph_name.value.removeprefix(f"{BASE}graph/") for quad in said}
    assert {"facts", "sources", "direct", "derivation", "inferred", "ontology", "shapes"} == graphs
    foreign = set()
    for quad in said:
        if quad.graph_name.value.removeprefix(BASE) in ("graph/ontology", "graph/shapes"):
            continue
        for term in (quad.subject, quad.predicate, quad.object):
            if isinstance(term, pyoxigraph.NamedNode) and term.value.startswith(VOCABULARY):
                foreign.update([term.value] if not term.value.startswith(shared) else [])
    assert foreign == set()
    assert not any("south-caucasus" in str(quad) for quad in said)


def test_a_relation_of_its_own_gives_its_edge_with_a_reason(harbour_served):
    rows = ask(
        harbour_served,
        "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>"
        " PREFIX prov: <http://www.w3.org/ns/prov#>"
        f" SELECT ?who ?whom ?rule ?claim {{ ?who <{BASE}def/trains> ?whom ."
        f" ?edge rdf:subject ?who ; rdf:predicate <{BASE}def/trains> ; rdf:object ?whom ;"
        f" <{DEF}rule> ?rule ; prov:wasDerivedFrom ?claim }}",
    )
    assert rows == [
        {
            "who": f"{BASE}id/ostrava-bay",
            "whom": f"{BASE}id/quill-islands",
            "rule": f"{BASE}def/Training",
            "claim": f"{BASE}claim/gulls-0-55",
        }
    ]


def test_without_its_three_annotations_the_relation_gives_none(harbour, tmp_path):
    harbour = shutil.copytree(
        harbour, tmp_path / "harbour", ignore=shutil.ignore_patterns(".allegiance")
    )
    file = harbour / "ontology" / "mine.ttl"
    text = re.sub(r"    def:direct\w+ \S+ ;\n", "", file.read_text("utf-8"))
    assert text.count("def:direct") == 0
    file.write_text(text, "utf-8")
    run_ = subprocess.run(
        [command(), "check", str(harbour), "--no-hermit"], capture_output=True, text=True
    )
    assert run_.returncode == 1 and "1 missing, such as" in run_.stdout


def _unquoted(row: str) -> str:
    return row.removeprefix('"')


def test_a_second_text_may_deny_what_the_first_affirms(tmp_path):
    folder = tmp_path / "coast"
    base = "https://example.org/coast/"
    run("new", str(folder))
    author = Author(
        folder,
        base,
        "second-note",
        ["Norland supplies Estmark with no artillery.", "Norland and Estmark are allies."],
    )
    author.claim(
        "Norland supplies Estmark with no artillery",
        "norland-supplies-artillery-to-estmark",
        "None of Estmark's artillery comes from Norland.",
        polarity="negative",
    )
    author.claim("Norland and Estmark are allies", "norland-estmark-alliance", "They are allies.")
    author.write()
    # The questions whose answers change are those after what is denied and what is taken back.
    denial = "None of Estmark's artillery comes from Norland."
    for name, row in (
        ("005-set-against", f"Norland,supplies arms to,Estmark,{denial}"),
        (
            "003-said-otherwise-than-as-a-fact",
            '"Norland supplies artillery to Estmark, as its main supplier",polarity,negative',
        ),
    ):
        table = folder / "queries" / f"{name}.csv"
        head, *rows = table.read_text("utf-8").splitlines()
        table.write_text("\n".join([head, *sorted([*rows, row], key=_unquoted)]) + "\n", "utf-8")
    assert errors(folder).startswith("0 errors, 0 warnings; 19 claims, 13 sentences")
    with serving(str(folder)) as address:
        assert shown(address, base, folder / "texts") == SPANS + 2
        about = ask(
            address,
            f"SELECT ?situation ?polarity ?source {{ ?claim <{DEF}claims> ?situation ;"
            f" <{DEF}polarity> ?polarity ; <{DEF}assertedIn> ?part ."
            " ?part <http://purl.org/dc/terms/isPartOf> ?source }"
            " ORDER BY ?source",
        )
        said: dict[str, list[tuple[str, str]]] = {}
        for row in about:
            value = (row["polarity"].rpartition("/")[2], row["source"].rpartition("/")[2])
            said.setdefault(row["situation"].rpartition("/")[2], []).append(value)
        assert said["norland-supplies-artillery-to-estmark"] == [
            ("affirmative", "river-truce"),
            ("negative", "second-note"),
        ]
        assert said["norland-estmark-alliance"] == [
            ("affirmative", "river-truce"),
            ("affirmative", "second-note"),
        ]
        page = get(f"{address}/id/norland")
        assert "None of Estmark" in page
