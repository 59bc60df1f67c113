"""Plain HTTP, and queries that run away in eight ways."""

import http.client
import json
import socket
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from serve.running_server import Running

_ALL = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i"
_LONG = "CONCAT(STR(?a), STR(?d), STR(?g))"
RUNAWAYS = {
    "product": f"SELECT (COUNT(*) AS ?n) {{ {_ALL} . ?j ?k ?l . ?m ?n2 ?o }}",
    "sort": f"SELECT ?a {{ {_ALL} . FILTER(STRLEN({_LONG}) > 3000) }} ORDER BY ?i ?a",
    "distinct": f"SELECT DISTINCT ?a {{ {_ALL} . FILTER(STRLEN({_LONG}) > 3000) }}",
    "path": "SELECT (COUNT(*) AS ?n) { ?a (!<a:a>|^!<a:a>)* ?b . ?c (!<a:a>|^!<a:a>)* ?d }",
    "regex": f'SELECT * {{ {_ALL} . FILTER REGEX({_LONG}, "(x+x+)+y") }}',
    "aggregate": f"SELECT (MAX({_LONG}) AS ?n) {{ {_ALL} }}",
    "optional": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c OPTIONAL { ?d ?e ?f OPTIONAL { ?g ?h ?i } } "
    "FILTER NOT EXISTS { ?a ?y ?z FILTER(?z = <a:none>) } }",
    "construct": f"CONSTRUCT {{ ?a ?e ?i }} {{ {_ALL} . FILTER(STRLEN({_LONG}) > 3000) }}",
}
RUNAWAY = RUNAWAYS["product"]
ENDLESS = f"SELECT * {{ {_ALL} }}"


@dataclass(frozen=True, slots=True)
class Told:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> str:
        """The last part of the type of a problem."""
        assert self.headers["content-type"] == "application/problem+json"
        told = json.loads(self.body)
        assert told["status"] == self.status
        assert told["detail"]
        return str(told["type"]).rpartition("/")[2]

    @property
    def detail(self) -> str:
        return str(json.loads(self.body)["detail"])


def port(server: Running) -> int:
    return int(server.url.rstrip("/").rpartition(":")[2])


def send(
    server: Running,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Told:
    connection = http.client.HTTPConnection("127.0.0.1", port(server), timeout=60)
    try:
        connection.request(method, path, body, dict(headers or {}))
        return _told(connection.getresponse())
    finally:
        connection.close()


def _told(response: http.client.HTTPResponse) -> Told:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Told(response.status, headers, response.read())


def ask(server: Running, query: str, accept: str = "text/csv", **headers: str) -> Told:
    path = "/sparql?" + urllib.parse.urlencode({"query": query})
    return send(server, "GET", path, headers={"Accept": accept, **headers})


def raw(server: Running, data: bytes) -> bytes:
    """Send bytes, and return all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port(server)), timeout=20) as connection:
        connection.sendall(data)
        return drain(connection)


def drain(connection: socket.socket) -> bytes:
    came = b""
    while data := connection.recv(65536):
        came += data
    return came


def metric(server: Running, name: str) -> float:
    for line in send(server, "GET", "/metrics").body.decode().splitlines():
        if line.startswith(f"allegiance_{name} "):
            return float(line.rpartition(" ")[2])
    return 0.0
