"""Releases: immutable, named by the hash of what they say, built only from what has no error.

In: a graph folder and a state folder. Out: ``Release``; files in the state folder.
May import: errors, names, findings, folder, turtle, texts, derive, check.
"""

from allegiance.release import snapshots as snapshots
from allegiance.release.build import Refused, build
from allegiance.release.prune import Pruned, prune
from allegiance.release.ready import Ready, ready
from allegiance.release.release import Release, current, open_served
from allegiance.release.state import current_id, current_stamp, lock, prepare

__all__ = [
    "Pruned",
    "Ready",
    "Refused",
    "Release",
    "build",
    "current",
    "current_id",
    "current_stamp",
    "lock",
    "open_served",
    "prepare",
    "prune",
    "ready",
]
