"""Characters that are wrong, odd or dangerous: in and out exactly, or refused, never raw."""

import json
from collections.abc import Callable

from allegiance.torture.bodies import CSV, JSON, TSV, XML, Unreadable, rows
from allegiance.torture.case import Case, one
from allegiance.torture.message import FORM, QUERY, form, message, post
from allegiance.torture.probe import Probe
from allegiance.torture.reply import Reply
from allegiance.torture.seen import LIMITED, REFUSED, Seen, amber, answered, green, red, told

_OK = frozenset({200})
_UTF8 = "SPARQL 1.1 Protocol, 2.1: a query is UTF-8"
_ODD = "é𝄞 e\u0301 ﷽ \u200d😀 \u202eabc\u202c \ufffd"
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SCRIPT = "<script>alert(1)</script>"


def _echoes(
    name: str, does: str, query: str, want: str, send: Callable[[Probe, str], Reply]
) -> Case:
    """Return a case that asks for one text and compares what came."""

    def run(probe: Probe) -> Seen:
        return _same(send(probe, query), want)

    return Case(f"encoding/{name}", does, "the same text in the answer", _UTF8, run)


def _same(reply: Reply, want: str) -> Seen:
    seen = answered(reply, _OK)
    if reply.status != 200 or seen.verdict.value != "green":
        return seen
    try:
        given = rows(reply)
    except Unreadable as error:
        return red(f"{told(reply)}, but {error}")
    if given == [[want]]:
        return seen
    return red(f"{told(reply)}, as {json.dumps(given)[:80]}")


def _carried(name: str, text: str, accept: str) -> Case:
    """Return a case of a text that a format may not be able to carry."""
    escaped = "".join(f"\\u{ord(character):04X}" for character in text)
    # In long quotes, since escapes of line ends may count as those (SPARQL 1.1 Query, 19.2).
    query = f'SELECT ?x WHERE {{ BIND("""{escaped}""" AS ?x) }}'

    def run(probe: Probe) -> Seen:
        reply = probe.form(query, accept)
        if reply.status in REFUSED | LIMITED | {500, 501}:
            return answered(reply, REFUSED | LIMITED, {500, 501})
        return _same(reply, text)

    return Case(
        f"encoding/{name}",
        f"asks for control characters as {accept}",
        "the same text, or a whole error where the format cannot carry it",
        "XML 1.0, 2.2; RFC 8259, 7; SPARQL 1.1 CSV and TSV, 3 and 4",
        run,
    )


def _error_with(name: str, does: str, text: str, judge: Callable[[Reply], Seen]) -> Case:
    """Return a case of a syntax error with a text in it that an answer may quote."""

    def run(probe: Probe) -> Seen:
        worst = green("")
        for accept in (JSON, "text/html", "text/plain, */*;q=0.1"):
            for query in (f"SELECT {text} WHERE", f"ASK {{ ?s <{text}> ?o }} {text}"):
                seen = judge(probe.get(query, accept))
                if not worst.text or (seen & worst).verdict is not worst.verdict:
                    worst = seen
        return worst

    return Case(
        f"encoding/{name}",
        does,
        "a 4xx in which it does nothing",
        "Unicode TR 36, 2.10; CWE-79 and CWE-150",
        run,
    )


def _harmless(reply: Reply) -> Seen:
    seen = answered(reply, REFUSED, {500})
    text = reply.body.decode("utf-8", "replace")
    if any(ord(character) < 32 and character not in "\t\r\n" for character in text):
        return red(f"{told(reply)}, as {reply.media}, with control characters as they came")
    if _BIDI & set(text):
        return amber(f"{told(reply)}, as {reply.media}, with direction marks as they came")
    return seen


def _inert(reply: Reply) -> Seen:
    seen = answered(reply, REFUSED, {500})
    if reply.media not in ("", "text/html", "application/xhtml+xml"):
        return seen
    if _SCRIPT.encode() in reply.body:
        return red(f"{told(reply)}, with the script in it, as {reply.media or 'no type'}")
    return seen


_RAW = "é𝄞".encode().decode("latin-1")
_TEXT = 'SELECT ?x WHERE {{ BIND("{}" AS ?x) }}'

CASES: tuple[Case, ...] = (
    *(
        _echoes(
            f"unicode-{name}",
            f"asks for accents, joined, right-to-left and rare characters, as {media}",
            _TEXT.format(_ODD),
            _ODD,
            lambda probe, query, media=media: probe.form(query, media),  # type: ignore[misc]
        )
        for name, media in (("json", JSON), ("xml", XML), ("csv", CSV), ("tsv", TSV))
    ),
    _echoes(
        "unicode-raw",
        "sends them as they are, as application/sparql-query",
        _TEXT.format(_ODD),
        _ODD,
        lambda probe, query: probe.post(query),
    ),
    _echoes(
        "percent-once",
        "sends an encoded percent sign by GET",
        _TEXT.format("100%41 %2B + %"),
        "100%41 %2B + %",
        lambda probe, query: probe.get(query),
    ),
    _echoes(
        "percent-once-in-form",
        "sends an encoded percent sign in a form",
        _TEXT.format("100%41 %2B + %"),
        "100%41 %2B + %",
        lambda probe, query: probe.form(query),
    ),
    _echoes(
        "charset-in-capitals",
        "says charset=UTF-8 in quotes and capitals",
        _TEXT.format(_ODD),
        _ODD,
        lambda probe, query: probe.send(
            post(probe.target, query.encode(), f'{QUERY}; CharSet="UTF-8"')
        ),
    ),
    one(
        "encoding/broken-utf8",
        "sends bytes that are no UTF-8 as a query",
        "a 4xx",
        _UTF8,
        lambda target: post(target, b'ASK { FILTER("\xff\xfe\xc3" = "x") }'),
        REFUSED,
    ),
    one(
        "encoding/broken-utf8-in-form",
        "sends bytes that are no UTF-8, percent-encoded in a form",
        "a 4xx, rather than other characters",
        _UTF8,
        lambda target: post(target, b"query=ASK+%7B+FILTER(%22%ff%c3%22+%3D+%22x%22)+%7D", FORM),
        REFUSED,
        {200},
    ),
    one(
        "encoding/broken-utf8-in-address",
        "sends bytes that are no UTF-8, percent-encoded in the address",
        "a 4xx, rather than other characters",
        _UTF8,
        lambda target: message(
            target, address=f"{target.path}?query=ASK+%7B+FILTER(%22%ff%c3%22+%3D+%22x%22)+%7D"
        ),
        REFUSED,
        {200},
    ),
    one(
        "encoding/raw-address",
        "sends UTF-8 in the address without percent-encoding",
        "an answer or a 4xx",
        "RFC 3986, 2.1",
        lambda target: message(target, address=f"{target.path}?query=ASK%7B%7D%23{_RAW}"),
        _OK | REFUSED,
    ),
    one(
        "encoding/bad-percent",
        "sends percent signs with no hexadecimal digits after them",
        "an answer or a 4xx",
        "RFC 3986, 2.1",
        lambda target: message(target, address=f"{target.path}?query=ASK%20{{}}%ZZ%&%"),
        _OK | REFUSED,
    ),
    one(
        "encoding/null",
        "sends a query with a null in it",
        "an answer or a 4xx",
        _UTF8,
        lambda target: form(target, [("query", 'ASK { FILTER("a\0b" = "x") }')]),
        _OK | REFUSED,
    ),
    one(
        "encoding/unknown-charset",
        "says charset=martian",
        "415 or another 4xx",
        "RFC 9110, 8.3.2",
        lambda target: post(target, b"ASK {}", f"{QUERY}; charset=martian"),
        REFUSED,
        {200},
    ),
    one(
        "encoding/utf-16",
        "sends a query as UTF-16 and says so",
        "the answer, 415 or another 4xx",
        "RFC 9110, 8.3.2",
        lambda target: post(target, "ASK {}".encode("utf-16"), f"{QUERY}; charset=utf-16"),
        _OK | REFUSED,
    ),
    one(
        "encoding/surrogate",
        "writes half a character by its number",
        "a 4xx, or an answer that is UTF-8",
        "SPARQL 1.1 Query, 19.2",
        lambda target: form(target, [("query", _TEXT.format("\\uD834"))]),
        _OK | REFUSED,
        {500},
    ),
    one(
        "encoding/byte-order-mark",
        "begins the query with a byte order mark",
        "an answer or a 4xx",
        "RFC 3629, 6",
        lambda target: post(target, b"\xef\xbb\xbfASK {}"),
        _OK | REFUSED,
    ),
    one(
        "encoding/unknown-coding",
        "says that the body is coded as martian",
        "415 or another 4xx",
        "RFC 9110, 8.4 and 15.5.16",
        lambda target: post(target, b"ASK {}", headers=[("Content-Encoding", "martian")]),
        REFUSED,
        {200},
    ),
    one(
        "encoding/broken-gzip",
        "says that the body is gzip, which it is not",
        "a 4xx",
        "RFC 9110, 8.4",
        lambda target: post(target, b"ASK {}", headers=[("Content-Encoding", "gzip")]),
        REFUSED,
        {200, 500},
    ),
    _carried("control-json", "a\x01\x1b\x7f", JSON),
    _carried("control-xml", "a\x01\x1b\x7f", XML),
    _carried("noncharacter-xml", "a\ufffe\uffff", XML),
    _carried("control-csv", "a\x01\x1b\x7f", CSV),
    _carried("control-tsv", "a\x01\t\r\n\x7f", TSV),
    _carried("carriage-return-xml", "a\rb\r\nc", XML),
    _error_with(
        "control-in-error",
        "makes a mistake with terminal codes and direction marks in it",
        "\x1b]0;x\x07\x1b[31m\u202e",
        _harmless,
    ),
    _error_with("script-in-error", "makes a mistake with a script in it", _SCRIPT, _inert),
)
