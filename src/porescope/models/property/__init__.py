"""The preset ``sites``: one pass over the atoms, read out at points within a window."""
