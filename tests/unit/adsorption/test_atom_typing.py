"""Frameworks from crystals: what is refused, and what the message names."""

from dataclasses import replace

import numpy as np
import pytest

from porescope.adsorption.atom_typing import check_crystal, framework_from_crystal
from porescope.adsorption.fields import field_named
from porescope.adsorption.force_field import AtomType
from porescope.adsorption.gases import gas_named
from porescope.adsorption.interactions import pair_table
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError


def _silica() -> Crystal:
    """Idealised sodalite without its symmetry: Si12O24."""
    quarter = np.array([[0.25, 0.5, 0.0], [0.75, 0.5, 0.0]])
    silicon = np.concatenate([np.roll(quarter, shift, axis=1) for shift in range(3)])
    silicon = np.concatenate([silicon, (silicon + 0.5) % 1.0])
    x = 0.15
    signs = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    oxygen = np.concatenate(
        [np.roll(np.c_[signs * x, np.full(4, 0.5)], shift, axis=1) for shift in range(3)]
    )
    oxygen = np.concatenate([oxygen, oxygen + 0.5]) % 1.0
    n_atoms = 36
    return Crystal(
        lattice=np.eye(3) * 8.965,
        frac=np.concatenate([silicon, oxygen]),
        numbers=np.array([14] * 12 + [8] * 24),
        occupancy=np.ones(n_atoms),
        u_iso=np.full(n_atoms, np.nan),
        labels=tuple(f"Si{i}" for i in range(12)) + tuple(f"O{i}" for i in range(24)),
        name="SOD",
    )


def test_types_follow_the_elements() -> None:
    framework = framework_from_crystal(_silica(), field=field_named("TraPPE-zeo"))
    names = [framework.field.types[row].name for row in framework.type_index]
    assert names == ["Si"] * 12 + ["O"] * 24
    assert framework.charge_source == "none"
    assert not framework.is_charged


def test_a_missing_parameter_names_the_atom_and_the_field() -> None:
    crystal = replace(_silica(), numbers=np.array([14] * 11 + [32] + [8] * 24))
    with pytest.raises(
        ConfigError, match=r"TraPPE-zeo has no parameters for Si11 \(Ge, atom 11\).* covers O, Si"
    ):
        framework_from_crystal(crystal, field=field_named("TraPPE-zeo"))


def test_partly_occupied_sites_are_refused_by_name() -> None:
    occupancy = np.ones(36)
    occupancy[[5, 30]] = 0.5
    with pytest.raises(ConfigError, match=r"SOD is disordered: 2 of 36 sites.*Si5 \(Si, atom 5\)"):
        check_crystal(replace(_silica(), occupancy=occupancy))


@pytest.mark.parametrize(
    ("shift", "said"),
    [
        (0.30, r"O0 \(O, atom 12\) and O1 \(O, atom 13\) in SOD overlap: they are 0\.300 Å apart"),
        (0.02, r"stand at the same place: they are 0\.020 Å.*remove the duplicates"),
    ],
)
def test_overlapping_atoms_are_refused_with_the_pair(shift: float, said: str) -> None:
    crystal = _silica()
    frac = crystal.frac.copy()
    # Across the border of the cell, where only an image is near.
    frac[12] = [0.001, 0.5, 0.1]
    frac[13] = [0.001 - shift / 8.965 + 1.0, 0.5, 0.1]
    with pytest.raises(ConfigError, match=said):
        check_crystal(replace(crystal, frac=frac))


def test_hydrogen_may_come_nearer() -> None:
    crystal = _silica()
    frac, numbers = crystal.frac.copy(), crystal.numbers.copy()
    frac[12], frac[13] = [0.0, 0.5, 0.1], [0.6 / 8.965, 0.5, 0.1]
    with pytest.raises(ConfigError, match=r"0\.600 Å"):
        check_crystal(replace(crystal, frac=frac))
    numbers[13] = 1
    check_crystal(replace(crystal, frac=frac, numbers=numbers))


def test_no_volume_no_atoms_and_no_element() -> None:
    crystal = _silica()
    with pytest.raises(ConfigError, match=r"0\.721 Å³ for 36 atoms"):
        check_crystal(crystal.with_lattice(np.eye(3) * 0.8965))
    with pytest.raises(ConfigError, match="for 36 atoms"):
        check_crystal(crystal.with_lattice(np.array([[9.0, 0, 0], [9.0, 0, 0], [0, 0, 9.0]])))
    with pytest.raises(ConfigError, match=r"O23 \(atomic number 0, atom 35\) in SOD is no element"):
        check_crystal(replace(crystal, numbers=np.array([14] * 12 + [8] * 23 + [0])))
    frac = crystal.frac.copy()
    frac[3, 1] = np.nan
    with pytest.raises(ConfigError, match=r"position of Si3 \(Si, atom 3\)"):
        check_crystal(replace(crystal, frac=frac))
    empty = Crystal(
        lattice=np.eye(3),
        frac=np.zeros((0, 3)),
        numbers=np.zeros(0, dtype=np.int64),
        occupancy=np.zeros(0),
        u_iso=np.zeros(0),
    )
    with pytest.raises(ConfigError, match="has no atoms"):
        check_crystal(empty)


def test_charges_reach_the_framework() -> None:
    framework = framework_from_crystal(
        _silica(), field=field_named("TraPPE-zeo"), needs_charges=True
    )
    assert framework.charge_source == "table TraPPE-zeo"
    assert set(framework.charges) == {1.5, -0.75}
    with pytest.raises(ConfigError, match="gas has charges and SOD has none; give the framework"):
        framework_from_crystal(_silica(), field=field_named("UFF"), needs_charges=True)


def test_a_field_needs_no_parameters_for_atoms_that_are_not_there() -> None:
    field = field_named("alkanes in silica")
    # A type without any parameters, which silica does not ask for.
    unknown = AtomType(name="Ge", number=32, epsilon_k=np.nan, sigma=np.nan, source="none")
    field = replace(field, types=(*field.types, unknown))
    ethane = gas_named("C2H6", model="Dubbeldam")
    table = pair_table(framework_from_crystal(_silica(), field=field), ethane)
    assert table.epsilon_k.tolist() == [[0.0, 0.0], [93.0, 93.0], [0.0, 0.0]]
    germanate = replace(_silica(), numbers=np.array([32] + [14] * 11 + [8] * 24))
    with pytest.raises(ConfigError, match="no parameters for Ge with CH3_dub"):
        pair_table(framework_from_crystal(germanate, field=field), ethane)
    with pytest.raises(ConfigError, match="no parameters for O with CH3; it is made for"):
        pair_table(
            framework_from_crystal(_silica(), field=field), gas_named("C2H6", model="TraPPE")
        )
