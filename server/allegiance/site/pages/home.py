"""The first page: what the graph is, one question with its answer and evidence, the others."""

from collections.abc import Sequence

from pyoxigraph import Literal

from allegiance.errors import LimitError, QueryError
from allegiance.site.page import Page, Site
from allegiance.site.pages.answers import iris_of, show
from allegiance.site.settings import Question

ROWS = 10
"""How many rows of the first answer the first page shows."""

_COUNTS = """
    {{ GRAPH graph:facts {{ ?n a def:Claim }} BIND ("claims" AS ?what) }}
    UNION {{ GRAPH graph:derivation {{ ?n a rdf:Statement }} BIND ("edges" AS ?what) }}
    UNION {{ GRAPH graph:facts {{ ?n a ?kind }} ?kind rdfs:subClassOf* def:Situation
             BIND ("situations" AS ?what) }}
    UNION {{ GRAPH graph:sources {{ ?n a def:Sentence }} BIND ("sentences" AS ?what) }}
    UNION {{ GRAPH graph:sources {{ ?n a def:SourceText }} BIND ("sources" AS ?what) }}
    UNION {{ GRAPH graph:facts {{ ?n skos:prefLabel ?label }}
             FILTER (STRSTARTS(STR(?n), {own})) BIND ("entities" AS ?what) }}
"""


def home(site: Site) -> Page:
    """Return the first page."""
    questions = site.settings.questions
    first = shown = None
    if questions:
        first = questions[0]
        try:
            shown = show(site, first.query, ROWS)
        except (QueryError, LimitError):
            first = None
    return Page(
        "home.html",
        site.settings.title,
        site.names(shown.graph if shown else None, iris_of(shown.rows) if shown else ()),
        shows={
            "counts": counts(site),
            "first": first,
            "shown": shown,
            "groups": grouped(questions),
            "query": starter(site),
        },
    )


def workbench(site: Site) -> Page:
    """Return the page with an empty editor and the questions."""
    return Page(
        "workbench.html",
        "Ask",
        site.names(),
        shows={"groups": grouped(site.settings.questions), "query": starter(site)},
    )


def counts(site: Site) -> dict[str, int]:
    """Return how many there are of each kind of thing; a kind without any is left out."""
    own = str(Literal(f"{site.settings.base}id/"))
    rows = site.ask.rows(
        _COUNTS.format(own=own),
        select="?what (COUNT(DISTINCT ?n) AS ?count)",
        after="GROUP BY ?what",
    )
    found: dict[str, int] = {}
    for row in rows:
        what, count = row.get("what"), row.get("count")
        if isinstance(what, Literal) and isinstance(count, Literal):
            found[what.value] = int(count.value)
    order = ("claims", "edges", "entities", "situations", "sentences", "sources")
    return {name: found[name] for name in order if found.get(name)}


def starter(site: Site) -> str:
    """Return the text that the empty editor begins with."""
    prefixes = "".join(
        f"PREFIX {prefix}: <{namespace}>\n"
        for prefix, namespace in site.settings.prefixes.items()
        if prefix in ("def", "concept", "id", "rdfs", "skos")
    )
    return prefixes + (
        "\nSELECT ?claim ?says\nWHERE {\n"
        "  ?claim a def:Claim ;\n    def:gloss ?says .\n"
        "}\nLIMIT 20\n"
    )


def grouped(questions: Sequence[Question]) -> list[tuple[str, list[Question]]]:
    """Return the questions under their headings, in the order in which these first come."""
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.group or "Questions", []).append(question)
    return list(groups.items())
