"""A small graph folder of an invented world, to break in one place at a time."""

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from allegiance.cli import main

WORDS = """Norland supplies guns to Estmark. Verania sold guns to Norland in the past.

The end.
"""
BASE = "https://example.org/bay/"

PREFIXES = """@prefix claim: <https://example.org/bay/claim/> .
@prefix concept: <https://w3id.org/allegiance/concept/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix def: <https://w3id.org/allegiance/def/> .
@prefix id: <https://example.org/bay/id/> .
@prefix oa: <http://www.w3.org/ns/oa#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix situation: <https://example.org/bay/situation/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix source: <https://example.org/bay/source/> .
"""


def digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def _position(name: str, words: str) -> str:
    start = WORDS.index(words)
    return f"""
{name}\\/position a oa:TextPositionSelector ;
    oa:start {start} ;
    oa:end {start + len(words)} .
"""


def _sentence(name: str, words: str, more: str) -> str:
    return f"""
{name} a def:Sentence ;
    dcterms:isPartOf source:bay\\/part-1 ;
    oa:hasSelector {name}\\/position ;
    def:sha256 "{digest(words)}" ;
    {more} .
{_position(name, words)}"""


def _claim(words: str, situation: str, timeframe: str) -> str:
    start = WORDS.index(words)
    name = f"claim:bay-{start}-{start + len(words)}"
    return f"""
{name} a def:Claim ;
    def:claims situation:{situation} ;
    def:assertedIn source:bay\\/part-1 ;
    def:voice id:bay-author ;
    def:polarity concept:affirmative ;
    def:certainty concept:certain ;
    def:modality concept:actual ;
    def:claimKind concept:report ;
    def:timeframe concept:{timeframe} ;
    def:evidence {name}\\/evidence-1 ;
    def:gloss "In our own words."@en .

{name}\\/evidence-1 a oa:SpecificResource ;
    oa:hasSource source:bay ;
    oa:hasSelector {name}\\/evidence-1\\/position ;
    def:sha256 "{digest(words)}" .
{_position(name + chr(92) + "/evidence-1", words)}"""


FIRST, SECOND, THIRD = (
    "Norland supplies guns to Estmark.",
    "Verania sold guns to Norland in the past.",
    "The end.",
)

SOURCES = f"""{PREFIXES}
source:bay a def:SourceText ;
    dcterms:title "The bay"@en ;
    dcterms:language "en" ;
    def:sha256 "{digest(WORDS)}" ;
    def:length {len(WORDS)} .

id:bay-author a prov:Agent ;
    skos:prefLabel "the author"@en .

source:bay\\/part-1 a def:Part ;
    dcterms:isPartOf source:bay ;
    dcterms:type concept:analysis ;
    dcterms:creator id:bay-author ;
    oa:hasSelector source:bay\\/part-1\\/position .

source:bay\\/part-1\\/position a oa:TextPositionSelector ;
    oa:start 0 ;
    oa:end {len(WORDS)} .
{_sentence("source:bay" + chr(92) + "/s01", FIRST, 'def:paraphrase "Arms go from N to E."@en')}
{_sentence("source:bay" + chr(92) + "/s02", SECOND, 'def:paraphrase "So they once did."@en')}
{
    _sentence(
        "source:bay" + chr(92) + "/s03",
        THIRD,
        'def:paraphrase "It is over."@en ; def:statesNothing "A closing line."@en',
    )
}"""

FACTS = f"""{PREFIXES}
id:estmark a def:State ;
    skos:prefLabel "Estmark"@en .

id:guns a def:ArmsGoods ;
    skos:prefLabel "guns"@en .

id:norland a def:State ;
    skos:prefLabel "Norland"@en .

id:verania a def:State ;
    skos:prefLabel "Verania"@en .

situation:norland-arms-estmark a def:ArmsSupply ;
    skos:prefLabel "Norland arms Estmark"@en ;
    def:provider id:norland ;
    def:recipient id:estmark ;
    def:goods id:guns .

situation:verania-arms-norland a def:ArmsSupply ;
    skos:prefLabel "Verania arms Norland"@en ;
    def:provider id:verania ;
    def:recipient id:norland ;
    def:goods id:guns .
{_claim(FIRST, "norland-arms-estmark", "current")}
{_claim(SECOND, "verania-arms-norland", "past")}"""

QUERY = """# Who arms whom?
PREFIX def: <https://w3id.org/allegiance/def/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?from ?to WHERE {
  ?a def:suppliesArmsTo ?b .
  ?a skos:prefLabel ?from .
  ?b skos:prefLabel ?to .
}
"""


@dataclass(frozen=True)
class Graph:
    """A graph folder on disk whose files can be changed by a test."""

    path: Path

    def write(self, name: str, text: str) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text, f"{old} is not in {name}"
        self.write(name, text.replace(old, new, 1))

    def line(self, name: str, part: str) -> int:
        """Return the number of the first line that has a part."""
        lines = self.read(name).split("\n")
        return next(number for number, line in enumerate(lines, 1) if part in line)


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    """A folder in which everything is right."""
    made = Graph(tmp_path / "bay")
    made.write("allegiance.toml", f'base = "{BASE}"\ntitle = "The bay"\nextends = "allegiance"\n')
    made.write("texts/bay.txt", WORDS)
    made.write("data/sources.ttl", SOURCES)
    made.write("data/facts.ttl", FACTS)
    made.write("queries/001-who-arms-whom.rq", QUERY)
    with (made.path / "queries/001-who-arms-whom.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("from", "to"), ("Norland", "Estmark")])
    return made


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    def rules(self) -> list[str]:
        """Return the short names of the rules that found something, in order."""
        heads = (
            line
            for line in self.out.split("\n")
            if ": error: " in line
            or "error: " in line[:7]
            or ": warning: " in line
            or "warning: " in line[:9]
        )
        return [head.rpartition("[")[2].rstrip("]") for head in heads]


Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``allegiance`` with arguments; fails on a traceback."""

    def call(*arguments: object) -> Said:
        monkeypatch.setattr("sys.argv", ["allegiance", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(code, out, err)

    return call


@pytest.fixture
def check(graph: Graph, run: Run) -> Run:
    """Run ``allegiance check`` on the folder, without HermiT unless the test asks for it."""

    def call(*arguments: object, hermit: bool = False) -> Said:
        return run("check", graph.path, *arguments, *(() if hermit else ("--no-hermit",)))

    return call
