"""Texts, parts, sentences, spans and digests.

In: a folder of texts and the triples that describe sources. Out: ``Text``, ``Source``.
May import: errors, findings, names, turtle.
"""

from allegiance.texts.source import Part, Sentence, Source, Span, sources
from allegiance.texts.text import Text, digest, load

__all__ = ["Part", "Sentence", "Source", "Span", "Text", "digest", "load", "sources"]
