"""One case: what it does, what is demanded, and why."""

from collections.abc import Callable, Container
from dataclasses import dataclass

from allegiance.torture.probe import Probe
from allegiance.torture.seen import Seen, answered
from allegiance.torture.target import Target


@dataclass(frozen=True, slots=True)
class Case:
    """A case.

    name: ``family/name``.  does, demands: one phrase each.  why: what asks for it, a section of
    a specification where there is one.  run: does it and judges.  quick: whether it is in the
    quick subset.
    """

    name: str
    does: str
    demands: str
    why: str
    run: Callable[[Probe], Seen]
    quick: bool = True

    @property
    def family(self) -> str:
        """The part of its name before the slash."""
        return self.name.partition("/")[0]


def one(
    name: str,
    does: str,
    demands: str,
    why: str,
    request: Callable[[Target], bytes],
    good: Container[int],
    fair: Container[int] = (),
) -> Case:
    """Return a case of one request whose answer must be whole and readable.

    good: the statuses that are green.  fair: those that are amber; all others are red. Where a
    refusal is good, 500 is fair: it is whole, but blames the server for what the client did.
    """

    def run(probe: Probe) -> Seen:
        reply = probe.send(request(probe.target))
        if reply.status == 500 and 400 in good:
            return answered(reply, (), {500})
        return answered(reply, good, fair)

    return Case(name, does, demands, why, run)
