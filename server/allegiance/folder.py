"""A graph folder: its settings and where its files are.

In: a path, or none. Out: ``Folder``. Imports only errors.
"""

import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from allegiance.errors import FolderError

SETTINGS = "allegiance.toml"
SHARED = ("ontology", "shapes")
"""What a folder that extends another takes over from it."""

_INSTALLED = Path(str(files("allegiance"))).resolve() / "graph"
"""Where a wheel carries the packaged graph; a checkout has it at its root."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A warning that somebody looked at and let stand: rule, node (IRI) and why."""

    rule: str
    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A graph folder.

    base: the IRI that its things start with; ends with a slash.
    licence: IRI of the licence of its facts.
    extends: the folder whose ontology and shapes come before its own, if any.
    texts: folders where its texts may lie, the first that exists counts.
    """

    path: Path
    base: str
    title: str
    description: str
    licence: str
    extends: "Folder | None"
    texts: tuple[Path, ...]
    waivers: tuple[Waiver, ...]

    def files(self, kind: str, suffix: str = ".ttl") -> tuple[Path, ...]:
        """Return the files of one of its folders, in order of name, an extended folder's first."""
        inherited = self.extends.files(kind, suffix) if self.extends and kind in SHARED else ()
        own = self.path / kind
        found = own.iterdir() if own.is_dir() else ()
        return inherited + tuple(sorted(file for file in found if file.suffix == suffix))

    def name(self, file: Path) -> str:
        """Return a file's name relative to its folder, the same on every machine."""
        if self.extends and not file.is_relative_to(self.path):
            return f"allegiance/{self.extends.name(file)}"
        return file.relative_to(self.path).as_posix()

    def graph(self, name: str) -> str:
        """Return the IRI of one of its named graphs (``names.GRAPHS``)."""
        return f"{self.base}graph/{name}"

    def inputs(self) -> dict[str, str]:
        """Return name → SHA-256 of every file that a release is made of."""
        kinds = (("ontology", ".ttl"), ("data", ".ttl"), ("shapes", ".ttl"))
        paths = [file for kind, suffix in kinds for file in self.files(kind, suffix)]
        paths += [file for suffix in (".rq", ".csv") for file in self.files("queries", suffix)]
        paths.append(self.path / SETTINGS)
        return {
            self.name(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(paths, key=self.name)
        }

    def texts_at(self, override: Path | None = None) -> Path | None:
        """Return the folder where the texts are at hand, or None.

        Raises FolderError when ``override`` is given and is no folder.
        """
        if override is not None:
            if not override.is_dir():
                raise FolderError(
                    "there is no such folder of texts",
                    str(override),
                    "name a folder that holds the source texts, or leave --texts out",
                )
            return override
        return next((path for path in self.texts if path.is_dir()), None)

    def state(self, override: Path | None = None) -> Path:
        """Return where its releases lie: the packaged graph's in the user's state folder."""
        if override is not None:
            return override
        if self.path == _INSTALLED:
            home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
            return Path(home) / "allegiance"
        return self.path / ".allegiance"


def packaged() -> Path:
    """Return the packaged graph folder of an installed wheel, or the checkout's root."""
    checkout = Path(__file__).parents[2]
    for path in (_INSTALLED, checkout):
        if (path / "ontology").is_dir():
            return path
    raise FolderError(
        "this copy of allegiance was built without its ontology, data and shapes",
        str(checkout),
        "install it anew from a wheel, or from a complete checkout",
    )


def find(path: Path | None = None) -> Folder:
    """Open the folder named, else the current folder if it is one, else the packaged graph.

    Raises FolderError when the folder is none or its settings are wrong.
    """
    if path is None:
        path = Path.cwd() if (Path.cwd() / SETTINGS).is_file() else packaged()
    return _open(path.resolve())


def _open(path: Path) -> Folder:
    settings = path / SETTINGS
    if not settings.is_file():
        raise FolderError(
            f"this is no graph folder: it has no {SETTINGS}",
            str(path),
            "name a graph folder, or make one with: allegiance new FOLDER",
        )
    try:
        values = tomllib.loads(settings.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FolderError(
            f"the settings cannot be read: {error}", str(settings), "mend the line it names"
        ) from None
    return _from_settings(path, settings, values)


def _from_settings(path: Path, settings: Path, values: Mapping[str, object]) -> Folder:
    def text(key: str, default: str | None = None) -> str:
        value = values.get(key, default)
        if not isinstance(value, str):
            raise FolderError(
                f"the setting “{key}” is missing or not a text",
                str(settings),
                f'add a line such as: {key} = "…"',
            )
        return value

    known = {"base", "title", "description", "licence", "extends", "serve", "texts", "waiver"}
    if unknown := sorted(set(values) - known):
        raise FolderError(
            f"there is no setting “{unknown[0]}”",
            str(settings),
            "the settings are: " + ", ".join(sorted(known)),
        )
    base = text("base")
    if not (base.startswith(("http://", "https://")) and base.endswith("/")):
        raise FolderError(
            f"the base “{base}” is not an http(s) IRI that ends with a slash",
            str(settings),
            'write it like base = "https://example.org/my-graph/"',
        )
    extends = None
    if "extends" in values:
        if text("extends") != "allegiance":
            raise FolderError(
                f"a folder can extend only the packaged graph, not “{values['extends']}”",
                str(settings),
                'write extends = "allegiance", or leave it out',
            )
        extends = _open(packaged())
    if extends is None and not (path / "ontology").is_dir():
        raise FolderError(
            "the folder has no ontology/ and extends no other",
            str(settings),
            'add extends = "allegiance" to use the packaged ontology and shapes',
        )
    texts = values.get("texts", ["texts"])
    if not (isinstance(texts, list) and all(isinstance(item, str) for item in texts)):
        raise FolderError(
            "the setting “texts” is not a list of folders", str(settings), 'write texts = ["texts"]'
        )
    return Folder(
        path=path,
        base=base,
        title=text("title"),
        description=text("description", ""),
        licence=text("licence", "https://creativecommons.org/licenses/by/4.0/"),
        extends=extends,
        texts=tuple((path / item).resolve() for item in texts),
        waivers=_waivers(settings, values.get("waiver", [])),
    )


def _waivers(settings: Path, entries: object) -> tuple[Waiver, ...]:
    keys = {"rule", "node", "reason"}
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and set(entry) == keys and all(entry.values()) for entry in entries
    ):
        raise FolderError(
            "a waiver is not complete", str(settings), "each [[waiver]] has rule, node and reason"
        )
    return tuple(Waiver(**{key: str(entry[key]) for key in keys}) for entry in entries)
