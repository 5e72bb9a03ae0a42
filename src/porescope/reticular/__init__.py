"""Frameworks from building units: relaxed silica nets."""
