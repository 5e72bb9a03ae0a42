"""What is computed for one structure of a screening: one flat row, the same for every file."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from porescope.crystal.structure import Crystal
from porescope.errors import PorescopeError
from porescope.workflows.adsorbent import adsorbent, field_of, gas_of
from porescope.workflows.screen_settings import (
    GEOMETRY_COLUMNS,
    Property,
    ScreenSettings,
    empty_row,
    henry_key,
    histogram_columns,
    settings_from_record,
    uptake_key,
)

_LOG = logging.getLogger(__name__)
Values = dict[str, Any]


def row_of_file(file: str, record: Mapping[str, Any]) -> Values:
    """The row of one file; failure is data.

    Parameters
    ----------
    file:
        Path of a CIF.
    record:
        What :meth:`ScreenSettings.record` gave.

    Returns
    -------
    :
        Values by column. ``status`` is ``ok``; ``partial`` where some property failed; or
        ``failed`` where the structure could not be read or every property failed. ``message``
        then says why in one sentence. No value is NaN or infinite: such a number is missing.
    """
    from porescope.io.cif import read_cif

    settings = settings_from_record(record)
    begin = time.perf_counter()
    row = empty_row(settings) | {"file": file, "name": Path(file).stem, "status": "ok"}
    try:
        crystal = read_cif(file)
        row |= _facts(crystal)
    except (PorescopeError, OSError, MemoryError) as error:
        row |= {"status": "failed", "message": _sentence(error, file=file)}
        return row | {"seconds": _seconds(begin)}
    failures: list[str] = []
    for name in settings.properties:
        try:
            row |= VALUES_OF[name](crystal, settings)
        except (PorescopeError, OSError, MemoryError) as error:
            _LOG.info("%s of %s failed: %s", name, file, error)
            failures.append(f"{name}: {_sentence(error, file=file)}")
    if failures:
        row["status"] = "failed" if len(failures) == len(settings.properties) else "partial"
        same = {failure.split(": ", 1)[1] for failure in failures}
        row["message"] = same.pop() if len(same) == 1 else "; ".join(failures)
    return {name: _plain(value) for name, value in row.items()} | {"seconds": _seconds(begin)}


def failed_row(settings: ScreenSettings, *, file: str, reason: str, seconds: float) -> Values:
    """The row of a file that no process could finish."""
    return empty_row(settings) | {
        "file": file,
        "name": Path(file).stem,
        "status": "failed",
        "message": reason,
        "seconds": round(seconds, 3),
    }


def geometry_values(crystal: Crystal, settings: ScreenSettings) -> Values:
    """Pore diameters, surface and volumes."""
    from porescope.workflows.pores import pore_geometry

    found = pore_geometry(crystal, probe_radius=settings.probe_radius).row()
    return {column.name: found[column.name] for column in GEOMETRY_COLUMNS}


def void_values(crystal: Crystal, settings: ScreenSettings) -> Values:
    """Void fractions of helium at 298 K: mean Boltzmann factor, and share below 15 kT."""
    from porescope.workflows.pores import void_fraction

    return {
        "void_fraction": void_fraction(crystal, field=settings.field),
        "open_fraction_15kt": void_fraction(crystal, field=settings.field, rule="15kT"),
    }


def henry_values(crystal: Crystal, settings: ScreenSettings) -> Values:
    """Henry coefficient and heat of each gas at each temperature."""
    from porescope.workflows.henry import henry

    values: Values = {}
    for gas in settings.gases:
        for temperature in settings.temperatures:
            found = henry(
                crystal,
                gas=gas,
                temperature=temperature,
                field=settings.field,
                charges=settings.charges,
                wanted_error=settings.wanted_error,
                seed=settings.seed,
            )
            key = henry_key(gas, temperature)
            values |= {
                f"henry_{key}_mol_per_kg_pa": found.coefficient_mol_per_kg_pa,
                f"henry_{key}_error_mol_per_kg_pa": found.coefficient_error,
                f"heat_{key}_kj_per_mol": found.heat_kj_per_mol,
                f"heat_{key}_error_kj_per_mol": found.heat_error,
                "charge_source": found.charge_source,
            }
    return values


def histogram_values(crystal: Crystal, settings: ScreenSettings) -> Values:
    """Shares of the cell's volume by the energy of a probe."""
    return _histogram(crystal, settings, with_slope=False)


def slope_histogram_values(crystal: Crystal, settings: ScreenSettings) -> Values:
    """Shares of the cell's volume by the energy of a probe and by its gradient."""
    return _histogram(crystal, settings, with_slope=True)


def _histogram(crystal: Crystal, settings: ScreenSettings, *, with_slope: bool) -> Values:
    from porescope.adsorption.histograms import histogram_row

    field = field_of(settings.field)
    gas = gas_of(settings.histogram_probe, field=field)
    framework = adsorbent(crystal, gases=(gas,), field=field, charges="none")
    found = histogram_row(framework, gas, with_slope=with_slope)
    return {c.name: found[c.name] for c in histogram_columns(with_slope=with_slope)}


def uptake_values(crystal: Crystal, settings: ScreenSettings) -> Values:
    """Absolute uptake of each gas at each state, by short runs of GCMC."""
    from porescope.workflows.isotherm import run_isotherm

    values: Values = {}
    for gas in settings.gases:
        for temperature in settings.temperatures:
            states = [state for state in settings.states if state.temperature == temperature]
            isotherm = run_isotherm(
                crystal,
                gases=gas,
                temperature=temperature,
                pressures_pa=sorted(state.pressure_pa for state in states),
                field=settings.field,
                charges=settings.charges,
                cycles=settings.cycles,
                seed=settings.seed,
            )
            by_pressure = {point.pressure_pa: point for point in isotherm.points}
            for state in states:
                point = by_pressure[state.pressure_pa]
                key = uptake_key(gas, state)
                values |= {
                    f"uptake_{key}_mol_per_kg": point.loadings[0].absolute_mol_per_kg,
                    f"uptake_{key}_error_mol_per_kg": point.loadings[0].absolute_error,
                    f"uptake_{key}_equilibrated": point.equilibrated,
                    "charge_source": isotherm.charge_source,
                }
    return values


VALUES_OF: dict[Property, Callable[[Crystal, ScreenSettings], Values]] = {
    "geometry": geometry_values,
    "void": void_values,
    "henry": henry_values,
    "histogram": histogram_values,
    "histogram2d": slope_histogram_values,
    "uptake": uptake_values,
}


def _facts(crystal: Crystal) -> Values:
    return {
        "formula": crystal.formula,
        "n_atoms": crystal.n_atoms,
        "volume_a3": crystal.volume,
        "density_g_per_cm3": crystal.density,
    }


def _sentence(error: BaseException, *, file: str) -> str:
    """One line without the name of the file, which has a column of its own."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    text = " ".join(str(error).split()) or type(error).__name__
    return text.removeprefix(f"{Path(file).name}: ")


def _plain(value: Any) -> Any:
    """A value for JSON: a number is a float, an int or nothing."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, (bool, int, str)) or plain is None:
        return plain
    number = float(plain)
    return float(f"{number:.9g}") if math.isfinite(number) else None


def _seconds(begin: float) -> float:
    return round(time.perf_counter() - begin, 3)
