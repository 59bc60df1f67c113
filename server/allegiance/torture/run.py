"""Run cases one after the other, bounded in time and requests, and judge each."""

import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from allegiance.errors import AllegianceError
from allegiance.torture.case import Case
from allegiance.torture.others import is_right, small
from allegiance.torture.probe import Probe
from allegiance.torture.seen import Seen, Verdict, amber, red, span
from allegiance.torture.target import Target
from allegiance.torture.trap import Trap
from allegiance.torture.wire import Allowance, Client, Spent
from allegiance.torture.yardstick import Yardstick

_BACK = 1.0
_MOST_BACK = 5.0
_START = 60.0
_PATHS = ("/sparql", "/query", "/")


@dataclass(frozen=True, slots=True)
class Plan:
    """How to run.

    limit: seconds that the endpoint lets a query run.  grace: seconds over it that are still
    good.  budget: seconds after which no case is begun.  requests: how many may be made in all.
    restart: a command that starts the endpoint anew, run after each red case, so that no case
    suffers from what another left behind.
    """

    limit: float = 5.0
    grace: float = 0.3
    budget: float = 220.0
    requests: int = 20_000
    restart: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case, and how many seconds it took with the return to rest."""

    case: Case
    seen: Seen
    seconds: float


@dataclass(slots=True)
class Scorecard:
    """All that came of a run."""

    target: Target
    plan: Plan
    began: datetime
    results: list[Result] = field(default_factory=list)
    seconds: float = 0.0
    requests: int = 0
    restarts: int = 0

    @property
    def counts(self) -> Counter[Verdict]:
        """How many cases there are of each verdict."""
        return Counter(result.seen.verdict for result in self.results)

    @property
    def passed(self) -> bool:
        """Whether no case is red and none was left out."""
        return not self.counts[Verdict.RED] and not self.counts[Verdict.NOT_RUN]


def torture(
    target: Target, cases: Sequence[Case], plan: Plan, card: Scorecard | None = None
) -> Iterator[Result]:
    """Run the cases and yield what came of each as it comes; ``card`` is filled meanwhile.

    Raises AllegianceError when the endpoint answers nothing right from the start.
    """
    card = card or scorecard(target, plan)
    allowance = Allowance(plan.requests)
    client = _found(target, allowance)
    card.target = client.target
    with Trap(target.family, _facing(client)) as trap:
        yardstick = Yardstick(client)
        if not yardstick.calibrate():
            raise AllegianceError(
                "the endpoint does not answer the query by which it is measured",
                target.url,
                "see that it is idle and not slower than 2 s for 400 rows",
            )
        probe = Probe(client, trap, yardstick, plan.limit, plan.grace)
        for result in _Run(probe, plan, card, allowance).all(cases):
            card.results.append(result)
            card.requests = allowance.made
            yield result


def scorecard(target: Target, plan: Plan) -> Scorecard:
    """Return an empty scorecard."""
    return Scorecard(target, plan, datetime.now(UTC))


def _found(target: Target, allowance: Allowance) -> Client:
    """Return a client of the endpoint; of a server's root, of the address that answers there.

    Raises AllegianceError when none answers.
    """
    how: int | str = ""
    for path in _PATHS if target.path == "/" else (target.path,):
        client = Client(replace(target, path=path), allowance)
        reply = small(client)
        if is_right(reply):
            return client
        how = reply.fault if reply.status is None else f"its status is {reply.status}"
    raise AllegianceError(
        f"no small question is answered: {how}",
        target.url,
        "see that the endpoint runs, and that this is the address of its queries",
    )


def _facing(client: Client) -> str:
    """Return the address of this machine that the endpoint sees."""
    with client.connect() as connection:
        return str(connection.socket.getsockname()[0])


class _Run:
    def __init__(self, probe: Probe, plan: Plan, card: Scorecard, allowance: Allowance) -> None:
        self._probe = probe
        self._plan = plan
        self._card = card
        self._allowance = allowance
        self._began = time.monotonic()
        self._over: str | None = None

    def all(self, cases: Sequence[Case]) -> Iterator[Result]:
        for case in cases:
            began = time.monotonic()
            if self._over is None and began - self._began > self._plan.budget:
                self._over = "the time was up"
            seen = Seen(Verdict.NOT_RUN, self._over) if self._over else self._run(case)
            now = time.monotonic()
            self._card.seconds = now - self._began
            yield Result(case, seen, now - began)

    def _run(self, case: Case) -> Seen:
        try:
            seen = case.run(self._probe)
            return self._rest(case, seen)
        except Spent:
            self._over = "the requests were used up"
            return Seen(Verdict.NOT_RUN, self._over)

    def _rest(self, case: Case, seen: Seen) -> Seen:
        """Wait until the endpoint is idle, so that the next case finds it as this one did."""
        restart = self._plan.restart
        if seen.verdict is Verdict.RED and restart is not None:
            if not is_right(small(self._probe.client)):
                seen = seen & red("afterwards it does not answer")
            self._restart(restart)
            return seen
        waited = self._probe.yardstick.settle(_MOST_BACK)
        if waited is not None:
            late = amber(f"idle again after {span(waited)}", slow=True)
            return seen if waited <= _BACK else seen & late
        if restart is not None:
            self._restart(restart)
        elif not is_right(small(self._probe.client)):
            self._over = f"the endpoint no longer answers since {case.name}"
        return seen & red(f"not idle again after {span(_MOST_BACK)}")

    def _restart(self, command: Sequence[str]) -> None:
        """Start the endpoint anew; where that fails twice, no further case is run."""
        for _ in range(2):
            self._card.restarts += 1
            try:
                subprocess.run(command, check=True, timeout=_START, stdin=subprocess.DEVNULL)
            except (OSError, subprocess.SubprocessError) as error:
                self._over = f"the endpoint could not be started anew: {error}"
            else:
                self._over = "the endpoint does not answer after it was started anew"
                if self._probe.yardstick.settle(_START) is not None:
                    self._over = None
                    return
