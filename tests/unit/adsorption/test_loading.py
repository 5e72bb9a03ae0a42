"""Units of loadings."""

from __future__ import annotations

import pytest

from porescope.adsorption.loading import (
    LOADING_UNITS,
    STP_LITRES_PER_MOL,
    Loading,
    LoadingBasis,
    loading_label,
    loading_unit_named,
)
from porescope.errors import ConfigError

CO2_IN_CUBTC = LoadingBasis(
    molar_mass=43.9988, framework_density=0.8790954, cell_mass_g_per_mol=9677.952
)


def test_factors_are_those_of_raspa() -> None:
    """Conversion factors that RASPA2 prints for CO2 in Cu-BTC."""
    assert pytest.approx(22.4139757476, rel=5e-6) == STP_LITRES_PER_MOL
    one = Loading(value=1.0, unit="molecules/cell")
    for unit, value in {
        "mol/kg": 0.1033276686,
        "mg/g": 4.5462934234,
        "cm³(STP)/g": 2.3159838572,
        "cm³(STP)/cm³": 2.0359739203,
    }.items():
        assert one.to(loading_unit_named(unit), basis=CO2_IN_CUBTC).value == pytest.approx(
            value, rel=1e-5
        )


@pytest.mark.parametrize("unit", LOADING_UNITS)
def test_there_and_back(unit: str) -> None:
    loading = Loading(value=3.7, error=0.2, kind="excess")
    there = loading.to(loading_unit_named(unit), basis=CO2_IN_CUBTC)
    back = there.to("mol/kg", basis=CO2_IN_CUBTC)
    assert back.value == pytest.approx(3.7)
    assert back.error == pytest.approx(0.2)
    assert there.kind == back.kind == "excess"
    assert unit in str(there)


def test_grams_per_litre_follow_from_density() -> None:
    loading = Loading(value=2.0).to("g/L", basis=CO2_IN_CUBTC)
    assert loading.value == pytest.approx(2.0 * 43.9988 * 0.8790954)


def test_excess_and_back_in_any_unit() -> None:
    loading = Loading(value=3.0).to("mg/g", basis=CO2_IN_CUBTC)
    excess = loading.excess(bulk_mol_per_kg=0.5, basis=CO2_IN_CUBTC)
    assert excess.to("mol/kg", basis=CO2_IN_CUBTC).value == pytest.approx(2.5)
    again = excess.absolute(bulk_mol_per_kg=0.5, basis=CO2_IN_CUBTC)
    assert again.value == pytest.approx(loading.value)
    with pytest.raises(ConfigError, match="excess already"):
        excess.excess(bulk_mol_per_kg=0.5, basis=CO2_IN_CUBTC)


def test_names_and_labels() -> None:
    assert loading_unit_named("mmol/g") == "mol/kg"
    assert loading_unit_named("CM3(STP)/G") == "cm³(STP)/g"
    assert loading_unit_named("v/v") == "cm³(STP)/cm³"
    with pytest.raises(ConfigError, match="expected a unit of loading out of mol/kg"):
        loading_unit_named("stone")
    assert loading_label("mg/g", kind="excess", gas="CO2") == "excess CO2 loading [mg/g]"
