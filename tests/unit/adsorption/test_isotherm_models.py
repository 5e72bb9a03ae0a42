"""Analytic isotherms."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.adsorption.isotherm_models import (
    IsothermModel,
    form_named,
    form_names,
    isotherm_model,
)
from porescope.errors import ConfigError


def test_langmuir_by_hand() -> None:
    model = isotherm_model("langmuir", M=4.0, K=1e-5)
    assert model.loading(1e5) == pytest.approx(2.0)
    assert model.spreading_pressure(1e5) == pytest.approx(4.0 * np.log(2.0))
    np.testing.assert_allclose(model.loading(np.array([0.0, 1e5])), [0.0, 2.0])
    assert model.parameters == {"M [mol/kg]": 4.0, "K [1/Pa]": 1e-5}


def test_special_cases_agree() -> None:
    p = np.geomspace(1.0, 1e7, 9)
    langmuir = isotherm_model("langmuir", M=3.0, K=2e-5)
    for form, values in {
        "sips": (3.0, 2e-5, 1.0),
        "toth": (3.0, 2e-5, 1.0),
        "temkin": (3.0, 2e-5, 0.0),
        "bet": (3.0, 2e-5, 0.0),
        "dual-site-langmuir": (1.0, 2e-5, 2.0, 2e-5),
        "triple-site-langmuir": (1.0, 2e-5, 1.0, 2e-5, 1.0, 2e-5),
        "dual-site-sips": (1.0, 2e-5, 1.0, 2.0, 2e-5, 1.0),
        "quadratic": (1.5, 4e-5, 4e-10),
    }.items():
        other = IsothermModel(form=form, values=values)
        np.testing.assert_allclose(other.loading(p), langmuir.loading(p), rtol=1e-9)
        np.testing.assert_allclose(
            other.spreading_pressure(p), langmuir.spreading_pressure(p), rtol=1e-9
        )


def test_bet_is_infinite_beyond_saturation() -> None:
    model = isotherm_model("bet", M=2.0, KA=1e-3, KB=1e-5)
    assert model.loading(2e5) == np.inf
    assert model.spreading_pressure(2e5) == np.inf


def test_refusals() -> None:
    assert "toth" in form_names()
    with pytest.raises(ConfigError, match="no isotherm called 'freund'"):
        form_named("freund")
    with pytest.raises(ConfigError, match="has the parameters M, K; got M"):
        isotherm_model("langmuir", M=1.0)
    with pytest.raises(ConfigError, match="has 2 parameters"):
        IsothermModel(form="langmuir", values=(1.0,))
