"""``allegiance new``: what it makes, what it refuses, and that it leaves nothing half done."""

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pyoxigraph
import pytest

from allegiance.folder import find
from allegiance.names import DEF, OA, RDF
from allegiance.texts import digest
from allegiance.turtle import read
from running import command
from test_turtle_files import disorder


def new(folder: Path | str, *options: str, cwd: Path | None = None, **kwargs):
    """Run ``allegiance new``; no run may show a traceback."""
    run = subprocess.run(
        [command(), "new", *options, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        **kwargs,
    )
    assert "Traceback" not in run.stderr
    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was just made, and that no test changes."""
    path = tmp_path_factory.mktemp("new") / "my-first.graph"
    assert new(path).returncode == 0
    return path


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_says_what_it_made_and_three_commands_to_go_on(tmp_path):
    run = new("two words", "--base", "https://example.org/two/", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    said, _, then = run.stdout.partition("\nnext:\n")
    for name in re.findall(r"^  (\S+)", said, re.MULTILINE):
        assert (tmp_path / "two words" / name).exists(), name
    assert len(re.findall(r"^  ", said, re.MULTILINE)) == 5
    commands = [line.split()[:2] for line in then.splitlines()]
    assert commands == [["allegiance", name] for name in ("check", "serve", "why")]
    assert then.count("'two words'") == 3


def test_what_it_counts_in_words_is_what_there_is(made):
    run = new("again", cwd=made.parent)
    facts = read(made / "data" / "facts.ttl", "facts").triples
    claims = [t for t in facts if t.object == pyoxigraph.NamedNode(DEF + "Claim")]
    sentences = (made / "data" / "sources.ttl").read_text("utf-8").count("a def:Sentence")
    assert f"the {len(claims)} claims" in run.stdout
    assert sentences == 11 and "eleven sentences" in run.stdout
    assert len(list(made.glob("queries/*.rq"))) == 6 and "six questions" in run.stdout


def test_the_folder_is_named_after_its_path(made):
    folder = find(made)
    assert folder.base == "https://example.org/my-first.graph/"
    assert folder.title == "My first graph"
    text = (made / "data" / "facts.ttl").read_text("utf-8")
    assert 'dcterms:title "My first graph: entities' in text


def test_nothing_of_the_template_is_left(made):
    for file in made.rglob("*"):
        if file.is_file():
            assert "my-graph" not in file.read_text("utf-8"), file
            assert "My graph" not in file.read_text("utf-8"), file


def test_every_digest_is_that_of_the_words_at_its_place(made):
    words = (made / "texts" / "river-truce.txt").read_bytes().decode("utf-8")
    values: dict[tuple[str, str], str] = {}
    spans = 0
    for name in ("facts", "sources"):
        for triple in read(made / "data" / f"{name}.ttl", name).triples:
            values[triple.subject.value, triple.predicate.value] = triple.object.value
    for (subject, predicate), value in values.items():
        if predicate != DEF + "sha256":
            continue
        if (selector := values.get((subject, OA + "hasSelector"))) is None:
            assert values[subject, RDF + "type"] == DEF + "SourceText"
            assert value == sha256(words.encode("utf-8")).hexdigest()
            assert values[subject, DEF + "length"] == str(len(words))
            continue
        start, end = (int(values[selector, OA + edge]) for edge in ("start", "end"))
        assert value == digest(words[start:end]), subject
        spans += 1
    assert spans > 11 + 17


def test_offsets_are_no_byte_offsets(made):
    words = (made / "texts" / "river-truce.txt").read_bytes()
    assert len(words) > len(words.decode("utf-8")), "a text of ASCII alone could not tell"


def test_every_dimension_of_a_claim_has_more_than_one_value(made):
    seen: dict[str, set[str]] = {}
    for triple in read(made / "data" / "facts.ttl", "facts").triples:
        seen.setdefault(triple.predicate.value.removeprefix(DEF), set()).add(str(triple.object))
    for dimension in ("polarity", "certainty", "modality", "claimKind", "timeframe"):
        assert len(seen[dimension]) > 1, dimension
    assert {"accordingTo", "contrastsWith", "breaches", "stanceBasis", "salience"} <= set(seen)


@pytest.mark.parametrize("name", ["facts", "sources"])
def test_the_turtle_is_in_order_and_formatted(made, name):
    file = made / "data" / f"{name}.ttl"
    assert disorder(file.read_text("utf-8")) == []
    formatter = str(Path(sys.executable).with_name("turtlefmt"))
    checked = subprocess.run([formatter, str(file), "--check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    assert new(tmp_path / "empty").returncode == 0
    assert find(tmp_path / "empty").title == "Empty"


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    run = new(tmp_path / "full")
    assert run.returncode == 2
    assert run.stderr.startswith(f"error: {tmp_path / 'full'}: the folder is not empty")
    assert left(tmp_path / "full") == ["notes.txt"] and left(tmp_path) == ["full"]


def test_a_second_time_is_refused(made):
    before = {file: file.read_bytes() for file in made.rglob("*") if file.is_file()}
    assert new(made).returncode == 2
    assert {file: file.read_bytes() for file in made.rglob("*") if file.is_file()} == before


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "taken").write_text("mine")
    run = new(tmp_path / "taken")
    assert run.returncode == 2 and "there is a file of that name" in run.stderr
    assert (tmp_path / "taken").read_text() == "mine"


def test_the_current_folder_is_refused_with_the_way_round_it(tmp_path):
    run = new(".", cwd=tmp_path)
    assert run.returncode == 2 and "cd .. && allegiance new" in run.stderr
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two words", "it has a space"),
        ("who?", "it has “?”"),
        ("50%#1", "it has “%”, “#”"),
        ("tab\there", "it has U+0009"),
        ('quo"te', 'it has “"”'),
        ("a:b", "it has “:”"),
    ],
)
def test_a_name_that_makes_no_good_iri_is_refused_by_its_characters(tmp_path, name, said):
    run = new(tmp_path / name)
    assert run.returncode == 2
    assert said in run.stderr and "--base https://" in run.stderr
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    "base",
    [
        "example.org/my/",
        "ftp://example.org/my/",
        "https:///my/",
        "https://example.org/my",
        "https://example.org/my?x=/",
        "https://example.org/#/",
        "https://example.org/a b/",
        "https://example.org/<my>/",
    ],
)
def test_a_base_that_would_not_do_is_refused(tmp_path, base):
    run = new(tmp_path / "good", "--base", base)
    assert run.returncode == 2
    assert f"the base “{base}” is not an http(s) IRI that ends with a slash" in run.stderr
    assert left(tmp_path) == []


def test_the_base_of_the_shared_terms_is_refused(tmp_path):
    run = new(tmp_path / "good", "--base", "https://w3id.org/allegiance/mine/")
    assert run.returncode == 2 and "the terms that every graph shares" in run.stderr


def test_a_missing_folder_around_it_is_said(tmp_path):
    run = new(tmp_path / "no" / "such")
    assert run.returncode == 1
    assert run.stderr.startswith(f"error: {tmp_path / 'no' / 'such'}: the folder cannot be made")
    assert left(tmp_path) == []


def test_where_nothing_may_be_written_is_said(tmp_path):
    # A file in the place of a folder holds for the superuser too.
    (tmp_path / "file").write_text("")
    run = new(tmp_path / "file" / "inside")
    assert run.returncode == 1 and "the folder cannot be made" in run.stderr
    assert left(tmp_path) == ["file"]


def test_a_name_too_long_for_the_disk_is_said(tmp_path):
    run = new(tmp_path / ("long" * 100))
    assert run.returncode == 1 and "the folder cannot be made: File name too long" in run.stderr
    assert left(tmp_path) == []


def test_links_in_a_circle_are_in_the_way(tmp_path):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    run = new(tmp_path / "one")
    assert run.returncode == 2 and "there is a file of that name" in run.stderr


def test_a_link_to_an_empty_folder_is_followed(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    assert new(tmp_path / "link").returncode == 0
    assert find(tmp_path / "there").title == "There"


def test_a_disk_without_room_leaves_nothing_half_done(tmp_path):
    def limit() -> None:
        import resource
        import signal

        # A file may grow to 4 KiB only: the settings fit, the facts do not.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    run = new(tmp_path / "big", preexec_fn=limit)
    assert run.returncode == 1 and "the folder cannot be made: File too large" in run.stderr
    assert left(tmp_path) == []
