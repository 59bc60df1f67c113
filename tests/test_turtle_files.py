"""The order in the Turtle files, so that a diff shows what changed and no more.

turtlefmt holds the white space. Here: one block a subject, subjects sorted within a section (a
section opens with ``# Heading``), one statement a line, prefixes sorted, used and spelt alike in
all files.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    file for folder in ("data", "ontology", "shapes") for file in ROOT.glob(f"{folder}/*.ttl")
)

HEADING = re.compile(r"^# ", re.MULTILINE)
PREFIX = re.compile(r"^@prefix (\S*): <(\S+)> \.$", re.MULTILINE)
# What may hold commas, semicolons, colons or number signs without being a statement.
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|<[^>\s]*>')
NESTED = re.compile(r"\[[^][]*\]|\([^()]*\)")


def disorder(text: str) -> list[str]:
    """Return what is out of order in a Turtle file, a sentence each."""
    found = []
    prefixes = PREFIX.findall(text)
    if [name for name, _ in prefixes] != sorted({name for name, _ in prefixes}):
        found.append("the prefixes are not sorted, or one stands twice")

    statements = re.sub(r"^(#|@).*$", "", QUOTED.sub('""', text), flags=re.MULTILINE)
    for name, _ in prefixes:
        if not re.search(rf"(?<![\w-]){re.escape(name)}:", statements):
            found.append(f"the prefix {name} is not used")

    blocks = Counter(_subjects(text))
    found += [f"{subject} has {count} blocks" for subject, count in blocks.items() if count > 1]

    for section in HEADING.split(text):
        heading = section.partition("\n")[0]
        subjects = _subjects(section)
        for first, second in zip(subjects, sorted(subjects), strict=True):
            if first != second:
                found.append(f"{second} should stand before {first} under “{heading}”")
                break

    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith(("@", "#")) and _statements(line) > 1:
            found.append(f"line {number} says more than one thing")
    return found


def _subjects(text: str) -> list[str]:
    """Return what stands at the beginning of each block that is about something with a name."""
    return re.findall(r"^(?![@#\[\s])\S+", text, flags=re.MULTILINE)


def _statements(line: str) -> int:
    said = QUOTED.sub('""', line)
    while NESTED.search(said):
        said = NESTED.sub("", said)
    return 1 + said.count(",") + said.rstrip(" ;").count(";") + said.rstrip(" .").count(" . ")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_file_is_in_order(file):
    assert disorder(file.read_text("utf-8")) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_file_is_formatted(file):
    command = [str(Path(sys.executable).with_name("turtlefmt")), str(file)]
    checked = subprocess.run([*command, "--check"], capture_output=True, text=True)
    name = file.relative_to(ROOT)
    assert checked.returncode == 0, f"format it with: turtlefmt {name}\n{checked.stderr}"


def test_a_prefix_means_the_same_in_every_file():
    meanings: dict[str, set[str]] = {}
    for file in FILES:
        for name, namespace in PREFIX.findall(file.read_text("utf-8")):
            meanings.setdefault(name, set()).add(namespace)
    assert {name: spaces for name, spaces in meanings.items() if len(spaces) > 1} == {}


GOOD = """@prefix bridge: <https://example.org/bridge/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

# Bridges, and what they span

bridge:forth a bridge:Bridge ;
    rdfs:label "Forth; a bridge, in red"@en ;
    bridge:spans [ a bridge:Firth ; rdfs:label "Firth"@en ] .

bridge:tay a bridge:Bridge ;
    rdfs:seeAlso <https://example.org/a,b;c> .

# Abutments

bridge:abutment a bridge:Abutment .

[] a bridge:List ;
    bridge:members ( bridge:forth bridge:tay ) .

[] a bridge:List ;
    bridge:members ( bridge:tay [ a bridge:Bridge ; rdfs:label "Clyde"@en ] ) .
"""


def test_a_file_in_order_is_left_alone():
    assert disorder(GOOD) == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("bridge:tay a", "bridge:alloa a", "bridge:alloa should stand before bridge:forth"),
        ("bridge:abutment a", "bridge:tay a", "bridge:tay has 2 blocks"),
        ("a bridge:Abutment .", "a bridge:Abutment, bridge:Pier .", "says more than one thing"),
        ("a bridge:Abutment .", 'a bridge:Pier ; rdfs:label "x" .', "says more than one thing"),
        ("a bridge:Abutment .", "a bridge:Pier . bridge:x a bridge:Pier .", "more than one thing"),
        ("@prefix rdfs:", "@prefix a: <https://example.org/> .\n@prefix rdfs:", "not sorted"),
        ("@prefix rdfs:", "@prefix c: <https://example.org/> .\n@prefix rdfs:", "c is not used"),
    ],
)
def test_what_is_out_of_order_is_said(right, wrong, said):
    assert said in "\n".join(disorder(GOOD.replace(right, wrong, 1)))
