"""Small boxes for the tests of grand canonical runs."""

from __future__ import annotations

import numpy as np

from porescope.adsorption.atom_typing import framework_from_crystal
from porescope.adsorption.field_text import field_from_text
from porescope.adsorption.fields import field_named
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Bead, Gas
from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.structure import Crystal

FIELD = """\
# format = 1
# name = made up
# citation = for tests
# mixing = lorentz-berthelot
# cutoff = 9
# truncation = truncated
# tail_correction = no
kind,type,element,neighbours_or_second,epsilon_k,sigma,source
atom,Si,Si,,100,3.0,made up
atom,O,O,,60,3.2,made up
"""


def small_framework(*, angle: float = 90.0, cutoff: float = 9.0, edge: float = 18.2) -> Framework:
    """A cell that is wide enough for the cutoff, with a silica unit in it."""
    lattice = lattice_from_parameters(edge, edge, edge, 90.0, angle, 90.0)
    frac = np.array([[0.1, 0.1, 0.1], [0.18, 0.1, 0.1], [0.1, 0.19, 0.1]])
    crystal = Crystal(
        lattice=lattice,
        frac=frac,
        numbers=np.array([14, 8, 8]),
        occupancy=np.ones(3),
        u_iso=np.full(3, np.nan),
        labels=("Si1", "O1", "O2"),
        name="made up",
    )
    field = field_from_text(FIELD).with_options(cutoff=cutoff)
    return framework_from_crystal(crystal, field=field)


def made_gas(
    *, name: str = "A", epsilon_k: float = 120.0, sigma: float = 3.4, positions: int = 1
) -> Gas:
    """A molecule of one bead, or of several in a row."""
    bead = Bead(type=name, number=18, epsilon_k=epsilon_k, sigma=sigma, charge=0.0, mass=40.0)
    places = np.zeros((1, positions, 3))
    places[0, :, 2] = 1.2 * (np.arange(positions) - 0.5 * (positions - 1))
    return Gas(
        name=name,
        model="made up",
        beads=(bead,) * positions,
        conformers=places,
        critical_temperature=150.0,
        critical_pressure_pa=4.9e6,
        acentric_factor=0.0,
        source="made up",
    )


def argon() -> Gas:
    """Argon as in the published runs on zeolites."""
    from porescope.adsorption.gases import gas_named

    return gas_named("Ar", model="IZA")


def argon_field():
    """The field of these runs."""
    return field_named("argon in zeolites")
