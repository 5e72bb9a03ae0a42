"""Preset ``xrd2mof``: Xrd2Mof's extractor of features, as published."""
