"""The IRIs that the program itself has to know: vocabularies, never facts.

In: nothing. Out: namespaces and prefixes. Imports nothing of the project.
"""

VOCABULARY = "https://w3id.org/allegiance/"
DEF = VOCABULARY + "def/"
CONCEPT = VOCABULARY + "concept/"

DCTERMS = "http://purl.org/dc/terms/"
OA = "http://www.w3.org/ns/oa#"
OWL = "http://www.w3.org/2002/07/owl#"
PROV = "http://www.w3.org/ns/prov#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SH = "http://www.w3.org/ns/shacl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
VANN = "http://purl.org/vocab/vann/"
WD = "http://www.wikidata.org/entity/"
XSD = "http://www.w3.org/2001/XMLSchema#"

GRAPHS = (
    "ontology",
    "facts",
    "sources",
    "links",
    "shapes",
    "direct",
    "derivation",
    "inferred",
    "reifiers",
)
"""The named graphs of a release, each at ``<base>graph/<name>``."""


def prefixes(base: str) -> dict[str, str]:
    """Return prefix → namespace for a graph folder with that base IRI.

    ``def``, ``concept`` and ``shape`` are the vocabulary's, the others the folder's own.
    """
    own = {
        name: f"{base}{name}/" for name in ("id", "claim", "situation", "source", "edge", "graph")
    }
    return own | {
        "def": DEF,
        "concept": CONCEPT,
        "shape": VOCABULARY + "shape/",
        "dcterms": DCTERMS,
        "oa": OA,
        "owl": OWL,
        "prov": PROV,
        "rdf": RDF,
        "rdfs": RDFS,
        "sh": SH,
        "skos": SKOS,
        "vann": VANN,
        "wd": WD,
        "xsd": XSD,
    }
