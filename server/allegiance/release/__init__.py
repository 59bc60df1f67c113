"""Releases: immutable, named by the hash of what they say, built only from what has no error.

In: a graph folder and a state folder. Out: ``Release``; files in the state folder.
May import: errors, names, findings, folder, turtle, texts, derive, check.
"""

from allegiance.release import snapshots as snapshots
from allegiance.release.build import Refused, build
from allegiance.release.ready import Ready, ready
from allegiance.release.release import Release, current
from allegiance.release.state import lock, prepare

__all__ = ["Ready", "Refused", "Release", "build", "current", "lock", "prepare", "ready"]
