"""Unit cells from the positions of powder lines."""
