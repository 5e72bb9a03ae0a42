"""Nodes: curated metal and covalent knots."""
