"""Porescope reads nanoporous crystals: from a powder pattern to the structure that made it."""

from importlib.metadata import version

__version__ = version("porescope")
