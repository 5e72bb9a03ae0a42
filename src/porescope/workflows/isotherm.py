"""Isotherms of gases in a structure by grand canonical Monte Carlo, resumable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from porescope.adsorption.equation_of_state import BulkPhase, bulk_phase, excess_mol_per_kg
from porescope.adsorption.force_field import ForceField
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.gcmc.child import GcmcChild, Positions
from porescope.adsorption.gcmc.density import Counts, counted, density_per_a3, grid_shape
from porescope.adsorption.gcmc.job import GcmcJob, json_from_job
from porescope.adsorption.gcmc.plan import SamplingPlan, Start
from porescope.adsorption.gcmc.prepare import Spheres, job_from_framework, wanted_pairs
from porescope.adsorption.gcmc.sampling import PointState, averages, empty_state, sampled
from porescope.adsorption.isotherm import GasLoading, Isotherm, IsothermPoint
from porescope.adsorption.reach import reachable_positions
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.io.density_cube import write_density_cube
from porescope.io.gcmc_state import read_state, write_state
from porescope.io.isotherms import write_isotherm
from porescope.units import GAS_CONSTANT
from porescope.workflows.adsorbent import DEFAULT_FIELD, Charges, adsorbent, field_of, gas_of
from porescope.workflows.pores import void_fraction as helium_void_fraction

Bulk = Literal["peng-robinson", "ideal"]
Progress = Callable[[str, float], None]


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
    run = _Run(
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
    return _isotherm(run, bulks)


def _pockets(
    framework: Framework, gases: Sequence[Gas], *, temperature: float
) -> dict[str, Spheres]:
    """Spheres over the pockets that each gas cannot reach."""
    found: dict[str, Spheres] = {}
    for gas in gases:
        reach = reachable_positions(framework, gas, temperature=temperature)
        found[gas.name] = tuple((*sphere.centre, sphere.radius) for sphere in reach.spheres)
    return found


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Run:
    """What all pressures share."""

    framework: Framework
    gases: tuple[Gas, ...]
    job: GcmcJob
    plan: SamplingPlan
    seed: int
    void_fraction: float | None
    density_spacing: float | None
    folder: Path | None
    resume: bool
    progress: Progress | None

    def fingerprint(self, bulk: BulkPhase, index: int) -> str:
        """Hash of everything that the state of a pressure depends on."""
        content = [
            json_from_job(self.job),
            asdict(self.plan) | {"wanted_error": None, "max_cycles": None, "cycles": None},
            self.seed + index,
            self.density_spacing,
            bulk.temperature,
            [float(f) for f in bulk.fugacities_pa],
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def mol_per_kg(self) -> float:
        """Loading of one molecule in the box [mol/kg]."""
        return 1e3 / (self.framework.mass_g_per_mol * float(np.prod(self.job.repeats)))

    def state_path(self, bulk: BulkPhase, index: int) -> Path | None:
        """Where the state of a pressure is kept."""
        if self.folder is None:
            return None
        return self.folder / f"point-{index:03d}-{bulk.pressure_pa:.6g}Pa.npz"


def _isotherm(run: _Run, bulks: Sequence[BulkPhase]) -> Isotherm:
    if run.folder is not None:
        run.folder.mkdir(parents=True, exist_ok=True)
    points: list[IsothermPoint] = []
    last: Positions | None = None
    pairs = wanted_pairs(run.framework, run.gases)
    with GcmcChild(run.job, wanted_pairs=pairs) as child:
        for index, bulk in enumerate(bulks):
            start = last if run.plan.start == "previous" else None
            state, counts, n_samples = _sample_point(run, child, bulk, index, len(bulks), start)
            last = state.positions
            points.append(_point(run, bulk, state, seed=run.seed + index))
            if run.folder is not None:
                result = _made_isotherm(run, points, engine=child.engine)
                _write_tables(run, result)
                _write_density(run, bulk, index, counts, n_samples)
        return _made_isotherm(run, points, engine=child.engine)


def _sample_point(
    run: _Run, child: GcmcChild, bulk: BulkPhase, index: int, n_points: int, start: Positions | None
) -> tuple[PointState, Counts, int]:
    """Sample one pressure to its end, saving as it goes."""
    path, fingerprint = run.state_path(bulk, index), run.fingerprint(bulk, index)
    state, counts, n_samples = empty_state(run.gases, start), (), 0
    if path is not None and run.resume:
        state, counts, n_samples = read_state(path, fingerprint=fingerprint) or (
            state,
            counts,
            n_samples,
        )
    shape = None
    if run.density_spacing is not None:
        shape = grid_shape(run.framework.crystal.lattice, spacing=run.density_spacing)

    def relay(share: float, text: str) -> None:
        if run.progress is not None:
            run.progress(f"{bulk.pressure_pa:.4g} Pa: {text}", (index + share) / n_points)

    pieces = sampled(
        child,
        gases=run.gases,
        temperature=bulk.temperature,
        fugacities_pa=[float(f) for f in bulk.fugacities_pa],
        plan=run.plan,
        state=state,
        seed=run.seed + index,
        progress=relay,
    )
    for state in pieces:
        if shape is not None and state.samples:
            new = counted(state.samples, box=child.box, repeats=run.job.repeats, shape=shape)
            counts = tuple(a + b for a, b in zip(counts, new, strict=True)) if counts else new
            n_samples += len(state.samples)
        if path is not None:
            write_state(path, state, fingerprint=fingerprint, counts=counts, n_samples=n_samples)
    relay(1.0, "done")
    return state, counts, n_samples


def _point(run: _Run, bulk: BulkPhase, state: PointState, *, seed: int) -> IsothermPoint:
    found = averages(state, temperature=bulk.temperature, plan=run.plan)
    each = run.mol_per_kg()
    absolute = np.array([m.mean * each for m in found.molecules])
    excess = np.full(len(absolute), np.nan)
    if run.void_fraction is not None:
        excess = excess_mol_per_kg(
            absolute,
            bulk=bulk,
            void_fraction=run.void_fraction,
            framework_density=run.framework.crystal.density,
        )
    kj = 1e-3 * GAS_CONSTANT
    loadings = tuple(
        GasLoading(
            gas=gas.name,
            mole_fraction=float(bulk.mole_fractions[i]),
            fugacity_pa=float(bulk.fugacities_pa[i]),
            absolute_mol_per_kg=float(absolute[i]),
            absolute_error=found.molecules[i].error * each,
            excess_mol_per_kg=float(excess[i]),
            heat_kj_per_mol=found.heat_k[i].mean * kj,
            heat_error=found.heat_k[i].error * kj,
        )
        for i, gas in enumerate(run.gases)
    )
    return IsothermPoint(
        pressure_pa=bulk.pressure_pa,
        temperature=bulk.temperature,
        loadings=loadings,
        n_equilibration=found.n_equilibration,
        n_cycles=found.n_cycles,
        equilibrated=found.equilibrated,
        seed=seed,
    )


def _made_isotherm(run: _Run, points: Sequence[IsothermPoint], *, engine: str) -> Isotherm:
    crystal = run.framework.crystal
    return Isotherm(
        framework=crystal.name or crystal.formula,
        framework_density=crystal.density,
        gases=tuple(f"{gas.name} ({gas.model})" for gas in run.gases),
        molar_masses=tuple(gas.mass for gas in run.gases),
        temperature=points[0].temperature,
        field=run.framework.field.describe(),
        charge_source=run.framework.charge_source if run.job.charged else "none",
        engine=engine,
        unit_cells=run.job.repeats,
        void_fraction=run.void_fraction,
        points=tuple(sorted(points, key=lambda point: point.pressure_pa)),
    )


def _write_tables(run: _Run, result: Isotherm) -> None:
    if run.folder is None:
        return
    for ending in (".json", ".csv"):
        write_isotherm(result, run.folder / f"isotherm{ending}")
    for index, gas in enumerate(run.gases):
        write_isotherm(result, run.folder / f"isotherm-{gas.name}.aif", gas=index)


def _write_density(run: _Run, bulk: BulkPhase, index: int, counts: Counts, n_samples: int) -> None:
    if run.folder is None or not counts:
        return
    crystal = run.framework.crystal
    for gas, grid in zip(run.gases, counts, strict=True):
        density = density_per_a3(
            grid, n_samples=n_samples, n_cells=int(np.prod(run.job.repeats)), volume=crystal.volume
        )
        write_density_cube(
            density,
            run.folder / f"density-{index:03d}-{bulk.pressure_pa:.6g}Pa-{gas.name}.cube",
            crystal=crystal,
            title=f"{gas.name} in {crystal.name}, {bulk.temperature:g} K, {bulk.pressure_pa:g} Pa",
        )


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
