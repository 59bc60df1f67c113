"""Why a query is not SPARQL, and where: the engine's message made into one a person can use.

The engine reports the place where the longest keyword that it tried would have ended, which may
be behind the mistake. So the query is parsed once more with each token set apart by more space
than the longest keyword: then the farthest place it reached lies at the token that is wrong.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from itertools import accumulate

from allegiance.sparql.failures import Problem
from allegiance.sparql.tokens import Token, position, tokens

_APART = " " * 24
_MAX_TOKENS = 20_000
_PAIRS = {"{": "}", "(": ")", "[": "]", "{|": "|}", "<<(": ")>>"}
_PLACE = re.compile(r"error at (\d+):(\d+): expected (?:one of )?(.*)", re.DOTALL)
_ABSOLUTE = re.compile(r"<[A-Za-z][A-Za-z0-9+.\-]*:")
_SENTENCE = re.compile(r"[A-Z]\w+ [\w*]+ [\w* ]+|IRI parsing failed")
_KEYWORDS = """
    ASC ASK AVG BASE BIND BOUND BY COALESCE CONCAT CONSTRUCT CONTAINS COUNT DATATYPE DESC DESCRIBE
    DISTINCT EXISTS FILTER FROM GRAPH GROUP GROUP_CONCAT HAVING ISBLANK ISIRI ISLITERAL LANG
    LANGMATCHES LCASE LIMIT MAX MIN MINUS NAMED NOT OFFSET OPTIONAL ORDER PREFIX REDUCED REGEX
    REPLACE SAMETERM SAMPLE SELECT STR STRAFTER STRBEFORE STRENDS STRLEN STRSTARTS SUBSTR SUM
    UCASE UNDEF UNION VALUES WHERE YEAR
""".split()  # noqa: SIM905 (a list of a hundred lines reads worse)
_SHOWN = 60


def diagnose(
    query: str, message: str, parse: Callable[[str], str | None], known: Mapping[str, str]
) -> Problem:
    """Return what is wrong with a query that the engine refused.

    message: what the engine said.  parse: returns what it says of another text, or None.
    known: prefix → namespace, to offer where a query uses one undeclared.
    """
    lexed = list(tokens(query))
    for look in (_unclosed, _undeclared, _unbalanced, _relative):
        if found := look(lexed, known):
            token, detail, help = found
            return _at(query, token, detail, help)
    return _parsed(query, lexed, message, parse)


_Found = tuple[Token, str, str] | None


def _unclosed(lexed: Sequence[Token], known: Mapping[str, str]) -> _Found:
    for token in lexed:
        if token.kind == "unclosed":
            quote = token.text[:3] if token.text[:3] in ('"""', "'''") else token.text[0]
            return (
                token,
                "This text has no end.",
                f"Close it with {quote}; one over several lines stands between triple quotes.",
            )
    return None


def _undeclared(lexed: Sequence[Token], known: Mapping[str, str]) -> _Found:
    declared = set()
    before = ""
    for token in lexed:
        if token.kind == "prefixed":
            prefix = token.text.partition(":")[0]
            if before == "PREFIX":
                declared.add(prefix)
            elif prefix not in declared:
                line = f"PREFIX {prefix}: <{known.get(prefix, '…')}>"
                help = "Add this line at the top" if prefix in known else "Declare it at the top"
                return token, f"The prefix “{prefix}:” is not declared.", f"{help}: {line}"
        before = token.word
    return None


def _unbalanced(lexed: Sequence[Token], known: Mapping[str, str]) -> _Found:
    opened: list[Token] = []
    for token in lexed:
        if token.kind == "open" and token.text in _PAIRS:
            opened.append(token)
        elif token.kind == "close" and token.text in _PAIRS.values():
            if not opened:
                return token, f"This “{token.text}” closes nothing.", "Take it out."
            if _PAIRS[opened[-1].text] != token.text:
                return (
                    token,
                    f"This “{token.text}” comes while “{opened[-1].text}” is open.",
                    f"Close that with “{_PAIRS[opened[-1].text]}” first.",
                )
            opened.pop()
    if opened:
        close = _PAIRS[opened[-1].text]
        return opened[-1], f"This “{opened[-1].text}” is never closed.", f"Add the “{close}”."
    return None


def _relative(lexed: Sequence[Token], known: Mapping[str, str]) -> _Found:
    if any(token.word == "BASE" for token in lexed):
        return None
    for token in lexed:
        if token.kind == "iri" and not _ABSOLUTE.match(token.text):
            return (
                token,
                f"The IRI {token.text[:_SHOWN]} is relative, and there is no BASE.",
                "Write it whole, or begin the query with: BASE <…>",
            )
    return None


def _parsed(
    query: str, lexed: Sequence[Token], message: str, parse: Callable[[str], str | None]
) -> Problem:
    if len(lexed) <= _MAX_TOKENS:
        # On one line, so that the engine's column counts characters of the whole.
        texts = [token.text.replace("\n", " ").replace("\r", " ") for token in lexed]
        said = _PLACE.match(parse("".join(text + _APART for text in texts)) or "")
        if said and said[1] == "1":
            expected = said[3]
            starts = list(accumulate((len(text) + len(_APART) for text in texts), initial=0))
            reached = int(said[2]) - 1
            if sentence := _SENTENCE.search(expected):
                return _sentence(query, lexed, starts, reached, sentence[0])
            if reached < starts[-1]:
                index = max(i for i, start in enumerate(starts[:-1]) if start <= reached)
                return _unexpected(query, lexed[index], expected)
            line, column = position(query, len(query.rstrip()))
            return Problem("syntax", "The query ends too early.", _help(expected), line, column)
    said = _PLACE.match(message)
    line, column = (int(said[1]), int(said[2])) if said else (1, 1)
    return Problem(
        "syntax", "The query is not SPARQL at or before this place.", _CONSULT, line, column
    )


_CONSULT = "Compare it with the grammar: https://www.w3.org/TR/sparql11-query/#grammar"


def _sentence(
    query: str, lexed: Sequence[Token], starts: Sequence[int], reached: int, sentence: str
) -> Problem:
    """A rule that the engine states in words, for what it had read up to there."""
    index = max((i for i, start in enumerate(starts[:-1]) if start < reached), default=0)
    if sentence.startswith("IRI"):
        return _at(query, lexed[index], "This is not a valid IRI.", "Mind spaces and brackets.")
    help = ""
    if "unbound" in sentence:
        help = "Select only variables that the pattern binds, or that GROUP BY names."
    return _at(query, lexed[index], f"{sentence}.", help)


def _unexpected(query: str, token: Token, expected: str) -> Problem:
    word = token.word
    meant = get_close_matches(word, _KEYWORDS, 1, 0.75) if word and word not in _KEYWORDS else []
    if meant:
        help = f"Did you mean {meant[0]}?"
    elif expected.strip() == "<unreported>":
        help = "A blank node label counts for one group of triples only."
    else:
        help = _help(expected)
    return _at(query, token, f"“{token.text[:_SHOWN]}” cannot stand here.", help)


_WORDS = re.compile(r'"((?:\\.|[^"\\])+)"|\b([A-Z][A-Z_]+)\b(?!\')')
_NAMES = {"$": "a variable", "?": "a variable", "<": "an IRI", ":": "an IRI", "'": "a literal"} | {
    '\\"': "a literal", "'''": "a literal", '\\"\\"\\"': "a literal", "_:": "a blank node",
    "true": "a literal", "false": "a literal", "+": "a literal", "-": "a literal",
}  # fmt: skip


def _help(expected: str) -> str:
    """Return what could stand there, in a few words."""
    found = (
        sign or word for sign, word in _WORDS.findall(re.sub(r"\[[^\]]*'[^\]]*\]", "", expected))
    )
    names = list(dict.fromkeys(_NAMES.get(text, text) for text in found))
    # One keyword alone is only the longest of those that were tried.
    if len(names) < 2 and not any(name in _NAMES.values() for name in names):
        return _CONSULT
    return "Expected here: " + ", ".join(names[:8]) + (" …" if len(names) > 8 else "")


def _at(query: str, token: Token, detail: str, help: str) -> Problem:
    line, column = position(query, token.start)
    return Problem("syntax", detail, help, line, column, token.text[:_SHOWN])
