"""The examples of ``examples/``, and those that tables say.

In ``examples/*.trig`` a graph ``clash:NAME`` cannot be true beside the ontology; from a graph
``given:NAME`` follows all of ``then:NAME`` and nothing of ``never:NAME``. What is said there comes
from the design, never from the axioms that it tests.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import pyoxigraph

from allegiance.names import CONCEPT, DEF, OWL, RDF, SKOS

ROOT = Path(__file__).parents[2]
CORE = ("core.ttl", "values.ttl")
ALL = (*CORE, "dl.ttl")
THING = "https://example.org/thing/"

APART = (
    "Actor Norm Programme GoodsCategory Situation Claim SourceText Part Sentence Qualifier",
    "Place Norm Programme GoodsCategory Situation Claim SourceText Part Sentence Qualifier",
    "State IntergovernmentalBody ArmedForce PopulationGroup DiffuseActor",
    "ArmsGoods EnergyGoods PeacekeepingService",
    "ArmsSupply EnergySupply PeacekeepingSupply",
    "Infrastructure Actor",
    "DiffuseActor Place",
    "Corridor MilitaryBase",
    "Breach Obligation",
    "Event Stance",
    "Conduct ArmedConflict",
    "Conduct Blockade",
    "Conduct Offensive",
)
"""Classes of which no two share a member."""


@dataclass(frozen=True, slots=True)
class Example:
    """What is given, and what is expected of it.

    kind: "then" if all that is expected follows, "never" if nothing of it does, "clash" if the
        given cannot be true.
    sees: what it takes to see it: "rules" for the closure by the rules of OWL 2 RL, "core" for
        HermiT with the RL core (the rules look at no datatypes), "whole" for HermiT with all.
    """

    name: str
    kind: str
    sees: str
    given: tuple[pyoxigraph.Triple, ...]
    expected: tuple[pyoxigraph.Triple, ...]

    @property
    def terms(self) -> frozenset[str]:
        return terms([*self.given, *self.expected])


def ontology(files: Iterable[str] = ALL) -> list[pyoxigraph.Triple]:
    """Return the triples of files of the ontology, blank nodes kept apart."""
    return [
        quad.triple
        for file in files
        for quad in pyoxigraph.parse(path=ROOT / "ontology" / file, rename_blank_nodes=True)
    ]


def ntriples(triples: Iterable[pyoxigraph.Triple]) -> str:
    return pyoxigraph.serialize(triples, format=pyoxigraph.RdfFormat.N_TRIPLES).decode()


def examples() -> list[Example]:
    written = [
        example
        for file in sorted(Path(__file__).parent.glob("examples/*.trig"))
        for example in _written(file)
    ]
    return [*written, *_apart(), *_values()]


def terms(triples: Iterable[pyoxigraph.Triple]) -> frozenset[str]:
    """Return the IRIs of our own terms and values in triples."""
    return frozenset(
        term.value
        for triple in triples
        for term in (triple.subject, triple.predicate, triple.object)
        if isinstance(term, pyoxigraph.NamedNode) and term.value.startswith((DEF, CONCEPT))
    )


def _written(file: Path) -> Iterator[Example]:
    graphs: dict[tuple[str, str], list[pyoxigraph.Triple]] = {}
    for quad in pyoxigraph.parse(path=file, rename_blank_nodes=True):
        kind, name = quad.graph_name.value.rsplit("/", 2)[1:]
        triple = pyoxigraph.Triple(*(_own(term, name) for term in quad.triple))
        graphs.setdefault((kind, name), []).append(triple)
    for (kind, name), triples in graphs.items():
        if kind == "given":
            assert ("then", name) in graphs or ("never", name) in graphs, name
        else:
            given = triples if kind == "clash" else graphs["given", name]
            literal = kind == "clash" and any(
                isinstance(triple.object, pyoxigraph.Literal) for triple in given
            )
            sees = "whole" if file.stem == "dl" else "core" if literal else "rules"
            expected = () if kind == "clash" else tuple(triples)
            yield Example(name, kind, sees, tuple(given), expected)


def _own(term: object, example: str) -> object:
    """Return an example's thing under a name of its own, so that examples can be put together."""
    if isinstance(term, pyoxigraph.NamedNode) and term.value.startswith(THING):
        return pyoxigraph.NamedNode(f"{THING}{example}/{term.value.removeprefix(THING)}")
    return term


def _apart() -> Iterator[Example]:
    pairs = {tuple(sorted(pair)) for line in APART for pair in combinations(line.split(), 2)}
    for pair in sorted(pairs):
        name = "-and-".join(pair)
        given = [_triple(THING + name, RDF + "type", DEF + kind) for kind in pair]
        yield Example(name, "clash", "rules", tuple(given), ())


def _values() -> Iterator[Example]:
    """Every value is a Qualifier, and no two are one."""
    values = sorted(
        triple.subject.value for triple in ontology() if triple.predicate.value == SKOS + "inScheme"
    )
    for first, second in pairwise([*values, values[0]]):
        name = first.removeprefix(CONCEPT)
        same = _triple(first, OWL + "sameAs", second)
        yield Example(f"{name}-is-another", "clash", "rules", (same,), ())
        kind = _triple(first, RDF + "type", DEF + "Qualifier")
        yield Example(f"{name}-is-a-qualifier", "then", "rules", (), (kind,))


def _triple(subject: str, predicate: str, value: str) -> pyoxigraph.Triple:
    return pyoxigraph.Triple(*map(pyoxigraph.NamedNode, (subject, predicate, value)))
