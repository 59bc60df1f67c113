"""A black-box suite against any SPARQL endpoint, judged by what its clients see.

In: the address of an endpoint and the limits it is said to hold. Out: a scorecard, one verdict a
case. Imports: errors, names. It speaks HTTP over plain sockets and knows nothing of any server.
"""

from allegiance.torture.case import Case
from allegiance.torture.cases import CASES
from allegiance.torture.run import Plan, Result, Scorecard, torture
from allegiance.torture.seen import Seen, Verdict
from allegiance.torture.target import Target

__all__ = ["CASES", "Case", "Plan", "Result", "Scorecard", "Seen", "Target", "Verdict", "torture"]
