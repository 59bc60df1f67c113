"""A SPARQL query as tokens (SPARQL 1.2 Query, section 19.8), enough to say what it is.

Linear in the length of the query: every repetition is possessive or bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = r"[^\W\d_][\w.\-]{0,100}+(?<!\.)"
_PLX = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"
_TOKEN = re.compile(
    rf"""
      (?P<space>[\s\ufeff]++)
    | (?P<comment>\#[^\n\r]*+)
    | (?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*+\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*+'''
        | "(?!"")(?:[^"\\\n\r]|\\[^\n\r])*+" | '(?!'')(?:[^'\\\n\r]|\\[^\n\r])*+')
    | (?P<unclosed>(?:\"\"\"|''').*+ | ["'][^\n\r]*+)
    | (?P<iri><(?:[^\x00-\x20<>"{{}}|^`\\]|\\u[0-9A-Fa-f]{{4}}|\\U[0-9A-Fa-f]{{8}})*+>)
    | (?P<variable>[?$]\w++)
    | (?P<blank>_:[\w.\-]*+)
    | (?P<prefixed>(?:{_NAME})?:(?:(?:[\w:]|{_PLX})(?:\.*+(?:[\w:\-]|{_PLX}))*+)?)
    | (?P<language>@[A-Za-z]++[A-Za-z0-9\-]*+)
    | (?P<number>\d*+\.?\d*+(?<=[\d.])[eE][+\-]?\d++|\d*+\.\d++|\d++)
    | (?P<word>\w++)
    | (?P<open><<\(|<<|\{{\||[({{\[])
    | (?P<close>\)>>|>>|\|\}}|[)}}\]])
    | (?P<sign>\^\^|&&|\|\||[!<>]=|[^\s])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is neither space nor comment. ``start`` counts characters from 0."""

    kind: str
    text: str
    start: int

    @property
    def word(self) -> str:
        """The keyword it may be, in capitals; empty for anything but a word."""
        return self.text.upper() if self.kind == "word" else ""


def tokens(query: str) -> Iterator[Token]:
    """Yield the tokens; joined with what lies between them they are the query.

    kind: string, unclosed (a string without an end), iri, variable, blank, prefixed, language,
    number, word, open, close or sign.
    """
    for match in _TOKEN.finditer(query):
        kind = match.lastgroup
        if kind not in ("space", "comment", None):
            yield Token(kind, match.group(), match.start())


def position(query: str, offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of an offset."""
    before = query[:offset]
    line = before.count("\n") + 1
    return line, offset - (before.rfind("\n") + 1) + 1
