"""Periodic nets: keys, names, and which of them suit given building blocks."""
