"""A query as HTTP brings it (SPARQL 1.1 Protocol, section 2.1): three ways, one result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from werkzeug.http import parse_options_header

from allegiance.sparql.failures import Problem
from allegiance.sparql.frames import Dataset

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
_MAX_FIELDS = 1000
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks. ``query`` is None when it brings none; ``formats`` are the parameters
    ``format``, which go before ``Accept``, for plain links and SPARQLWrapper (the first that
    suits counts); ``max_rows`` the rows that the client wants at most; ``bare`` tells that it
    asks nothing at all.
    """

    query: str | None
    dataset: Dataset
    formats: Sequence[str] = ()
    max_rows: int | None = None
    bare: bool = False


def parse(method: str, query_string: bytes, content_type: str, body: bytes) -> Asked:
    """Return what a request asks.

    Raises BadQuery for what breaks the protocol.
    """
    fields = _fields(query_string, "the address")
    if method == "POST":
        media, options = parse_options_header(content_type)
        charset = options.get("charset", "utf-8").lower()
        if charset not in ("utf-8", "utf8", "us-ascii", "ascii"):
            raise Problem(
                "media",
                f"The query comes as {charset[:40]}.",
                "Send it as UTF-8.",
            ).error()
        if media == FORM:
            fields += _fields(body, "the form")
        elif media == QUERY:
            fields.append(("query", _decoded(body, "the query")))
        elif media == UPDATE:
            raise _READ_ONLY.error()
        else:
            raise Problem(
                "media",
                f"A query cannot come as {media[:80] or 'a body without Content-Type'}.",
                f"Send it as {FORM} (query=…) or as {QUERY}.",
            ).error()
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    return _asked(values)


@dataclass(frozen=True, slots=True)
class Updated:
    """An update as a request brings it, with the dataset of the protocol."""

    update: str
    default: Sequence[str]
    named: Sequence[str]


def parse_update(query_string: bytes, content_type: str, body: bytes) -> Updated:
    """Return the update of a POST (SPARQL 1.1 Protocol, section 2.2).

    Raises BadQuery for what breaks the protocol.
    """
    fields = _fields(query_string, "the address")
    media, options = parse_options_header(content_type)
    if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii", "ascii"):
        raise Problem("media", "The update is not UTF-8.", "Send it as UTF-8.").error()
    if media == FORM:
        fields += _fields(body, "the form")
    elif media == UPDATE:
        if any(name == "update" for name, _ in fields):
            raise Problem("request", "Two updates came.", "Send one.").error()
        fields.append(("update", _decoded(body, "the update")))
    else:
        raise Problem(
            "media",
            f"An update cannot come as {media[:80] or 'a body without Content-Type'}.",
            f"Send it as {FORM} (update=…) or as {UPDATE}.",
        ).error()
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    if "query" in values or len(values.get("update", ())) != 1:
        raise Problem("request", "The request does not bring one update.", "Send one.").error()
    return Updated(
        values["update"][0],
        values.get("using-graph-uri", ()),
        values.get("using-named-graph-uri", ()),
    )


_READ_ONLY = Problem(
    "read-only", "This endpoint answers queries and takes no updates.", "Send a query in query=."
)


def _asked(values: Mapping[str, Sequence[str]]) -> Asked:
    if "update" in values:
        raise _READ_ONLY.error()
    for name in ("query", "max-rows"):
        if len(values.get(name, ())) > 1:
            raise Problem(
                "request",
                f"The request has {len(values[name])} parameters “{name}”.",
                "Send one.",
            ).error()
    return Asked(
        query=next(iter(values.get("query", ())), None),
        dataset=Dataset(
            tuple(values.get("default-graph-uri", ())), tuple(values.get("named-graph-uri", ()))
        ),
        formats=tuple(values.get("format", ())),
        max_rows=_max_rows(next(iter(values.get("max-rows", ())), None)),
        bare=values.keys() <= {"format"},
    )


def _max_rows(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS):
        raise Problem(
            "request",
            f"“{text[:40]}” is no number of rows.",
            "Give max-rows as a whole number, such as 1000.",
        ).error()
    return int(text)


def _fields(text: bytes, where: str) -> list[tuple[str, str]]:
    """Return the fields of a form; percent signs are decoded here, and nowhere else."""
    try:
        return parse_qsl(
            _decoded(text, where),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except UnicodeDecodeError:
        raise _not_utf8(where).error() from None
    except ValueError:
        raise Problem(
            "request", f"More than {_MAX_FIELDS} parameters came in {where}.", "Send fewer."
        ).error() from None


def _decoded(text: bytes, where: str) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise _not_utf8(where).error() from None


def _not_utf8(where: str) -> Problem:
    return Problem(
        "request",
        f"What came in {where} is not UTF-8.",
        "Encode the query as UTF-8, then percent-encode each byte in an address or a form.",
    )
