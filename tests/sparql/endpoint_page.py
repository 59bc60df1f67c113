"""The tables of docs/endpoint.md, made from the program.

python tests/sparql/endpoint_page.py        writes them into the page
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from allegiance.sparql.failures import PROBLEMS
from allegiance.sparql.formats import GRAPHS, RESULTS
from allegiance.sparql.limits import LIMITS

PAGE = Path(__file__).parents[2] / "docs" / "endpoint.md"
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fresh(page: str) -> str:
    """Return the page with its tables as they should be."""
    made = {"formats": formats, "limits": limits, "problems": problems}
    return _TABLE.sub(lambda match: match[1] + table(made[match[2]]()) + match[3], page)


def table(rows: Iterable[Sequence[str]]) -> str:
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def formats() -> Iterator[Sequence[str]]:
    yield "answer to", "media type", "also as", "`format=`"
    for what, group in (("SELECT, ASK", RESULTS), ("CONSTRUCT, DESCRIBE", GRAPHS)):
        for format in group.values():
            also = ", ".join(f"`{alias}`" for alias in format.aliases)
            yield what, f"`{format.media}`", also, f"`{format.short}`"


def limits() -> Iterator[Sequence[str]]:
    yield "flag", "default", "what it limits", "in the description"
    for limit in LIMITS:
        value = f"{limit.default:g}" if limit.default < 100_000 else f"{int(limit.default)}"
        off = " (off)" if limit.off and not limit.default else ""
        yield f"`{limit.flag}`", f"{value}{off}", limit.says, f"`limit:{limit.term}`"


def problems() -> Iterator[Sequence[str]]:
    yield "status", "type ends in", "title"
    for code, (status, title) in sorted(PROBLEMS.items(), key=lambda item: item[1]):
        yield str(status), f"`{code}`", title


if __name__ == "__main__":
    PAGE.write_text(fresh(PAGE.read_text("utf-8")), "utf-8")
