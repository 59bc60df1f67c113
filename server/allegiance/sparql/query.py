"""What the tokens of a query tell before any engine sees it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import quote

from allegiance.sparql.failures import Problem
from allegiance.sparql.origins import origin_of
from allegiance.sparql.tokens import Token, position, tokens

MAX_DEPTH = 250
"""Brackets open at once: more than anyone writes, and few enough to say where they begin. What
the engine recurses on without brackets, such as ``1 + 1 + 1``, its stack limits."""

FORMS = {"SELECT": "solutions", "ASK": "boolean", "CONSTRUCT": "graph", "DESCRIBE": "graph"}
"""First keyword → the kind of answer."""

_CHAINING = frozenset(
    ("AS", "BIND", "FILTER", "GRAPH", "MINUS", "OPTIONAL", "SELECT", "UNION", "VALUES")
) | frozenset(("!", "&&", "*", "+", "-", "/", "|", "||", "^", "{", ".", ";"))
"""What makes the engine's trees deeper each time it comes."""

_UPDATES = frozenset(
    ("ADD", "CLEAR", "COPY", "CREATE", "DELETE", "DROP", "INSERT", "LOAD", "MOVE", "WITH")
)
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"{}|^`\\]*")
_PROLOGUE = frozenset(("BASE", "PREFIX", "VERSION"))


def check(query: str, allowed: Sequence[str] = ()) -> str | None:
    """Return the kind of answer that a query asks for: solutions, boolean or graph; None when
    its first keyword is no form of query (the parser then says what is wrong).

    allowed: origins of other endpoints that SERVICE may name.

    Raises BadQuery for what must not reach the engine's parser, or what is refused: no query at
    all, an update, brackets nested too deeply, SERVICE.
    """
    first = None
    before = ""
    depth = 0
    asks: Token | None = None
    silent = False
    for token in tokens(query):
        if asks is not None and token.word == "SILENT":
            silent = True
        elif asks is not None:
            if not (silent and token.kind == "iri"):
                _may_ask(query, asks, token, allowed)
            asks, silent = None, False
        if token.kind == "open":
            depth += 1
            if depth > MAX_DEPTH:
                raise _problem(
                    query,
                    token,
                    "nesting",
                    f"More than {MAX_DEPTH} brackets are open here.",
                    "Close brackets, or ask in several queries.",
                ).error()
        elif token.kind == "close":
            depth = max(0, depth - 1)
        elif word := token.word:
            if word == "SERVICE":
                if not allowed:
                    raise _problem(query, token, "service", *_NO_SERVICE).error()
                asks = token
            # After PREFIX stands a prefixed name and after BASE an IRI, so neither is a word.
            if first is None and word not in _PROLOGUE:
                first = word
                if word in _UPDATES:
                    raise _problem(
                        query,
                        token,
                        "update",
                        f"{word} is an update, and this address only answers queries.",
                        "Begin with SELECT, ASK, CONSTRUCT or DESCRIBE.",
                    ).error()
        before = before or token.text
    if not before:
        raise Problem(
            "syntax",
            "The query is empty.",
            "Write one, such as: SELECT * WHERE { ?s ?p ?o } LIMIT 10",
        ).error()
    return FORMS.get(first or "")


def longest_chain(query: str, problem: Problem) -> Problem:
    """Return the problem of a query that is too deep for the engine, with the place where what it
    chains most begins.
    """
    found: dict[str, list[Token]] = {}
    for token in tokens(query):
        if (text := token.word or token.text) in _CHAINING:
            found.setdefault(text, []).append(token)
    if not found:
        return problem
    text, most = max(found.items(), key=lambda item: len(item[1]))
    line, column = position(query, most[0].start)
    detail = f"{problem.detail} It has {len(most):,} of “{text}”, the first of them here."
    return replace(problem, detail=detail, line=line, column=column, fragment=most[0].text)


_NO_SERVICE = (
    "This server does not ask other servers.",
    "Take the SERVICE block out, and join with the other endpoint on your side.",
)


def silenced(update: str) -> str:
    """Return an update that passed, in which LOAD SILENT names what no engine can load: it fails
    there without a word, as the specification has it, and asks nobody.
    """
    return _renamed(update, "LOAD", lambda _, __: "refused:load")


FORWARDER = "http://127.0.0.1/"
"""What the IRIs begin with that name other endpoints to the engine. Nothing listens there: see
``diversion``."""
LOUD, SILENT = "loud/", "silent/"
"""What follows then: whether the query is to fail when the other endpoint does."""


def diverted(text: str) -> str:
    """Return a query or update in which each SERVICE names the forwarder, and tells it the IRI.

    One within another stays as it is: the other endpoint is who asks it.
    """

    def name(iri: str, silent: bool) -> str:
        return FORWARDER + (SILENT if silent else LOUD) + quote(iri, safe="")

    return _renamed(text, "SERVICE", name)


def _renamed(text: str, keyword: str, name: Callable[[str, bool], str]) -> str:
    """Return the text with another IRI after each of that keyword, SILENT between them or not.

    In the group that may follow the IRI nothing is changed.
    """
    if keyword not in text.upper():
        return text
    made, at = "", 0
    before, last = "", ""  # the last two words, where they stand right before a token
    depth = 0
    inside: int | None = None  # brackets open around the IRI whose group this is
    for token in tokens(text):
        depth += (token.kind == "open") - (token.kind == "close")
        if inside is not None:
            if token.kind == "close" and depth <= inside:
                inside = None
        elif token.kind == "iri" and keyword in (last, before if last == "SILENT" else ""):
            made += f"{text[at : token.start]}<{name(token.text[1:-1], last == 'SILENT')}>"
            at = token.start + len(token.text)
            inside = depth if keyword == "SERVICE" else None
        before, last = last, token.word
    return made + text[at:]


def _is_allowed(at: Token, allowed: Sequence[str]) -> bool:
    if at.kind != "iri" or "\\" in at.text:
        return False
    try:
        return str(origin_of(at.text[1:-1])) in allowed
    except ValueError:
        return False


def _may_ask(query: str, service: Token, at: Token, allowed: Sequence[str]) -> None:
    """Raise BadQuery unless an IRI of an allowed origin follows SERVICE."""
    if _is_allowed(at, allowed):
        return
    if not allowed:
        raise _problem(query, service, "service", *_NO_SERVICE).error()
    raise _problem(
        query,
        service,
        "service",
        "SERVICE may only name, by its IRI in full, an endpoint that this server was told to ask.",
        "These are allowed: " + ", ".join(allowed),
    ).error()


def check_update(update: str, allowed: Sequence[str] = ()) -> None:
    """Look at an update before any engine sees it.

    Raises BadQuery for brackets nested too deeply, and for SERVICE and LOAD, which are refused.
    """
    depth = 0
    asks: Token | None = None
    silent = False
    for token in tokens(update):
        if asks is not None and token.word == "SILENT":
            silent = True
        elif asks is not None:
            if not (silent and token.kind == "iri"):
                _may_ask(update, asks, token, () if asks.word == "LOAD" else allowed)
            asks, silent = None, False
        depth += (token.kind == "open") - (token.kind == "close")
        if depth > MAX_DEPTH:
            raise _problem(
                update,
                token,
                "nesting",
                f"More than {MAX_DEPTH} brackets are open here.",
                "Close brackets, or change the data in several updates.",
            ).error()
        depth = max(0, depth)
        if token.word == "LOAD" or (token.word == "SERVICE" and allowed):
            asks = token
        elif token.word == "SERVICE":
            raise _problem(
                update,
                token,
                "service",
                "This server does not ask other servers.",
                "Get the data on your side, and send it by INSERT DATA or to /store.",
            ).error()


def using(update: str, default: Sequence[str], named: Sequence[str]) -> str:
    """Return an update that works on a dataset of the request (SPARQL 1.1 Protocol, 2.2.3).

    default, named: IRIs of using-graph-uri and using-named-graph-uri.
    Raises BadQuery when the update names a dataset itself, or an IRI is none.
    """
    clauses = ""
    for word, iris in (("USING", default), ("USING NAMED", named)):
        for iri in iris:
            if not _IRI.fullmatch(iri):
                raise Problem("dataset", "This is no IRI.", "Name graphs by absolute IRIs.").error()
            clauses += f"{word} <{iri}> "
    made, at, depth, before = "", 0, 0, None
    for token in tokens(update):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.word in ("USING", "WITH"):
            raise _problem(
                update,
                token,
                "request",
                f"The update names its dataset by {token.word}, and so does the request.",
                "Leave one of the two out.",
            ).error()
        if depth == 0 and token.word == "WHERE":
            made += update[at : token.start]
            if before is not None and before.word == "DELETE":
                # DELETE WHERE has no place for a dataset; its long form has.
                made += _pattern(update, token)
            made += clauses
            at = token.start
        before = token
    return made + update[at:]


def _pattern(update: str, where: Token) -> str:
    """Return the group that follows a WHERE, with a space after it."""
    depth, begin = 0, None
    for token in tokens(update):
        if token.start <= where.start:
            continue
        begin = token.start if begin is None else begin
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0:
            return update[begin : token.start + len(token.text)] + " "
    return ""


def _problem(query: str, token: Token, code: str, detail: str, help: str) -> Problem:
    line, column = position(query, token.start)
    return Problem(code, detail, help, line, column, token.text[:60])
