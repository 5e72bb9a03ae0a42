"""Energies of guests by calculators of ASE."""

from __future__ import annotations

import numpy as np
import pytest

from pore_crystals import simple_cubic
from porescope.errors import ConfigError
from porescope.workflows.site_energies import site_energies

pytest.importorskip("ase")


def test_a_lennard_jones_atom_is_the_sum_over_the_images() -> None:
    from ase.calculators.lj import LennardJones

    crystal, sigma, epsilon, cutoff = simple_cubic(9.0), 3.0, 0.01, 8.0
    places = crystal.cart + np.array([[4.5, 4.5, 4.5], [3.4, 0.0, 0.0]])
    found = site_energies(
        crystal,
        LennardJones(sigma=sigma, epsilon=epsilon, rc=cutoff, smooth=False),
        guest="Ar",
        places=places,
        repeats=(2, 2, 2),
    )
    shifts = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3), axis=-1).reshape(-1, 3)

    def pair(r: np.ndarray) -> np.ndarray:
        x = (sigma / r) ** 6
        return 4.0 * epsilon * (x * x - x)

    for place, value in zip(places, found, strict=True):
        r = np.linalg.norm(crystal.cart + shifts * 9.0 - place, axis=1)
        r = r[r < cutoff]
        # ASE's potential is shifted to nothing at the cutoff.
        expected = np.sum(pair(r) - pair(np.array([cutoff]))[0])
        assert value == pytest.approx(expected, abs=1e-8)
    assert found[0] != pytest.approx(found[1])


def test_what_cannot_be_done() -> None:
    from ase.calculators.emt import EMT

    crystal = simple_cubic(6.0)
    places = np.zeros((1, 3))
    with pytest.raises(ConfigError, match="no element"):
        site_energies(crystal, EMT(), guest="Xq", places=places)
    with pytest.raises(ConfigError, match="cannot handle"):
        site_energies(crystal, EMT(), guest="Ar", places=places)
    with pytest.raises(ConfigError, match="at least one place"):
        site_energies(crystal, EMT(), guest="H", places=np.zeros((0, 3)))
