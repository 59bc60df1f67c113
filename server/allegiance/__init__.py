"""Allegiance: who backs, arms and guards whom, and on whose word."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("allegiance")
