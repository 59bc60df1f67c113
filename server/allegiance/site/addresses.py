"""Which IRI has its page where: the path of an IRI under the base is its path here."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from pyoxigraph import NamedNode

from allegiance.names import VOCABULARY

OWN = ("id", "claim", "situation", "source", "edge", "graph")
"""First segments of the paths of a folder's own things."""

SHARED = ("def", "concept", "shape", "ontology")
"""First segments of the vocabulary's paths; a folder may have some of its own, too."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """IRIs to paths and back for one base IRI."""

    base: str

    def path(self, iri: str) -> str | None:
        """Return the path of an IRI's page, percent-encoded, or None when it has none here."""
        for start, kinds in ((self.base, OWN + SHARED), (VOCABULARY, SHARED)):
            rest = iri.removeprefix(start)
            if rest != iri and rest.partition("/")[0] in kinds:
                return "/" + quote(rest, safe="/:@!$&'()*+,;=~-._")
        return None

    def iris(self, path: str) -> tuple[str, ...]:
        """Return the IRIs that a decoded path may stand for, the folder's own first."""
        rest = path.lstrip("/")
        starts = [self.base]
        if rest.partition("/")[0] in SHARED and self.base != VOCABULARY:
            starts.append(VOCABULARY)
        return tuple(start + rest for start in starts if is_iri(start + rest))


def is_iri(value: str) -> bool:
    """Return whether a text is an absolute IRI."""
    try:
        NamedNode(value)
    except ValueError:
        return False
    return True


def web(iri: str) -> bool:
    """Return whether an IRI may become a link that leads away: only http and https may."""
    try:
        parts = urlsplit(iri)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
