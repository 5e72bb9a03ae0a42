"""What must hold for charges by equilibration, whatever the crystal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from porescope.adsorption.charge_equilibration import EqeqOptions, eqeq_charges
from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.structure import Crystal

ANY = EqeqOptions(largest_charge=np.inf)
"""Random crystals may have charges that no atom has."""


def _random_crystal(seed: int, n_atoms: int = 7) -> Crystal:
    rng = np.random.default_rng(seed)
    lattice = lattice_from_parameters(
        *rng.uniform(6.0, 9.0, 3).tolist(), *rng.uniform(70.0, 110.0, 3).tolist()
    )
    frac: list[np.ndarray] = []
    while len(frac) < n_atoms:
        trial = rng.random(3)
        delta = np.array([trial - each for each in frac]).reshape(-1, 3)
        delta -= np.rint(delta)
        if not len(delta) or np.linalg.norm(delta @ lattice, axis=1).min() > 1.3:
            frac.append(trial)
    return Crystal(
        lattice=lattice,
        frac=np.array(frac),
        numbers=rng.choice(np.array([1, 6, 7, 8, 14, 30, 40]), n_atoms),
        occupancy=np.ones(n_atoms),
        u_iso=np.full(n_atoms, np.nan),
    )


@given(st.integers(0, 10_000))
def test_charges_do_not_depend_on_the_setting(seed: int) -> None:
    crystal = _random_crystal(seed)
    charges = eqeq_charges(crystal, options=ANY)
    assert charges.sum() == pytest.approx(0.0, abs=1e-10)
    rng = np.random.default_rng(seed)
    # An ill-conditioned random crystal has large charges; the tolerance grows with them.
    bound = 1e-6 * max(1.0, float(np.abs(charges).max()))

    order = rng.permutation(crystal.n_atoms)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    moved = Crystal(
        lattice=crystal.lattice @ turn,
        frac=(crystal.frac + rng.random(3))[order] + rng.integers(-2, 3, 3),
        numbers=crystal.numbers[order],
        occupancy=np.ones(crystal.n_atoms),
        u_iso=np.full(crystal.n_atoms, np.nan),
    )
    assert np.allclose(eqeq_charges(moved, options=ANY), charges[order], atol=bound)


@given(st.integers(0, 10_000))
def test_a_supercell_has_the_same_charges(seed: int) -> None:
    crystal = _random_crystal(seed, n_atoms=4)
    charges = eqeq_charges(crystal, options=ANY)
    bound = 1e-5 * max(1.0, float(np.abs(charges).max()))
    twice = crystal.supercell((2, 1, 1))
    again = eqeq_charges(twice, options=ANY)
    # Atoms of the supercell are found by their place.
    for frac, charge in zip(twice.frac * [2.0, 1.0, 1.0], again, strict=True):
        delta = crystal.frac - frac
        place = int(np.argmin(np.linalg.norm(delta - np.rint(delta), axis=1)))
        assert charge == pytest.approx(charges[place], abs=bound)
