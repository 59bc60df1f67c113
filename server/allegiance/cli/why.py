"""``allegiance why S P O``: the proof of a statement, or what is missing for it."""

import difflib
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.arguments import ON, TEXTS
from allegiance.errors import UsageError

if TYPE_CHECKING:
    from pyoxigraph import BlankNode, Literal, NamedNode, Triple

    from allegiance.derive import Explainer
    from allegiance.folder import Folder


@click.command("why", short_help="Prove a statement, or say what is missing.")
@ON
@TEXTS
@click.argument("subject")
@click.argument("predicate")
@click.argument("object_", metavar="OBJECT")
def command(
    on: Path | None, texts: Path | None, subject: str, predicate: str, object_: str
) -> None:
    """Say why a statement holds, down to the claims and their places in the texts.

    Each of SUBJECT, PREDICATE and OBJECT is a prefixed name or an IRI; PREDICATE may be “a”,
    OBJECT a literal in quotation marks. The files of the folder are read as they are, no release
    is needed. Exit code 0 when the statement holds, 1 when it does not.

    \b
    Example: allegiance why id:russia def:suppliesArmsTo id:armenia
    """
    from allegiance.derive import Words, lines
    from allegiance.folder import find

    folder = find(on)
    explainer = _explainer(folder)
    at_hand = folder.texts_at(texts)
    terms = _Terms(explainer)
    proof = explainer.why(
        terms.iri(subject, "subject"), terms.iri(predicate, "predicate"), terms.term(object_)
    )
    width = shutil.get_terminal_size((100, 24)).columns
    for line in lines(proof, Words(at_hand) if at_hand else None, width):
        click.echo(line)
    if proof.holds and proof.edges and at_hand is None:
        click.echo("\nThe words are shown where the texts are at hand: --texts DIR", err=True)
    if not proof.holds:
        sys.exit(1)


def _explainer(folder: "Folder") -> "Explainer":
    from allegiance.derive import Explainer
    from allegiance.names import prefixes
    from allegiance.turtle import read

    reasoned: list[Triple] = []
    places: dict[Triple, str] = {}
    known: dict[str, str] = {}
    for kind in ("ontology", "data", "shapes"):
        for path in folder.files(kind):
            document = read(path, folder.name(path))
            known.update(document.prefixes)
            for triple, line in zip(document.triples, document.lines, strict=True):
                places.setdefault(triple, f"{document.name}:{line}")
            if kind != "shapes":
                reasoned.extend(document.triples)
    return Explainer(reasoned, folder.base, places, known | prefixes(folder.base))


class _Terms:
    """Reads terms as a user writes them; one that the graph does not have is a slip."""

    def __init__(self, explainer: "Explainer") -> None:
        self._names = explainer.names
        self._known = explainer.terms()

    def term(self, written: str) -> "NamedNode | BlankNode | Literal":
        """Return an object: a literal where it starts with a quotation mark, else an IRI."""
        if not written.startswith('"'):
            return self.iri(written, "object")
        from pyoxigraph import Literal, RdfFormat, parse

        declared = "".join(f"@prefix {p}: <{n}> .\n" for p, n in self._names.prefixes.items())
        try:
            quads = list(parse(f"{declared}<a:a> <a:a> {written} .", format=RdfFormat.TURTLE))
            (literal,) = [quad.object for quad in quads if isinstance(quad.object, Literal)]
        except (SyntaxError, ValueError):
            raise UsageError(
                f"the object is no literal: {written}",
                help='write it as in Turtle: "text", "text"@en or "5"^^xsd:integer',
            ) from None
        return literal

    def iri(self, written: str, role: str) -> "NamedNode":
        """Return a named thing of the graph.

        Raises UsageError when its prefix is unknown, or when nothing in the graph has its name.
        """
        from pyoxigraph import NamedNode

        from allegiance.names import RDF

        if role == "predicate" and written == "a":
            return NamedNode(f"{RDF}type")
        prefix, colon, local = written.partition(":")
        prefixes: Mapping[str, str] = self._names.prefixes
        if written.startswith("<") and written.endswith(">"):
            iri = written[1:-1]
        elif local.startswith("//"):
            iri = written
        elif not colon:
            raise UsageError(
                f"the {role} “{written}” is neither a prefixed name nor an IRI",
                help=self._closest(written) or "write it like id:russia, or as a whole IRI",
            )
        elif prefix not in prefixes:
            raise UsageError(
                f"there is no prefix “{prefix}”",
                help="the prefixes are: " + ", ".join(sorted(prefixes)),
            )
        else:
            iri = prefixes[prefix] + local.replace("\\/", "/")
        try:
            node = NamedNode(iri)
        except ValueError:
            raise UsageError(
                f"the {role} is no IRI: {written}", help="write it like id:russia"
            ) from None
        if node not in self._known:
            raise UsageError(
                f"nothing in the graph is called {self._names.short(node)}",
                help=self._closest(self._names.short(node))
                or "allegiance query can list what there is",
            )
        return node

    def _closest(self, written: str) -> str:
        """Return a question that offers the names closest to what was written."""
        by_name: dict[str, str] = {}
        for node in sorted(self._known, key=str):
            short = self._names.short(node)
            for name in (short, short.partition(":")[2], self._names.label(node)):
                by_name.setdefault(name.casefold(), short)
        found = difflib.get_close_matches(written.casefold(), by_name, n=3, cutoff=0.7)
        return _question(by_name[name] for name in found)


def _question(offers: Iterable[str]) -> str:
    named = list(dict.fromkeys(offers))
    return f"did you mean {' or '.join(named)}?" if named else ""
