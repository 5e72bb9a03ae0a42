"""Analytic isotherms: loading and spreading pressure over the pressure of a pure gas.

The spreading pressure is over RT per kilogram of framework, that is the integral of the loading
over the logarithm of the pressure [mol/kg]; ideal adsorbed solution theory needs nothing else.
Every form but Toth's has it in closed form, and Toth's is a hypergeometric function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
from jaxtyping import Float
from scipy.special import digamma, hyp2f1

from porescope.errors import ConfigError

ParameterKind = Literal["capacity", "affinity", "slope", "squared", "vapour", "exponent", "signed"]
"""Which starting values and limits a parameter has in a fit."""
Curve = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a form."""

    name: str
    """Name, such as ``M1``."""
    unit: str
    """Its unit; empty for a pure number."""
    kind: ParameterKind
    """What it means for the shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsothermForm:
    """A family of isotherms."""

    name: str
    """Name under which it is called."""
    title: str
    """Name for people."""
    parameters: tuple[Parameter, ...]
    """Its parameters."""
    loading: Curve
    """Loading [mol/kg] from pressure [Pa] and the parameters."""
    spreading: Curve
    """Spreading pressure over RT [mol/kg] from pressure [Pa] and the parameters."""
    formula: str
    """The loading in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsothermModel:
    """One isotherm: a form with its parameters."""

    form: str
    """Name of the form."""
    values: tuple[float, ...]
    """Parameters, in the order of the form."""

    def __post_init__(self) -> None:
        expected = form_named(self.form).parameters
        if len(self.values) != len(expected):
            names = ", ".join(parameter.name for parameter in expected)
            raise ConfigError(
                f"{self.form} has {len(expected)} parameters ({names}), got {len(self.values)}"
            )

    @overload
    def loading(self, pressure_pa: float) -> float: ...
    @overload
    def loading(self, pressure_pa: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]: ...

    def loading(self, pressure_pa: Any) -> Any:
        """Loading at a pressure [mol/kg].

        Parameters
        ----------
        pressure_pa:
            Pressure [Pa]; a number or an array.
        """
        result = form_named(self.form).loading(np.asarray(pressure_pa, np.float64), *self.values)
        return float(result) if np.ndim(result) == 0 else result

    @overload
    def spreading_pressure(self, pressure_pa: float) -> float: ...
    @overload
    def spreading_pressure(
        self, pressure_pa: Float[np.ndarray, "..."]
    ) -> Float[np.ndarray, "..."]: ...

    def spreading_pressure(self, pressure_pa: Any) -> Any:
        """Spreading pressure times area over RT at a pressure [mol/kg].

        Parameters
        ----------
        pressure_pa:
            Pressure [Pa]; a number or an array.
        """
        result = form_named(self.form).spreading(np.asarray(pressure_pa, np.float64), *self.values)
        return float(result) if np.ndim(result) == 0 else result

    @property
    def parameters(self) -> dict[str, float]:
        """Values by name with unit, such as ``K1 [1/Pa]``."""
        rows = zip(form_named(self.form).parameters, self.values, strict=True)
        return {f"{p.name} [{p.unit}]" if p.unit else p.name: value for p, value in rows}


def isotherm_model(form: str, **parameters: float) -> IsothermModel:
    """A model from the names of its parameters.

    Parameters
    ----------
    form:
        One of :func:`form_names`.
    parameters:
        Every parameter by name; units are those of the form.

    Raises
    ------
    ConfigError
        The form is unknown, or a parameter is missing or unknown.
    """
    names = [parameter.name for parameter in form_named(form).parameters]
    if set(names) != set(parameters):
        raise ConfigError(
            f"{form} has the parameters {', '.join(names)}; got {', '.join(parameters) or 'none'}"
        )
    return IsothermModel(form=form, values=tuple(float(parameters[name]) for name in names))


SATURATING_FORMS = (
    "langmuir",
    "dual-site-langmuir",
    "triple-site-langmuir",
    "sips",
    "dual-site-sips",
    "toth",
)
"""Forms that level off, and so may be used beyond the highest measured pressure, as ideal
adsorbed solution theory does with the weaker of two gases."""


def form_names() -> tuple[str, ...]:
    """Names of all forms."""
    return tuple(_FORMS)


def form_named(name: str) -> IsothermForm:
    """One form.

    Raises
    ------
    ConfigError
        There is no such form.
    """
    if name not in _FORMS:
        raise ConfigError(f"there is no isotherm called {name!r}; choose {', '.join(_FORMS)}")
    return _FORMS[name]


def _langmuir(p: Any, m: float, k: float) -> Any:
    return m * k * p / (1.0 + k * p)


def _langmuir_spreading(p: Any, m: float, k: float) -> Any:
    return m * np.log1p(k * p)


def _sites(single: Curve, *, width: int) -> Curve:
    """The sum of one function over groups of ``width`` parameters."""

    def total(p: Any, *values: float) -> Any:
        groups = [values[i : i + width] for i in range(0, len(values), width)]
        return sum(single(p, *group) for group in groups)

    return total


def _sips(p: Any, m: float, k: float, n: float) -> Any:
    x = (k * p) ** n
    return m * x / (1.0 + x)


def _sips_spreading(p: Any, m: float, k: float, n: float) -> Any:
    return m / n * np.log1p((k * p) ** n)


def _toth(p: Any, m: float, k: float, t: float) -> Any:
    return m * k * p * (1.0 + (k * p) ** t) ** (-1.0 / t)


def _toth_spreading(p: Any, m: float, k: float, t: float) -> Any:
    """With coverage theta: the integral of 1/(1 - theta^t) from 0, a hypergeometric function.

    Near full coverage its argument rounds to 1, and the series about 1 takes over:
    https://dlmf.nist.gov/15.8.E10.
    """
    power = 1.0 / t
    x = (k * p) ** t
    coverage = k * p * (1.0 + x) ** -power
    logarithm = np.log1p(x)
    full = power * (digamma(1.0) - digamma(power) + logarithm)
    full = full + power**2 * (digamma(2.0) - digamma(power + 1.0) + logarithm) / (1.0 + x)
    thin = hyp2f1(1.0, power, 1.0 + power, np.minimum(x, 1e5) / (1.0 + np.minimum(x, 1e5)))
    return m * coverage * np.where(x < 1e5, thin, full)


def _bet(p: Any, m: float, ka: float, kb: float) -> Any:
    """Infinite at the saturation pressure 1/KB and beyond, where the liquid fills all space."""
    free = np.maximum(1.0 - kb * p, 0.0)
    with np.errstate(divide="ignore"):
        return m * ka * p / (free * (free + ka * p))


def _bet_spreading(p: Any, m: float, ka: float, kb: float) -> Any:
    free = np.maximum(1.0 - kb * p, 0.0)
    with np.errstate(divide="ignore"):
        return m * np.log((free + ka * p) / free)


def _quadratic(p: Any, m: float, ka: float, kb: float) -> Any:
    return m * (ka + 2.0 * kb * p) * p / (1.0 + ka * p + kb * p * p)


def _quadratic_spreading(p: Any, m: float, ka: float, kb: float) -> Any:
    return m * np.log1p(ka * p + kb * p * p)


def _temkin(p: Any, m: float, k: float, theta: float) -> Any:
    coverage = k * p / (1.0 + k * p)
    return m * (coverage + theta * coverage**2 * (coverage - 1.0))


def _temkin_spreading(p: Any, m: float, k: float, theta: float) -> Any:
    coverage = k * p / (1.0 + k * p)
    return m * (np.log1p(k * p) - 0.5 * theta * coverage**2)


def _capacity(number: str = "") -> Parameter:
    return Parameter(name=f"M{number}", unit="mol/kg", kind="capacity")


def _affinity(number: str = "") -> Parameter:
    return Parameter(name=f"K{number}", unit="1/Pa", kind="affinity")


def _exponent(name: str) -> Parameter:
    return Parameter(name=name, unit="", kind="exponent")


def _site_parameters(n_sites: int, *, exponent: bool = False) -> tuple[Parameter, ...]:
    rows: list[Parameter] = []
    for site in range(1, n_sites + 1):
        rows += [_capacity(str(site)), _affinity(str(site))]
        rows += [_exponent(f"n{site}")] if exponent else []
    return tuple(rows)


_FORMS: Mapping[str, IsothermForm] = {
    form.name: form
    for form in (
        IsothermForm(
            name="henry",
            title="Henry",
            parameters=(Parameter(name="KH", unit="mol/kg/Pa", kind="slope"),),
            loading=lambda p, kh: kh * p,
            spreading=lambda p, kh: kh * p,
            formula="KH p",
        ),
        IsothermForm(
            name="langmuir",
            title="Langmuir",
            parameters=(_capacity(), _affinity()),
            loading=_langmuir,
            spreading=_langmuir_spreading,
            formula="M K p / (1 + K p)",
        ),
        IsothermForm(
            name="dual-site-langmuir",
            title="Dual-site Langmuir",
            parameters=_site_parameters(2),
            loading=_sites(_langmuir, width=2),
            spreading=_sites(_langmuir_spreading, width=2),
            formula="sum over two sites of M K p / (1 + K p)",
        ),
        IsothermForm(
            name="triple-site-langmuir",
            title="Triple-site Langmuir",
            parameters=_site_parameters(3),
            loading=_sites(_langmuir, width=2),
            spreading=_sites(_langmuir_spreading, width=2),
            formula="sum over three sites of M K p / (1 + K p)",
        ),
        IsothermForm(
            name="sips",
            title="Langmuir-Freundlich (Sips)",
            parameters=(_capacity(), _affinity(), _exponent("n")),
            loading=_sips,
            spreading=_sips_spreading,
            formula="M (K p)^n / (1 + (K p)^n)",
        ),
        IsothermForm(
            name="dual-site-sips",
            title="Dual-site Langmuir-Freundlich",
            parameters=_site_parameters(2, exponent=True),
            loading=_sites(_sips, width=3),
            spreading=_sites(_sips_spreading, width=3),
            formula="sum over two sites of M (K p)^n / (1 + (K p)^n)",
        ),
        IsothermForm(
            name="toth",
            title="Toth",
            parameters=(_capacity(), _affinity(), _exponent("t")),
            loading=_toth,
            spreading=_toth_spreading,
            formula="M K p / (1 + (K p)^t)^(1/t)",
        ),
        IsothermForm(
            name="bet",
            title="BET",
            parameters=(
                _capacity(),
                _affinity("A"),
                Parameter(name="KB", unit="1/Pa", kind="vapour"),
            ),
            loading=_bet,
            spreading=_bet_spreading,
            formula="M KA p / ((1 - KB p)(1 - KB p + KA p))",
        ),
        IsothermForm(
            name="quadratic",
            title="Quadratic",
            parameters=(
                _capacity(),
                _affinity("a"),
                Parameter(name="Kb", unit="1/Pa²", kind="squared"),
            ),
            loading=_quadratic,
            spreading=_quadratic_spreading,
            formula="M (Ka + 2 Kb p) p / (1 + Ka p + Kb p²)",
        ),
        IsothermForm(
            name="temkin",
            title="Temkin (approximate)",
            parameters=(
                _capacity(),
                _affinity(),
                Parameter(name="theta", unit="", kind="signed"),
            ),
            loading=_temkin,
            spreading=_temkin_spreading,
            formula="M (c + theta c² (c - 1)), c = K p / (1 + K p)",
        ),
    )
}
