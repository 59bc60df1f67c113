"""The lists: entities by kind, claims with filters, sources."""

from collections.abc import Mapping

from pyoxigraph import Literal

from allegiance.names import DEF
from allegiance.site.addresses import is_iri
from allegiance.site.ask import iri as written
from allegiance.site.ask import named
from allegiance.site.claims import DIMENSIONS, claim
from allegiance.site.page import Page, Site
from allegiance.site.pages.choice import in_order
from allegiance.site.reading import describe, reach

CLAIMS = 50
"""How many claims one page of the list shows."""

ENTITIES = 5000
"""How many entities the list shows at most."""


def entities(site: Site) -> Page:
    """Return the list of entities, by kind, each with the number of its edges."""
    own = str(Literal(f"{site.settings.base}id/"))
    rows = site.ask.rows(
        "?n skos:prefLabel ?label ; a ?class ."
        f" FILTER (STRSTARTS(STR(?n), {own})) OPTIONAL {{ ?edge rdf:subject|rdf:object ?n }}",
        "facts",
        "derivation",
        select="?n ?class (COUNT(DISTINCT ?edge) AS ?edges)",
        after=f"GROUP BY ?n ?class ORDER BY ?n LIMIT {ENTITIES}",
    )
    names = site.names(None, (*named(rows, "n"), *named(rows, "class")))
    kinds: dict[str, list[tuple[str, int]]] = {}
    for row in rows:
        for kind, node in zip(named([row], "class"), named([row], "n"), strict=True):
            count = row["edges"]
            number = int(count.value) if isinstance(count, Literal) else 0
            kinds.setdefault(kind, []).append((node, number))
    for nodes in kinds.values():
        nodes.sort(key=lambda pair: names.text(pair[0]).lower())
    ordered = sorted(kinds.items(), key=lambda pair: names.text(pair[0]).lower())
    return Page("entities.html", "Entities", names, shows={"kinds": ordered})


def sources(site: Site) -> Page:
    """Return the list of sources with their sizes and whether their words are at hand."""
    rows = site.ask.rows(
        "?n a def:SourceText . OPTIONAL { ?n def:sha256 ?sha }"
        " OPTIONAL { ?part dcterms:isPartOf ?n . ?claim def:assertedIn ?part }",
        "facts",
        "sources",
        select="?n ?sha (COUNT(DISTINCT ?claim) AS ?claims)",
        after="GROUP BY ?n ?sha ORDER BY ?n",
    )
    names = site.names(None, named(rows, "n"))
    listed = []
    for row in rows:
        sha, count = row.get("sha"), row["claims"]
        for node in named([row], "n"):
            state = site.texts.state(node, sha.value if isinstance(sha, Literal) else "")
            listed.append((node, count.value if isinstance(count, Literal) else "0", state))
    return Page("sources.html", "Sources", names, shows={"sources": listed})


def claims(site: Site, asked: Mapping[str, str]) -> Page:
    """Return the list of claims that meet every filter.

    asked: ``q`` (words in the gloss), ``about`` (IRI of an entity), ``source``, ``kind`` (class
    of the situation), the five dimensions (IRIs of values), ``page`` (from 1).
    A filter that is no IRI finds nothing.
    """
    filters = {
        key: asked[key].strip()
        for key in ("q", "about", "source", "kind", *DIMENSIONS)
        if asked.get(key, "").strip()
    }
    number = asked.get("page", "1")
    page = max(1, int(number)) if number.isascii() and number.isdecimal() and len(number) < 7 else 1
    pattern = _pattern(site, filters)
    total, shown = 0, []
    if pattern:
        count = site.ask.rows(
            pattern, "facts", "sources", select="(COUNT(DISTINCT ?claim) AS ?count)"
        )[0]["count"]
        total = int(count.value) if isinstance(count, Literal) else 0
        rows = site.ask.rows(
            f"{pattern} OPTIONAL {{ ?claim def:evidence / oa:hasSelector / oa:start ?start }}"
            " OPTIONAL { ?claim def:assertedIn ?part }",
            "facts",
            "sources",
            select="?claim ?part (MIN(?start) AS ?at)",
            after="GROUP BY ?claim ?part ORDER BY ?part ?at ?claim"
            f" LIMIT {CLAIMS} OFFSET {(page - 1) * CLAIMS}",
        )
        shown = named(rows, "claim")
    graph = describe(site.ask, site.vocabulary, shown)
    choices = [(DEF + name, name, site.vocabulary.scheme(name)) for name in DIMENSIONS]
    names = site.names(graph, [value for value in filters.values() if is_iri(value)])
    return Page(
        "claims.html",
        "Claims",
        names,
        shows={
            "claims": in_order(claim(graph, site.texts, site.vocabulary, node) for node in shown),
            "filters": filters,
            "choices": choices,
            "kinds": sorted(site.vocabulary.situations, key=lambda iri: names.text(iri).lower()),
            "total": total,
            "page_number": page,
            "pages": max(1, -(-total // CLAIMS)),
            "first": (page - 1) * CLAIMS + 1,
        },
    )


def _pattern(site: Site, filters: Mapping[str, str]) -> str:
    """Return the pattern that binds ``?claim``, or the empty text when nothing can match."""
    parts = ["?claim a def:Claim ."]
    for key, value in filters.items():
        if key == "q":
            word = str(Literal(value))
            parts.append(
                f"?claim def:gloss ?gloss FILTER (CONTAINS(LCASE(STR(?gloss)), LCASE({word})))"
            )
            continue
        if not is_iri(value):
            return ""
        node = written(value)
        if key == "about":
            parts.append(
                "FILTER EXISTS {"
                f" {{ ?claim ({reach(site.vocabulary)}|def:claims)+ {node} }}"
                f" UNION {{ ?claim def:accordingTo {node} }} }}"
            )
        elif key == "source":
            parts.append(f"?claim def:assertedIn / dcterms:isPartOf {node} .")
        elif key == "kind":
            parts.append(f"?claim def:claims / a {node} .")
        else:
            parts.append(f"?claim def:{key} {node} .")
    return "\n".join(parts)
