"""Relaxing: silica as an anchor with symmetry, molecules, clashes, bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from force_field_crystals import crystal, zinc_imidazolate, zinc_imidazolate_bonds
from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.crystal.symmetry import find_symmetry
from porescope.errors import ConfigError
from porescope.reticular.relax import RelaxSettings, energy_per_atom, relax, settle


def sodalite(a: float = 9.2) -> Crystal:
    """Silica sodalite in I m -3 m, its cell too large."""
    return crystal_from_asymmetric_unit(
        lattice=lattice_from_parameters(a, a, a, 90.0, 90.0, 90.0),
        frac=np.array([[0.25, 0.5, 0.0], [0.355, 0.355, 0.0]]),
        numbers=np.array([14, 8]),
        space_group=space_group_from_symbol("I m -3 m"),
    )


def test_sodalite_relaxes_near_its_measured_cell_and_keeps_its_group() -> None:
    found = relax(sodalite())
    assert found.converged
    # 8.83 Å in measured silica sodalite, https://doi.org/10.1038/317157a0.
    assert found.crystal.parameters[:3] == pytest.approx(8.83, rel=0.03)
    assert np.ptp(found.crystal.parameters[:3]) < 1e-9
    assert find_symmetry(found.crystal, symprec=1e-4).space_group.number == 229
    assert np.array_equal(found.crystal.orbit, sodalite().orbit)


def test_without_symmetry_the_same_minimum_is_found() -> None:
    kept = relax(sodalite())
    free = relax(sodalite(), settings=RelaxSettings(fixed_symmetry=False))
    assert free.energy == pytest.approx(kept.energy, abs=2e-2)
    assert free.crystal.space_group.n_ops == 1


def test_a_fixed_cell_stays() -> None:
    found = relax(sodalite(), settings=RelaxSettings(fixed_cell=True))
    assert found.converged
    assert found.crystal.parameters == pytest.approx(sodalite().parameters)
    assert np.abs(found.stress).max() > 1e-3


def test_clashing_atoms_come_apart() -> None:
    start = zinc_imidazolate()
    rng = np.random.default_rng(5)
    moved = replace(start, frac=start.frac + rng.normal(0.0, 0.05, start.frac.shape))
    bonds = zinc_imidazolate_bonds()
    calm, wild = settle(start, bonds, n_steps=400), settle(moved, bonds, n_steps=400)
    assert wild.converged
    assert wild.energy_per_atom < energy_per_atom(moved, bonds) - 0.5
    assert wild.energy_per_atom == pytest.approx(calm.energy_per_atom, abs=0.05)


def test_two_atoms_at_one_place_do_not_break_the_energy() -> None:
    both = crystal([10, 10], [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], 12.0 * np.eye(3))
    assert np.isfinite(energy_per_atom(both, np.zeros((0, 5), dtype=np.int64)))


def test_few_steps_are_few() -> None:
    found = settle(zinc_imidazolate(), zinc_imidazolate_bonds(), n_steps=2)
    assert found.n_steps == 2
    assert not found.converged


def test_an_empty_crystal_is_refused() -> None:
    empty = crystal(np.zeros(0), np.zeros((0, 3)), np.eye(3))
    with pytest.raises(ConfigError, match="without atoms"):
        relax(empty)


def test_notes_of_the_force_field_are_handed_on() -> None:
    water = crystal([6, 1, 1], [[0.0] * 3, [1.0, 0.0, 0.0], [-0.3, 0.95, 0.0]], 12.0 * np.eye(3))
    bonds = np.array([[0, 1, 0, 0, 0], [0, 2, 0, 0, 0]], dtype=np.int64)
    assert any("hydrogen is missing" in note for note in relax(water, bonds).notes)


def test_large_structures_find_the_same_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    from porescope.reticular import relax as module

    settings = RelaxSettings(max_force=2e-3, max_stress=1e-5, max_steps=3000)
    whole = relax(sodalite(), settings=settings)
    monkeypatch.setattr(module, "_LARGE", 1)
    blocks = relax(sodalite(), settings=settings)
    assert blocks.converged
    assert blocks.energy == pytest.approx(whole.energy, abs=1e-3)
