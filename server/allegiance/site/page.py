"""What every page is made from, and what a page is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyoxigraph import Literal

from allegiance.site.addresses import Addresses, web
from allegiance.site.ask import Ask
from allegiance.site.graph import Graph
from allegiance.site.naming import Names, names
from allegiance.site.passages import Texts
from allegiance.site.settings import Settings
from allegiance.site.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Site:
    """One release with all that its pages are made from."""

    settings: Settings
    ask: Ask
    vocabulary: Vocabulary
    addresses: Addresses
    texts: Texts

    def names(self, graph: Graph | None = None, more: Iterable[str] = ()) -> Names:
        """Return the labels of every IRI of a graph and ``more``."""
        return names(
            self.ask,
            self.vocabulary,
            self.addresses,
            self.settings.prefixes,
            graph or Graph(()),
            more,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its template and what it shows.

    iri: the IRI of what it is about, for pages about one thing.
    graph: what it shows as triples; None for pages that have no other format.
    """

    template: str
    title: str
    names: Names
    iri: str = ""
    graph: Graph | None = None
    shows: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class View:
    """What templates ask about an IRI: where its page is and what it is called.

    root: the path that the site is mounted at, without a slash at the end.
    """

    site: Site
    names: Names
    root: str

    def href(self, iri: str) -> str | None:
        """Return the link for an IRI: its page here, else the web, else none."""
        path = self.site.addresses.path(iri)
        if path is not None:
            return self.root + path
        return iri if web(iri) else None

    def local(self, iri: str) -> bool:
        """Return whether the IRI has its page here."""
        return self.site.addresses.path(iri) is not None

    def label(self, iri: str) -> Literal:
        """Return the label of an IRI."""
        return self.names.literal(iri)

    def short(self, iri: str) -> str:
        """Return an IRI as a prefixed name."""
        return self.names.short(iri)

    def definition(self, iri: str) -> str:
        """Return the definition of a term or value, or the empty text."""
        return self.site.vocabulary.definition(iri)

    def symmetric(self, prop: str) -> bool:
        """Return whether a relation holds both ways."""
        return self.site.vocabulary.symmetric(prop)

    def anchor(self, iri: str) -> str:
        """Return the last segment of an IRI, as the id of its place on a page."""
        return iri.rstrip("/").rpartition("/")[2]

    def text_file(self, source: str) -> str:
        """Return the name of the file that holds the words of a source."""
        return f"{self.anchor(source)}.txt"
