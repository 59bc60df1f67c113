"""Contradictions: what HermiT finds in all that is asserted, and the clashes of the closure."""

import re
from collections.abc import Iterator

from pyoxigraph import NamedNode

from allegiance.check.dataset import ASSERTED, Dataset, Loaded
from allegiance.check.hermit import judge
from allegiance.check.places import Places
from allegiance.errors import ReasonerError
from allegiance.findings import Finding, Severity


def clashes(dataset: Dataset, places: Places) -> Iterator[Finding]:
    """Yield each contradiction that the closure ran into."""
    for clash in dataset.clashes:
        node = clash.node.value if isinstance(clash.node, NamedNode) else None
        place = next((at for t in clash.given if (at := places.statement(t))), None)
        yield Finding(
            f"clash-{clash.rule}",
            Severity.ERROR,
            re.sub(r"<([^<>\s]+)>", lambda match: places.short(match[1]), clash.message),
            "one of the statements that it follows from is wrong; the first is shown",
            (places.node(node) if node else None) or place,
            node,
        )


def hermit(loaded: Loaded, places: Places) -> Iterator[Finding]:
    """Yield what HermiT objects to: an inconsistent graph, and classes without possible members."""
    try:
        verdict = judge(loaded.triples(*ASSERTED))
        if verdict.consistent:
            unsatisfiable = verdict.unsatisfiable
        else:
            alone = judge(loaded.triples("ontology"))
            unsatisfiable = alone.unsatisfiable
            about = (
                "the facts contradict the ontology"
                if alone.consistent
                else ("the ontology contradicts itself")
            )
            yield Finding(
                "inconsistent",
                Severity.ERROR,
                f"{about}, says HermiT: everything and its opposite would follow",
                "mend the clashes named here; without one, take out the last change and add it"
                " again statement by statement",
            )
    except ReasonerError as error:
        where = f"{error.where}: " if error.where else ""
        yield Finding(
            "reasoner",
            Severity.ERROR,
            f"{where}{error.what}",
            f"{error.help}; or leave HermiT out with --no-hermit",
        )
        return
    for iri in unsatisfiable:
        yield Finding(
            "unsatisfiable",
            Severity.ERROR,
            f"{places.short(iri)} can have no member",
            "one of the axioms about it, or about a class above it, says too much",
            places.node(iri),
            iri,
        )
