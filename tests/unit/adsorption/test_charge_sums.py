"""Sums of inverse distances: Madelung constants, and the sums of the published program."""

import numpy as np
import pytest

from porescope.adsorption.charge_sums import pair_sums, published_sums
from porescope.crystal.structure import Crystal

HARD = 1e3
"""So steep that the clouds do not overlap [1/Å]."""


def _crystal(lattice: np.ndarray, frac: np.ndarray) -> Crystal:
    n_atoms = len(frac)
    return Crystal(
        lattice=lattice,
        frac=frac,
        numbers=np.full(n_atoms, 8),
        occupancy=np.ones(n_atoms),
        u_iso=np.full(n_atoms, np.nan),
    )


def test_madelung_constants() -> None:
    """CsCl 1.76267, NaCl 1.74756: https://doi.org/10.1103/RevModPhys.35.450 (Tosi, table)."""
    edge = 4.1
    cscl = _crystal(np.eye(3) * edge, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
    sums = pair_sums(cscl, steepness=np.full(2, HARD))
    constant = -(sums[0, 0] - sums[0, 1]) * edge * np.sqrt(3.0) / 2.0
    assert constant == pytest.approx(1.76267, abs=1e-5)
    nacl = _crystal(
        edge * np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]),
        np.array([[0, 0, 0], [0.5, 0.5, 0.5]]),
    )
    sums = pair_sums(nacl, steepness=np.full(2, HARD))
    assert -(sums[0, 0] - sums[0, 1]) * edge / 2.0 == pytest.approx(1.74756, abs=1e-5)


def test_overlap_takes_the_place_of_the_singularity() -> None:
    """Two atoms at nearly one place interact as one with itself, less its own image sum."""
    crystal = _crystal(np.eye(3) * 15.0, np.array([[0, 0, 0], [1e-4, 0, 0]]))
    sums = pair_sums(crystal, steepness=np.full(2, 0.8))
    assert sums[0, 1] - sums[0, 0] == pytest.approx(2.0 * 0.8, rel=1e-2)


def test_published_sums_tend_to_the_converged_ones_for_neutral_cells() -> None:
    rng = np.random.default_rng(3)
    crystal = _crystal(np.eye(3) * 9.0, rng.random((4, 3)))
    steep = np.full(4, 0.8)
    charges = np.array([1.0, -1.0, 0.5, -0.5])
    # Without a dipole, which a cubic block would feel.
    centred = np.concatenate([crystal.frac, -crystal.frac])
    twice = _crystal(np.eye(3) * 9.0, centred)
    q, s = np.tile(charges, 2), np.tile(steep, 2)
    exact = pair_sums(twice, steepness=s) @ q
    near = published_sums(twice, steepness=s, n_cells=2) @ q
    nearer = published_sums(twice, steepness=s, n_cells=4) @ q
    # A constant shifts no charge.
    spread = [np.ptp(each - exact) for each in (near, nearer)]
    assert spread[0] < 0.05
    assert spread[1] < spread[0]
