"""Where in the files a node or a statement stands, looked up only for what has a finding."""

from collections.abc import Iterable

from pyoxigraph import NamedNode, Triple

from allegiance.findings import Place
from allegiance.turtle import Document


class Places:
    """The places in some documents; built when first asked."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._documents = tuple(documents)
        self._subjects: dict[str, Place] | None = None
        self._statements: dict[Triple, tuple[Document, int]] | None = None

    def node(self, iri: str) -> Place | None:
        """Return where the block of a node begins, or None where no file has it as subject."""
        if self._subjects is None:
            self._subjects = {}
            for document in self._documents:
                for subject, place in document.places().items():
                    if isinstance(subject, NamedNode):
                        self._subjects.setdefault(subject.value, place)
        return self._subjects.get(iri)

    def statement(self, triple: Triple) -> Place | None:
        """Return where a statement stands, at its object if that is found."""
        if self._statements is None:
            self._statements = {}
            for document in self._documents:
                for index, said in enumerate(document.triples):
                    self._statements.setdefault(said, (document, index))
        if found := self._statements.get(triple):
            document, index = found
            return document.place(index, triple.object)
        return None

    def short(self, iri: str) -> str:
        """Return an IRI as the files write it."""
        for document in self._documents:
            if not (written := document.shorten(iri)).startswith("<"):
                return written
        return f"<{iri}>"
