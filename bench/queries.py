"""The queries that are measured, each a question that somebody would ask of such a graph."""

_PREFIXES = {
    "concept": "https://w3id.org/allegiance/concept/",
    "def": "https://w3id.org/allegiance/def/",
    "id": "https://w3id.org/allegiance/id/",
    "oa": "http://www.w3.org/ns/oa#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}

ALL = "SELECT ?s ?p ?o WHERE { ?s ?p ?o }"
"""Every triple as a row, streamed."""

_BODIES = {
    "tiny lookup": """
SELECT ?name WHERE { id:actor-7 skos:prefLabel ?name }""",
    "70 sorted rows": """
SELECT ?claim ?says ?start WHERE {
  ?claim def:voice id:text-0-author-1 ; def:gloss ?says ;
    def:evidence/oa:hasSelector/oa:start ?start .
} ORDER BY ?start ?claim""",
    "timeline": """
SELECT ?from ?what WHERE {
  ?situation def:participant id:actor-20 ; def:validFrom ?from ; skos:prefLabel ?what .
} ORDER BY ?from ?what""",
    "path": """
SELECT ?member WHERE { ?member def:belongsTo+ id:actor-2 }""",
    "both-sides join": """
SELECT DISTINCT ?supplier ?recipient ?voice WHERE {
  ?side def:inConflictWith ?other .
  ?arming def:suppliesArmsTo ?side , ?other ; skos:prefLabel ?supplier .
  ?side skos:prefLabel ?recipient .
  ?edge rdf:subject ?arming ; rdf:predicate def:suppliesArmsTo ; rdf:object ?side ;
    prov:wasDerivedFrom/def:voice/skos:prefLabel ?voice .
}""",
    "grouping": """
SELECT ?class ?certainty (COUNT(*) AS ?claims) WHERE {
  ?claim def:claims/rdf:type ?class ; def:certainty ?certainty .
} GROUP BY ?class ?certainty""",
    "top-k": """
SELECT ?claim ?says ?start WHERE {
  ?claim def:gloss ?says ; def:evidence/oa:hasSelector/oa:start ?start .
} ORDER BY DESC(?start) ?claim LIMIT 10""",
    "regex": """
SELECT ?claim ?says WHERE {
  ?claim def:gloss ?says FILTER(REGEX(?says, "^mar.* peacekeepers .* border", "i"))
}""",
    "negation, MINUS": """
SELECT ?supply WHERE {
  ?supply a def:ArmsSupply
  MINUS { ?claim def:claims ?supply ; def:polarity concept:affirmative }
}""",
    "negation, NOT EXISTS": """
SELECT ?supply WHERE {
  ?supply a def:ArmsSupply
  FILTER NOT EXISTS { ?claim def:claims ?supply ; def:polarity concept:affirmative }
}""",
    "CONSTRUCT": """
CONSTRUCT { ?one def:suppliesArmsTo ?other . ?one skos:prefLabel ?name } WHERE {
  ?one def:suppliesArmsTo ?other ; skos:prefLabel ?name .
}""",
}


def _whole(body: str) -> str:
    """Return a query with the prefixes that it uses."""
    used = (name for name in _PREFIXES if f" {name}:" in body or f"/{name}:" in body)
    return "".join(f"PREFIX {name}: <{_PREFIXES[name]}>\n" for name in used) + body.strip()


QUERIES = {name: _whole(body) for name, body in _BODIES.items()}
REPEATED = ("tiny lookup", "70 sorted rows", "both-sides join", "grouping")
"""What is also measured with the same text each time, so that a cache may answer."""


def accept(query: str) -> str:
    """Return the media type in which each server is asked for an answer."""
    return "text/turtle" if "CONSTRUCT" in query else "application/sparql-results+json"
