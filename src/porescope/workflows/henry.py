"""Henry coefficient and isosteric heat of a gas in a structure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from porescope.adsorption.force_field import ForceField
from porescope.adsorption.gas import Gas
from porescope.adsorption.henry import HenryResult
from porescope.adsorption.insertion import henry_by_insertion
from porescope.adsorption.quadrature import henry_by_quadrature
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.workflows.adsorbent import DEFAULT_FIELD, Charges, adsorbent, field_of, gas_of

Method = Literal["auto", "quadrature", "insertion"]
QUADRATURE_ERROR = 0.005
"""Relative standard error at which quadrature stops where the user names none."""
INSERTION_ERROR = 0.02
"""Relative standard error at which insertion stops where the user names none."""


def henry(
    structure: str | Path | Crystal,
    *,
    gas: str | Gas,
    temperature: float,
    field: str | Path | ForceField = DEFAULT_FIELD,
    charges: Charges = "auto",
    method: Method = "auto",
    wanted_error: float | None = None,
    max_insertions: int = 4_000_000,
    block_pockets: bool = False,
    seed: int = 1,
    progress: Callable[[str, float], None] | None = None,
) -> HenryResult:
    """Henry coefficient and isosteric heat at zero loading.

    Parameters
    ----------
    structure:
        A CIF, or a crystal.
    gas:
        Gas, or its name, such as ``CH4`` or ``CO2:TraPPE``.
    temperature:
        Temperature [K].
    field:
        Force field of the framework: its name, its file, or the object.
    charges:
        Charges of the framework; see :func:`porescope.workflows.adsorbent.adsorbent`.
    method:
        ``quadrature`` over a grid for one uncharged site, ``insertion`` for any molecule;
        ``auto`` takes the first where it can.
    wanted_error:
        Relative standard error at which the work stops; 0.005 for quadrature and 0.02 for
        insertion where None.
    max_insertions:
        Largest number of insertions.
    block_pockets:
        Leave out pockets that the gas cannot reach through windows below 15 kT.
    seed:
        Seed of the random numbers.
    progress:
        Called with what is done, and the share that is done.

    Raises
    ------
    ParseError
        The file holds no structure.
    ConfigError
        An option is out of range, or the structure does not fit the field.
    """
    if not 0.0 < temperature < 5000.0:
        raise ConfigError(f"expected a temperature in kelvin between 0 and 5000, got {temperature}")
    if wanted_error is not None and not 1e-5 <= wanted_error <= 0.5:
        raise ConfigError(f"expected a relative error from 1e-5 to 0.5, got {wanted_error:g}")
    chosen_field = field_of(field)
    chosen_gas = gas_of(gas, field=chosen_field, temperature=temperature)
    if method == "auto":
        method = "quadrature" if chosen_gas.is_single_site else "insertion"
    framework = adsorbent(structure, gases=(chosen_gas,), field=chosen_field, charges=charges)
    reach = None
    if block_pockets:
        from porescope.adsorption.reach import reachable_positions

        reach = reachable_positions(framework, chosen_gas, temperature=temperature)
    allowed = None if reach is None else reach.contains
    n_pockets = None if reach is None else reach.n_pockets
    if method == "quadrature":
        return henry_by_quadrature(
            framework,
            gas=chosen_gas,
            temperature=temperature,
            seed=seed,
            wanted_error=QUADRATURE_ERROR if wanted_error is None else wanted_error,
            allowed=allowed,
            n_pockets_blocked=n_pockets,
        )
    return henry_by_insertion(
        framework,
        gas=chosen_gas,
        temperature=temperature,
        seed=seed,
        wanted_error=INSERTION_ERROR if wanted_error is None else wanted_error,
        max_insertions=max_insertions,
        allowed=allowed,
        n_pockets_blocked=n_pockets,
        progress=None if progress is None else lambda share, text: progress(text, share),
    )
