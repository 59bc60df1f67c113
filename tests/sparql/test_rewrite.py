"""EXISTS rewritten: the same answers, by two engines; and what is left as it is."""

import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, Store

from allegiance.sparql import rewrite
from running import command, serving

NODES = [f"http://x/{name}" for name in "abcd"]
PROPERTIES = [f"http://x/{name}" for name in "pqr"]
TRIPLES = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(PROPERTIES), st.sampled_from(NODES)),
    max_size=16,
)
NODE = st.sampled_from([f"<{node}>" for node in NODES])
INNER = st.one_of(st.sampled_from(["?s", "?o", "?x", "?y"]), NODE)
VERB = st.one_of(
    st.sampled_from([f"<{name}>" for name in PROPERTIES]),
    st.sampled_from(["<http://x/p>/<http://x/q>", "^<http://x/r>", "<http://x/p>+", "?v"]),
)
PATTERNS = st.lists(st.tuples(INNER, VERB, INNER), min_size=2, max_size=4)
OUTER = st.sampled_from(
    ["?s <http://x/p> ?o", "?s <http://x/p> ?z OPTIONAL { ?s <http://x/q> ?o }", "?s ?v ?o"]
)
FILTER = st.sampled_from(["FILTER NOT EXISTS", "FILTER EXISTS", "FILTER(!EXISTS"])


def query(outer: str, filter_: str, patterns: list[tuple[str, str, str]]) -> str:
    inner = " . ".join(" ".join(pattern) for pattern in patterns)
    end = ")" if "(" in filter_ else ""
    return f"SELECT ?s ?o WHERE {{ {outer} {filter_} {{ {inner} }}{end} }}"


@settings(max_examples=300, deadline=None)
@given(TRIPLES, OUTER, FILTER, PATTERNS)
def test_a_rewritten_query_has_the_answers_of_the_plain_one_in_two_engines(
    triples, outer, filter_, patterns
):
    plain = query(outer, filter_, patterns)
    store = Store()
    graph = rdflib.Graph()
    for triple in triples:
        store.add(Quad(*map(NamedNode, triple)))
        graph.add(tuple(map(rdflib.URIRef, triple)))

    def by_pyoxigraph(text: str) -> list[tuple[str, str]]:
        return sorted((str(row["s"]), str(row["o"])) for row in store.query(text))

    def by_rdflib(text: str) -> list[tuple[str, str]]:
        told = [tuple(None if x is None else f"<{x}>" for x in row) for row in graph.query(text)]
        return sorted((str(s), str(o)) for s, o in told)

    assert by_pyoxigraph(rewrite(plain)) == by_pyoxigraph(plain)
    assert by_rdflib(rewrite(plain)) == by_pyoxigraph(plain)


def test_what_is_known_comes_first():
    plain = 'SELECT * { ?s a <c> FILTER NOT EXISTS { ?x a <d> ; <p> ?s , "l"@en ; # why\n <n> 5 } }'
    assert rewrite(plain) == (
        "SELECT * { ?s a <c> FILTER NOT EXISTS { ?x <p> ?s FILTER EXISTS { ?x a <d> "
        'FILTER EXISTS { ?x <p> "l"@en FILTER EXISTS { ?x <n> 5 } } } } }'
    )


@pytest.mark.parametrize(
    "inner",
    [
        "?x <p> ?s",  # One pattern is looked up as it is.
        "?x <p> ?y . ?y <q> ?x",  # Nothing joins it to what is outside.
        "[] <p> ?s . ?s <q> 1",
        "_:b <p> ?s . ?s <q> _:b",
        "?x <p> ?s . ?x <q> (1 2)",
        "?x <p>* ?s . ?x <q> 1",
        "?x <p> ?s . ?x <q> ?n FILTER(?n > 1)",
        "?x <p> ?s . OPTIONAL { ?x <q> ?n }",
        "GRAPH ?g { ?x <p> ?s . ?x <q> 1 }",
        "SELECT ?s { ?x <p> ?s . ?x <q> 1 }",
        "?x <p> ?s . << ?x <q> 1 >> <r> 2",
        " . ".join(f"?s <p{number}> ?x" for number in range(21)),
    ],
)
def test_other_groups_are_left_as_they_are(inner):
    plain = f"SELECT * {{ ?s a <c> FILTER NOT EXISTS {{ {inner} }} }}"
    assert rewrite(plain) is plain or rewrite(plain) == plain


def test_inside_another_group_nothing_is_rewritten():
    plain = "SELECT * { ?s <q> 1 { ?s a <c> FILTER NOT EXISTS { ?x a <d> ; <p> ?s } } }"
    assert rewrite(plain) == plain


def test_a_word_in_a_text_is_no_exists():
    plain = 'SELECT * { ?s <p> "NOT EXISTS { ?x a <d> ; <p> ?s }" }'
    assert rewrite(plain) == plain


DATA = (
    "<urn:1> a <urn:c> . <urn:2> a <urn:c> . <urn:x> <urn:p> <urn:1> . <urn:x> a <urn:d> . "
    "<urn:y> <urn:p> <urn:2> ."
)
ASKED = "SELECT ?s { ?s a <urn:c> FILTER NOT EXISTS { ?x a <urn:d> ; <urn:p> ?s } }"


@pytest.mark.parametrize("switch", [[], ["--as-written"]])
def test_a_server_gives_the_same_answer_with_and_without(tmp_path: Path, switch: list[str]):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    arguments = ["--store", str(tmp_path / "store"), "--token-file", str(token), *switch]
    with serving(*arguments) as address:
        put = urllib.request.Request(f"{address}/store?default", DATA.encode(), method="PUT")
        put.add_header("Authorization", "Bearer 0123456789abcdef")
        put.add_header("Content-Type", "text/turtle")
        urllib.request.urlopen(put).close()
        ask = f"{address}/sparql?format=csv&query="
        with urllib.request.urlopen(ask + urllib.parse.quote(ASKED)) as answer:
            assert answer.read().split() == [b"s", b"urn:2"]
        broken = ASKED + "\n} oh"
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(ask + urllib.parse.quote(broken))
        with error.value as told:
            assert b'"line": 2' in told.read()


def test_explain_prints_what_the_engine_gets():
    ended = subprocess.run(
        [command(), "query", "--explain", "-q", ASKED], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == rewrite(ASKED) != ASKED
    assert "EXISTS was rewritten" in ended.stderr
