"""Answers kept to be given again, and the tags by which clients ask whether theirs still hold.

An answer is named by what it was made of: release, query, dataset, format and coding. The name is
its strong ETag (RFC 9110, section 8.8.3). What may differ the next time has neither.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

from werkzeug.http import parse_etags

from allegiance.sparql.tokens import tokens

SIZE = 64 * 1024 * 1024
"""Bytes of answers that one front keeps, unless told otherwise."""

_PART = 16
"""One answer may take one part in so many."""
_MOST_NAMES = 20_000

_DIFFERS = frozenset(("RAND", "NOW", "UUID", "STRUUID", "BNODE", "SERVICE"))
_SUSPECT = re.compile(rf"\b(?:{'|'.join(sorted(_DIFFERS))}|CONSTRUCT)\b", re.IGNORECASE)
_BLANK = frozenset(("[", "(", "<<", "{|"))
"""What makes a blank node in a template, next to ``_:``."""

Headers = list[tuple[bytes, bytes]]
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole answer with status 200: its headers and its body, coded."""

    headers: Headers
    body: bytes


class Cache:
    """The answers of one front, at most ``size`` bytes; the least recently used go first.

    0 bytes: nothing is kept, and tags still work.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._taken = 0
        self._answers: OrderedDict[str, Kept] = OrderedDict()
        self._answered: OrderedDict[str, None] = OrderedDict()
        self._requests: OrderedDict[bytes, str] = OrderedDict()

    @property
    def most(self) -> int:
        """The bytes that one answer may have to be kept."""
        return self._size // _PART

    def clear(self) -> None:
        """Keep nothing of what was answered."""
        self._taken = 0
        for names in (self._answers, self._answered, self._requests):
            names.clear()

    def get(self, tag: str) -> Kept | None:
        """Return the answer of that tag, if it is here."""
        kept = self._answers.get(tag)
        if kept is not None:
            self._answers.move_to_end(tag)
        return kept

    def put(self, tag: str, kept: Kept) -> None:
        """Keep an answer, unless it is too long."""
        size = len(kept.body)
        if size > self.most or tag in self._answers:
            return
        self._answers[tag] = kept
        self._taken += size
        while self._taken > self._size:
            _, gone = self._answers.popitem(last=False)
            self._taken -= len(gone.body)

    def answered(self, tag: str) -> bool:
        """Return whether a request of that tag was answered here before, whole."""
        return tag in self._answered

    def note(self, tag: str, request: bytes) -> None:
        """Remember that the request (``name`` of all that it consists of) has this tag, and was
        answered.
        """
        _remember(self._answered, tag, None)
        _remember(self._requests, request, tag)

    def tag(self, request: bytes) -> str | None:
        """Return the tag of a request that came before, byte for byte."""
        return self._requests.get(request)


def _remember(names: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    names[key] = value
    names.move_to_end(key)
    if len(names) > _MOST_NAMES:
        names.popitem(last=False)


def name(parts: Iterable[bytes]) -> bytes:
    """Return a short name for a list of bytes; another list has another name."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()


def matches(tag: str, if_none_match: str | None) -> bool:
    """Return whether the client has the answer of that tag (RFC 9110, section 13.1.2)."""
    if not if_none_match:
        return False
    given = parse_etags(if_none_match)
    return given.star_tag or given.contains_weak(tag)


def repeatable(query: str) -> bool:
    """Return whether the same release always gives the same answer to a query."""
    if not _SUSPECT.search(query):
        return True
    template = 0
    depth = 0
    for token in tokens(query):
        if token.word in _DIFFERS:
            return False
        if token.word == "CONSTRUCT":
            template = 1
        elif template == 1 and token.text == "{":
            template = 2
        if template == 2:
            if token.kind == "blank" or token.text in _BLANK:
                return False
            depth += (token.text == "{") - (token.text == "}")
            if depth == 0:
                template = 0
    return True
