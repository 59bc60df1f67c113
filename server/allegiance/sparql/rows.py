"""Counting the rows of an answer in the bytes that the engine writes, format by format."""

import re
from collections.abc import Callable

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_WITHIN = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)


class JsonRows:
    """Counts rows in SPARQL results as JSON: what stands in strings does not count."""

    def __init__(self) -> None:
        self._inside = False
        self._escaped = False
        self._begun = False
        self._seam = b""

    def __call__(self, data: bytes) -> int:
        if self._escaped:
            data, self._escaped = data[1:], False
        if self._inside:
            match = _WITHIN.match(data)
            end = match.end() if match else 0
            if end >= len(data) or data[end] == 0x5C:
                self._escaped = end < len(data)
                return 0
            data, self._inside = data[end + 1 :], False
        plain = data.count(b'"}},{"')
        odd = b"\\" in data or b':"}' in data or data[:1] == b'"'
        if plain and not odd and plain == data.count(b"},{"):
            # Each boundary follows the end of a string, so none lies within one.
            self._inside = data.count(b'"') % 2 == 1
            first = self._first(self._seam + data)
            begun = (self._seam + data[:2]).count(b"},{")
            self._seam = b"" if self._inside else data[-2:]
            return plain + begun + first
        data = _STRING.sub(b"", data)
        begun = data.find(b'"')
        if begun >= 0:
            self._inside = True
            match = _WITHIN.match(data, begun + 1)
            self._escaped = match is not None and match.end() < len(data)
            data = data[:begun]
        data = self._seam + data
        self._seam = data[-2:]
        # Of two pieces that overlap in two bytes, none is counted twice: "},{" has three.
        return data.count(b"},{") + self._first(data)

    def _first(self, data: bytes) -> int:
        # The list of rows begins with a brace, and nothing before it has a value in it.
        if self._begun or b"[{" not in data:
            return 0
        self._begun = True
        return 1


class CsvRows:
    """Counts lines outside quotes; the first is the header."""

    def __init__(self) -> None:
        self._quoted = False
        self._header = 1

    def __call__(self, data: bytes) -> int:
        if b'"' not in data and not self._quoted:
            found = data.count(b"\n")
        else:
            found = 0
            for number, piece in enumerate(data.split(b'"')):
                if number:
                    self._quoted = not self._quoted
                if not self._quoted:
                    found += piece.count(b"\n")
        taken = min(self._header, found)
        self._header -= taken
        return found - taken


class TsvRows:
    """Counts lines; the first is the header."""

    def __init__(self) -> None:
        self._header = 1

    def __call__(self, data: bytes) -> int:
        found = data.count(b"\n")
        taken = min(self._header, found)
        self._header -= taken
        return found - taken


class XmlRows:
    """Counts results by their tag, which text cannot hold unescaped."""

    def __init__(self) -> None:
        self._seam = b""

    def __call__(self, data: bytes) -> int:
        data = self._seam + data
        self._seam = data[-7:]
        return data.count(b"<result>")


COUNTERS: dict[str, Callable[[], Callable[[bytes], int]]] = {
    "json": JsonRows,
    "csv": CsvRows,
    "tsv": TsvRows,
    "xml": XmlRows,
}
