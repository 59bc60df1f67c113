"""A small graph of our own, made from a text of our own: other names, another base IRI."""

import hashlib
from pathlib import Path

BASE = "https://example.org/isles/"

TEXT = (
    "Norland sells guns to Estmark. It has “historically” sold guns\u00a0to Verania, too.  "
    "Estmark and Verania are allies 🤝 by <b>treaty</b>.\n"
    "Officially Norland is neutral, but in fact it favours Estmark. "
    "Estmark hopes that Verania sends guns. "
    '<script>alert("x")</script> & so on.\n\n'
    "Nonsense!\u00a0Norland does not sell guns to Estmark. "
    "Estmark calls Norland a friend & ally. The trade is a disgrace.\n"
)

SENTENCES = (
    (1, "Norland sells guns to Estmark.", "Norland arms Estmark."),
    (1, "It has “historically” sold guns\u00a0to Verania, too.", "Norland once armed Verania."),
    (1, "Estmark and Verania are allies 🤝 by <b>treaty</b>.", "Estmark and Verania are allied."),
    (
        1,
        "Officially Norland is neutral, but in fact it favours Estmark.",
        "Norland declares itself neutral and sides with Estmark.",
    ),
    (1, "Estmark hopes that Verania sends guns.", "Estmark would like arms from Verania."),
    (1, '<script>alert("x")</script> & so on.', "A hostile remark."),
    (2, "Nonsense!", "The author disagrees."),
    (2, "Norland does not sell guns to Estmark.", "Norland does not arm Estmark."),
    (2, "Estmark calls Norland a friend & ally.", "Estmark says that Norland is its ally."),
    (2, "The trade is a disgrace.", "The author blames the trade."),
)

SITUATIONS = {
    "norland-arms-estmark": "a def:ArmsSupply ; def:provider id:norland ; "
    "def:recipient id:estmark ; def:goods id:guns",
    "norland-arms-verania": "a def:ArmsSupply ; def:provider id:norland ; "
    "def:recipient id:verania ; def:goods id:guns",
    "estmark-verania-alliance": "a def:Alliance ; def:party id:estmark , id:verania ; "
    "def:underNorm id:treaty",
    "norland-official": "a def:Stance ; def:holder id:norland ; def:toward id:estmark ; "
    "def:stanceBasis concept:official ; def:stanceDirection concept:neutral",
    "norland-de-facto": "a def:Stance ; def:holder id:norland ; def:toward id:estmark ; "
    "def:stanceBasis concept:deFacto ; def:stanceDirection concept:favour",
    "estmark-hopes": "a def:Intention ; def:holder id:estmark ; "
    "def:content situation:verania-arms-estmark ; def:valence concept:seek",
    "verania-arms-estmark": "a def:ArmsSupply ; def:provider id:verania ; "
    "def:recipient id:estmark ; def:goods id:guns",
    "norland-estmark-alliance": "a def:Alliance ; def:party id:norland , id:estmark",
    "disgrace": "a def:Appraisal ; def:toward situation:norland-arms-estmark ; "
    "def:quality concept:blame",
}

CLAIMS = (
    (1, "Norland sells guns to Estmark", "norland-arms-estmark", "Norland arms Estmark.", {}),
    (
        1,
        "It has “historically” sold guns\u00a0to Verania",
        "norland-arms-verania",
        "Norland used to arm Verania.",
        {"timeframe": "past"},
    ),
    (
        1,
        "Estmark and Verania are allies 🤝 by <b>treaty</b>",
        "estmark-verania-alliance",
        "Estmark and Verania are allies.",
        {},
    ),
    (1, "Officially Norland is neutral", "norland-official", "Norland is officially neutral.", {}),
    (
        1,
        "in fact it favours Estmark",
        "norland-de-facto",
        "Norland in fact sides with Estmark.",
        {},
    ),
    (
        1,
        "Estmark hopes that Verania sends guns",
        "estmark-hopes",
        "Estmark wants Veranian arms.",
        {},
    ),
    (
        2,
        "Norland does not sell guns to Estmark",
        "norland-arms-estmark",
        "Norland does not arm Estmark.",
        {"polarity": "negative"},
    ),
    (
        2,
        "Estmark calls Norland a friend & ally",
        "norland-estmark-alliance",
        "Estmark takes Norland for its ally.",
        {"accordingTo": "id:estmark"},
    ),
    (
        2,
        "The trade is a disgrace",
        "disgrace",
        "It is shameful that Norland arms Estmark.",
        {"claimKind": "evaluation"},
    ),
)

PREFIXES = f"""
@prefix claim: <{BASE}claim/> .
@prefix concept: <https://w3id.org/allegiance/concept/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix def: <https://w3id.org/allegiance/def/> .
@prefix id: <{BASE}id/> .
@prefix oa: <http://www.w3.org/ns/oa#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix situation: <{BASE}situation/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix source: <{BASE}source/> .
"""

ENTITIES = """
id:norland a def:State ; skos:prefLabel "Norland"@en ; skos:altLabel "Kingdom of Norland"@en .
id:estmark a def:State ; skos:prefLabel "Estmark"@en .
id:verania a def:State ; skos:prefLabel "Verania"@en , "Weranien"@de .
id:guns a def:ArmsGoods ; skos:prefLabel "guns"@en .
id:treaty a def:Agreement ; skos:prefLabel "<img src=x onerror=alert(1)>"@en .
id:harbour a def:Place ; skos:prefLabel "Harbour"@en ; def:locatedIn id:norland .
"""

LINKS = """
id:norland skos:exactMatch <http://www.wikidata.org/entity/Q1> ;
    skos:relatedMatch <javascript:alert(1)> .
"""

AUTHORS = """
source:isles a def:SourceText ; dcterms:title "On the isles"@en ; dcterms:language "en" ;
    def:sha256 "{digest}" ; def:length {length} .
id:isles-author-1 a prov:Agent ; skos:prefLabel "the columnist"@en .
id:isles-author-2 a prov:Agent ; skos:prefLabel "the reader"@en .
"""


def digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def place(words: str) -> tuple[int, int]:
    """Return where the words stand; they must stand there once."""
    assert TEXT.count(words) == 1 or words == TEXT[: len(words)], words
    start = TEXT.index(words)
    return start, start + len(words)


def claim_slug(words: str) -> str:
    start, end = place(words)
    return f"isles-{start}-{end}"


def selector(node: str, start: int, end: int) -> str:
    return (
        f"<{node}> oa:hasSelector <{node}/position> .\n"
        f"<{node}/position> a oa:TextPositionSelector ; oa:start {start} ; oa:end {end} .\n"
    )


def facts() -> str:
    lines = [PREFIXES, ENTITIES]
    lines += [f"situation:{slug} {roles} .\n" for slug, roles in SITUATIONS.items()]
    for part, words, situation, gloss, turned in CLAIMS:
        start, end = place(words)
        claim = f"{BASE}claim/{claim_slug(words)}"
        how = {
            "polarity": "affirmative",
            "certainty": "certain",
            "modality": "actual",
            "claimKind": "report",
            "timeframe": "current",
        } | turned
        said = " ; ".join(
            f"def:{name} {value if ':' in value else 'concept:' + value}"
            for name, value in how.items()
        )
        lines.append(
            f"<{claim}> a def:Claim ; def:claims situation:{situation} ; {said} ;\n"
            f"  def:assertedIn <{BASE}source/isles/part-{part}> ;\n"
            f"  def:voice id:isles-author-{part} ;\n"
            f'  def:gloss "{gloss}"@en ; def:evidence <{claim}/evidence-1> .\n'
            f"<{claim}/evidence-1> a oa:SpecificResource ; oa:hasSource source:isles ;\n"
            f'  def:sha256 "{digest(words)}" .\n' + selector(f"{claim}/evidence-1", start, end)
        )
    official, fact = (claim_slug(CLAIMS[3][1]), claim_slug(CLAIMS[4][1]))
    lines.append(f"claim:{official} def:contrastsWith claim:{fact} .\n")
    return "".join(lines)


def sources() -> str:
    middle = TEXT.index("\n\n")
    lines = [PREFIXES, AUTHORS.format(digest=digest(TEXT), length=len(TEXT))]
    parts = ((1, 0, middle, "analysis"), (2, middle + 2, len(TEXT), "opinion"))
    for number, start, end, genre in parts:
        node = f"{BASE}source/isles/part-{number}"
        lines.append(
            f"<{node}> a def:Part ; dcterms:isPartOf source:isles ; dcterms:type concept:{genre} ;"
            f' dcterms:creator id:isles-author-{number} ; skos:prefLabel "Part {number}"@en .\n'
            + selector(node, start, end)
        )
    for number, (part, words, paraphrase) in enumerate(SENTENCES, 1):
        node = f"{BASE}source/isles/s{number:02}"
        start, end = place(words)
        silent = ' ; def:statesNothing "It is noise."@en' if number == 6 else ""
        lines.append(
            f"<{node}> a def:Sentence ; dcterms:isPartOf <{BASE}source/isles/part-{part}> ;\n"
            f'  def:sha256 "{digest(words)}" ; def:paraphrase "{paraphrase}"@en{silent} .\n'
            + selector(node, start, end)
        )
    return "".join(lines)


def write(folder: Path) -> None:
    """Write the graph's files and its text into a folder."""
    (folder / "facts.ttl").write_text(facts(), "utf-8")
    (folder / "sources.ttl").write_text(sources(), "utf-8")
    (folder / "links.ttl").write_text(PREFIXES + LINKS, "utf-8")
    (folder / "texts").mkdir()
    (folder / "texts" / "isles.txt").write_bytes(TEXT.encode())
