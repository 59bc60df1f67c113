"""What comes in with intent: characters that mislead, many names, broken lines."""

import json
import time

from allegiance.sparql import LIMITS
from serve.running_server import Running

from .asking import ask, raw, send

BIDI = "\u202e\u2066"


def test_control_and_bidi_characters_in_a_message_do_not_act(tight: Running):
    told = ask(tight, f"SELECT * {{ ?s ?p {BIDI}\x07 }}", "application/json")
    assert told.status == 400
    for steering in (*BIDI, "\x07"):
        assert steering not in told.body.decode()
    assert json.loads(told.body)["status"] == 400


def test_a_header_of_the_answer_cannot_be_written_by_a_request(tight: Running):
    # The id goes back in a header: what is no id does not.
    answer = raw(
        tight,
        b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        b"X-Query-Id: a\rSet-Cookie: b=c\r\n\r\n",
    )
    assert b"Set-Cookie" not in answer.split(b"\r\n\r\n")[0].replace(b"\r\n", b"\n")
    answer = send(tight, "GET", "/sparql?query=ASK%7B%7D&format=%0d%0aSet-Cookie:%20b=c")
    assert "set-cookie" not in answer.headers


def test_many_parameters_and_fields_cost_little(tight: Running):
    began = time.monotonic()
    many = "&".join(f"p{number}=" for number in range(300))
    assert send(tight, "GET", f"/sparql?query=ASK%7B%7D&{many}").status in (200, 400, 414)
    form = "&".join(f"p{number}=" for number in range(600)).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert send(tight, "POST", "/sparql", b"query=ASK%7B%7D&" + form[:4000], headers).status in (
        *(200, 400, 413),
    )
    assert time.monotonic() - began < 1


def test_two_lengths_or_a_length_and_chunks_are_refused(tight: Running):
    for fields in (
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    ):
        answer = raw(tight, b"POST /sparql HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\nASK")
        assert answer.startswith(b"HTTP/1.1 4")
        assert answer.count(b"HTTP/1.1 4") == 1


def test_every_limit_has_a_flag_a_default_and_words():
    for limit in LIMITS:
        assert limit.flag.startswith("--")
        assert limit.default >= limit.least or limit.off
        assert limit.says.endswith(".")


def test_a_page_shows_no_character_that_steers_a_display(tight: Running):
    told = ask(tight, f"SELECT * {{ ?s ?p {BIDI}\x1b[31m }}", "text/html")
    assert told.status == 400
    for steering in (*BIDI, "\x1b"):
        assert steering not in told.body.decode()
