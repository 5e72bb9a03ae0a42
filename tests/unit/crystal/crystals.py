"""Small crystals for the tests of this folder."""

import numpy as np

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit


def rock_salt() -> Crystal:
    """NaCl, https://doi.org/10.1107/S0365110X65002220: a = 5.6402 Å."""
    return crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 5.6402,
        frac=np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]),
        numbers=np.array([11, 17]),
        space_group=space_group_from_symbol("F m -3 m"),
        labels=("Na1", "Cl1"),
        name="rock salt",
    )


def quartz() -> Crystal:
    """α-quartz, https://doi.org/10.1107/S0108768189003903."""
    return crystal_from_asymmetric_unit(
        lattice=lattice_from_parameters(4.9137, 4.9137, 5.4047, 90.0, 90.0, 120.0),
        frac=np.array([[0.4697, 0.0, 2 / 3], [0.4133, 0.2672, 0.7855]]),
        numbers=np.array([14, 8]),
        space_group=space_group_from_symbol("P 32 2 1"),
        u_iso=np.array([0.007, 0.012]),
        labels=("Si1", "O1"),
        name="quartz",
    )
