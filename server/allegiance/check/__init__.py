"""What is wrong with a graph folder: shapes, evidence, contradictions, questions.

In: a graph folder, and its texts where they are at hand. Out: findings, and the whole dataset.
May import: errors, names, findings, folder, turtle, texts, derive.
"""

from allegiance.check.dataset import ASSERTED, Dataset, Loaded, dataset, load
from allegiance.check.report import block
from allegiance.check.run import STEPS, Tally, check
from allegiance.check.shacl import Report, ShapesError, validate
from allegiance.check.shapes import check_shacl

__all__ = [
    "ASSERTED",
    "STEPS",
    "Dataset",
    "Loaded",
    "Report",
    "ShapesError",
    "Tally",
    "block",
    "check",
    "check_shacl",
    "dataset",
    "load",
    "validate",
]
