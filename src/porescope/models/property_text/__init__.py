"""The preset ``text``: a transformer on the text that names a framework."""
