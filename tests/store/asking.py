"""Asking a plain store over HTTP, as a client with the token does."""

import urllib.error
import urllib.parse
import urllib.request

TOKEN = "only-for-these-tests-0123456789"


def ask(address, method, path, body=None, **headers):
    """Return status, headers and text of the answer; the status also where it is an error."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    headers = {"authorization": f"Bearer {TOKEN}", **headers}
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(address + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def update(address, text, **headers):
    """Send an update; return as ``ask``."""
    return ask(
        address, "POST", "/update", text, content_type="application/sparql-update", **headers
    )


def query(address, text):
    """Return status and body of the answer as CSV."""
    path = "/sparql?" + urllib.parse.urlencode({"query": text})
    status, _, body = ask(address, "GET", path, accept="text/csv")
    return status, body


def rows(address, text):
    """Return the rows of the answer, each as a line of CSV."""
    status, body = query(address, text)
    assert status == 200, body
    return body.split("\r\n")[1:-1]


def insert(number):
    """Return an update of two triples, of which a reader must see both or none."""
    return f"INSERT DATA {{<urn:{number}> <urn:p> 1 . <urn:{number}> <urn:q> 1}}"
