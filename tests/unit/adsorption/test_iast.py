"""Mixtures from pure isotherms."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.adsorption import iast
from porescope.adsorption.iast import iast_loading
from porescope.adsorption.isotherm_models import isotherm_model
from porescope.errors import ConfigError, ConvergenceError

pytest.importorskip("pyiast")

STRONG = isotherm_model("dual-site-langmuir", M1=2.0, K1=8e-4, M2=4.0, K2=4e-6)
WEAK = isotherm_model("langmuir", M=3.0, K=1e-6)


def test_equal_capacities_give_the_multicomponent_langmuir_isotherm() -> None:
    first = isotherm_model("langmuir", M=3.0, K=4e-5)
    second = isotherm_model("langmuir", M=3.0, K=1e-6)
    p = np.array([2e4, 9e4])
    mixture = iast_loading([first, second], partial_pressures_pa=p)
    free = 1.0 + 4e-5 * 2e4 + 1e-6 * 9e4
    np.testing.assert_allclose(
        mixture.loadings_mol_per_kg, [3.0 * 0.8 / free, 3.0 * 0.09 / free], rtol=1e-6
    )
    assert mixture.solver == "pyIAST"
    assert mixture.selectivity() == pytest.approx(40.0, rel=1e-6)
    assert mixture.adsorbed_fractions.sum() == pytest.approx(1.0)
    assert mixture.extrapolated([1e9, 1e5]) == (False, True)


def test_both_solvers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    p = np.array([15_000.0, 85_000.0])
    library = iast_loading([STRONG, WEAK], partial_pressures_pa=p)
    monkeypatch.setattr(iast, "_by_pyiast", lambda *_: (None, "pyIAST found no answer"))
    own = iast_loading([STRONG, WEAK], partial_pressures_pa=p)
    assert (library.solver, own.solver) == ("pyIAST", "bisection")
    assert "no answer" in own.note
    np.testing.assert_allclose(own.loadings_mol_per_kg, library.loadings_mol_per_kg, rtol=1e-6)


def test_pyiast_that_fails_is_replaced_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Capacities that differ by seventy: its root finder leaves the range."""
    strong = isotherm_model("langmuir", M=7.0, K=4.9e-4)
    weak = isotherm_model("langmuir", M=0.1, K=4.9e-4)
    mixture = iast_loading([strong, weak], partial_pressures_pa=np.array([2274.0, 2274.0]))
    assert mixture.solver == "bisection"
    assert mixture.note
    spreading = [
        m.spreading_pressure(float(p))
        for m, p in zip((strong, weak), mixture.hypothetical_pressures_pa, strict=True)
    ]
    assert spreading[0] == pytest.approx(spreading[1], rel=1e-8)
    assert capsys.readouterr().out == ""


def test_an_absent_gas_and_bad_pressures() -> None:
    mixture = iast_loading([STRONG, WEAK], partial_pressures_pa=np.array([1e4, 0.0]))
    assert mixture.loadings_mol_per_kg[1] == 0.0
    assert mixture.loadings_mol_per_kg[0] == pytest.approx(STRONG.loading(1e4))
    with pytest.raises(ConfigError, match="2 isotherms need as many"):
        iast_loading([STRONG, WEAK], partial_pressures_pa=np.array([1e4]))
    with pytest.raises(ConfigError, match="zero or more"):
        iast_loading([STRONG, WEAK], partial_pressures_pa=np.array([1e4, -1.0]))


def test_errors_of_a_model_are_not_hidden() -> None:
    class Broken:
        def loading(self, pressure_pa: float, /) -> float:
            raise ZeroDivisionError("a fault of the model")

        def spreading_pressure(self, pressure_pa: float, /) -> float:
            return pressure_pa

    with pytest.raises(ZeroDivisionError):
        iast_loading([Broken(), WEAK], partial_pressures_pa=np.array([1e4, 1e4]))


def test_an_isotherm_that_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Flat:
        def loading(self, pressure_pa: float, /) -> float:
            return 1e-3

        def spreading_pressure(self, pressure_pa: float, /) -> float:
            return min(1e-3, 1e-9 * pressure_pa)

    with pytest.raises(ConvergenceError, match="never reaches"):
        iast_loading([STRONG, Flat()], partial_pressures_pa=np.array([1e5, 1e5]))
