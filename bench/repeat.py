"""Make a graph folder that says the same many times over, of things with other names.

    python bench/repeat.py FOLDER OUT TRIPLES [--texts DIR]

FOLDER is copied to OUT with its facts and sources repeated until they have about TRIPLES
triples. Each copy has names of its own (``id/r7-russia``), by prefixes that are declared anew,
and a copy of each text. Questions are left out, since their answers would differ.
"""

import argparse
import re
import shutil
from pathlib import Path

from allegiance.folder import find
from allegiance.turtle import read

OWN = ("claim", "id", "situation", "source")


def repeat(folder: Path, out: Path, triples: int, texts: Path | None) -> int:
    """Write the folder and return how often the graph is in it."""
    found = find(folder)
    files = [path for path in found.files("data") if path.stem in ("facts", "sources")]
    once = sum(len(read(path, path.name).triples) for path in files)
    times = max(1, round(triples / once))
    out.mkdir(parents=True)
    for kind in ("ontology", "shapes"):
        if (folder / kind).is_dir():
            shutil.copytree(folder / kind, out / kind)
    settings = (folder / "allegiance.toml").read_text("utf-8")
    settings = re.sub(r"(?ms)^texts = .*?\]$", 'texts = ["texts"]', settings)
    (out / "allegiance.toml").write_text(settings.partition("[[waiver]]")[0], "utf-8")
    (out / "data").mkdir()
    for path in files:
        text = path.read_text("utf-8")
        copies = (_renamed(text, number) for number in range(times))
        (out / "data" / path.name).write_text("\n".join(copies), "utf-8")
    at_hand = found.texts_at(texts)
    if at_hand:
        (out / "texts").mkdir()
        for text_file in at_hand.glob("*.txt"):
            for number in range(times):
                shutil.copy(text_file, out / "texts" / f"r{number}-{text_file.name}")
    return times


def _renamed(text: str, number: int) -> str:
    """Return a file with names and labels of its own."""
    text = re.sub(rf"(@prefix (?:{'|'.join(OWN)}): <[^>]*)>", rf"\g<1>r{number}->", text)
    return re.sub(r'(skos:prefLabel "(?:[^"\\]|\\.)*)"', rf'\g<1> ({number})"', text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("triples", type=int)
    parser.add_argument("--texts", type=Path)
    given = parser.parse_args()
    print(repeat(given.folder, given.out, given.triples, given.texts), "times")
