"""pymatgen and ASE, both ways."""

from dataclasses import replace

import numpy as np
import pytest
from crystals import quartz, rock_salt

from porescope.crystal.interop import (
    ase_from_crystal,
    crystal_from_ase,
    crystal_from_pymatgen,
    pymatgen_from_crystal,
)
from porescope.errors import ConfigError


def test_ase_round_trip():
    pytest.importorskip("ase", reason="ASE is not installed")
    crystal = replace(quartz(), charges=np.linspace(-1, 1, 9))
    again = crystal_from_ase(ase_from_crystal(crystal))
    assert np.array_equal(again.numbers, crystal.numbers)
    assert again.cart == pytest.approx(crystal.cart)
    assert again.charges == pytest.approx(crystal.charges)


def test_ase_deuterium():
    pytest.importorskip("ase", reason="ASE is not installed")
    crystal = replace(rock_salt(), numbers=np.array([1] * 4 + [3] * 4))
    heavy = replace(crystal, isotopes=np.array([2] * 4 + [0] * 4))
    again = crystal_from_ase(ase_from_crystal(heavy))
    assert again.isotopes is not None
    assert again.isotopes.tolist() == [2] * 4 + [0] * 4


def test_ase_without_a_cell_is_refused():
    ase = pytest.importorskip("ase", reason="ASE is not installed")
    with pytest.raises(ConfigError, match="cell"):
        crystal_from_ase(ase.Atoms("H2", positions=[[0, 0, 0], [0, 0, 1]]))


def test_pymatgen_round_trip():
    pytest.importorskip("pymatgen.core", reason="pymatgen is not installed")
    crystal = replace(quartz(), charges=np.linspace(-1, 1, 9))
    again = crystal_from_pymatgen(pymatgen_from_crystal(crystal), name="quartz")
    assert np.array_equal(again.numbers, crystal.numbers)
    assert again.frac == pytest.approx(crystal.frac)
    assert again.u_iso == pytest.approx(crystal.u_iso)
    assert again.charges == pytest.approx(crystal.charges)
    assert again.labels == crystal.labels


def test_pymatgen_mixed_sites():
    pytest.importorskip("pymatgen.core", reason="pymatgen is not installed")
    crystal = rock_salt().without_symmetry()
    frac = np.concatenate([crystal.frac, crystal.frac[:1]])
    mixed = replace(
        crystal,
        frac=frac,
        numbers=np.append(crystal.numbers, 19),
        occupancy=np.array([0.7] + [1.0] * 7 + [0.3]),
        u_iso=np.full(9, np.nan),
        labels=(),
        orbit=None,
    )
    structure = pymatgen_from_crystal(mixed)
    assert len(structure) == 8
    again = crystal_from_pymatgen(structure)
    assert again.n_atoms == 9
    assert again.formula == mixed.formula
