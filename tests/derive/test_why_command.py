"""``allegiance why``: answers, exit codes, and what it says to a slip."""

import subprocess
from pathlib import Path

import pytest

from running import command

from .graphs import BASE, ENTITIES, NAMES, claim

DECLARED = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in NAMES.items())
FACTS = (
    "situation:s a def:ArmsSupply ; def:provider id:north ; def:recipient id:south .\n"
    + claim("c", "s", '; def:gloss "North sends rifles to South."@en ')
    + "situation:t a def:Support ; def:provider id:west ; def:recipient id:south .\n"
    + claim("d", "t", timeframe="past")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small graph folder that extends the packaged graph."""
    path = tmp_path_factory.mktemp("folder")
    (path / "allegiance.toml").write_text(
        f'base = "{BASE}"\ntitle = "Small"\nextends = "allegiance"\n', "utf-8"
    )
    (path / "data").mkdir()
    (path / "data" / "facts.ttl").write_text(DECLARED + ENTITIES + FACTS, "utf-8")
    return path


def why(
    folder: Path | None, *terms: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    on = [] if folder is None else ["--on", str(folder)]
    run = subprocess.run(
        [command(), "why", *on, *terms], capture_output=True, text=True, check=False, cwd=cwd
    )
    assert "Traceback" not in run.stderr
    return run


def test_what_holds_is_proved_and_exits_0(folder: Path) -> None:
    run = why(folder, "id:north", "def:suppliesArmsTo", "id:south")
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("North – supplies arms to – South: holds\n")
    assert "North sends rifles to South." in run.stdout
    assert "stated in data/facts.ttl:" in run.stdout


def test_what_does_not_hold_is_explained_and_exits_1(folder: Path) -> None:
    run = why(folder, "id:west", "def:supports", "id:south")
    assert run.returncode == 1
    assert "West – supports – South: does not hold" in run.stdout
    assert "claimed as past only: claim:d" in run.stdout
    assert run.stderr == ""


def test_the_current_folder_is_asked_when_it_is_one(folder: Path) -> None:
    run = why(None, "id:north", "def:suppliesArmsTo", "id:south", cwd=folder)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "terms",
    [
        (f"{BASE}id/north", f"{NAMES['def']}suppliesArmsTo", f"<{BASE}id/south>"),
        ("id:north", "a", "def:State"),
        ("id:north", "skos:prefLabel", '"North"@en'),
        ("id:north", "def:tiedTo", "id:south"),
        ("def:State", "rdfs:subClassOf", "def:Actor"),
        ("edge:north-suppliesArmsTo-south", "def:rule", "def:ArmsSupply"),
        ("shape:Claim", "a", "sh:NodeShape"),
    ],
)
def test_names_may_be_written_in_several_ways(folder: Path, terms: tuple[str, ...]) -> None:
    run = why(folder, *terms)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (("ex:north", "a", "def:State"), ["there is no prefix “ex”", "concept, dcterms, def"]),
        (("id:nort", "a", "def:State"), ["called id:nort", "did you mean id:north"]),
        (
            ("id:north", "def:supplyArmsTo", "id:south"),
            ["called def:supplyArmsTo", "did you mean def:suppliesArmsTo"],
        ),
        (
            ("North", "a", "def:State"),
            ["neither a prefixed name nor an IRI", "did you mean id:north"],
        ),
        (("id:north", "a", "id:zzzzzzzzzz"), ["called id:zzzzzzzzzz", "allegiance query"]),
        (("id:north", "skos:prefLabel", '"North'), ["the object is no literal"]),
        (("id:a b", "a", "def:State"), ["the subject is no IRI"]),
        (("id:north", "a"), ["Missing argument"]),
        (("id:north", "a", "def:State", "--texts", "/no/such/folder"), ["no such folder of texts"]),
    ],
)
def test_a_slip_is_wrong_use_and_says_what_to_do(
    folder: Path, terms: tuple[str, ...], said: list[str]
) -> None:
    run = why(folder, *terms)
    assert run.returncode == 2, run.stdout + run.stderr
    assert run.stdout == ""
    for words in said:
        assert words in run.stderr


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    run = why(tmp_path, "id:north", "a", "def:State")
    assert run.returncode == 2
    assert str(tmp_path) in run.stderr


def test_a_file_with_an_error_is_named_with_its_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "allegiance.toml").write_bytes((folder / "allegiance.toml").read_bytes())
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "facts.ttl").write_text(DECLARED + "id:north a def:State", "utf-8")
    run = why(tmp_path, "id:north", "a", "def:State")
    assert run.returncode == 1
    assert f"data/facts.ttl:{DECLARED.count(chr(10)) + 1}" in run.stderr


def test_help_says_what_the_command_does_with_an_example() -> None:
    run = why(None, "--help")
    assert run.returncode == 0
    assert "allegiance why id:russia def:suppliesArmsTo id:armenia" in run.stdout
    assert "--texts" in run.stdout
