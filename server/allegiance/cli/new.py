"""``allegiance new``: a small graph folder to start from."""

import json
import os
import re
import shlex
import shutil
import unicodedata
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from allegiance.errors import AllegianceError, UsageError
from allegiance.names import VOCABULARY

_BASE = "https://example.org/my-graph/"
_TITLE = "My graph"
"""How the template calls itself; both are replaced, and nothing else."""

_MADE = (
    ("allegiance.toml", "the settings: change the base and the title first"),
    ("texts/", "an invented text of eleven sentences"),
    ("data/sources.ttl", "the text, its parts, its sentences, each with its place"),
    ("data/facts.ttl", "who and what it is about, and the 17 claims it makes"),
    ("queries/", "six questions, each with the answer it must give"),
)


@click.command("new", short_help="Make a small graph folder to start from.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--base",
    metavar="IRI",
    help="What all IRIs of the folder begin with; without it https://example.org/ and the "
    "folder's name.",
)
def command(folder: Path, base: str | None) -> None:
    """Make a small graph folder about invented states, with its own text.

    Each kind of thing is there once to be replaced: a report and an opinion, plain facts, and what
    is past, planned, denied, doubted or judged. FOLDER must not exist yet, or be empty.

    \b
    Example: allegiance new my-graph
    """
    # Unlike Path.resolve, it lets links that go in a circle stand.
    target = Path(os.path.realpath(folder))
    name = unicodedata.normalize("NFC", target.name)
    try:
        _refuse(target)
        base = _base(name) if base is None else _given(base)
        _make(target, {_BASE: base, _TITLE: _title(name)})
    except OSError as error:
        raise AllegianceError(
            f"the folder cannot be made: {error.strerror}",
            str(target),
            "make the folder around it first, or choose another place"
            if isinstance(error, FileNotFoundError)
            else "choose a place where you may write and there is room",
        ) from None
    _say(folder, base)


def _refuse(target: Path) -> None:
    """Raise UsageError where something is in the way."""
    if target.is_dir():
        if any(target.iterdir()):
            raise UsageError(
                "the folder is not empty, and nothing in it is overwritten",
                str(target),
                "name a folder that does not exist yet",
            )
        if target == Path.cwd():
            raise UsageError(
                "the current folder cannot be made anew while you are in it",
                str(target),
                f"go one up first: cd .. && allegiance new {shlex.quote(target.name)}",
            )
    elif os.path.lexists(target):
        raise UsageError(
            "there is a file of that name", str(target), "name a folder that does not exist yet"
        )


def _base(name: str) -> str:
    """Return the base IRI for a folder name of letters, digits, “-”, “_” and “.” (RFC 3987)."""
    wrong = dict.fromkeys(sign for sign in name if not (sign.isalnum() or sign in "-_."))
    if wrong or not name:
        listed = ", ".join(_named(sign) for sign in wrong) or "no character at all"
        raise UsageError(
            f"the name “{_printable(name)}” makes no good IRI: it has {listed}",
            help="use letters, digits, “-”, “_” and “.”, or say what the IRIs shall begin with: "
            f"--base {_BASE}",
        )
    return f"https://example.org/{name}/"


def _named(sign: str) -> str:
    if sign == " ":
        return "a space"
    return f"“{sign}”" if sign.isprintable() else f"U+{ord(sign):04X}"


def _given(base: str) -> str:
    from pyoxigraph import NamedNode

    try:
        NamedNode(base)
        good = re.fullmatch(r"https?://[^/?#]+/([^?#]*/)?", base) is not None
    except ValueError:
        good = False
    if not good:
        raise UsageError(
            f"the base “{base}” is not an http(s) IRI that ends with a slash",
            help=f"write it like --base {_BASE}",
        )
    if base.startswith(VOCABULARY):
        raise UsageError(
            f"under {VOCABULARY} stand the terms that every graph shares",
            help=f"choose a base under a name that is yours, like --base {_BASE}",
        )
    return base


def _title(name: str) -> str:
    """Return a folder name as a title: words, the first with a capital."""
    words = re.sub(r"[-_.\s]+", " ", _printable(name)).strip()
    return words[:1].upper() + words[1:] or _TITLE


def _printable(name: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in name)


def _make(target: Path, replaced: dict[str, str]) -> None:
    """Make the folder whole or not at all.

    Raises OSError when the disk refuses.
    """
    unfinished = target.with_name(f".new-{os.getpid()}")
    unfinished.mkdir()
    try:
        for path, item in _files(files("allegiance") / "template"):
            text = item.read_bytes().decode("utf-8")
            for old, new in replaced.items():
                # A title may hold what Turtle and TOML escape in the same way as JSON.
                text = text.replace(old, json.dumps(new, ensure_ascii=False)[1:-1])
            (unfinished / path).parent.mkdir(parents=True, exist_ok=True)
            (unfinished / path).write_bytes(text.encode("utf-8"))
        # Over an empty folder as well: either all of it is there, or nothing.
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _files(folder: Traversable, within: str = "") -> Iterator[tuple[str, Traversable]]:
    """Yield each file below a folder with its path there."""
    for item in folder.iterdir():
        if item.is_dir():
            yield from _files(item, f"{within}{item.name}/")
        else:
            yield f"{within}{item.name}", item


def _say(folder: Path, base: str) -> None:
    written = shlex.quote(str(folder))
    click.echo(f"made {folder}, whose IRIs begin with {base}")
    for name, what in _MADE:
        click.echo(f"  {name:<18}{what}")
    click.echo("\nnext:")
    click.echo(f"  allegiance check {written}")
    click.echo(f"  allegiance serve {written}")
    click.echo(f"  allegiance why --on {written} id:norland def:suppliesArmsTo id:estmark")
