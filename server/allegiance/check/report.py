"""A finding as a block of text, with the line it is about."""

import re

from allegiance.check.waivers import short
from allegiance.findings import Finding, excerpt


def block(finding: Finding, line: str | None = None) -> str:
    """Return a finding as text for a terminal, without a line end.

    line: the line of the file that its place names, where it is at hand.
    """
    where = f"{finding.place}: " if finding.place else ""
    rows = [f"{where}{finding.severity}: {finding.message} [{short(finding.rule)}]"]
    if line is not None and finding.place and finding.place.line:
        number, column = str(finding.place.line), finding.place.column
        shown, carets = excerpt(line, column or 1, _length(line[(column or 1) - 1 :]))
        rows.append(f"{number} | {shown}")
        if column:
            rows.append(f"{' ' * len(number)} | {carets}")
    if finding.help:
        rows.append(f"help: {finding.help}")
    return "\n".join(rows)


def _length(rest: str) -> int:
    """Return how many characters the term has that comes first: a string, an IRI or a name."""
    match = re.match(r"\"[^\"]*\"(?:@[\w-]+|\^\^\S+)?|<[^>]*>|[^\s;,]+", rest)
    return match.end() if match else 1
