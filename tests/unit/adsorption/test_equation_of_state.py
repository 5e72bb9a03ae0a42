"""Peng-Robinson: limits, phases, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.adsorption.equation_of_state import (
    bulk_mol_per_kg,
    bulk_phase,
    excess_mol_per_kg,
)
from porescope.adsorption.gas import Bead, Gas
from porescope.errors import ConfigError


def gas(name: str, *, mass: float, tc: float, pc: float, omega: float) -> Gas:
    bead = Bead(type=name, number=6, epsilon_k=148.0, sigma=3.73, charge=0.0, mass=mass)
    return Gas(
        name=name,
        model="sphere",
        beads=(bead,),
        conformers=np.zeros((1, 1, 3)),
        critical_temperature=tc,
        critical_pressure_pa=pc,
        acentric_factor=omega,
        source="made for tests",
    )


CO2 = gas("CO2", mass=43.9988, tc=304.1282, pc=7_377_300.0, omega=0.22394)
METHANE = gas("CH4", mass=16.04246, tc=190.564, pc=4_599_200.0, omega=0.01142)


def test_a_thin_gas_is_ideal() -> None:
    thin = bulk_phase([CO2], temperature=300.0, pressure_pa=1.0)
    assert thin.compressibility == pytest.approx(1.0, abs=1e-6)
    assert thin.fugacity_coefficients[0] == pytest.approx(1.0, abs=1e-6)
    assert thin.n_phases == 1


def test_the_stable_phase_is_taken() -> None:
    """CO2 boils at 6.4 MPa at 298 K (5.7 MPa at 293 K; NIST WebBook)."""
    vapour = bulk_phase([CO2], temperature=298.0, pressure_pa=5.0e6)
    liquid = bulk_phase([CO2], temperature=298.0, pressure_pa=8.0e6)
    assert vapour.density_kg_per_m3 < 200.0 < 600.0 < liquid.density_kg_per_m3


def test_critical_point() -> None:
    """The equation has Z = 0.3074 at the critical point of any gas."""
    point = bulk_phase([METHANE], temperature=190.564, pressure_pa=4_599_200.0)
    assert point.compressibility == pytest.approx(0.3074, abs=2e-3)


def test_excess() -> None:
    bulk = bulk_phase(
        [CO2, METHANE], temperature=300.0, pressure_pa=1e6, mole_fractions=(0.25, 0.75)
    )
    void = bulk_mol_per_kg(bulk.density_mol_per_m3, void_fraction=0.8, framework_density=0.6)
    assert void == pytest.approx(bulk.density_mol_per_m3 * 0.8 / 600.0)
    excess = excess_mol_per_kg(
        np.array([2.0, 1.0]), bulk=bulk, void_fraction=0.8, framework_density=0.6
    )
    np.testing.assert_allclose(excess, [2.0 - 0.25 * void, 1.0 - 0.75 * void])


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="needs their mole fractions"):
        bulk_phase([CO2, METHANE], temperature=300.0, pressure_pa=1e5)
    with pytest.raises(ConfigError, match=r"add up to 0\.9"):
        bulk_phase([CO2, METHANE], temperature=300.0, pressure_pa=1e5, mole_fractions=(0.4, 0.5))
    with pytest.raises(ConfigError, match="expected 2 mole fractions"):
        bulk_phase([CO2, METHANE], temperature=300.0, pressure_pa=1e5, mole_fractions=(1.0,))
    with pytest.raises(ConfigError, match="above zero"):
        bulk_phase([CO2], temperature=-1.0, pressure_pa=1e5)
    with pytest.raises(ConfigError, match="void fraction between 0 and 1"):
        bulk_mol_per_kg(40.0, void_fraction=1.2, framework_density=1.0)
