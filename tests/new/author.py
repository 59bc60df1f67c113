"""Writes graph folders for tests: somebody who reads a text and says what it says."""

from hashlib import sha256
from pathlib import Path

from allegiance.texts import digest

PREFIXES = """@prefix concept: <https://w3id.org/allegiance/concept/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix def: <https://w3id.org/allegiance/def/> .
@prefix oa: <http://www.w3.org/ns/oa#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""
PLAIN = {
    "polarity": "affirmative",
    "certainty": "certain",
    "modality": "actual",
    "claimKind": "report",
    "timeframe": "current",
}


class Author:
    """Adds to a graph folder one text of one part, and what it says; writes when told."""

    def __init__(self, folder: Path, base: str, slug: str, sentences: list[str]) -> None:
        self._folder = folder
        self._base = base
        self._slug = slug
        self._sentences = sentences
        self._words = " ".join(sentences) + "\n"
        self._facts: list[str] = []
        self._claimed: dict[str, int] = {}
        self._silent: dict[str, str] = {}

    def iri(self, path: str) -> str:
        """Return an IRI of the folder, as Turtle writes it."""
        return f"<{self._base}{path}>"

    def entity(self, slug: str, kind: str, label: str) -> None:
        """Describe a thing."""
        self._facts.append(f'{self.iri(f"id/{slug}")} a def:{kind} ; skos:prefLabel "{label}"@en .')

    def situation(self, slug: str, kind: str, label: str, **roles: str) -> None:
        """Describe a situation; kind is an IRI or a name under def:, a role the slug of a thing."""
        kind = kind if kind.startswith("<") else f"def:{kind}"
        said = "".join(
            f" ; def:{role} {self.iri(f'id/{thing}')}"
            for role, things in roles.items()
            for thing in things.split()
        )
        subject = self.iri(f"situation/{slug}")
        self._facts.append(f'{subject} a {kind}{said} ; skos:prefLabel "{label}"@en .')

    def claim(self, words: str, situation: str, gloss: str, **dimensions: str) -> str:
        """Claim a situation on the strength of words of the text; return the claim's path."""
        start = self._words.index(words)
        end = start + len(words)
        path = f"claim/{self._slug}-{start}-{end}"
        said = self._claimed[path] = self._claimed.get(path, 0) + 1
        path += f"-{said}" if said > 1 else ""
        values = "".join(
            f"    def:{name} concept:{value} ;\n" for name, value in (PLAIN | dimensions).items()
        )
        source = f"source/{self._slug}"
        self._facts.append(
            f"{self.iri(path)} a def:Claim ;\n"
            f"    def:claims {self.iri(f'situation/{situation}')} ;\n"
            f"    def:assertedIn {self.iri(f'{source}/part-1')} ;\n"
            f"    def:voice {self.iri(f'id/{self._slug}-author-1')} ;\n{values}"
            f'    def:gloss "{gloss}"@en ;\n'
            f"    def:evidence {self.iri(f'{path}/evidence-1')} .\n"
            f"{self.iri(f'{path}/evidence-1')} a oa:SpecificResource ;\n"
            f"    oa:hasSource {self.iri(source)} ;\n"
            f'    def:sha256 "{digest(words)}" ;\n'
            f"    oa:hasSelector {self.iri(f'{path}/evidence-1/position')} .\n"
            f"{self._place(f'{path}/evidence-1/position', start, end)}"
        )
        return path

    def states_nothing(self, sentence: str, why: str) -> None:
        """Record that a sentence says nothing."""
        self._silent[sentence] = why

    def write(self) -> None:
        """Put the text beside the others, and what is said behind what the files say."""
        (self._folder / "texts").mkdir(exist_ok=True)
        (self._folder / "data").mkdir(exist_ok=True)
        text = self._folder / "texts" / f"{self._slug}.txt"
        text.write_bytes(self._words.encode("utf-8"))
        for name, said in (("facts", self._facts), ("sources", self._described())):
            file = self._folder / "data" / f"{name}.ttl"
            before = file.read_text("utf-8") + "\n" if file.exists() else ""
            file.write_text(before + PREFIXES + "\n" + "\n".join(said) + "\n", "utf-8")

    def _described(self) -> list[str]:
        source = f"source/{self._slug}"
        part = self.iri(f"{source}/part-1")
        author = self.iri(f"id/{self._slug}-author-1")
        end = len(self._words) - 1
        said = [
            f'{self.iri(source)} a def:SourceText ; dcterms:title "{self._slug}"@en ;\n'
            f'    dcterms:language "en" ; def:length {len(self._words)} ;\n'
            f'    def:sha256 "{sha256(self._words.encode("utf-8")).hexdigest()}" .',
            f'{author} a prov:Agent ; skos:prefLabel "the author of {self._slug}"@en .',
            f"{part} a def:Part ; dcterms:isPartOf {self.iri(source)} ;\n"
            f"    dcterms:type concept:analysis ; dcterms:creator {author} ;\n"
            f'    skos:prefLabel "The only part"@en ;\n'
            f"    oa:hasSelector {self.iri(f'{source}/part-1/position')} .\n"
            f"{self._place(f'{source}/part-1/position', 0, end)}",
        ]
        at = 0
        for number, sentence in enumerate(self._sentences, 1):
            path = f"{source}/s{number:02}"
            nothing = self._silent.get(sentence)
            why = f' ; def:statesNothing "{nothing}"@en' if nothing else ""
            said.append(
                f"{self.iri(path)} a def:Sentence ; dcterms:isPartOf {part} ;\n"
                f'    def:sha256 "{digest(sentence)}" ;\n'
                f'    def:paraphrase "Sentence {number}, in other words."@en{why} ;\n'
                f"    oa:hasSelector {self.iri(f'{path}/position')} .\n"
                f"{self._place(f'{path}/position', at, at + len(sentence))}"
            )
            at += len(sentence) + 1
        return said

    def _place(self, path: str, start: int, end: int) -> str:
        return f"{self.iri(path)} a oa:TextPositionSelector ; oa:start {start} ; oa:end {end} ."
