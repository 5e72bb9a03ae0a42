"""Loadings of mixtures from isotherms of the pure gases: ideal adsorbed solution theory.

A. L. Myers and J. M. Prausnitz, AIChE J. 11 (1965) 121, https://doi.org/10.1002/aic.690110125.
Solved by pyIAST (C. M. Simon, B. Smit, M. Haranczyk, Comput. Phys. Commun. 200 (2016) 364,
https://doi.org/10.1016/j.cpc.2015.11.016); its answer is checked, and where it finds none, or a
wrong one, the equations are solved here by bisection over the spreading pressure.
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

from porescope.errors import ConfigError, ConvergenceError, MissingExtraError

_LOG = logging.getLogger(__name__)
_CLOSE = 1e-5


@runtime_checkable
class PureIsotherm(Protocol):
    """What ideal adsorbed solution theory needs of a pure gas."""

    def loading(self, pressure_pa: float, /) -> float:
        """Loading [mol/kg]."""
        ...

    def spreading_pressure(self, pressure_pa: float, /) -> float:
        """Integral of the loading over the logarithm of the pressure [mol/kg]."""
        ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MixtureLoading:
    """Loadings of a mixture by ideal adsorbed solution theory."""

    partial_pressures_pa: Float[np.ndarray, "gases"]
    """Partial pressures, or fugacities, of the bulk [Pa]."""
    loadings_mol_per_kg: Float[np.ndarray, "gases"]
    """Loading of each gas [mol/kg]."""
    hypothetical_pressures_pa: Float[np.ndarray, "gases"]
    """Pressure at which each pure gas has the mixture's spreading pressure [Pa]; NaN for a gas
    that is not there."""
    solver: Literal["pyIAST", "bisection"]
    """Which solver gave the answer."""
    note: str = ""
    """Why pyIAST's answer was not taken, where it was not."""

    @property
    def adsorbed_fractions(self) -> Float[np.ndarray, "gases"]:
        """Mole fractions in the pores."""
        return self.loadings_mol_per_kg / self.loadings_mol_per_kg.sum()

    def selectivity(self, gas: int = 0, *, over: int = 1) -> float:
        """Ratio of adsorbed over bulk of one gas against another."""
        enriched = self.loadings_mol_per_kg / self.partial_pressures_pa
        return float(enriched[gas] / enriched[over])

    def extrapolated(self, highest_pressures_pa: Sequence[float]) -> tuple[bool, ...]:
        """Which pure isotherms were used beyond their highest measured pressure."""
        pairs = zip(self.hypothetical_pressures_pa, highest_pressures_pa, strict=True)
        return tuple(bool(p > highest) for p, highest in pairs)


def iast_loading(
    isotherms: Sequence[PureIsotherm], *, partial_pressures_pa: Float[np.ndarray, "gases"]
) -> MixtureLoading:
    """Loadings of a mixture from the isotherms of its gases.

    Parameters
    ----------
    isotherms:
        Pure isotherms at one temperature, such as :class:`IsothermModel`; pressures and loadings
        in the same units.
    partial_pressures_pa:
        Partial pressures of the bulk, or fugacities if the isotherms are over fugacity [Pa]; a
        gas at zero is left out.

    Returns
    -------
    :
        The loadings, and which solver found them.

    Raises
    ------
    ConfigError
        Numbers of gases differ, or a pressure is negative or all are zero.
    ConvergenceError
        An isotherm cannot reach the spreading pressure of the mixture, as BET beyond its
        saturation.
    MissingExtraError
        pyIAST is not installed.
    """
    pressures = np.asarray(partial_pressures_pa, dtype=np.float64)
    if pressures.shape != (len(isotherms),):
        raise ConfigError(
            f"{len(isotherms)} isotherms need as many partial pressures, got {pressures.size}"
        )
    if not np.all(np.isfinite(pressures) & (pressures >= 0.0)) or not np.any(pressures > 0.0):
        raise ConfigError("expected partial pressures of zero or more, at least one above zero")
    there = np.flatnonzero(pressures > 0.0)
    present = [isotherms[int(i)] for i in there]
    loadings = np.zeros(len(isotherms))
    hypothetical = np.full(len(isotherms), np.nan)
    solver: Literal["pyIAST", "bisection"] = "pyIAST"
    note = ""
    if len(present) == 1:
        loadings[there] = present[0].loading(float(pressures[there[0]]))
        hypothetical[there] = pressures[there]
    else:
        found, note = _by_pyiast(present, pressures[there])
        if found is None:
            solver = "bisection"
            _LOG.info("%s; the equations were solved by bisection", note)
            found = _by_bisection(present, pressures[there])
        loadings[there], hypothetical[there] = found
    return MixtureLoading(
        partial_pressures_pa=pressures,
        loadings_mol_per_kg=loadings,
        hypothetical_pressures_pa=hypothetical,
        solver=solver,
        note=note,
    )


_Solved = tuple[Float[np.ndarray, "gases"], Float[np.ndarray, "gases"]]


def _by_pyiast(
    isotherms: Sequence[PureIsotherm], pressures: Float[np.ndarray, "gases"]
) -> tuple[_Solved | None, str]:
    """Loadings and hypothetical pressures, or nothing and the reason."""
    try:
        import pyiast
    except ImportError as error:
        raise MissingExtraError(error.name or "pyiast", extra="adsorption") from error
    said = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(said),
            np.errstate(all="ignore"),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore", RuntimeWarning)
            found = pyiast.iast(pressures, list(isotherms), warningoff=True)
    except Exception as error:
        if type(error) is not Exception:  # pyIAST raises this bare class when it finds no answer
            raise
        return None, f"pyIAST found no answer ({' '.join(str(error).split())[:80]})"
    loadings = np.asarray(found, dtype=np.float64)
    if not np.all(np.isfinite(loadings) & (loadings > 0.0)):
        return None, "pyIAST gave loadings that are not above zero"
    hypothetical = pressures * loadings.sum() / loadings
    spreading = np.array(
        [iso.spreading_pressure(float(p)) for iso, p in zip(isotherms, hypothetical, strict=True)]
    )
    if not np.all(np.isfinite(spreading)):
        return None, "pyIAST's answer lies where a pure isotherm is not defined"
    if not np.ptp(spreading) <= _CLOSE * np.max(np.abs(spreading)):
        return None, "the spreading pressures of pyIAST's answer differ"
    return (loadings, hypothetical), ""


def _by_bisection(
    isotherms: Sequence[PureIsotherm], pressures: Float[np.ndarray, "gases"]
) -> _Solved:
    """The sum of adsorbed fractions falls as the spreading pressure rises: one root."""

    def logs_at(spreading: float) -> Float[np.ndarray, "gases"]:
        return np.array([_log_pressure(isotherm, spreading) for isotherm in isotherms])

    def gap(log_spreading: float) -> float:
        fractions = np.exp(np.log(pressures) - logs_at(math.exp(log_spreading)))
        return math.log(float(fractions.sum()))

    own = [iso.spreading_pressure(float(p)) for iso, p in zip(isotherms, pressures, strict=True)]
    low = math.log(max(min(own), 1e-250))
    low, high = low - 1e-6, math.log(max(own)) + 1e-6
    for _ in range(200):
        if gap(high) < 0.0:
            break
        high += 0.3
    found = float(brentq(gap, low, high, xtol=1e-13))  # pyright: ignore[reportArgumentType]
    hypothetical = np.exp(logs_at(math.exp(found)))
    fractions = pressures / hypothetical
    fractions = fractions / fractions.sum()
    inverse = sum(
        x / iso.loading(float(p))
        for x, iso, p in zip(fractions, isotherms, hypothetical, strict=True)
    )
    return fractions / inverse, hypothetical


def _log_pressure(isotherm: PureIsotherm, spreading: float) -> float:
    """Logarithm of the pressure at which an isotherm has a spreading pressure."""

    def gap(log_p: float) -> float:
        with np.errstate(all="ignore"):
            value = float(isotherm.spreading_pressure(math.exp(log_p)))
        return (value if math.isfinite(value) else math.inf) - spreading

    low, high = -300.0, 300.0
    if not gap(low) < 0.0 < gap(high):
        raise ConvergenceError(
            "a pure isotherm never reaches the spreading pressure of the mixture; fit a form that "
            "goes on rising, such as langmuir or sips"
        )
    return float(brentq(gap, low, high, xtol=1e-13, maxiter=300))  # pyright: ignore[reportArgumentType]
