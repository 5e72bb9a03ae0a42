"""Isosteric heats from several temperatures."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.adsorption.isosteric_heat import (
    MeasuredIsotherm,
    TemperatureModel,
    fit_temperatures,
    isosteric_heats,
    pressure_at_loading,
)
from porescope.adsorption.isotherm_models import isotherm_model
from porescope.errors import ConfigError

TRUTH = TemperatureModel(
    capacities=(2.0, 4.0),
    affinities=(8e-4, 4e-6),
    heats_kj_per_mol=(38.0, 24.0),
    reference_temperature=298.0,
    standard_errors=(0.0,) * 6,
    rmse_mol_per_kg=0.0,
    chi_square=0.0,
    n_points=0,
)
TEMPERATURES = (273.0, 298.0, 323.0)


def test_exact_data_give_sites_and_heats_back() -> None:
    p = np.geomspace(1e2, 1e6, 12)
    data = [
        MeasuredIsotherm(temperature=t, pressures_pa=p, loadings_mol_per_kg=TRUTH.at(t).loading(p))
        for t in TEMPERATURES
    ]
    found = fit_temperatures(data, n_starts=3)
    np.testing.assert_allclose(found.capacities, TRUTH.capacities, rtol=1e-4)
    np.testing.assert_allclose(found.heats_kj_per_mol, TRUTH.heats_kj_per_mol, rtol=1e-4)
    np.testing.assert_allclose(found.affinities, TRUTH.affinities, rtol=1e-4)


def test_clausius_clapeyron_is_the_heat_of_the_model() -> None:
    """Temperatures close together, so that the slope is the derivative."""
    temperatures = (297.0, 298.0, 299.0)
    loadings = np.array([0.01, 1.0, 2.0, 3.0, 5.0])
    heats = isosteric_heats(
        [TRUTH.at(t) for t in temperatures],
        temperatures=temperatures,
        loadings_mol_per_kg=loadings,
    )
    exact = [
        TRUTH.heat_kj_per_mol(
            temperature=298.0, pressure_pa=pressure_at_loading(TRUTH.at(298.0), float(n))
        )
        for n in loadings
    ]
    np.testing.assert_allclose(heats.heat_kj_per_mol, exact, rtol=2e-4)
    assert 37.0 < exact[0] < 38.0
    assert 24.0 < exact[-1] < 24.1


def test_a_loading_that_is_not_reached_is_nan() -> None:
    models = [isotherm_model("langmuir", M=2.0, K=k) for k in (2e-5, 1e-5)]
    heats = isosteric_heats(
        models,
        temperatures=(280.0, 300.0),
        loadings_mol_per_kg=np.array([1.0, 1.9, 2.5]),
        pressure_ranges_pa=[(1e3, 2e5), (1e3, 2e5)],
    )
    assert np.isfinite(heats.heat_kj_per_mol[0])
    assert np.isnan(heats.heat_kj_per_mol[1:]).all()
    assert np.isnan(heats.heat_error).all()


def test_refusals() -> None:
    model = isotherm_model("langmuir", M=2.0, K=1e-5)
    with pytest.raises(ConfigError, match="two different temperatures"):
        isosteric_heats([model], temperatures=[298.0], loadings_mol_per_kg=np.array([1.0]))
    p = np.array([1e3, 1e5])
    one = MeasuredIsotherm(temperature=298.0, pressures_pa=p, loadings_mol_per_kg=p / 1e5)
    with pytest.raises(ConfigError, match="two different temperatures"):
        fit_temperatures([one, one], form="langmuir")
    with_errors = MeasuredIsotherm(
        temperature=300.0, pressures_pa=p, loadings_mol_per_kg=p / 1e5, errors=p / 1e6
    )
    with pytest.raises(ConfigError, match="all isotherms or none"):
        fit_temperatures([one, with_errors], form="langmuir")
