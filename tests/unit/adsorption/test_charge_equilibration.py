"""EQeq: parameters of elements, errors, and a molecule that can be solved by hand."""

from dataclasses import replace

import numpy as np
import pytest

from porescope.adsorption.charge_equilibration import (
    COULOMB_EV_A,
    EqeqOptions,
    atom_parameters,
    eqeq_charges,
)
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError


def _crystal(numbers: list[int], frac: list[list[float]], edge: float) -> Crystal:
    n_atoms = len(numbers)
    return Crystal(
        lattice=np.eye(3) * edge,
        frac=np.array(frac, dtype=np.float64),
        numbers=np.array(numbers),
        occupancy=np.ones(n_atoms),
        u_iso=np.full(n_atoms, np.nan),
    )


def test_parameters_come_from_the_centre_of_the_element() -> None:
    crystal = _crystal([1, 8, 30], [[0, 0, 0], [0.3, 0, 0], [0.6, 0, 0]], 10.0)
    chi, hardness = atom_parameters(crystal, options=EqeqOptions(), charge_centres={})
    # Hydrogen: affinity of -2 eV; oxygen about 0; zinc about +2, brought to zero charge.
    assert hardness == pytest.approx([13.59843 + 2.0, 13.61806 - 1.46111, 39.7233 - 17.96439])
    assert chi[0] == pytest.approx(0.5 * (13.59843 - 2.0))
    assert chi[2] == pytest.approx(0.5 * (39.7233 + 17.96439) - 2.0 * (39.7233 - 17.96439))
    neutral_zinc, _ = atom_parameters(crystal, options=EqeqOptions(), charge_centres={"Zn": 0})
    assert neutral_zinc[2] == pytest.approx(0.5 * 9.3942, abs=1e-4)


def test_a_molecule_in_a_wide_cell() -> None:
    """Two atoms: q = (chi2 - chi1) / (J1 + J2 - 2 J12)."""
    distance, edge = 1.3, 60.0
    crystal = _crystal([6, 8], [[0, 0, 0], [distance / edge, 0, 0]], edge)
    (chi1, chi2), (j1, j2) = atom_parameters(crystal, options=EqeqOptions(), charge_centres={})
    a = np.sqrt(j1 * j2) / COULOMB_EV_A
    overlap = np.exp(-((a * distance) ** 2)) * (2 * a - a**2 * distance - 1 / distance)
    j12 = 0.6 * COULOMB_EV_A * (1 / distance + overlap)
    expected = (chi2 - chi1) / (j1 + j2 - 2.0 * j12)
    charges = eqeq_charges(crystal)
    # The images of a dipole, 60 Å away.
    assert charges == pytest.approx([expected, -expected], rel=1e-4)


def test_elements_without_data_are_named() -> None:
    crystal = _crystal([92, 8, 8], [[0, 0, 0], [0.2, 0, 0], [-0.2, 0, 0]], 10.0)
    with pytest.raises(ConfigError, match=r"no usual charge for U; give it as charge_centres"):
        eqeq_charges(crystal)
    charges = eqeq_charges(crystal, charge_centres={"U": 4})
    assert charges[0] > 0.0
    assert charges.sum() == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(ConfigError, match="no ionisation energies of U about the charge 8"):
        eqeq_charges(crystal, charge_centres={"U": 8})


def test_huge_cells_are_refused() -> None:
    crystal = _crystal([8] * 3, [[0, 0, 0], [0.3, 0, 0], [0.6, 0, 0]], 10.0)
    many = replace(
        crystal,
        frac=np.zeros((20_000, 3)),
        numbers=np.full(20_000, 8),
        occupancy=np.ones(20_000),
        u_iso=np.zeros(20_000),
    )
    with pytest.raises(ConfigError, match="12000 atoms, this one has 20000"):
        eqeq_charges(many)


def test_charges_that_no_atom_has_are_refused() -> None:
    crystal = _crystal([30, 8], [[0, 0, 0], [0.2, 0, 0]], 10.0)
    bound = float(np.abs(eqeq_charges(crystal)).max())
    with pytest.raises(ConfigError, match=r"EQeq gives \w+ \(atom \d\) the charge .* e, beyond"):
        eqeq_charges(crystal, options=EqeqOptions(largest_charge=0.9 * bound))
