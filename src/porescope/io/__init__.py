"""Readers and writers: structures and powder patterns."""
