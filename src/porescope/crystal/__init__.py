"""Lattices, symmetry, structures, neighbours and bonds."""
