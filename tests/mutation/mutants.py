"""Every fault that can be put into the facts, by kind; a run draws some of each.

A mutant differs from the facts in one respect: what a slip of a reader or an editor could do.
What is left over stays well-formed: a claim that is dropped is dropped with its evidence and
with what others say of it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from .blocks import Block, Edit, Facts, Statement
from .words import ENTITIES, Words

DIMENSIONS = ("polarity", "certainty", "modality", "claimKind", "timeframe")
QUALIFIERS = (
    "stanceBasis", "stanceDirection", "effect", "trend", "valence", "quality", "extent", "field",
)  # fmt: skip
ROLES = (
    "after", "breaches", "cause", "connects", "content", "goods", "holder", "occursIn", "party",
    "provider", "recipient", "salienceFor", "toward", "underNorm", "via",
)  # fmt: skip
OPPOSITE = (
    ("provider", "recipient"), ("holder", "toward"), ("holder", "occursIn"), ("holder", "via"),
    ("holder", "underNorm"), ("toward", "occursIn"), ("toward", "content"), ("cause", "content"),
    ("cause", "toward"), ("after", "cause"),
)  # fmt: skip
NUMBERS = ("validFrom", "validUntil", "durationMonths", "lowerBound", "upperBound")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: its kind, what it is in words, and the edits that put it in."""

    kind: str
    what: str
    edits: tuple[Edit, ...]


Faults = Iterator[tuple[str, tuple[Edit, ...]]]


def shifted_offset(facts: Facts, words: Words) -> Faults:
    """A place in the text that starts or ends some letters off, or lies elsewhere as a whole."""
    for block in facts.typed("oa:TextPositionSelector"):
        ends = {name: block.one(f"oa:{name}") for name in ("start", "end")}
        for moved in (("start",), ("end",), ("start", "end")):
            for by in (-7, -2, -1, 1, 2, 7):
                new = {ends[name]: int(ends[name].object) + by for name in moved}
                if min(new.values()) >= 0:
                    edits = tuple(block.put(end, str(value)) for end, value in new.items())
                    yield f"{block.subject}: {' and '.join(moved)} {by:+}", edits


def changed_digest(facts: Facts, words: Words) -> Faults:
    """A SHA-256 with one digit changed, or that of another place."""
    holders = [block for block in facts.blocks if block.of("def:sha256")]
    for block, other in zip(holders, holders[1:] + holders[:1], strict=True):
        digest = block.one("def:sha256")
        at = sum(map(ord, block.subject)) % 64 + 1
        digit = "0123456789abcdef"[(int(digest.object[at], 16) + 1) % 16]
        changed = digest.object[:at] + digit + digest.object[at + 1 :]
        yield f"{block.subject}: digit {at}", (block.put(digest, changed),)
        theirs = other.one("def:sha256")
        if digest.object != theirs.object:
            edits = block.put(digest, theirs.object), other.put(theirs, digest.object)
            yield f"{block.subject}: exchanged with {other.subject}", edits


def changed_letter(facts: Facts, words: Words) -> Faults:
    """A text in which one letter or sign is another, is missing or stands twice."""
    for at, sign in enumerate(facts.words):
        ordinary = {"\u00a0": " ", "’": "'", "‘": "'", "“": '"', "”": '"', "\n": " "}.get(sign)
        changes = {"missing": "", "twice": sign * 2}
        if ordinary:
            changes["ordinary"] = ordinary
        if sign.isalpha():
            changes["in the other case"] = sign.swapcase()
            changes["the next one"] = chr(ord(sign) + 1)
        for change, new in changes.items():
            yield f"letter {at}: {change}", (Edit(facts.text, at, at + 1, new),)


def dropped_sentence(facts: Facts, words: Words) -> Faults:
    """A sentence that is missing: from the sources, or from the text itself."""
    for block in facts.typed("def:Sentence"):
        place = facts.named[block.one("oa:hasSelector").object]
        yield f"{block.subject}: not described", (block.gone(), place.gone())
        start, end = (int(place.one(f"oa:{name}").object) for name in ("start", "end"))
        yield f"{block.subject}: not in the text", (Edit(facts.text, start, end, ""),)


def swapped_roles(facts: Facts, words: Words) -> Faults:
    """A situation in which two have changed places, such as provider and recipient."""
    for block in facts.starting("situation:"):
        for one, other in OPPOSITE:
            for here in block.of(f"def:{one}")[:1]:
                for there in block.of(f"def:{other}")[:1]:
                    edits = block.put(here, there.object), block.put(there, here.object)
                    yield f"{block.subject}: {one} and {other}", edits


def flipped_dimension(facts: Facts, words: Words) -> Faults:
    """A claim with another value of polarity, certainty, modality, kind or time frame."""
    yield from _other_values(facts.typed("def:Claim"), DIMENSIONS, words)


def changed_qualifier(facts: Facts, words: Words) -> Faults:
    """A situation with another value of a qualifier, such as the basis of a stance."""
    yield from _other_values(facts.starting("situation:"), QUALIFIERS, words)


def exchanged_salience(facts: Facts, words: Words) -> Faults:
    """A situation with another rank, or without the one it has."""
    yield from _other_values(facts.starting("situation:"), ("salience",), words)
    for block in facts.starting("situation:"):
        if ranks := block.of("def:salience"):
            gone = dict.fromkeys((*ranks, *block.of("def:salienceFor")))
            yield f"{block.subject}: no salience", (block.put_all(gone),)


def _other_values(blocks: Iterator[Block], dimensions: tuple[str, ...], words: Words) -> Faults:
    for block in blocks:
        for dimension in dimensions:
            for statement in block.of(f"def:{dimension}"):
                for value in words.values(dimension):
                    if value != statement.object:
                        what = f"{block.subject}: {dimension} {value.removeprefix('concept:')}"
                        yield what, (block.put(statement, value),)


def dropped_claim(facts: Facts, words: Words) -> Faults:
    """A claim that is missing, with its evidence and all that refers to it."""
    for claim in facts.typed("def:Claim"):
        own = [b for b in facts.blocks if b.subject.startswith(claim.subject + "\\/")]
        edits = [block.gone() for block in (claim, *own)]
        for block in facts.blocks:
            if referring := [s for s in block.statements if s.object == claim.subject]:
                edits.append(block.put_all(dict.fromkeys(referring)))
        yield f"{claim.subject}: missing", tuple(edits)


def changed_class(facts: Facts, words: Words) -> Faults:
    """A situation or an entity of another class."""
    families = [("situation:", words.classes("Situation")), ("id:", words.classes(*ENTITIES))]
    for prefix, classes in families:
        for block in facts.starting(prefix):
            for kind in block.of("a"):
                if kind.object in classes:
                    for other in classes:
                        if other != kind.object:
                            yield f"{block.subject}: a {other}", (block.put(kind, other),)


def changed_contrast(facts: Facts, words: Words) -> Faults:
    """A contrast or an alternative that is missing, or one of claims that are in none."""
    for predicate in ("def:contrastsWith", "def:alternativeTo"):
        for claim in facts.typed("def:Claim"):
            for link in claim.of(predicate):
                other = facts.named[link.object]
                back = [s for s in other.of(predicate) if s.object == claim.subject]
                edits = (claim.put_all({link: None}), other.put_all(dict.fromkeys(back)))
                yield f"{claim.subject}: no {predicate}", edits if back else edits[:1]
    for one, other in combinations(list(facts.typed("def:Claim")), 2):
        linked = {s.object for s in (*one.of("def:contrastsWith"), *one.of("def:alternativeTo"))}
        if _same_section(one, other) and other.subject not in linked:
            edits = (one.put_all({}, f"def:contrastsWith {other.subject}"),)
            yield f"{one.subject}: contrasts with {other.subject}", edits


def _same_section(one: Block, other: Block) -> bool:
    """Whether two claims stand so near each other that one could be taken for the other."""
    places = [re.findall(r"\d+", block.subject)[0] for block in (one, other)]
    return abs(int(places[0]) - int(places[1])) < 150


def dropped_role(facts: Facts, words: Words) -> Faults:
    """A situation in which a role is not filled."""
    for block in facts.starting("situation:"):
        for role in ROLES:
            for statement in block.of(f"def:{role}"):
                yield (
                    f"{block.subject}: no {role} {statement.object}",
                    (block.put_all({statement: None}),),
                )


def mistaken_thing(facts: Facts, words: Words) -> Faults:
    """A role filled by another thing of the same class."""
    alike: dict[str, list[str]] = {}
    for block in facts.starting("id:"):
        for kind in block.kinds:
            alike.setdefault(kind, []).append(block.subject)
    for block in facts.starting("situation:"):
        for role in ROLES:
            for statement in block.of(f"def:{role}"):
                thing = facts.named.get(statement.object)
                for kind in thing.kinds if thing else ():
                    for other in alike.get(kind, ()):
                        if other not in {s.object for s in block.statements}:
                            what = f"{block.subject}: {role} {other}"
                            yield what, (block.put(statement, other),)


def exchanged_situations(facts: Facts, words: Words) -> Faults:
    """Two claims near each other, each of which claims what the other should."""
    for one, other in combinations(list(facts.typed("def:Claim")), 2):
        here, there = one.one("def:claims"), other.one("def:claims")
        if here.object != there.object and _same_section(one, other):
            edits = one.put(here, there.object), other.put(there, here.object)
            yield f"{one.subject} and {other.subject}", edits


def changed_nesting(facts: Facts, words: Words) -> Faults:
    """A view ascribed to somebody that is told as the author's own, or the other way round."""
    states = [block.subject for block in facts.typed("def:State")]
    for claim in facts.typed("def:Claim"):
        views = claim.of("def:accordingTo")
        if views:
            what = f"{claim.subject}: in the author's own voice"
            yield what, (claim.put_all(dict.fromkeys(views)),)
        else:
            state = states[len(claim.subject) % len(states)]
            what = f"{claim.subject}: according to {state}"
            yield what, (claim.put_all({}, f"def:accordingTo {state}"),)


def changed_voice(facts: Facts, words: Words) -> Faults:
    """A claim with the voice, or in the part, of another author."""
    for claim in facts.typed("def:Claim"):
        for predicate, kind in (("def:voice", "prov:Agent"), ("def:assertedIn", "def:Part")):
            for other in facts.typed(kind):
                statement = claim.one(predicate)
                if statement.object != other.subject:
                    what = f"{claim.subject}: {predicate} {other.subject}"
                    yield what, (claim.put(statement, other.subject),)


def dropped_evidence(facts: Facts, words: Words) -> Faults:
    """A claim of several passages without the last of them."""
    for claim in facts.typed("def:Claim"):
        passages = claim.of("def:evidence")
        if len(passages) > 1:
            last = passages[-1]
            gone = (facts.named[last.object], facts.named[last.object + "\\/position"])
            edits = (claim.put_all({last: None}), *(block.gone() for block in gone))
            yield f"{last.object}: missing", edits


def changed_number(facts: Facts, words: Words) -> Faults:
    """A date, a length or a figure that is another one."""
    for block in facts.starting("situation:"):
        for name in NUMBERS:
            for statement in block.of(f"def:{name}"):
                for by in (-1, 1):
                    number = re.search(r"\d+", statement.object)
                    assert number is not None
                    new = str(int(number[0]) + by).zfill(len(number[0]))
                    changed = statement.object.replace(number[0], new, 1)
                    yield f"{block.subject}: {name} {changed}", (block.put(statement, changed),)


def written_edge(facts: Facts, words: Words) -> Faults:
    """A direct relation that somebody wrote by hand."""
    states = list(facts.typed("def:State"))
    for relation in ("def:supports", "def:alliedWith", "def:suppliesArmsTo"):
        for one, other in combinations(states, 2):
            edits = (one.put_all({}, f"{relation} {other.subject}"),)
            yield f"{one.subject} {relation} {other.subject}", edits


def misspelt_name(facts: Facts, words: Words) -> Faults:
    """A name with a letter too much, where something is referred to."""
    for block in facts.blocks:
        for statement in block.statements:
            if re.fullmatch(r"(claim|concept|def|id|situation|source):\S+", statement.object):
                name = statement.object
                what = f"{block.subject}: {statement.predicate} {name}"
                yield what, (block.put(statement, name + name[-1]),)


def dropped_block(facts: Facts, words: Words) -> Faults:
    """A thing, a situation or a passage that is not described though it is referred to."""
    for block in facts.blocks:
        if not block.subject.startswith("graph:") and "def:Claim" not in block.kinds:
            yield f"{block.subject}: not described", (block.gone(),)


CERTAIN: tuple[Callable[[Facts, Words], Faults], ...] = (
    shifted_offset,
    changed_digest,
    changed_letter,
    dropped_sentence,
)
"""Kinds of which every mutant must be caught."""

OTHERS: tuple[Callable[[Facts, Words], Faults], ...] = (
    swapped_roles,
    flipped_dimension,
    dropped_claim,
    changed_class,
    changed_contrast,
    exchanged_salience,
    changed_qualifier,
    dropped_role,
    mistaken_thing,
    exchanged_situations,
    changed_nesting,
    changed_voice,
    dropped_evidence,
    changed_number,
    written_edge,
    misspelt_name,
    dropped_block,
)
"""Kinds of which some are beyond any check that cannot read."""


def name(kind: Callable[[Facts, Words], Faults]) -> str:
    """Return the name of a kind in words."""
    return kind.__name__.replace("_", " ")


def mutants(kind: Callable[[Facts, Words], Faults], facts: Facts, words: Words) -> list[Mutant]:
    """Return all mutants of a kind that differ from the facts, in a fixed order."""
    found = []
    for what, edits in kind(facts, words):
        # Blocks are put back whole, so that a block changed twice would lose a change.
        changed = facts.applied(edits)
        sources = {**facts.files, facts.text: facts.words}
        if any(changed[file] != sources[file] for file in changed):
            found.append(Mutant(name(kind), what, edits))
    return found


__all__ = ["CERTAIN", "OTHERS", "Mutant", "Statement", "mutants", "name"]
