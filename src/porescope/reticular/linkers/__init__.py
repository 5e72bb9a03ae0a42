"""Linkers: organic pieces from SMILES and back to SMILES."""
