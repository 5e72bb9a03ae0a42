"""Readers for the archives of structures."""
