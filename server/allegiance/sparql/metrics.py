"""``/metrics``: what was counted, as text for Prometheus (exposition format 0.0.4)."""

from collections.abc import Iterator, Mapping

from allegiance.sparql.counters import BUCKETS, LIMITED, STATUSES

MEDIA = b"text/plain; version=0.0.4; charset=utf-8"


def text(sums: Mapping[str, float], host: Mapping[str, object]) -> bytes:
    """Return the page.

    sums: of the counters of all fronts.  host: the status of the reader host, if it answered.
    """
    return "\n".join([*_lines(sums, host), ""]).encode()


def _lines(sums: Mapping[str, float], host: Mapping[str, object]) -> Iterator[str]:
    yield from _head("requests_total", "counter", "Requests, by the status of their answers.")
    for status in (*STATUSES, "other"):
        if value := sums[f"status {status}"]:
            yield f'allegiance_requests_total{{status="{status}"}} {value:g}'
    yield from _head("limits_total", "counter", "Requests that met a limit, by its name.")
    for code in LIMITED:
        yield f'allegiance_limits_total{{limit="{code}"}} {sums[f"limit {code}"]:g}'
    yield from _head("request_seconds", "histogram", "Seconds from a request to its last byte.")
    for edge in BUCKETS:
        yield f'allegiance_request_seconds_bucket{{le="{edge:g}"}} {sums[f"under {edge:g}"]:g}'
    yield f'allegiance_request_seconds_bucket{{le="+Inf"}} {sums["requests"]:g}'
    yield f"allegiance_request_seconds_sum {sums['seconds']:.6f}"
    yield f"allegiance_request_seconds_count {sums['requests']:g}"
    for name, what in (
        ("queries", "Requests that brought a query."),
        ("rows", "Rows and triples sent."),
        ("bytes", "Bytes of bodies sent."),
        ("cut", "Answers broken off after their first byte."),
        ("hits", "Answers from the cache."),
        ("misses", "Answers not in the cache."),
    ):
        yield from _head(f"{name}_total", "counter", what)
        yield f"allegiance_{name}_total {sums[name]:.0f}"
    for name, what in (
        ("in_flight", "Requests being answered."),
        ("connections", "Connections of clients."),
    ):
        yield from _head(name, "gauge", what)
        yield f"allegiance_{name} {sums[name]:g}"
    yield from _head("readers", "gauge", "Readers, by what they do.")
    for state in ("working", "sending", "idle", "slow", "waiting"):
        if state in host:
            yield f'allegiance_readers{{state="{state}"}} {host[state]}'


def _head(name: str, kind: str, what: str) -> Iterator[str]:
    yield f"# HELP allegiance_{name} {what}"
    yield f"# TYPE allegiance_{name} {kind}"
