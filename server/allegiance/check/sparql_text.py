"""A SPARQL query as text: what of it is hidden in strings and comments, and the names it uses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HIDDEN = re.compile(
    r"<[^<>\"{}|^`\\\s]*>|\"\"\".*?\"\"\"|'''.*?'''|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
    r"|#[^\n]*",
    re.DOTALL,
)
_PREFIX = re.compile(r"\bPREFIX\s+([\w.-]*):\s*<([^<>\s]*)>", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w:?$@<-])([\w.-]*):((?:[\w-]|\\.|\.(?=[\w\\-]))+)")


@dataclass(frozen=True, slots=True)
class Name:
    """A prefixed name or IRI in a query: as written, in full, and where (both from 1)."""

    written: str
    iri: str
    line: int
    column: int


def bare(query: str) -> str:
    """Return a query without IRIs, strings and comments, each letter of them a space."""
    return _HIDDEN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), query)


def names(query: str) -> Iterator[Name]:
    """Yield the prefixed names and IRIs of a query, the declarations of prefixes left out."""
    prefixes = dict(_PREFIX.findall(query))
    declared = {match.start(2) - 1 for match in _PREFIX.finditer(query)}
    found = [
        (match.start(), match[0], match[0][1:-1])
        for match in _HIDDEN.finditer(query)
        if match[0].startswith("<") and match.start() not in declared
    ]
    for match in _NAME.finditer(bare(query)):
        if match[1] in prefixes:
            local = re.sub(r"\\(.)", r"\1", match[2])
            found.append((match.start(), match[0], prefixes[match[1]] + local))
    for at, written, iri in sorted(found):
        line = query.count("\n", 0, at) + 1
        yield Name(written, iri, line, at - query.rfind("\n", 0, at))
