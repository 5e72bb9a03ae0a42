"""Simulation, preparation, comparison, fitting and indexing of powder patterns."""
