"""The preset ``small``: peaks and ideal lines as sets, in one space."""
