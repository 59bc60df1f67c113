"""What the pages are told of the release they show."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_GROUP = "Group:"


@dataclass(frozen=True, slots=True)
class Question:
    """A competency question: its number (``001``), the question in words, its SPARQL text."""

    number: str
    title: str
    query: str

    @property
    def note(self) -> str:
        """What the comment at the head of the query says after the question."""
        return " ".join(line for line in self._head() if not line.startswith(_GROUP))

    @property
    def group(self) -> str:
        """The heading that the question stands under: its line ``# Group: …``, or empty."""
        lines = (line for line in self._head() if line.startswith(_GROUP))
        return next(lines, "").removeprefix(_GROUP).strip()

    def _head(self) -> Iterator[str]:
        for line in self.query.lstrip().split("\n"):
            if not line.startswith("#"):
                return
            said = line.lstrip("#").strip()
            if said and said != self.title:
                yield said

    def complete(self, prefixes: Mapping[str, str]) -> "Question":
        """Return the question with a PREFIX line for each known prefix used but not declared."""
        declared = set(re.findall(r"(?i)\bPREFIX\s+([\w-]+):", self.query))
        used = set(re.findall(r"(?<![\w<:/])([A-Za-z][\w-]*):(?!//)", self.query))
        lines = [
            f"PREFIX {prefix}: <{prefixes[prefix]}>\n"
            for prefix in sorted(used - declared)
            if prefix in prefixes
        ]
        if not lines:
            return self
        head = re.match(r"(?:[ \t]*#[^\n]*\n)*", self.query)
        at = head.end() if head else 0
        return replace(self, query=self.query[:at] + "".join(lines) + self.query[at:])


def read_questions(queries: Mapping[str, str]) -> tuple[Question, ...]:
    """Return the questions of ``NNN-name.rq`` files, each of which begins with ``# the question``.

    queries: file name → text.
    """
    questions = []
    for file, query in sorted(queries.items()):
        name = file.removesuffix(".rq")
        first = query.lstrip().partition("\n")[0]
        title = first.lstrip("#").strip() if first.startswith("#") else name
        questions.append(Question(name.partition("-")[0], title, query))
    return tuple(questions)


@dataclass(frozen=True, slots=True)
class Settings:
    """One release as the pages show it; another release is another application.

    base: the IRI that the folder's things start with; ends with a slash.
    licence: IRI of the licence of the facts.
    prefixes: prefix → namespace, as ``names.prefixes`` gives them.
    release: id of the release; empty for a plain store.
    texts: the folder where the texts are at hand, or None.
    warnings: sentences to show on the first page, such as which text is missing.
    """

    base: str
    title: str
    description: str
    licence: str
    prefixes: Mapping[str, str]
    questions: Sequence[Question]
    release: str = ""
    texts: Path | None = None
    warnings: Sequence[str] = ()
