"""Isotherms of gases in a structure by grand canonical Monte Carlo, resumable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from porescope.adsorption.equation_of_state import BulkPhase, bulk_phase
from porescope.adsorption.force_field import ForceField
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.gcmc.plan import SamplingPlan, Start
from porescope.adsorption.gcmc.prepare import Spheres, job_from_framework
from porescope.adsorption.isotherm import Isotherm
from porescope.adsorption.reach import reachable_positions
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.workflows.adsorbent import DEFAULT_FIELD, Charges, adsorbent, field_of, gas_of
from porescope.workflows.isotherm_points import Progress, Run, sampled_isotherm
from porescope.workflows.pores import void_fraction as helium_void_fraction

Bulk = Literal["peng-robinson", "ideal"]


def run_isotherm(
    structure: str | Path | Crystal,
    *,
    gases: str | Gas | Sequence[str | Gas],
    temperature: float,
    pressures_pa: Sequence[float],
    field: str | Path | ForceField = DEFAULT_FIELD,
    charges: Charges = "auto",
    mole_fractions: Sequence[float] | None = None,
    bulk: Bulk = "peng-robinson",
    fugacity_coefficients: Sequence[float] | None = None,
    cycles: int = 10_000,
    wanted_error: float | None = None,
    start: Start = "previous",
    plan: SamplingPlan | None = None,
    blocked: Spheres | Mapping[str, Spheres] | Literal["find"] = (),
    repeats: tuple[int, int, int] | None = None,
    void_fraction: float | Literal["helium"] | None = None,
    density_spacing: float | None = None,
    seed: int = 1,
    out: str | Path | None = None,
    resume: bool = True,
    progress: Progress | None = None,
) -> Isotherm:
    """Loadings of a gas or a mixture over pressures, by RASPA3.

    Each pressure starts from the last state of the one before. With a folder, every finished
    pressure is kept there, and the state within a pressure every few per cent of its cycles: the
    same call goes on where it was interrupted.

    Parameters
    ----------
    structure:
        A CIF, or a crystal.
    gases:
        Gases, or their names, such as ``CO2`` or ``CO2:TraPPE``.
    temperature:
        Temperature [K].
    pressures_pa:
        Total pressures of the bulk gas [Pa], sampled in the order given.
    field:
        Force field of the framework: its name, its file, or the object.
    charges:
        Charges of the framework; see :func:`porescope.workflows.adsorbent.adsorbent`.
    mole_fractions:
        Mole fractions in the bulk gas.
    bulk:
        Equation of state that gives fugacities and excess loadings.
    fugacity_coefficients:
        Fugacity coefficients instead of those of the equation of state.
    cycles:
        Cycles at each pressure, those of equilibration among them.
    wanted_error:
        Relative half width of the 95 % interval at which a pressure ends; it goes on until then.
    start:
        ``previous`` goes from pressure to pressure, ``empty`` begins each with an empty box,
        ``full`` with one filled beyond equilibrium: the branch of desorption.
    plan:
        All settings of the sampling, instead of ``cycles``, ``wanted_error`` and ``start``.
    blocked:
        Spheres that no molecule may enter, fractional centre and radius [Å], for all gases or for
        each by its name; ``find`` covers the pockets that are cut off at 15 kT for each gas.
    repeats:
        Cells along a, b and c in the box; by default as few as the cutoff allows.
    void_fraction:
        Helium void fraction, for excess loadings; ``helium`` computes it in the same field.
    density_spacing:
        Spacing of the density grid [Å]; written as .cube into the folder.
    seed:
        Seed of the random numbers.
    out:
        Folder of results and saved states.
    resume:
        Whether saved states in the folder are gone on with.
    progress:
        Called with what is done, and the share that is done.

    Raises
    ------
    ConfigError
        An option is out of range, the structure does not fit the field, the gas is flexible, or
        the engine cannot express the field.
    MissingExtraError
        raspalib is not installed.
    EngineError
        The engine died, or loaded something else than it was given.
    """
    chosen_field = field_of(field)
    chosen_gases = _gases_of(gases, field=chosen_field, temperature=temperature)
    framework = adsorbent(structure, gases=chosen_gases, field=chosen_field, charges=charges)
    chosen_plan = plan or SamplingPlan(cycles=cycles, wanted_error=wanted_error, start=start)
    if density_spacing is not None and not chosen_plan.sample_every:
        chosen_plan = replace(chosen_plan, sample_every=10)
    bulks = [
        _bulk(
            chosen_gases,
            temperature=temperature,
            pressure_pa=pressure,
            mole_fractions=mole_fractions,
            bulk=bulk,
            coefficients=fugacity_coefficients,
        )
        for pressure in _checked(pressures_pa, temperature)
    ]
    if void_fraction == "helium":
        void_fraction = helium_void_fraction(framework.crystal, field=chosen_field)
    _check_shares(void_fraction)
    if blocked == "find":
        blocked = _pockets(framework, chosen_gases, temperature=temperature)
    run = Run(
        framework=framework,
        gases=chosen_gases,
        job=job_from_framework(framework, gases=chosen_gases, repeats=repeats, blocked=blocked),
        plan=chosen_plan,
        seed=seed,
        void_fraction=void_fraction,
        density_spacing=density_spacing,
        folder=None if out is None else Path(out),
        resume=resume,
        progress=progress,
    )
    return sampled_isotherm(run, bulks)


def _pockets(
    framework: Framework, gases: Sequence[Gas], *, temperature: float
) -> dict[str, Spheres]:
    """Spheres over the pockets that each gas cannot reach."""
    found: dict[str, Spheres] = {}
    for gas in gases:
        reach = reachable_positions(framework, gas, temperature=temperature)
        found[gas.name] = tuple((*sphere.centre, sphere.radius) for sphere in reach.spheres)
    return found


def _gases_of(
    gases: str | Gas | Sequence[str | Gas], *, field: ForceField, temperature: float
) -> tuple[Gas, ...]:
    named = [gases] if isinstance(gases, (str, Gas)) else list(gases)
    if not named:
        raise ConfigError("expected at least one gas, got none")
    return tuple(gas_of(each, field=field, temperature=temperature) for each in named)


def _bulk(
    gases: Sequence[Gas],
    *,
    temperature: float,
    pressure_pa: float,
    mole_fractions: Sequence[float] | None,
    bulk: Bulk,
    coefficients: Sequence[float] | None,
) -> BulkPhase:
    """The bulk gas; given or ideal coefficients replace those of the equation of state."""
    phase = bulk_phase(
        gases, temperature=temperature, pressure_pa=pressure_pa, mole_fractions=mole_fractions
    )
    if coefficients is not None and len(coefficients) != len(gases):
        raise ConfigError(
            f"expected {len(gases)} fugacity coefficients, one for each gas, got "
            f"{len(coefficients)}"
        )
    if coefficients is not None and not all(0.0 < c < np.inf for c in coefficients):
        raise ConfigError("expected fugacity coefficients above zero")
    if bulk == "ideal":
        phase = replace(
            phase, compressibility=1.0, fugacity_coefficients=np.ones(len(gases)), n_phases=1
        )
    if coefficients is not None:
        phase = replace(phase, fugacity_coefficients=np.array(coefficients, dtype=np.float64))
    return phase


def _checked(pressures_pa: Sequence[float], temperature: float) -> list[float]:
    if not 0.0 < temperature < 5000.0:
        raise ConfigError(f"expected a temperature in kelvin between 0 and 5000, got {temperature}")
    pressures = [float(pressure) for pressure in pressures_pa]
    if not pressures or not all(0.0 < pressure < 1e10 for pressure in pressures):
        raise ConfigError(
            f"expected one or more pressures in pascal between 0 and 1e10, got {pressures}"
        )
    if len(set(pressures)) < len(pressures):
        raise ConfigError(f"expected each pressure once, got {pressures}")
    return pressures


def _check_shares(void_fraction: float | None) -> None:
    if void_fraction is not None and not 0.0 <= void_fraction <= 1.0:
        raise ConfigError(f"expected a void fraction between 0 and 1, got {void_fraction:g}")
