"""Small invented graphs for tests: two or three states, what they do, and who says so."""

from collections.abc import Iterable
from pathlib import Path

from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from allegiance.names import DEF, prefixes
from allegiance.turtle import read

BASE = "https://example.org/graph/"
ROOT = Path(__file__).parents[2]
NAMES = prefixes(BASE) | {"e": "https://example.org/other/"}

FACTUAL = {
    "polarity": "affirmative",
    "certainty": "certain",
    "modality": "actual",
    "claimKind": "report",
    "timeframe": "current",
}

ENTITIES = """
id:north a def:State ; skos:prefLabel "North"@en .
id:south a def:State ; skos:prefLabel "South"@en .
id:west a def:State ; skos:prefLabel "West"@en .
id:everyone a def:DiffuseActor ; skos:prefLabel "everyone"@en .
id:rifles a def:ArmsGoods ; skos:prefLabel "rifles"@en .
id:gas a def:EnergyGoods ; skos:prefLabel "gas"@en .
"""


def turtle(text: str) -> list[Triple]:
    """Return the triples of a Turtle text, with the usual prefixes declared."""
    declared = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in NAMES.items())
    quads = parse(declared + text, format=RdfFormat.TURTLE, rename_blank_nodes=True)
    return [quad.triple for quad in quads]


def name(short: str) -> NamedNode:
    """Return the IRI of a prefixed name; ``a`` is rdf:type."""
    if short == "a":
        return NamedNode(NAMES["rdf"] + "type")
    prefix, _, local = short.partition(":")
    return NamedNode(NAMES[prefix] + local)


def statement(text: str) -> Triple:
    """Return one triple from three prefixed names."""
    subject, predicate, object_ = text.split()
    return Triple(name(subject), name(predicate), name(object_))


def statements(texts: Iterable[str]) -> set[Triple]:
    """Return several triples, each from three prefixed names."""
    return {statement(text) for text in texts}


def ontology() -> list[Triple]:
    """Return the repository's ontology."""
    return [
        triple
        for path in sorted((ROOT / "ontology").glob("*.ttl"))
        for triple in read(path, path.name).triples
    ]


def claim(slug: str, situation: str, more: str = "", **dimensions: str) -> str:
    """Return the Turtle of a claim: factual, but for the dimensions that are named."""
    values = FACTUAL | dimensions
    said = "".join(f" ; def:{on} concept:{value}" for on, value in values.items())
    return f"claim:{slug} a def:Claim ; def:claims situation:{situation}{said} {more}.\n"


def short(triple: Triple) -> str:
    """Return an edge of the test's own graph in three words."""
    return " ".join(
        str(term.value).removeprefix(BASE + "id/").removeprefix(DEF)  # type: ignore[union-attr]
        for term in triple
    )
