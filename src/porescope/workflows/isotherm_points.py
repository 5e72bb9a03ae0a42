"""The pressures of an isotherm one after the other: sampled, saved, resumed, written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from porescope.adsorption.equation_of_state import BulkPhase, excess_mol_per_kg
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.gcmc.child import GcmcChild, Positions
from porescope.adsorption.gcmc.density import Counts, counted, density_per_a3, grid_shape
from porescope.adsorption.gcmc.job import GcmcJob, json_from_job
from porescope.adsorption.gcmc.plan import SamplingPlan
from porescope.adsorption.gcmc.prepare import wanted_pairs
from porescope.adsorption.gcmc.sampling import PointState, averages, empty_state, sampled
from porescope.adsorption.isotherm import GasLoading, Isotherm, IsothermPoint
from porescope.io.density_cube import write_density_cube
from porescope.io.gcmc_state import read_state, write_state
from porescope.io.isotherms import write_isotherm
from porescope.units import GAS_CONSTANT

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Run:
    """What all pressures share."""

    framework: Framework
    """Framework with its field and charges."""
    gases: tuple[Gas, ...]
    """Gases."""
    job: GcmcJob
    """Box for the engine."""
    plan: SamplingPlan
    """How each pressure is sampled."""
    seed: int
    """Seed of the first pressure; each further one has the next."""
    void_fraction: float | None
    """Helium void fraction."""
    density_spacing: float | None
    """Spacing of the density grid [Å]."""
    folder: Path | None
    """Where results and states go."""
    resume: bool
    """Whether saved states are gone on with."""
    progress: Progress | None
    """Called with what is done, and the share that is done."""

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


def sampled_isotherm(run: Run, bulks: Sequence[BulkPhase]) -> Isotherm:
    """Sample one pressure after the other.

    Parameters
    ----------
    run:
        What all pressures share.
    bulks:
        The bulk gas at each pressure.
    """
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
    run: Run, child: GcmcChild, bulk: BulkPhase, index: int, n_points: int, start: Positions | None
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


def _point(run: Run, bulk: BulkPhase, state: PointState, *, seed: int) -> IsothermPoint:
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


def _made_isotherm(run: Run, points: Sequence[IsothermPoint], *, engine: str) -> Isotherm:
    crystal = run.framework.crystal
    return Isotherm(
        framework=crystal.name or crystal.formula,
        framework_density=crystal.density,
        gases=tuple(f"{gas.name} ({gas.model})" for gas in run.gases),
        molar_masses=tuple(gas.mass for gas in run.gases),
        temperature=points[0].temperature,
        field=run.framework.field.describe(),
        charge_source=run.framework.charge_source if run.job.charged else "none",
        engine=engine + _blocked_in_words(run.job),
        unit_cells=run.job.repeats,
        void_fraction=run.void_fraction,
        points=tuple(sorted(points, key=lambda point: point.pressure_pa)),
    )


def _write_tables(run: Run, result: Isotherm) -> None:
    if run.folder is None:
        return
    for ending in (".json", ".csv"):
        write_isotherm(result, run.folder / f"isotherm{ending}")
    for index, gas in enumerate(run.gases):
        write_isotherm(result, run.folder / f"isotherm-{gas.name}.aif", gas=index)


def _write_density(run: Run, bulk: BulkPhase, index: int, counts: Counts, n_samples: int) -> None:
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


def _blocked_in_words(job: GcmcJob) -> str:
    counts = [f"{len(gas.blocked)} for {gas.name}" for gas in job.components if gas.blocked]
    return f"; blocked spheres a cell: {', '.join(counts)}" if counts else ""
