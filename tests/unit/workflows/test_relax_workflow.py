"""Relaxing from files and with calculators of ASE."""

from __future__ import annotations

import numpy as np
import pytest

from force_field_crystals import crystal, zinc_imidazolate, zinc_imidazolate_bonds
from porescope.errors import ConfigError
from porescope.reticular.force_field.energy import energies_of
from porescope.reticular.force_field.terms import force_field_of
from porescope.reticular.relax import RelaxSettings
from porescope.workflows.relax import relax_structure

CIF = """data_quartz
_cell_length_a 5.0
_cell_length_b 5.0
_cell_length_c 5.5
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_space_group_name_H-M_alt 'P 32 2 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Si Si 0.4697 0.0 0.666667
O O 0.4135 0.2669 0.7858
"""


def test_quartz_from_a_file_relaxes_near_its_measured_cell(tmp_path) -> None:
    path = tmp_path / "quartz.cif"
    path.write_text(CIF)
    found = relax_structure(path)
    assert found.converged
    # 4.921 and 5.416 Å, https://doi.org/10.1524/zkri.1992.198.3-4.177.
    assert found.crystal.parameters[:3] == pytest.approx([4.921, 4.921, 5.416], rel=0.04)


def test_the_calculator_gives_ase_what_the_force_field_says() -> None:
    pytest.importorskip("ase")
    from porescope.crystal.interop import ase_from_crystal
    from porescope.workflows.relax_ase import ForceFieldCalculator

    start, bonds = zinc_imidazolate(), zinc_imidazolate_bonds()
    atoms = ase_from_crystal(start)
    atoms.calc = ForceFieldCalculator(bonds)
    field = force_field_of(start, bonds)
    ours = energies_of(field, cart=start.cart, lattice=start.lattice)
    assert atoms.get_potential_energy() == pytest.approx(ours.total)
    assert np.allclose(atoms.get_forces(), -ours.gradient)
    assert np.allclose(atoms.get_stress(voigt=False), ours.virial / start.volume, atol=1e-9)
    atoms.positions[0] += 0.1
    assert atoms.get_potential_energy() > ours.total


def test_relaxing_with_a_calculator_ends_where_the_own_way_does() -> None:
    pytest.importorskip("ase")
    from porescope.workflows.relax_ase import ForceFieldCalculator

    start, bonds = zinc_imidazolate(), zinc_imidazolate_bonds()
    settings = RelaxSettings(max_force=0.01, max_stress=1e-4, fixed_cell=True, max_steps=800)
    own = relax_structure(start, bonds=bonds, settings=settings)
    other = relax_structure(start, calculator=ForceFieldCalculator(bonds), settings=settings)
    assert own.converged
    assert other.converged
    assert other.energy == pytest.approx(own.energy, abs=5e-3)
    assert other.energies is None


def test_a_calculator_without_stress_is_refused_where_the_cell_moves() -> None:
    pytest.importorskip("ase")
    from ase.calculators.calculator import Calculator

    class Flat(Calculator):
        """No stress."""

        implemented_properties = ["energy", "forces"]  # noqa: RUF012

        def calculate(self, atoms=None, properties=("energy",), system_changes=()) -> None:
            super().calculate(atoms, list(properties), list(system_changes))
            self.results = {"energy": 0.0, "forces": np.ones((len(self.atoms), 3))}

    start = crystal([18], [[0.0] * 3], 5.0 * np.eye(3))
    with pytest.raises(ConfigError, match="gives no stress"):
        relax_structure(start, calculator=Flat())
