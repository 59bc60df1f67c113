"""Everything that follows from the facts: the closure, the edges, and the reason for each.

In: asserted triples. Out: ``Derived``, ``Closure``, ``Proof``; nothing is written to disk.
May import: errors, names, turtle, texts.
"""

from allegiance.derive.claim import ClaimRecord, Passage
from allegiance.derive.edge import Derived, derive, reifiers
from allegiance.derive.explain import Explainer, why
from allegiance.derive.proof import Against, EdgeReason, Missing, Proof, Step, replay
from allegiance.derive.reasoner import Clash, Closure, closure
from allegiance.derive.render import Words, lines

__all__ = [
    "Against",
    "ClaimRecord",
    "Clash",
    "Closure",
    "Derived",
    "EdgeReason",
    "Explainer",
    "Missing",
    "Passage",
    "Proof",
    "Step",
    "Words",
    "closure",
    "derive",
    "lines",
    "reifiers",
    "replay",
    "why",
]
