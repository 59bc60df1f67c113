"""``allegiance check``: says what is wrong with a graph folder, or with files by shapes."""

import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from allegiance.cli.arguments import FOLDER, TEXTS
from allegiance.errors import UsageError
from allegiance.findings import Finding, Severity

if TYPE_CHECKING:
    from allegiance.check import Tally
    from allegiance.folder import Folder

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("check", short_help="Say what is wrong in a graph folder.")
@FOLDER
@TEXTS
@click.option(
    "--strict", is_flag=True, help="Exit 1 for warnings too. Without it, for errors only."
)
@click.option("--no-hermit", is_flag=True, help="Leave out HermiT, the slowest step.")
@click.option(
    "--data", multiple=True, type=_FILE, help="RDF file to hold against --shapes alone; repeatable."
)
@click.option("--shapes", multiple=True, type=_FILE, help="File of SHACL shapes; repeatable.")
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "turtle"]),
    default="text",
    show_default=True,
    help="Turtle is the validation report of SHACL, for --data.",
)
def command(
    folder: Path | None,
    texts: Path | None,
    strict: bool,
    no_hermit: bool,
    data: tuple[Path, ...],
    shapes: tuple[Path, ...],
    output: str,
) -> None:
    """Check a graph folder: syntax, terms, literals, shapes, evidence, ontology, questions.

    With --data and --shapes it holds those files against those shapes and nothing else. Exits 0
    without an error, 1 with one, 2 when called wrongly.

    \b
    Examples:
      allegiance check
      allegiance check my-graph --texts ~/texts --strict
      allegiance check --data facts.ttl --shapes shapes.ttl --format turtle
    """
    if data or shapes:
        if not (data and shapes) or folder or texts or no_hermit:
            raise UsageError(
                "--data and --shapes go together, and alone",
                help="allegiance check --data FILE --shapes FILE",
            )
        sys.exit(_files(data, shapes, output, strict))
    if output != "text":
        raise UsageError(
            "--format turtle is for --data and --shapes",
            help="allegiance check --data FILE --shapes FILE --format turtle",
        )
    sys.exit(_folder(folder, texts, strict, not no_hermit))


def _folder(path: Path | None, texts: Path | None, strict: bool, hermit: bool) -> int:
    from allegiance.check import Tally, check
    from allegiance.folder import find

    folder = find(path)
    begun = perf_counter()
    tally = Tally()
    counts = dict.fromkeys(Severity, 0)
    progress = _Progress()
    for finding in check(
        folder, folder.texts_at(texts), hermit=hermit, tally=tally, step=progress.step
    ):
        progress.clear()
        counts[finding.severity] += 1
        _show(finding, _line(folder, finding))
    progress.clear()
    click.echo(_summary(counts, tally, hermit, perf_counter() - begun))
    return _exit(counts, strict)


def _files(data: tuple[Path, ...], shapes: tuple[Path, ...], output: str, strict: bool) -> int:
    from allegiance.check import check_shacl

    report, findings = check_shacl(data, shapes)
    counts = dict.fromkeys(Severity, 0)
    for finding in findings:
        counts[finding.severity] += 1
    if output == "turtle":
        click.echo(report.graph.serialize(format="turtle"), nl=False)
    else:
        for finding in findings:
            place = finding.place
            _show(finding, _line_of(Path(place.file), place.line) if place else None)
        click.echo(_counted(counts))
    return _exit(counts, strict)


def _show(finding: Finding, line: str | None) -> None:
    from allegiance.check import block

    click.echo(block(finding, line) + "\n")


def _line(folder: "Folder", finding: Finding) -> str | None:
    place = finding.place
    if place is None or place.line is None:
        return None
    kinds = (("ontology", ".ttl"), ("shapes", ".ttl"), ("data", ".ttl"), ("queries", ".rq"))
    for kind, suffix in kinds:
        for path in folder.files(kind, suffix):
            if folder.name(path) == place.file:
                return _line_of(path, place.line)
    return None


def _line_of(path: Path, number: int | None) -> str | None:
    if number is None:
        return None
    try:
        lines = path.read_text("utf-8", "replace").split("\n")
    except OSError:
        return None
    return lines[number - 1] if number <= len(lines) else None


def _exit(counts: dict[Severity, int], strict: bool) -> int:
    return int(bool(counts[Severity.ERROR] or (strict and counts[Severity.WARNING])))


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _counted(counts: dict[Severity, int]) -> str:
    errors, warnings = counts[Severity.ERROR], counts[Severity.WARNING]
    return f"{_plural(errors, 'error')}, {_plural(warnings, 'warning')}"


def _summary(counts: dict[Severity, int], tally: "Tally", hermit: bool, seconds: float) -> str:
    looked = ", ".join(
        _plural(count, noun)
        for count, noun in (
            (tally.claims, "claim"),
            (tally.sentences, "sentence"),
            (tally.questions, "question"),
        )
    )
    if tally.proved and not tally.missing:
        words = "the words were proved against the text"
    elif tally.proved:
        words = "the words were proved against some of the texts only"
    else:
        words = "the words were not proved against the text"
    asked = "" if hermit else "; HermiT was not asked"
    return f"{_counted(counts)}; {looked}; {seconds:.1f} s; {words}{asked}"


class _Progress:
    """The name of the running step on stderr, where that is a terminal."""

    def __init__(self) -> None:
        self._shown = ""

    def step(self, name: str) -> None:
        if sys.stderr.isatty():
            self.clear()
            self._shown = f"checking {name} …"
            click.echo(self._shown, nl=False, err=True)

    def clear(self) -> None:
        if self._shown:
            click.echo("\r" + " " * len(self._shown) + "\r", nl=False, err=True)
            self._shown = ""
