"""RDF files in and out.

In: Turtle files. Out: triples with file, line and column; N-Triples bytes; rdflib graphs.
May import: errors, findings, names.
"""

from allegiance.turtle.document import Document, read
from allegiance.turtle.rdflib_graph import to_rdflib

__all__ = ["Document", "read", "to_rdflib"]
