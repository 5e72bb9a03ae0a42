"""The preset ``x3mat``: an equivariant network on spherical windows of the crystal."""
