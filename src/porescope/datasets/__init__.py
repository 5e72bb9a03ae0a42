"""Stores of structures and powder cards."""
