"""Clients in JavaScript, unchanged: Comunica, fetch-sparql-endpoint, sparql-http-client."""

import json
import subprocess
from pathlib import Path

import pytest

from sparql.small import BASE, SIZE

QUERIES = {
    "rows": ["rows", f"SELECT ?s ?o {{ ?s <{BASE}p1> ?o }} ORDER BY ?s LIMIT 3"],
    "optional": [
        "rows",
        f"SELECT * {{ <{BASE}s1> ?p ?o OPTIONAL {{ <{BASE}s1> <{BASE}none> ?n }} }}",
    ],
    "words": ["rows", f"SELECT ?o {{ GRAPH <{BASE}words> {{ ?s ?p ?o }} }} ORDER BY STR(?o)"],
    "count": ["rows", "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"],
    "many": ["rows", "SELECT ?s { ?s ?p ?o }"],
    "yes": ["boolean", "ASK { ?s ?p ?o }"],
    "no": ["boolean", f"ASK {{ ?s <{BASE}none> ?o }}"],
    "graph": ["graph", f"CONSTRUCT {{ ?o <{BASE}of> ?s }} {{ ?s <{BASE}p1> ?o }} LIMIT 20"],
    "words graph": ["graph", f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{BASE}words> {{ ?s ?p ?o }} }}"],
}


@pytest.mark.parametrize("client", ["comunica", "fetch", "http"])
def test_a_client_gets_what_there_is(node_clients: Path, endpoint: str, client: str):
    done = subprocess.run(
        ["node", "ask.mjs", client, endpoint, json.dumps(QUERIES)],
        cwd=node_clients,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert [row["s"] for row in said["rows"]] == [BASE + name for name in ("s1", "s1002", "s1009")]
    assert said["optional"] == [{"p": f"{BASE}p1", "o": f"{BASE}s7"}]
    assert sorted(row["o"] for row in said["words"]) == sorted(
        ["plain", 'a "quoted", comma\'d \t tab \n line', "عربي", "5", "1.5", "true", "<&>"]
    )
    assert said["count"] == [{"n": str(SIZE)}]
    assert len(said["many"]) == SIZE
    assert (said["yes"], said["no"]) == (True, False)
    assert (said["graph"], said["words graph"]) == (20, 7)
