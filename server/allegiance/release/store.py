"""The store of a release: a cache made from its graph, rebuilt when missing or unsound."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import pyoxigraph
from pyoxigraph import NamedNode, Quad, RdfFormat

from allegiance.derive import reifiers
from allegiance.release.state import sync

_SEAL = "store.json"
_LOG = logging.getLogger(__name__)


def write_store(release: Path, base: str) -> None:
    """Make ``store/`` from ``graph.nq``, with the reifiers and the merged default graph.

    The default graph holds real quads: the engine's own union repeats a triple that stands in
    two graphs. It leaves the reifiers out, which are RDF 1.2. ``store.json``, written last,
    seals it with the engine's version and the digest of each file.
    """
    folder = release / "store"
    (release / _SEAL).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    store = pyoxigraph.Store(folder)
    store.bulk_extend(_quads(release, base))
    store.flush()
    del store
    for file in folder.iterdir():
        sync(file)
    sync(folder)
    seal = {"engine": _engine(), "files": _digests(folder)}
    (release / _SEAL).write_text(json.dumps(seal, indent=1) + "\n", "utf-8")
    sync(release / _SEAL)


def sound(release: Path) -> bool:
    """Return whether the store is whole and was made by this version of the engine.

    A file that is not what was written is named in the log: the disk may be failing.
    """
    try:
        seal = json.loads((release / _SEAL).read_text("utf-8"))
        if seal["engine"] != _engine():
            return False
        told, found = dict(seal["files"]), _digests(release / "store")
    except (OSError, ValueError, KeyError, TypeError) as error:
        _LOG.warning("warning: %s cannot be read: %s", release / _SEAL, error)
        return False
    for name in sorted(told.keys() | found.keys()):
        if told.get(name) != found.get(name):
            _LOG.warning("warning: %s is not what was written", release / "store" / name)
    return told == found


def _quads(release: Path, base: str) -> Iterator[Quad]:
    # One pass for each purpose, so that no more than one graph is held in memory.
    derivation = NamedNode(f"{base}graph/derivation")
    edges = []
    for quad in parse(release / "graph.nq"):
        yield quad
        yield Quad(quad.subject, quad.predicate, quad.object)
        if quad.graph_name == derivation:
            edges.append(quad.triple)
    graph = NamedNode(f"{base}graph/reifiers")
    for triple in reifiers(edges):
        yield Quad(triple.subject, triple.predicate, triple.object, graph)


def parse(path: Path) -> Iterable[Quad]:
    """Return the quads of an N-Quads file."""
    return pyoxigraph.parse(path=path, format=RdfFormat.N_QUADS)


def _engine() -> str:
    return f"pyoxigraph {version('pyoxigraph')}"


def _digests(folder: Path) -> dict[str, str]:
    # RocksDB writes its LOG files also when it only reads; they hold no data.
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.iterdir())
        if not file.name.startswith("LOG")
    }
