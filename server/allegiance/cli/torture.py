"""``allegiance torture``: a scorecard of how a SPARQL endpoint bears what is bad for it."""

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from allegiance.errors import UsageError

if TYPE_CHECKING:
    from allegiance.torture import Case, Result, Scorecard

_COLOURS = {"green": "green", "amber": "yellow", "red": "red"}
_BUDGET = 220.0
_QUICK_BUDGET = 35.0


@click.command("torture")
@click.argument("url", required=False)
@click.option(
    "--limit",
    type=click.FloatRange(0.1, 3600),
    metavar="S",
    default=5.0,
    show_default=True,
    help="The seconds that the endpoint lets a query run, as it is set up.",
)
@click.option(
    "--grace",
    type=click.FloatRange(0.05, 60),
    metavar="S",
    default=0.3,
    show_default=True,
    help="Seconds over the limit that are still good, and that a small question may take.",
)
@click.option("--quick", is_flag=True, help="Only some of the slow cases; without it, all.")
@click.option(
    "--only",
    metavar="NAME",
    multiple=True,
    help="Only this case or family, such as runaway or runaway/sort; repeatable.",
)
@click.option(
    "--budget",
    type=click.FloatRange(1, 86400),
    metavar="S",
    help="Seconds after which no further case is begun. "
    f"Without it {_BUDGET:.0f}, or {_QUICK_BUDGET:.0f} with --quick.",
)
@click.option(
    "--requests",
    type=click.IntRange(100, 1_000_000),
    metavar="N",
    default=20_000,
    show_default=True,
    help="Requests that may be made in all.",
)
@click.option(
    "--restart",
    metavar="COMMAND",
    help="A command that starts the endpoint anew, run after each red case; without it the run "
    "ends where the endpoint no longer answers.",
)
@click.option(
    "--format",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="How to print the scorecard.",
)
@click.option("--title", metavar="TEXT", help="Heading of the Markdown; without it the URL.")
@click.option("--list", "listing", is_flag=True, help="Say what each case is, and run none.")
@click.option(
    "--i-run-this-endpoint",
    "anywhere",
    is_flag=True,
    help="Allow an endpoint on another machine; without it only this one.",
)
def command(
    url: str | None,
    limit: float,
    grace: float,
    quick: bool,
    only: tuple[str, ...],
    budget: float | None,
    requests: int,
    restart: str | None,
    format: str,
    title: str | None,
    listing: bool,
    anywhere: bool,
) -> None:
    """Send the endpoint at URL what is bad for it, and judge what its clients see.

    It reads and changes no data, but it is an attack: an endpoint that is not up to it may stop
    answering, or use all memory of its machine. Exits 0 when no case is red and all were run, 1
    otherwise, 2 when called wrongly.

    \b
    Examples:
      allegiance torture http://127.0.0.1:7200/sparql --limit 30
      allegiance torture --quick --only runaway http://127.0.0.1:7878/query
      allegiance torture --list
    """
    from allegiance.torture import CASES, Plan, Target, torture
    from allegiance.torture.report import as_json, as_markdown, listed, summary
    from allegiance.torture.run import scorecard

    cases = _chosen(CASES, only, quick)
    if listing:
        click.echo("\n".join(listed(cases, format)))
        return
    if url is None:
        raise UsageError("there is no URL", help="allegiance torture http://127.0.0.1:7200/sparql")
    target = Target.parse(url, anywhere=anywhere)
    plan = Plan(
        limit,
        grace,
        budget or (_QUICK_BUDGET if quick else _BUDGET),
        requests,
        shlex.split(restart) if restart else None,
    )
    card = scorecard(target, plan)
    width = max(len(case.name) for case in cases)
    for result in torture(target, cases, plan, card):
        _show(result, card, len(cases), width, format)
    if format == "json":
        click.echo(as_json(card))
    elif format == "markdown":
        click.echo("\n".join(as_markdown(card, title or url)))
    else:
        click.echo(summary(card))
    sys.exit(0 if card.passed else 1)


def _chosen(cases: "Sequence[Case]", only: Sequence[str], quick: bool) -> "Sequence[Case]":
    for name in only:
        if not any(name in (case.name, case.family) for case in cases):
            families = ", ".join(dict.fromkeys(case.family for case in cases))
            raise UsageError(
                f"there is no case or family {name[:60]}",
                help=f"families are {families}; see: allegiance torture --list",
            )
    return [
        case
        for case in cases
        if (case.quick or not quick) and (not only or case.name in only or case.family in only)
    ]


def _show(result: "Result", card: "Scorecard", cases: int, width: int, format: str) -> None:
    """Print a row as it comes; where the scorecard comes last, say how far it is."""
    from allegiance.torture.report import line

    if format == "table":
        verdict = result.seen.verdict.value
        row = line(result, width)
        colour = _COLOURS.get(verdict) if sys.stdout.isatty() else None
        click.echo(click.style(row[: len(verdict)], fg=colour) + row[len(verdict) :])
    elif sys.stderr.isatty():
        click.echo(f"\r{len(card.results)} of {cases} cases", nl=False, err=True)
        if len(card.results) == cases:
            click.echo("\r\x1b[K", nl=False, err=True)
