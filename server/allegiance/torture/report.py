"""A scorecard as text: for a terminal, as JSON, as Markdown."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from allegiance.torture.case import Case
from allegiance.torture.run import Result, Scorecard
from allegiance.torture.seen import Verdict

_SIGNS = {
    Verdict.GREEN: "green",
    Verdict.AMBER: "**amber**",
    Verdict.RED: "**red**",
    Verdict.NOT_RUN: "not run",
}


def line(result: Result, width: int) -> str:
    """Return a line of the table; ``width`` is that of the longest name."""
    return f"{result.seen.verdict.value:7}  {result.case.name:{width}}  {clean(result.seen.text)}"


def summary(card: Scorecard) -> str:
    """Return the last line: how many of which verdict."""
    counts = ", ".join(
        f"{count} {verdict.value}" for verdict in Verdict if (count := card.counts[verdict])
    )
    again = f", started anew {card.restarts} times" if card.restarts else ""
    return (
        f"{counts} of {len(card.results)} cases; {card.requests:,} requests in "
        f"{card.seconds:.0f} s{again}; limit {card.plan.limit:g} s, grace {card.plan.grace:g} s"
    )


def clean(text: str) -> str:
    """Return a text of a server without characters that would steer a terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def as_json(card: Scorecard) -> str:
    """Return the scorecard as JSON."""
    told = {
        "url": card.target.url,
        "began": card.began.isoformat(timespec="seconds"),
        "limit": card.plan.limit,
        "grace": card.plan.grace,
        "seconds": round(card.seconds, 1),
        "requests": card.requests,
        "restarts": card.restarts,
        "counts": {verdict.value: card.counts[verdict] for verdict in Verdict},
        "cases": [
            {
                **about(result.case),
                "verdict": result.seen.verdict.value,
                "seen": clean(result.seen.text),
                "slow": result.seen.slow,
                "seconds": round(result.seconds, 3),
            }
            for result in card.results
        ],
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def about(case: Case) -> dict[str, str]:
    """Return what a case is."""
    return {"name": case.name, "does": case.does, "demands": case.demands, "why": case.why}


def as_markdown(card: Scorecard, title: str) -> Iterator[str]:
    """Yield the lines of the scorecard as Markdown: a heading, the counts, a table a family."""
    yield f"## {title}"
    yield ""
    yield f"{card.began:%Y-%m-%d}: {summary(card)}."
    for family, results in groupby(card.results, key=lambda result: result.case.family):
        yield ""
        yield f"| {family} | verdict | what was seen |"
        yield "| --- | --- | --- |"
        for result in results:
            name = result.case.name.partition("/")[2]
            yield f"| {name} | {_SIGNS[result.seen.verdict]} | {_cell(result.seen.text)} |"


def listed(cases: Sequence[Case], format: str) -> Iterator[str]:
    """Yield the lines that say what each case does, demands and why."""
    if format == "json":
        yield json.dumps([about(case) for case in cases], indent=2, ensure_ascii=False)
    elif format == "markdown":
        yield "| case | does | demanded | why |"
        yield "| --- | --- | --- | --- |"
        for case in cases:
            yield (
                f"| {case.name} | "
                + " | ".join(_cell(text) for text in (case.does, case.demands, case.why))
                + " |"
            )
    else:
        for case in cases:
            yield f"{case.name}\n  {case.does}\n  demanded: {case.demands}\n  why: {case.why}"


def _cell(text: str) -> str:
    return clean(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
