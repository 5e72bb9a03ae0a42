"""What must hold of isotherms, of mixtures and of bulk gases whatever their parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from porescope.adsorption.equation_of_state import bulk_phase
from porescope.adsorption.gas import Bead, Gas
from porescope.adsorption.iast import iast_loading
from porescope.adsorption.isotherm_models import IsothermModel, form_named, form_names

_STRATEGIES = {
    "capacity": st.floats(0.5, 20.0),
    "affinity": st.floats(1e-7, 1e-3),
    "slope": st.floats(1e-8, 1e-4),
    "squared": st.floats(1e-12, 1e-8),
    "vapour": st.floats(1e-8, 1e-6),
    "exponent": st.floats(0.3, 2.0),
    "signed": st.floats(-0.9, 0.9),
}


def models(*forms: str) -> st.SearchStrategy[tuple[str, tuple[float, ...]]]:
    """Names of forms with parameters for them."""
    return st.one_of(
        [
            st.tuples(
                st.just(form),
                st.tuples(*(_STRATEGIES[p.kind] for p in form_named(form).parameters)),
            )
            for form in forms or form_names()
        ]
    )


def made(drawn: tuple[str, tuple[float, ...]]) -> IsothermModel:
    return IsothermModel(form=drawn[0], values=drawn[1])


@given(drawn=models(), pressure=st.floats(1e2, 9e5))
def test_spreading_pressure_is_the_integral_of_the_loading(
    drawn: tuple[str, tuple[float, ...]], pressure: float
) -> None:
    """Integrated over ln p from where the loading has become nothing."""
    model = made(drawn)
    integral, _ = quad(
        lambda u: model.loading(float(np.exp(u))),
        np.log(pressure) - 160.0,
        np.log(pressure),
        limit=500,
        points=[np.log(pressure) - 20.0],
    )
    assert model.spreading_pressure(pressure) == pytest.approx(integral, rel=1e-5)


@given(drawn=models(), pressure=st.floats(1e2, 4e5))
def test_isotherms_rise_from_zero(drawn: tuple[str, tuple[float, ...]], pressure: float) -> None:
    model = made(drawn)
    assert 0.0 < model.loading(pressure) < model.loading(2.0 * pressure)
    assert model.loading(1e-30) == pytest.approx(0.0, abs=1e-6)


@given(
    drawn=models("langmuir", "dual-site-langmuir", "toth", "sips"),
    pressure=st.floats(1e3, 1e6),
    share=st.floats(0.02, 0.98),
)
def test_identical_gases_give_the_pure_total(
    drawn: tuple[str, tuple[float, ...]], pressure: float, share: float
) -> None:
    pytest.importorskip("pyiast")
    model = made(drawn)
    mixture = iast_loading(
        [model, model], partial_pressures_pa=np.array([share, 1.0 - share]) * pressure
    )
    pure = model.loading(pressure)
    np.testing.assert_allclose(
        mixture.loadings_mol_per_kg, [share * pure, (1.0 - share) * pure], rtol=1e-5
    )


@given(
    one=models("langmuir", "dual-site-langmuir", "toth"),
    two=models("langmuir", "dual-site-langmuir", "toth"),
    pressure=st.floats(1e3, 1e6),
    share=st.floats(0.05, 0.95),
)
def test_a_mixture_obeys_the_equations_of_the_theory(
    one: tuple[str, tuple[float, ...]],
    two: tuple[str, tuple[float, ...]],
    pressure: float,
    share: float,
) -> None:
    pytest.importorskip("pyiast")
    first, second = made(one), made(two)
    partial = np.array([share, 1.0 - share]) * pressure
    mixture = iast_loading([first, second], partial_pressures_pa=partial)
    fractions = mixture.adsorbed_fractions
    hypothetical = mixture.hypothetical_pressures_pa
    np.testing.assert_allclose(partial, fractions * hypothetical, rtol=1e-6)
    spreading = [
        m.spreading_pressure(float(p)) for m, p in zip((first, second), hypothetical, strict=True)
    ]
    assert spreading[0] == pytest.approx(spreading[1], rel=2e-5)
    volume = sum(
        x / m.loading(float(p))
        for x, m, p in zip(fractions, (first, second), hypothetical, strict=True)
    )
    assert mixture.loadings_mol_per_kg.sum() == pytest.approx(1.0 / volume, rel=1e-5)


@given(temperature=st.floats(250.0, 500.0), reduced=st.floats(1e-3, 2.0))
def test_fugacity_is_the_integral_of_the_compressibility(
    temperature: float, reduced: float
) -> None:
    """ln phi is the integral of (Z - 1)/p; above the critical temperature there is one phase."""
    bead = Bead(type="C", number=6, epsilon_k=148.0, sigma=3.73, charge=0.0, mass=16.0)
    methane = Gas(
        name="CH4",
        model="sphere",
        beads=(bead,),
        conformers=np.zeros((1, 1, 3)),
        critical_temperature=190.564,
        critical_pressure_pa=4_599_200.0,
        acentric_factor=0.01142,
        source="made for tests",
    )
    pressure = reduced * methane.critical_pressure_pa

    def integrand(p: float) -> float:
        phase = bulk_phase([methane], temperature=temperature, pressure_pa=p)
        return (phase.compressibility - 1.0) / p

    integral, _ = quad(integrand, 1e-3, pressure, limit=100)
    phase = bulk_phase([methane], temperature=temperature, pressure_pa=pressure)
    assert np.log(phase.fugacity_coefficients[0]) == pytest.approx(integral, abs=1e-6)
