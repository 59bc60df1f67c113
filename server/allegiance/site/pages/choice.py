"""Which claims and edges a page shows."""

from collections.abc import Iterable
from dataclasses import dataclass

from allegiance.site.ask import named
from allegiance.site.claims import Claim, Edge, claim, edge
from allegiance.site.graph import Graph
from allegiance.site.page import Site
from allegiance.site.reading import describe

MOST = 100
"""How many claims one page shows at most; lists lead to the others."""

EACH = 20
"""How many of the claims behind one edge a page shows at most; what is set against it is whole."""

REASONS = "prov:wasDerivedFrom|def:setAgainst"


@dataclass(frozen=True, slots=True)
class Choice:
    """The claims and edges of a page, with the graph they were read from.

    total: how many claims there are, shown or not.
    """

    graph: Graph
    claims: tuple[Claim, ...]
    edges: tuple[Edge, ...]
    total: int


def choose(
    site: Site, claims: str, edges: str = "", things: tuple[str, ...] = (), more: str = ""
) -> Choice:
    """Return the claims and edges that two patterns bind to ``?claim`` and ``?edge``.

    Without a pattern for edges: those that the claims give or stand against. An edge always
    comes with every claim that is set against it. ``more`` binds further ``?thing``.
    """
    edges = edges or f"{claims} ?edge {REASONS} ?claim ."
    pattern = (
        f"{{ {claims} }} UNION {{ {edges} ?edge prov:wasDerivedFrom ?behind . }}"
        f" UNION {{ {edges} ?edge def:setAgainst ?against . }}"
    )
    if more:
        pattern += f" UNION {{ {more} }}"
    rows = site.ask.rows(
        pattern,
        "facts",
        "sources",
        "derivation",
        select="DISTINCT ?claim ?edge ?behind ?against ?thing",
        after="ORDER BY ?behind",
    )
    found, nodes = sorted(named(rows, "claim")), sorted(named(rows, "edge"))
    shown = found[:MOST]
    behind: dict[str, list[str]] = {}
    for row in rows:
        for node in named([row], "edge"):
            behind.setdefault(node, []).extend(named([row], "behind"))
    few = [reason for reasons in behind.values() for reason in reasons[:EACH]]
    needed = list(dict.fromkeys((*shown, *few, *named(rows, "against"))))
    graph = describe(site.ask, site.vocabulary, needed, (*things, *nodes, *named(rows, "thing")))
    return Choice(
        graph=graph,
        claims=in_order(claim(graph, site.texts, site.vocabulary, node) for node in shown),
        edges=tuple(
            sorted(
                (edge(graph, site.texts, site.vocabulary, node) for node in nodes),
                key=lambda edge: (edge.property, edge.subject, edge.object),
            )
        ),
        total=len(found),
    )


def in_order(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return claims in the order of their texts."""

    def place(claim: Claim) -> tuple[str, int, str]:
        return (claim.source, claim.evidence[0].start if claim.evidence else 0, claim.iri)

    return tuple(sorted(claims, key=place))
