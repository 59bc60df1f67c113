"""Strict readers of bodies: what does not hold to the letter of its format is a fault.

SPARQL 1.1 Query Results JSON, XML, CSV and TSV; RFC 9457 for problems; graphs by the engine's
strict parsers.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from allegiance.torture.reply import Reply

Rows = Sequence[Sequence[str | None]]
"""The values of an answer's rows; of a truth value one row with ``true`` or ``false``."""

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"
CSV = "text/csv"
TSV = "text/tab-separated-values"

_RESULTS = "{http://www.w3.org/2005/sparql-results#}"
_TYPES = ("uri", "literal", "typed-literal", "bnode", "triple")
_TERM = re.compile(
    r"""<[^\x00-\x20<>"{}|^`\\]*>|_:[^\s]+|[+-]?[\d.]+(?:[eE][+-]?\d+)?|true|false"""
    r"""|(?:"(?:[^"\\\t\r\n]|\\[tbnrf"'\\]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*\""""
    r"""|'(?:[^'\\\t\r\n]|\\[tbnrf"'\\])*')(?:@[A-Za-z0-9-]+|\^\^<[^<>\s]*>)?|<<.*>>"""
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
GRAPHS = (
    "text/turtle",
    "application/n-triples",
    "application/n-quads",
    "application/trig",
    "application/rdf+xml",
    "application/ld+json",
)
"""Media types of graphs."""


class Unreadable(Exception):
    """A body does not hold to its format."""


def fault(reply: Reply) -> str | None:
    """Return what is wrong with the body of a whole answer, or None."""
    if not reply.size:
        return None
    if reply.size > len(reply.body):
        return f"the body of {reply.size:,} bytes is too long to read"
    if reply.header("content-encoding") not in (None, "identity"):
        return "it is compressed, though nobody asked for that"
    try:
        _read(reply)
    except Unreadable as error:
        return f"the body is no {reply.media or 'UTF-8'}: {error}"
    return None


def rows(reply: Reply) -> Rows | None:
    """Return the rows of an answer in one of the four result formats, else None.

    Raises Unreadable.
    """
    if reply.status != 200:
        return None
    read = _ROWS.get(reply.media)
    return None if read is None else read(_text(reply.body))


def _read(reply: Reply) -> None:
    media, text = reply.media, ""
    if media in _ROWS and reply.status == 200:
        rows(reply)
    elif media == "application/problem+json":
        problem = _json(_text(reply.body))
        if not isinstance(problem, dict):
            raise Unreadable("it is no object")
        if problem.get("status", reply.status) != reply.status:
            raise Unreadable(f"it says {problem['status']}, the answer {reply.status}")
    elif media.endswith("json") and media not in GRAPHS:
        _json(_text(reply.body))
    elif media in GRAPHS and reply.status == 200:
        _graph(media, reply.body)
    elif media.startswith("text/") or not media:
        text = _text(reply.body)
    if text.startswith("\ufeff"):
        raise Unreadable("it begins with a byte order mark")


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 at byte {error.start:,}") from None


def _json(text: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise Unreadable("a key comes twice in an object")
        return dict(pairs)

    def never(constant: str) -> None:
        raise Unreadable(f"{constant} is no JSON")

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=never)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from None


def _json_rows(text: str) -> Rows:
    told = _json(text)
    if not isinstance(told, dict) or not isinstance(told.get("head"), dict):
        raise Unreadable("it has no head")
    if isinstance(told.get("boolean"), bool):
        return [[str(told["boolean"]).lower()]]
    try:
        names = told["head"]["vars"]
        bindings = told["results"]["bindings"]
        for binding in bindings:
            if not set(binding) <= set(names):
                raise Unreadable("a row has a variable that the head has not")
            if any(term["type"] not in _TYPES for term in binding.values()):
                raise Unreadable("a term has no type")
        return [[_json_value(binding.get(name)) for name in names] for binding in bindings]
    except (KeyError, TypeError, AttributeError):
        raise Unreadable("it is not of the form of results") from None


def _json_value(term: Mapping[str, Any] | None) -> str | None:
    if term is None:
        return None
    value = term["value"]
    return value if isinstance(value, str) else json.dumps(value)


def _xml_rows(text: str) -> Rows:
    if "<!DOCTYPE" in text[:1000]:
        raise Unreadable("it has a document type")
    try:
        root = ElementTree.fromstring(text.encode())
    except ElementTree.ParseError as error:
        raise Unreadable(str(error)) from None
    if root.tag != f"{_RESULTS}sparql":
        raise Unreadable(f"its root is {root.tag[:60]}")
    boolean = root.find(f"{_RESULTS}boolean")
    if boolean is not None:
        return [[(boolean.text or "").strip()]]
    names = [element.get("name") for element in root.iter(f"{_RESULTS}variable")]
    results = root.find(f"{_RESULTS}results")
    if results is None:
        raise Unreadable("it has neither results nor a truth value")
    told = []
    for result in results:
        row = {element.get("name"): element[0].text or "" for element in result}
        if not set(row) <= set(names):
            raise Unreadable("a row has a variable that the head has not")
        told.append([row.get(name) for name in names])
    return told


def _csv_rows(text: str) -> Rows:
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise Unreadable(str(error)) from None
    if not text.endswith("\n") and text not in ("true", "false"):
        raise Unreadable("its last line has no end")
    if text.strip() in ("true", "false"):
        return [[text.strip()]]
    if not table:
        raise Unreadable("it has no heading")
    names, *told = table
    # A row whose one value is unbound or empty is an empty line, which the reader gives as [].
    told = [row or [""] for row in told] if len(names) < 2 else told
    if any(len(row) != len(names) for row in told):
        raise Unreadable("its lines differ in length")
    return [list(row) for row in told]


def _tsv_rows(text: str) -> Rows:
    if text.strip() in ("true", "false"):
        return [[text.strip()]]
    if not text.endswith("\n"):
        raise Unreadable("its last line has no end")
    names, *lines = [line.removesuffix("\r").split("\t") for line in text[:-1].split("\n")]
    if names != [""] and not all(name.startswith("?") for name in names):
        raise Unreadable("its heading has a name without a question mark")
    if any(len(line) != len(names) for line in lines):
        raise Unreadable("its lines differ in length")
    return [[_tsv_value(term) for term in line] for line in lines]


def _tsv_value(term: str) -> str | None:
    if not term:
        return None
    if not _TERM.fullmatch(term):
        raise Unreadable(f"{term[:40]!r} is no term")
    if term[0] in "\"'":
        return _ESCAPE.sub(_unescaped, term[1 : term.rindex(term[0])])
    return term[1:-1] if term[0] == "<" else term


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if code[0] in "uU" else _ESCAPED.get(code, code)


def _graph(media: str, body: bytes) -> None:
    from pyoxigraph import RdfFormat, parse

    format = RdfFormat.from_media_type(media)
    assert format is not None
    try:
        for _ in parse(body, format, base_iri="https://example.org/"):
            pass
    except (SyntaxError, ValueError) as error:
        raise Unreadable(str(error)) from None


_ROWS: Mapping[str, Callable[[str], Rows]] = {
    JSON: _json_rows,
    XML: _xml_rows,
    CSV: _csv_rows,
    TSV: _tsv_rows,
}
