"""Write a graph of so many triples, in the vocabulary of this project, as N-Triples.

    python bench/generate.py TRIPLES OUT [--seed N]

The same numbers give the same bytes. What is written looks like the default graph of a release:
the terms of the ontology and the value sets, then actors, texts with their parts and sentences,
situations, claims with their evidence, and what follows from them: classes and relations above
those that are stated, edges, and from which claims each edge is derived.
"""

import argparse
import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode, parse

ONTOLOGY = Path(__file__).parents[1] / "ontology"
BASE = "https://w3id.org/allegiance/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
DCTERMS = "http://purl.org/dc/terms/"
OA = "http://www.w3.org/ns/oa#"
PROV = "http://www.w3.org/ns/prov#"
XSD = "http://www.w3.org/2001/XMLSchema#"

TYPE = f"<{RDF}type>"
LABEL = f"<{SKOS}prefLabel>"
_CLAIMS_A_TEXT = 100
_IN_PART_1 = 70
_TRIPLES_A_CLAIM = 33  # About; only the number of actors comes from it.

_SITUATIONS = {  # A class of situations, how often it comes, and how its label and gloss say it.
    "ArmsSupply": (20, "supplies arms to"),
    "Support": (15, "stands by"),
    "Denunciation": (12, "denounces"),
    "EnergySupply": (10, "supplies energy to"),
    "Pressure": (8, "presses"),
    "Alliance": (8, "is allied with"),
    "Partnership": (8, "is a partner of"),
    "Cooperation": (7, "works together with"),
    "SecurityGuarantee": (5, "guarantees the security of"),
    "PeacekeepingSupply": (4, "sends peacekeepers to the border of"),
    "ArmedConflict": (6, "is in conflict with"),
}
_ACTORS = {"State": 6, "IntergovernmentalBody": 1, "PopulationGroup": 2, "DiffuseActor": 1}
_USUAL = {  # The value that a claim mostly has, and what it may have instead.
    "polarity": ("affirmative", "negative"),
    "certainty": ("certain", "possible", "probable"),
    "modality": ("actual", "hypothetical", "intended", "offered"),
    "claimKind": ("report", "evaluation", "forecast"),
    "timeframe": ("current", "past", "future", "recentPast"),
}
_SYLLABLES = ("ar", "ba", "dor", "el", "fen", "gal", "har", "is", "kan", "lor", "mar", "nes", "or")


def iri(path: str) -> str:
    """Return an IRI of this project."""
    return f"<{BASE}{path}>"


def text(value: str) -> str:
    """Return an English text. value: needs no escapes."""
    return f'"{value}"@en'


def whole(value: int) -> str:
    """Return an integer."""
    return f'"{value}"^^<{XSD}integer>'


@dataclass(frozen=True, slots=True)
class Relation:
    """What a class of situations stands for, as the ontology says it."""

    property: str
    subject_role: str
    object_role: str


class Vocabulary:
    """What the ontology says of classes and properties; names are without their base."""

    def __init__(self) -> None:
        self.triples: list[str] = []
        said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for path in sorted(ONTOLOGY.glob("*.ttl")):
            for quad in parse(path=str(path)):
                if isinstance(quad.subject, BlankNode) or isinstance(quad.object, BlankNode):
                    continue
                self.triples.append(f"{quad.subject} {quad.predicate} {quad.object} .")
                if isinstance(quad.object, NamedNode):
                    subject = quad.subject.value.removeprefix(BASE)
                    predicate = quad.predicate.value.removeprefix(BASE)
                    said[predicate][subject].append(quad.object.value.removeprefix(BASE))
        self._classes = said[f"{RDFS}subClassOf"]
        self._properties = said[f"{RDFS}subPropertyOf"]
        self._kinds = said[f"{RDF}type"]
        self.relations = {
            name: Relation(
                said["def/directProperty"][f"def/{name}"][0],
                said["def/directSubjectRole"][f"def/{name}"][0],
                said["def/directObjectRole"][f"def/{name}"][0],
            )
            for name in _SITUATIONS
        }

    def classes(self, name: str) -> list[str]:
        """Return a class and those above it."""
        return _above(name, self._classes)

    def properties(self, name: str) -> list[str]:
        """Return a property and those above it."""
        return _above(name, self._properties)

    def symmetric(self, name: str) -> bool:
        """Return whether a property holds both ways."""
        return "http://www.w3.org/2002/07/owl#SymmetricProperty" in self._kinds[name]


def _above(name: str, parents: dict[str, list[str]]) -> list[str]:
    found = [name]
    for each in found:
        found += [above for above in parents[each] if above not in found]
    return found


class World:
    """Makes triples until there are enough."""

    def __init__(self, triples: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._vocabulary = Vocabulary()
        self._actors = max(40, triples // _TRIPLES_A_CLAIM // 40)
        self._names = [self._name(number) for number in range(self._actors)]
        self._groups = set[int]()
        self._edges = set[str]()

    def triples(self) -> Iterator[str]:
        """Yield lines of N-Triples, without end; some more than once."""
        yield from self._vocabulary.triples
        for number in range(self._actors):
            yield from self._actor(number)
        number = 0
        while True:
            yield from self._text(number)
            number += 1

    def _name(self, number: int) -> str:
        parts = self._random.choices(_SYLLABLES, k=self._random.randint(2, 4))
        return f"{''.join(parts).capitalize()} {number}"

    def _actor(self, number: int) -> Iterator[str]:
        me = iri(f"id/actor-{number}")
        kind = self._random.choices(list(_ACTORS), list(_ACTORS.values()))[0]
        if kind == "DiffuseActor":
            self._groups.add(number)
        yield from self._typed(me, f"def/{kind}")
        yield f"{me} {LABEL} {text(self._names[number])} ."
        if number:
            yield f"{me} {iri('def/belongsTo')} {iri(f'id/actor-{number // 5}')} ."

    def _typed(self, subject: str, name: str) -> Iterator[str]:
        for each in self._vocabulary.classes(name):
            if not each.startswith("http"):
                yield f"{subject} {TYPE} {iri(each)} ."

    def _text(self, number: int) -> Iterator[str]:
        source = iri(f"source/text-{number}")
        yield f"{source} {TYPE} {iri('def/SourceText')} ."
        yield f"{source} <{DCTERMS}title> {text(f'Text {number}')} ."
        yield f'{source} <{DCTERMS}language> "en" .'
        for part, genre in ((1, "analysis"), (2, "opinion")):
            at, voice = iri(f"source/text-{number}/part-{part}"), self._voice(number, part)
            yield f"{at} {TYPE} {iri('def/Part')} ."
            yield f"{at} <{DCTERMS}isPartOf> {source} ."
            yield f"{at} <{DCTERMS}type> {iri(f'concept/{genre}')} ."
            yield f"{at} <{DCTERMS}creator> {voice} ."
            yield f"{voice} {TYPE} <{PROV}Agent> ."
            yield f"{voice} {LABEL} {text(f'Author {part} of text {number}')} ."
        for each in range(_CLAIMS_A_TEXT):
            yield from self._sentence(number, each)

    def _voice(self, number: int, part: int) -> str:
        return iri(f"id/text-{number}-author-{part}")

    def _sentence(self, number: int, each: int) -> Iterator[str]:
        """Yield a sentence, a situation that it tells of, and the claim that it does."""
        part = 1 if each < _IN_PART_1 else 2
        start, end = each * 120, each * 120 + self._random.randint(40, 110)
        situation = iri(f"situation/s{number}-{each}")
        kind = self._random.choices(list(_SITUATIONS), [often for often, _ in _SITUATIONS.values()])
        subject, about = self._two()
        words = f"{self._names[subject]} {_SITUATIONS[kind[0]][1]} {self._names[about]}"
        yield from self._situation(situation, kind[0], subject, about, words)

        sentence = f"source/text-{number}/s{each}"
        yield f"{iri(sentence)} {TYPE} {iri('def/Sentence')} ."
        yield f"{iri(sentence)} <{DCTERMS}isPartOf> {iri(f'source/text-{number}/part-{part}')} ."
        yield f"{iri(sentence)} {iri('def/paraphrase')} {text(words + '.')} ."
        yield from self._selected(sentence, start, end + 5)
        if part == 2 and self._random.random() < 0.15:
            return  # A situation that is only mentioned.

        claim = f"claim/text-{number}-{start}-{end}"
        yield f"{iri(claim)} {TYPE} {iri('def/Claim')} ."
        yield f"{iri(claim)} {iri('def/claims')} {situation} ."
        yield f"{iri(claim)} {iri('def/assertedIn')} {iri(f'source/text-{number}/part-{part}')} ."
        yield f"{iri(claim)} {iri('def/voice')} {self._voice(number, part)} ."
        yield f"{iri(claim)} {iri('def/gloss')} {text(words + '.')} ."
        evidence = f"{claim}/evidence-1"
        yield f"{iri(claim)} {iri('def/evidence')} {iri(evidence)} ."
        yield f"{iri(evidence)} {TYPE} <{OA}SpecificResource> ."
        yield f"{iri(evidence)} <{OA}hasSource> {iri(f'source/text-{number}')} ."
        yield from self._selected(evidence, start, end)
        usual = True
        for name, values in _USUAL.items():
            value = values[0] if self._random.random() < 0.9 else self._random.choice(values)
            usual = usual and value == values[0]
            yield f"{iri(claim)} {iri(f'def/{name}')} {iri(f'concept/{value}')} ."
        if usual and subject not in self._groups:
            yield from self._edge(kind[0], subject, about, iri(claim))

    def _two(self) -> tuple[int, int]:
        """Return two actors; some come far more often than others."""
        subject, about = (int(self._actors * self._random.random() ** 2) for _ in range(2))
        return subject, about if about != subject else (about + 1) % self._actors

    def _situation(self, me: str, kind: str, subject: int, about: int, words: str) -> Iterator[str]:
        relation = self._vocabulary.relations[kind]
        yield from self._typed(me, f"def/{kind}")
        yield f"{me} {LABEL} {text(words)} ."
        for role, actor in ((relation.subject_role, subject), (relation.object_role, about)):
            for each in self._vocabulary.properties(role):
                yield f"{me} {iri(each)} {iri(f'id/actor-{actor}')} ."
        if self._random.random() < 0.5:
            when = f"{self._random.randint(1950, 2025)}-{self._random.randint(1, 12):02}"
            yield f'{me} {iri("def/validFrom")} "{when}" .'

    def _selected(self, of: str, start: int, end: int) -> Iterator[str]:
        digest = hashlib.sha256(of.encode()).hexdigest()
        yield f'{iri(of)} {iri("def/sha256")} "{digest}" .'
        yield f"{iri(of)} <{OA}hasSelector> {iri(f'{of}/position')} ."
        yield f"{iri(f'{of}/position')} {TYPE} <{OA}TextPositionSelector> ."
        yield f"{iri(f'{of}/position')} <{OA}start> {whole(start)} ."
        yield f"{iri(f'{of}/position')} <{OA}end> {whole(end)} ."

    def _edge(self, kind: str, subject: int, about: int, claim: str) -> Iterator[str]:
        name = self._vocabulary.relations[kind].property
        ways = [(subject, about)]
        if self._vocabulary.symmetric(name):
            ways.append((about, subject))
        for one, other in ways:
            short = name.removeprefix("def/")
            edge = iri(f"edge/actor-{one}-{short}-actor-{other}")
            if edge not in self._edges:
                self._edges.add(edge)
                for each in self._vocabulary.properties(name):
                    yield f"{iri(f'id/actor-{one}')} {iri(each)} {iri(f'id/actor-{other}')} ."
                yield f"{edge} {TYPE} <{RDF}Statement> ."
                yield f"{edge} <{RDF}subject> {iri(f'id/actor-{one}')} ."
                yield f"{edge} <{RDF}predicate> {iri(name)} ."
                yield f"{edge} <{RDF}object> {iri(f'id/actor-{other}')} ."
                yield f"{edge} {iri('def/rule')} {iri(f'def/{kind}')} ."
            yield f"{edge} <{PROV}wasDerivedFrom> {claim} ."


def distinct(lines: Iterable[str], most: int) -> Iterator[str]:
    """Yield each line once, at most so many."""
    seen = set[bytes]()
    for line in lines:
        mark = hashlib.blake2b(line.encode(), digest_size=8).digest()
        if mark not in seen:
            seen.add(mark)
            yield line
            if len(seen) == most:
                return


def generate(triples: int, out: Path, seed: int = 1) -> None:
    """Write exactly so many triples. The file appears when it is whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_suffix(".unfinished")
    with unfinished.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in distinct(World(triples, seed).triples(), triples))
    unfinished.replace(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("triples", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    generate(given.triples, given.out, given.seed)
