"""A force field for frameworks: UFF and UFF4MOF with analytic forces and stress."""
