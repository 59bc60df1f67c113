"""The measurements as tables in Markdown."""

from pathlib import Path
from statistics import median
from typing import Any


def write(out: Path, sizes: list[dict[str, Any]], repository: dict[str, Any], machine: str) -> None:
    """Write the tables of all sizes to one file."""
    lines = [f"# {out.stem}", "", f"Machine: {machine}.", "", *_repository(repository)]
    lines += _growth(sizes)
    for size in reversed(sizes):
        lines += _size(size)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines) + "\n", "utf-8")


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---", *("---:" for _ in head[1:])]
    return ["", *(f"| {' | '.join(row)} |" for row in (head, rule, *rows)), ""]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(one: list[float], other: list[float]) -> str:
    """Return the median of the ratios round by round, with the lowest and the highest."""
    ratios = [a / b for a, b in zip(one, other, strict=False)]
    if not ratios:
        return "–"
    spread = f" ({_number(min(ratios))}–{_number(max(ratios))})" if len(ratios) > 1 else ""
    return _number(median(ratios)) + spread


def _size(told: dict[str, Any]) -> list[str]:
    servers = list(told["servers"])
    ours, peers = servers[0], servers[1:]
    lines = [f"## {told['size']:,} triples", ""]
    lines.append("; ".join(each["version"] for each in told["servers"].values()) + ".")
    wrong = [f"{name}: {', '.join(who)}" for name, who in told["wrong"].items() if who]
    lines.append("Answers that differ, not timed: " + ("; ".join(wrong) or "none") + ".")
    lines += [
        "",
        f"Answers a second, {told['rounds']} rounds. Bold: how many times as fast ours is; the "
        "median over rounds, and the lowest and highest. “–”: one request takes too long for it.",
    ]
    rows = []
    for cell in told["rates"]:
        rates = cell["rates"]
        row = [cell["query"], "first" if cell["first"] else "repeated", str(cell["connections"])]
        row.append(_number(median(rates[ours])) if ours in rates else "–")
        for peer in peers:
            if peer not in rates or ours not in rates:
                row.append("–")
                continue
            row.append(f"{_number(median(rates[peer]))} · **{_ratio(rates[ours], rates[peer])}**")
        rows.append(row)
    lines += _table(["query", "text", "connections", ours, *peers], rows)
    lines.append(
        "One request alone, ms, also where it takes too long for the table above. "
        "“–”: no answer within 60 s, or another one."
    )
    rows = [
        [name, *(_number(1000 * alone[each]) if each in alone else "–" for each in servers)]
        for name, alone in told["alone"].items()
    ]
    lines += _table(["query", *servers], rows)
    lines.append("Every triple as a row of JSON, one connection.")
    rows = []
    for name, streams in told["streams"].items():
        own = told["streams"][ours]
        totals, ours_totals = [s["total"] for s in streams], [s["total"] for s in own]
        rows.append(
            [
                name,
                _number(1000 * median(s["first"] for s in streams)),
                _number(median(totals)),
                _ratio(ours_totals, totals),
                _number(streams[0]["bytes"] / 1e6),
                _number(max(s["peak"] for s in streams) / 1024),
            ]
        )
    head = ["server", "first byte, ms", "all, s", "ours took so many times as long"]
    return lines + _table([*head, "MB", "most memory of one process, MB (PSS)"], rows)


def _growth(sizes: list[dict[str, Any]]) -> list[str]:
    lines = ["## What grows with the data", "", "Memory is of all processes together, idle (PSS)."]
    rows = []
    for told in sizes:
        for name, each in told["servers"].items():
            commits = told["commits"].get(name)
            rows.append(
                [
                    f"{told['size']:,}",
                    name,
                    _number(each["load"]),
                    _number(each["start"]),
                    _number(each["idle"] / 1024),
                    _number(1000 * told["alone"]["tiny lookup"][name]),
                    f"{_number(1000 * median(commits))} (most {_number(1000 * max(commits))})"
                    if commits
                    else "–",
                ]
            )
    head = ["triples", "server", "load, s", "start to first answer, s", "memory, MB"]
    head += ["tiny lookup, ms", "commit of 12 triples until a query sees it, ms"]
    return lines + _table(head, rows)


def _repository(told: dict[str, Any]) -> list[str]:
    starts = [f"{each:.2f}" for each in told["start"]]
    lines = [
        "## The graph of this repository",
        "",
        f"From command to first answer, with a built release: {', '.join(starts)} s. "
        f"Memory of all processes, idle: {_number(max(told['idle']) / 1024)} MB (PSS).",
        "",
        "Pages, ms at the server (from its log):",
    ]
    rows = [
        [f"`{path}`", _number(1000 * middle), _number(1000 * most)]
        for path, (middle, most) in told["pages"].items()
    ]
    return lines + _table(["page", "median", "most"], rows)
