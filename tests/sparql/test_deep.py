"""What the engine recurses on is answered or refused whole, however long; it is never a crash."""

import json
import random
from collections.abc import Sequence

import pytest

from .served import Server

LONG, LONGEST = 150_000, 1_000_000
"""Bytes of a query: enough for most chains to use the stack up, and nearly all a body may have."""


def repeated(before: str, part: str, after: str, size: int) -> str:
    """Return a query of about that size that repeats a part, in which N is its number."""
    count = size // len(part.replace("N", "000000"))
    return before + "".join(part.replace("N", str(number)) for number in range(count)) + after


CHAINS = {
    "sum": ("ASK { FILTER(", "1+", "1 > 0) }"),
    "product": ("ASK { FILTER(", "1*", "1 > 0) }"),
    "signed numbers": ("ASK { FILTER(1", " +1", " > 0) }"),
    "or": ("ASK { VALUES ?x { 1 } FILTER(", "?x=N||", "true) }"),
    "and": ("ASK { VALUES ?x { 1 } FILTER(", "?x!=N&&", "true) }"),
    "not": ("ASK { FILTER(", "!!", "true) }"),
    "sequence": ("ASK { ?s ", "<a:>/", "<a:> ?o }"),
    "alternative": ("ASK { ?s ", "<a:>|", "<a:> ?o }"),
    "sequence in a star": ("ASK { ?s (", "<a:>/", "<a:>)* ?o }"),
    "negated set": ("ASK { ?s !(", "<a:N>|", "<a:>) ?o }"),
    "union": ("ASK { ", "{}UNION", "{} }"),
    "optional": ("ASK { ", "OPTIONAL{?s <a:> ?o}", " }"),
    "minus": ("ASK { VALUES ?x { 1 } ", "MINUS{VALUES ?x{2}}", " }"),
    "bind": ("ASK { ", "BIND(1 AS ?xN)", " }"),
    "filter": ("ASK { VALUES ?x { 0 } ", "FILTER(?x=N)", " }"),
    "not exists": ("ASK { ", "FILTER NOT EXISTS{?x ?y N}", " }"),
    "groups": ("ASK { ", "{}", " }"),
    "graphs": ("ASK { ", "GRAPH ?g{?s ?p N}", " }"),
    "values": ("ASK { ", "VALUES ?xN{0}", " }"),
    "subqueries": ("ASK { ", "{SELECT*{}}", " }"),
    "triples": ("ASK { ", "?s ?p ?oN.", " }"),
    "semicolons": ("ASK { ?s ?p 1", ";?pN 1", " }"),
    "commas": ("ASK { ?s ?p 1", ",N", " }"),
    "collection": ("ASK { ?s ?p (", " 1", ") }"),
    "blank nodes": ("ASK { ?s ?p 1", ",[]", " }"),
    "annotations": ("ASK { ?s ?p ?o ", "{|?p 1|}", " }"),
    "selected expressions": ("SELECT ", "(1 AS ?xN)", " {}"),
    "selected in turn": ("SELECT (1 AS ?x) ", "(?x+1 AS ?yN)", " {}"),
    "aggregates": ("SELECT ", "(SUM(?v+N)AS ?xN)", " { VALUES ?v { 1 } }"),
    "sum of aggregates": ("SELECT (", "SUM(?v)+", "1 AS ?x) { VALUES ?v { 1 } }"),
    "groupings": ("SELECT (1 AS ?n) { VALUES ?v { 1 } } GROUP BY ", "(?v+N AS ?xN)", ""),
    "having": ("SELECT (1 AS ?n) { VALUES ?v { 1 } } GROUP BY ?v HAVING ", "(?v!=N)", ""),
    "orderings": ("SELECT * { VALUES ?v { 1 } } ORDER BY ", "(?v+N)", ""),
    "described": ("DESCRIBE ", "<a:N>", ""),
    "constructed": ("CONSTRUCT { ", "<a:N> <a:> 1.", " } {}"),
    "in": ("ASK { VALUES ?x { 0 } FILTER(?x NOT IN (1", ",N+?x", ")) }"),
    "arguments": ("ASK { FILTER(COALESCE(", "?x,", "true)) }"),
}
"""Name → a query's beginning, what it repeats, its end."""


def told(server: Server, query: str) -> tuple[int, object]:
    """Return the status, and the problem's code if it is one."""
    answer = server.post(query.encode(), "application/sparql-query")
    if answer.status == 200:
        return 200, None
    return answer.status, str(answer.problem["type"]).rpartition("/")[2]


def check(server: Server, query: str) -> None:
    status, code = told(server, query)
    assert status in (200, 400, 503, 504), code
    assert server.get("ASK {}").status == 200


@pytest.mark.parametrize("name", CHAINS)
def test_a_long_chain_is_answered_or_refused(strict: Server, name: str):
    check(strict, repeated(*CHAINS[name], LONG))


@pytest.mark.soak
@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_as_long_as_a_body_is_answered_or_refused(strict: Server, name: str):
    check(strict, repeated(*CHAINS[name], LONGEST))


@pytest.mark.parametrize("chain", ["!" * 20_000, "1 - " * 20_000, "false || " * 20_000])
def test_chains_far_longer_than_anyone_writes_are_answered(server: Server, chain: str):
    answer = server.post(f"ASK {{ FILTER({chain}true) }}".encode(), "application/sparql-query")
    assert answer.status == 200
    # A truth value is no number, so that the difference is an error.
    assert json.loads(answer.body)["boolean"] is not chain.startswith("1")


def test_a_chain_too_long_for_the_engine_is_told_with_its_place(server: Server):
    query = "ASK {\n  FILTER(" + "1+" * 300_000 + "1 > 0) }"
    answer = server.post(query.encode(), "application/sparql-query")
    assert answer.status == 400
    problem = answer.problem
    assert "64 MiB of stack" in str(problem["detail"])
    assert "300,000 of “+”" in str(problem["detail"])
    assert (problem["line"], problem["column"], problem["fragment"]) == (2, 11, "+")


GROUPS = [
    *(("{", "}"), ("{SELECT*{", "}}"), ("OPTIONAL{", "}"), ("?s ?p ?o MINUS{", "}")),
    *(("GRAPH ?g{", "}"), ("{}UNION{", "}"), ("FILTER EXISTS{", "}")),
    *(("FILTER(NOT EXISTS{", "})"), ("FILTER(IF(true,EXISTS{", "},true))")),
]
EXPRESSIONS = [
    *(("(", ")"), ("IF(true,", ",1)"), ("CONCAT('x',", ")"), ("1+(", ")"), ("!(", ")")),
    *(("1 IN(", ")"), ("COALESCE(", ")"), ("(1||", ")"), ("ABS(", ")"), ("STR(", ")")),
]


def nested(chosen: random.Random, parts: Sequence[tuple[str, str]], depth: int, inner: str) -> str:
    """Return what is inside of parts chosen at random, with about that many brackets open."""
    while depth > 0:
        before, after = chosen.choice(parts)
        depth -= before.count("{") + before.count("(")
        inner = before + inner + after
    return inner


@pytest.mark.parametrize("seed", range(12))
def test_what_is_nested_and_chained_at_random_is_answered_or_refused(strict: Server, seed: int):
    chosen = random.Random(seed)
    sign = chosen.choice(("+", "-", "*", "||", "&&"))
    chain = f"1{sign}" * chosen.choice((10, 1_000, 20_000, 80_000)) + "1"
    depth = chosen.choice((20, 100, 200))
    expression = nested(chosen, EXPRESSIONS, 240 - depth, chain)
    check(strict, f"ASK {{ {nested(chosen, GROUPS, depth, f'FILTER({expression})')} }}")
