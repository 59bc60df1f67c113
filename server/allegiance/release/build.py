"""Building a release: check, derive, name by hash, write whole or not at all."""

import csv
import hashlib
import io
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pyoxigraph import CanonicalizationAlgorithm, Dataset, QueryResultsFormat, QuerySolutions, Store

from allegiance.check import check, dataset, load
from allegiance.errors import FolderError, ReleaseError
from allegiance.findings import Finding, Severity
from allegiance.folder import Folder
from allegiance.names import GRAPHS
from allegiance.release.release import Release, open_release
from allegiance.release.state import (
    alone,
    lock,
    prepare,
    releases,
    set_current,
    sync,
    unfinished,
    unwritable,
)
from allegiance.release.store import sound, write_store

Report = Callable[[Finding], None]


class Refused(ReleaseError):
    """The folder has errors, so no release was built; ``findings`` holds what was found."""

    def __init__(self, folder: Folder, findings: Sequence[Finding]) -> None:
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        super().__init__(
            f"the graph folder has {errors} error{'s' * (errors != 1)}, so it is not released",
            str(folder.path),
            "see each with: allegiance check",
        )
        self.findings = tuple(findings)


def build(folder: Folder, state: Path, texts: Path | None, report: Report | None = None) -> Release:
    """Check a graph folder and make it the current release of a state folder.

    texts: the folder with the source texts, or None where they are not at hand.
    report: called with each finding as it comes.

    Raises Refused when the folder has errors, and ReleaseError when the state folder cannot be
    written or the files change meanwhile. Nothing is half done: the release that was current
    stays so.
    """
    prepare(state)
    try:
        with lock(state, "build"):
            return _build(folder, state, texts, report)
    except OSError as error:
        raise unwritable(state, error) from None


def _build(folder: Folder, state: Path, texts: Path | None, report: Report | None) -> Release:
    before = inputs(folder)
    findings = []
    for finding in check(folder, texts):
        findings.append(finding)
        if report:
            report(finding)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise Refused(folder, findings)
    everything = dataset(load(folder))
    # Read back from a store, which writes some literals in its own way: what is hashed is
    # what is served.
    held = Store()
    held.bulk_extend(everything.quads())
    canonical = Dataset(held)
    canonical.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    graph = "".join(sorted(f"{quad} .\n" for quad in canonical)).encode("utf-8")
    name = hashlib.sha256(graph).hexdigest()
    manifest = {
        "id": name,
        "base": folder.base,
        "title": folder.title,
        "description": folder.description,
        "licence": folder.licence,
        "inputs": before,
        "queries": queries(folder),
        "graphs": {key: len(set(everything.graphs.get(key, ()))) for key in GRAPHS[:-1]},
        "questions": answers(folder, everything.store()),
    }
    if inputs(folder) != before:
        raise ReleaseError(
            "the files changed while the release was built", str(folder.path), "run it again"
        )
    made = {
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(folder.path),
        "tools": {
            tool: version(tool) for tool in ("allegiance", "pyoxigraph", "pyshacl", "owlready2")
        },
        "texts": texts is not None,
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.severity,
                "message": finding.message,
                "place": str(finding.place) if finding.place else None,
                "node": finding.node,
            }
            for finding in findings
        ],
    }
    target = releases(state) / name
    with unfinished(state) as path:
        _write(path / "manifest.json", _json(manifest))
        _write(path / "build.json", _json(made))
        if _stands(target, graph):
            # The same statements were released before, perhaps from other files. A server may
            # have the store open, so it stays. The manifest last: it says that all is done.
            for file in ("build.json", "manifest.json"):
                (path / file).replace(target / file)
            sync(target)
        else:
            _write(path / "graph.nq", graph)
            write_store(path, folder.base)
            sync(path)
            with alone(target / "store"):
                if target.exists():
                    target.rename(path.with_name(path.name + "-old"))
                path.rename(target)
            sync(releases(state))
        set_current(state, name)
    return open_release(state, name)


def _stands(release: Path, graph: bytes) -> bool:
    """Return whether a release is there with that graph and a sound store."""
    try:
        return (release / "graph.nq").read_bytes() == graph and sound(release)
    except OSError:
        return False


def inputs(folder: Folder) -> dict[str, str]:
    """Return name → digest of all that decides what a release says: files and program."""
    return folder.inputs() | {"allegiance": _program()}


def queries(folder: Folder) -> dict[str, str]:
    """Return file name → text of each question.

    Raises FolderError for one that cannot be read.
    """
    found = {}
    for path in folder.files("queries", ".rq"):
        try:
            found[path.name] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FolderError(
                f"the question cannot be read: {error}", str(path), "save it as UTF-8"
            ) from None
    return found


def answers(folder: Folder, store: Store) -> dict[str, str]:
    """Return question → its answer over a store as CSV (SPARQL 1.1 Query Results CSV).

    Rows are sorted, unless the question orders them itself.
    """
    found = {}
    for name, query in queries(folder).items():
        result = store.query(query)
        if not isinstance(result, QuerySolutions):
            continue
        text = result.serialize(format=QueryResultsFormat.CSV)
        assert text is not None
        rows = list(csv.reader(io.StringIO(text.decode("utf-8"), newline="")))
        if "order by" not in query.casefold():
            rows[1:] = sorted(rows[1:])
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        found[name.removesuffix(".rq")] = out.getvalue()
    return found


def _program() -> str:
    """Return the version of the program with a digest of its rules and of what applies them."""
    digest = hashlib.sha256()

    def add(folder: Traversable) -> None:
        for item in sorted(folder.iterdir(), key=lambda item: item.name):
            if item.is_dir():
                if item.name != "__pycache__":
                    add(item)
            elif item.name.endswith((".py", ".rq")):
                digest.update(item.name.encode() + b"\0" + item.read_bytes())

    add(files("allegiance") / "derive")
    return f"{version('allegiance')} {digest.hexdigest()}"


def _commit(path: Path) -> str | None:
    """Return the commit that a folder is at, with “+” when files differ from it; else None."""
    try:
        said = subprocess.run(
            [
                "git",
                "-C",
                str(path),
                "describe",
                "--always",
                "--abbrev=40",
                "--exclude=*",
                "--dirty=+",
            ],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.strip()


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8")


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
