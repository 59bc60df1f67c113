"""Waivers: warnings that somebody looked at and let stand, and those that stand for nothing."""

from collections.abc import Iterable, Iterator

from allegiance.findings import Finding, Place, Severity
from allegiance.folder import SETTINGS, Waiver


def short(rule: str) -> str:
    """Return the short name of a rule: what follows the last slash of a shape's IRI."""
    return rule.rpartition("/")[2]


def waives(waiver: Waiver, finding: Finding) -> bool:
    """Say whether a waiver is meant for a finding; the S-number of a rule is enough."""
    name = short(finding.rule)
    return (
        finding.severity is Severity.WARNING
        and finding.node == waiver.node
        and waiver.rule in (name, name.partition("-")[0])
    )


def unused(waivers: Iterable[Waiver]) -> Iterator[Finding]:
    """Yield a warning for each waiver that waived nothing."""
    for waiver in waivers:
        yield Finding(
            "waiver-unused",
            Severity.WARNING,
            f"this waiver of {waiver.rule} for {waiver.node} waives nothing",
            "take it out; what it let stand is gone",
            Place(SETTINGS),
            waiver.node,
        )
