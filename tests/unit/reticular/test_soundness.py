"""Whether a made framework could be one."""

import numpy as np

from porescope.crystal.structure import Crystal
from porescope.reticular.soundness import clashes, faults_of, graph_differences


def _chain(gap: float = 1.5, side: float = 12.0) -> tuple[Crystal, np.ndarray]:
    """A zigzag chain of carbon along a, four atoms in the cell."""
    rise = 0.8
    step = float(np.sqrt(1.5**2 - rise**2))
    lattice = np.diag([4 * step, side, side])
    cart = np.array([[i * step, rise * (i % 2), 0.0] for i in range(4)])
    crystal = Crystal(
        lattice=lattice,
        frac=cart @ np.linalg.inv(lattice),
        numbers=np.full(4, 6),
        occupancy=np.ones(4),
        u_iso=np.full(4, np.nan),
    )
    bonds = np.array([[0, 1, 0, 0, 0], [1, 2, 0, 0, 0], [2, 3, 0, 0, 0], [3, 0, 1, 0, 0]])
    return crystal, bonds


def test_a_chain_that_is_sound() -> None:
    crystal, bonds = _chain()
    assert graph_differences(crystal, bonds) == (0, 0)
    assert len(clashes(crystal, bonds)) == 0
    assert faults_of(crystal, bonds, charge=0) == ()
    assert faults_of(crystal, bonds, charge=-2) == ("charged",)


def test_chains_that_are_too_near() -> None:
    crystal, bonds = _chain(side=2.25)
    # The next chain is 2.25 Å away: not bonded, but nearer than two carbons may be.
    assert faults_of(crystal, bonds) == ("clash",)
    near, _ = _chain(side=1.6)
    assert "extra bond" in faults_of(near, bonds)


def test_a_bond_that_is_too_long() -> None:
    crystal, bonds = _chain()
    stretched = crystal.with_lattice(crystal.lattice * 1.4)
    missing, beyond = graph_differences(stretched, bonds)
    assert missing == 4
    assert beyond == 0
    assert faults_of(stretched, bonds) == ("broken bond",)


def test_bonds_are_told_apart_by_cell() -> None:
    crystal, bonds = _chain()
    wrong = bonds.copy()
    wrong[3, 2] = -1
    assert graph_differences(crystal, wrong) == (1, 1)


def test_metals_may_be_near_and_neighbours_of_neighbours_too() -> None:
    crystal, bonds = _chain(side=2.25)
    metal = Crystal(
        lattice=crystal.lattice,
        frac=crystal.frac,
        numbers=np.full(4, 30),
        occupancy=crystal.occupancy,
        u_iso=crystal.u_iso,
    )
    assert len(clashes(metal, bonds)) == 0
