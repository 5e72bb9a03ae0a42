"""Loadings of a mixture from tables of its pure gases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from porescope.adsorption.iast import iast_loading
from porescope.adsorption.isotherm_fit import IsothermFit, compare_forms
from porescope.errors import ConfigError
from porescope.io.isotherm_table import IsothermTable

FORMS = ("langmuir", "dual-site-langmuir", "triple-site-langmuir", "toth", "henry")
"""Forms with a straight line at zero pressure, which the theory integrates from; Sips has none."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MixtureIsotherm:
    """Loadings of a mixture over total pressures."""

    gases: tuple[str, ...]
    """Names of the tables."""
    mole_fractions: tuple[float, ...]
    """Mole fractions of the bulk."""
    fits: tuple[IsothermFit, ...]
    """Model of each pure isotherm."""
    pressures_pa: Float[np.ndarray, "points"]
    """Total pressures [Pa]."""
    loadings_mol_per_kg: Float[np.ndarray, "points gases"]
    """Loading of each gas [mol/kg]."""
    selectivities: Float[np.ndarray, "points gases"]
    """Of the first gas over each: (x1/xi)/(y1/yi); 1 for itself."""
    beyond_data: tuple[str, ...]
    """Gases whose pure isotherm had to be taken beyond its highest pressure, with how far."""


def mixture_from_isotherms(
    tables: Sequence[IsothermTable],
    *,
    mole_fractions: Sequence[float],
    pressures_pa: Sequence[float],
) -> MixtureIsotherm:
    """Ideal adsorbed solution theory with the best model of each pure isotherm.

    Only forms that begin with a straight line are tried. Points weigh alike: stated errors are
    often spreads of the number of molecules, and weighting by them prefers forms that miss.

    Parameters
    ----------
    tables:
        Pure isotherms at one temperature.
    mole_fractions:
        Mole fractions of the bulk.
    pressures_pa:
        Total pressures [Pa].

    Raises
    ------
    ConfigError
        There are fewer than two gases, or no common form can be fitted.
    """
    if len(tables) < 2:
        raise ConfigError(f"expected the isotherms of at least two gases, got {len(tables)}")
    fits = [
        compare_forms(table.pressures_pa, table.loadings_mol_per_kg, forms=FORMS).best
        for table in tables
    ]
    shares = np.asarray(mole_fractions, dtype=np.float64)
    loadings, reached = [], np.zeros(len(tables))
    for pressure in pressures_pa:
        found = iast_loading([fit.model for fit in fits], partial_pressures_pa=shares * pressure)
        loadings.append(found.loadings_mol_per_kg)
        reached = np.fmax(reached, found.hypothetical_pressures_pa)
    amounts = np.array(loadings)
    with np.errstate(divide="ignore", invalid="ignore"):
        selectivity = (amounts[:, :1] / amounts) / (shares[0] / shares)
    beyond = [
        f"{table.name} to {p / table.pressures_pa[-1]:.3g} times its highest pressure"
        for table, p in zip(tables, reached, strict=True)
        if p > 1.001 * table.pressures_pa[-1]
    ]
    return MixtureIsotherm(
        gases=tuple(table.name for table in tables),
        mole_fractions=tuple(float(share) for share in shares),
        fits=tuple(fits),
        pressures_pa=np.asarray(pressures_pa, dtype=np.float64),
        loadings_mol_per_kg=amounts,
        selectivities=selectivity,
        beyond_data=tuple(beyond),
    )
