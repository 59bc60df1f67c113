"""Answers made comparable: the same rows, whichever server wrote them and however."""

import json
from collections import Counter
from decimal import Decimal, InvalidOperation

from pyoxigraph import RdfFormat, parse

XSD = "http://www.w3.org/2001/XMLSchema#"
_NUMBERS = {f"{XSD}{name}" for name in ("integer", "int", "decimal", "double", "float")}

Answer = tuple[list[object] | None, Counter[object]]
"""What comes in an order that the query asked for, if it did; and everything, with how often."""


def read(body: bytes, query: str) -> Answer:
    """Return what an answer says. Raises ValueError when it cannot be read."""
    if "CONSTRUCT" in query:
        triples = parse(body, RdfFormat.TURTLE)
        return None, Counter((str(q.subject), str(q.predicate), str(q.object)) for q in triples)
    told = json.loads(body)
    names = told["head"]["vars"]
    rows = [tuple(_term(row.get(name)) for name in names) for row in told["results"]["bindings"]]
    return list(rows) if "ORDER BY" in query else None, Counter(rows)


def _term(told: dict[str, str] | None) -> object:
    if told is None:
        return None
    kind = told.get("datatype", "")
    if kind in _NUMBERS:
        try:
            return Decimal(told["value"])
        except InvalidOperation:
            pass
    # Virtuoso says typed-literal, and some say xsd:string where others say nothing.
    literal = "literal" if told["type"] == "typed-literal" else told["type"]
    kind = "" if kind == f"{XSD}string" else kind
    return literal, told["value"], told.get("xml:lang", "").lower(), kind
