"""Readers for the tables of labels."""
