"""The Turtle files of a graph folder as blocks and statements, each with its place in its file.

It reads the house layout only: a blank line between blocks, one statement a line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_BLOCK = re.compile(r"^[^\s@#][^\n]*(?:\n[ ]{4}[^\n]*)*", re.MULTILINE)
_STATEMENT = re.compile(r"(?:^\S+|\n   ) (\S+) (.+?) [;.](?=\n|$)")


@dataclass(frozen=True, slots=True)
class Edit:
    """Put ``new`` in the place of the characters from start to end of a file of the folder."""

    file: str
    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A predicate and its object as written, and where the object stands in its file."""

    predicate: str
    object: str
    start: int
    end: int


@dataclass(frozen=True)
class Block:
    """All that a file says of one subject, and where."""

    file: str
    subject: str
    start: int
    end: int
    text: str

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(
            Statement(m[1], m[2], self.start + m.start(2), self.start + m.end(2))
            for m in _STATEMENT.finditer(self.text)
        )

    def of(self, predicate: str) -> tuple[Statement, ...]:
        """Return the statements with a predicate."""
        return tuple(s for s in self.statements if s.predicate == predicate)

    def one(self, predicate: str) -> Statement:
        """Return the only statement with a predicate."""
        (statement,) = self.of(predicate)
        return statement

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it is typed as, as written."""
        return tuple(s.object for s in self.of("a"))

    def put(self, statement: Statement, new: str) -> Edit:
        """Put another object in the place of that of a statement."""
        return Edit(self.file, statement.start, statement.end, new)

    def put_all(self, changes: Mapping[Statement, str | None], added: str = "") -> Edit:
        """Write the block anew with other objects; None leaves a statement out."""
        lines = []
        for statement in self.statements:
            new = changes.get(statement, statement.object)
            if new is not None:
                lines.append(f"{statement.predicate} {new}")
        lines += [added] if added else []
        return Edit(self.file, self.start, self.end, f"{self.subject} {_joined(lines)}")

    def gone(self) -> Edit:
        """Leave the whole block out."""
        return Edit(self.file, self.start, self.end, "")


def _joined(lines: list[str]) -> str:
    return " ;\n    ".join(lines) + " ."


class Facts:
    """The blocks of data/facts.ttl and data/sources.ttl, and the words of the text."""

    def __init__(self, folder: Path, text: Path) -> None:
        self.files = {
            name: (folder / name).read_text("utf-8")
            for name in ("data/facts.ttl", "data/sources.ttl")
        }
        self.words = text.read_bytes().decode("utf-8")
        self.text = f"texts/{text.name}"
        self.blocks = tuple(
            Block(name, m[0].split(" ", 1)[0], m.start(), m.end(), m[0])
            for name, source in self.files.items()
            for m in _BLOCK.finditer(source)
        )
        self.named = {block.subject: block for block in self.blocks}

    def typed(self, kind: str) -> Iterator[Block]:
        """Yield the blocks of a class, as written."""
        return (block for block in self.blocks if kind in block.kinds)

    def starting(self, prefix: str) -> Iterator[Block]:
        """Yield the blocks whose subject starts so, such as ``situation:``."""
        return (block for block in self.blocks if block.subject.startswith(prefix))

    def applied(self, edits: tuple[Edit, ...]) -> dict[str, str]:
        """Return the files that the edits touch, changed; edits of one file do not overlap."""
        sources = {**self.files, self.text: self.words}
        changed: dict[str, str] = {}
        for edit in sorted(edits, key=lambda e: (e.file, -e.start)):
            source = changed.get(edit.file, sources[edit.file])
            changed[edit.file] = source[: edit.start] + edit.new + source[edit.end :]
        return changed
