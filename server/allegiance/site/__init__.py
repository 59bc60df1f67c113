"""The pages: what a person sees in a browser, and each thing's graph for a machine.

In: a readers client of ``sparql``, the settings of a graph folder, the texts at hand or None.
Out: ``create_app``, which makes a Flask application. May import every room but ``cli``.
"""

from allegiance.site.app import create_app
from allegiance.site.settings import Question, Settings, read_questions

__all__ = ["Question", "Settings", "create_app", "read_questions"]
