"""Cell recovery: does a fit find the cell again from 3 % off?

    python benchmarks/science/cell_recovery.py [--n 500] [--seed 20261121]

Frameworks are drawn in equal parts from QMOF, CoRE MOF, the IZA zeolites and the COFs, brought to
their conventional cell, and an ideal pattern is made (Cu Kα1 + ½ Kα2, 3 to 30°, step 0.02°, lines
0.1° wide). Then every length that symmetry leaves free gets its own error: one of them 3 %, the
others anything up to 3 %, signs at random; the structure factors stay known. Recovered means that
each cell length agrees within 0.05 %; angles are free where symmetry lets them. The baseline is the
same least-squares fit started from the wrong cell, without the scan of strains.

Writes a row to benchmarks/results/cell_recovery.csv and every case to cell_recovery_cases.csv.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import platform
import subprocess
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from porescope.crystal.lattice import (
    lattice_from_parameters,
    lattice_system_of,
    parameters_from_lattice,
)
from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import standardise
from porescope.diffraction.fit.align import capture_cell
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.metric import lattice_from_metric, metric_basis
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.fit.refine import fit_pattern
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.profile import ProfileParameters
from porescope.diffraction.radiation import Radiation
from porescope.diffraction.simulate import InstrumentParameters, simulate_pattern
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import PorescopeError
from porescope.io.cif import read_cif

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
LIBRARIES = ("qmof", "core_mof_2019", "zeolites_iza", "curated_cofs")
RADIATION = Radiation(wavelengths=(1.540593, 1.544414), weights=(1.0, 0.5), name="CuKa")
GRID = np.arange(3.0, 30.0001, 0.02)
ERROR = 0.03
TOLERANCE = 5e-4


@dataclass(frozen=True, kw_only=True)
class Case:
    """One framework and what became of it."""

    library: str
    name: str
    system: str
    n_atoms: int
    n_reflections: int
    recovered: bool
    error: float
    rwp: float
    seconds: float
    baseline_recovered: bool
    baseline_seconds: float


def structures_folder() -> Path:
    """Unpacked structures: named by the environment, or beside the checkout."""
    named = os.environ.get("PORESCOPE_STRUCTURES")
    return Path(named) if named else ROOT.parent / "cache" / "structures"


def drawn(folder: Path, n: int, rng: np.random.Generator) -> Iterator[tuple[str, Path]]:
    """Files in a random order, library after library in turn; more than n, for those that fail."""
    orders = {}
    for library in LIBRARIES:
        files = sorted((folder / library).rglob("*.cif"))
        if not files:
            raise SystemExit(f"no CIF below {folder / library}; set PORESCOPE_STRUCTURES")
        orders[library] = [files[i] for i in rng.permutation(len(files))[: n + 50]]
    for index in range(n + 50):
        for library in LIBRARIES:
            if index < len(orders[library]):
                yield library, orders[library][index]


def exact(crystal: Crystal) -> Crystal:
    """The crystal with a cell that obeys its space group to the last digit."""
    basis = metric_basis(crystal.space_group)
    vector = basis.vector(basis.parameters(crystal.lattice))
    return replace(crystal, lattice=lattice_from_metric(vector, like=crystal.lattice))


def wrong_lattice(crystal: Crystal, rng: np.random.Generator) -> np.ndarray:
    """The cell with an error on every free length."""
    basis = metric_basis(crystal.space_group)
    free = [p for p in basis.pivots if p < 3]
    errors = rng.uniform(0.0, ERROR, len(free))
    errors[rng.integers(len(free))] = ERROR
    errors *= rng.choice([-1.0, 1.0], len(free))
    follows = [int(np.argmax(np.abs(basis.basis[: len(free), axis]))) for axis in range(3)]
    parameters = parameters_from_lattice(crystal.lattice)
    parameters[:3] *= 1.0 + errors[follows]
    return lattice_from_parameters(*parameters)


def ideal_pattern(crystal: Crystal) -> Pattern:
    """Noise-free pattern of 10 000 counts at the top, with the uncertainties of counting."""
    pattern = simulate_pattern(
        crystal,
        radiation=RADIATION,
        two_theta_deg=GRID,
        instrument=InstrumentParameters(profile=ProfileParameters.from_fwhm(0.1)),
    )
    intensity = pattern.intensity * (1e4 / float(np.max(pattern.intensity)))
    return replace(pattern, intensity=intensity, sigma=np.sqrt(np.maximum(intensity, 1.0)))


def run(library: str, path: Path, rng: np.random.Generator) -> Case:
    """Simulate, disturb, recover."""
    crystal = exact(standardise(read_cif(path), symprec=0.01))
    reflections = reflections_of(crystal, d_min=2.7, radiation=RADIATION)
    pattern = ideal_pattern(crystal)
    truth = parameters_from_lattice(crystal.lattice)[:3]
    phase = FitPhase(
        lattice=wrong_lattice(crystal, rng),
        space_group=crystal.space_group,
        reflections=reflections,
    )
    config = FitConfig(mode="fixed", background=np.zeros(len(GRID)))
    start = time.perf_counter()
    found = capture_cell(pattern, phase, config=config)
    middle = time.perf_counter()
    plain = fit_pattern(pattern, phase, config=config)
    end = time.perf_counter()
    error = float(np.max(np.abs(found.phases[0].cell[:3] / truth - 1.0)))
    baseline = float(np.max(np.abs(plain.phases[0].cell[:3] / truth - 1.0)))
    return Case(
        library=library,
        name=path.stem,
        system=lattice_system_of(crystal.lattice, space_group=crystal.space_group),
        n_atoms=crystal.n_atoms,
        n_reflections=reflections.n_reflections,
        recovered=error < TOLERANCE,
        error=error,
        rwp=found.rwp,
        seconds=middle - start,
        baseline_recovered=baseline < TOLERANCE,
        baseline_seconds=end - middle,
    )


def commit_of_checkout() -> str:
    """Short hash of the commit, with a mark where files differ from it."""
    text = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return text.stdout.strip() or "unknown"


def write(cases: list[Case], skipped: int, seed: int, digest: str) -> dict[str, object]:
    """Append the summary row, rewrite the cases."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    systems = sorted({case.system for case in cases})
    by_system = "; ".join(
        f"{s} {sum(c.recovered for c in cases if c.system == s)}/"
        f"{sum(c.system == s for c in cases)}"
        for s in systems
    )
    row: dict[str, object] = {
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit_of_checkout(),
        "data_sha256": digest[:16],
        "seed": seed,
        "hardware": f"{platform.machine()}, {os.cpu_count()} cores, one used",
        "python": platform.python_version(),
        "n": len(cases),
        "n_skipped": skipped,
        "share_recovered": round(float(np.mean([c.recovered for c in cases])), 4),
        "by_system": by_system,
        "seconds_median": round(float(np.median([c.seconds for c in cases])), 4),
        "seconds_mean": round(float(np.mean([c.seconds for c in cases])), 4),
        "baseline_share": round(float(np.mean([c.baseline_recovered for c in cases])), 4),
        "baseline_seconds_median": round(float(np.median([c.baseline_seconds for c in cases])), 4),
    }
    table = RESULTS / "cell_recovery.csv"
    is_new = not table.exists()
    with table.open("a", newline="") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(row))
        if is_new:
            writer.writeheader()
        writer.writerow(row)
    with (RESULTS / "cell_recovery_cases.csv").open("w", newline="") as handle:
        names = list(Case.__dataclass_fields__)
        writer = csv.writer(handle)
        writer.writerow(names)
        for case in cases:
            values = (getattr(case, name) for name in names)
            writer.writerow(f"{v:.5g}" if isinstance(v, float) else v for v in values)
    return row


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=500, help="number of frameworks")
    parser.add_argument("--seed", type=int, default=20261121)
    options = parser.parse_args()
    # Spglib and parsers warn about odd files; the benchmark counts what comes out.
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(options.seed)
    cases: list[Case] = []
    skipped = 0
    digest = hashlib.sha256()
    warm = True
    for library, path in drawn(structures_folder(), options.n, rng):
        if len(cases) == options.n:
            break
        state = np.random.default_rng(rng.integers(2**63))
        try:
            if warm:  # compiled code is loaded before the clock counts
                run(library, path, np.random.default_rng(0))
                warm = False
            case = run(library, path, state)
        except PorescopeError as error:
            skipped += 1
            print(f"skipped {path.name}: {error}", flush=True)
            continue
        digest.update(path.read_bytes())
        cases.append(case)
        if not case.recovered:
            print(
                f"lost {case.name} ({case.system}): {case.error:.2%}, Rwp {case.rwp:.4f}",
                flush=True,
            )
        if len(cases) % 50 == 0:
            share = np.mean([c.recovered for c in cases])
            print(f"{len(cases)}: {share:.1%} recovered", flush=True)
    row = write(cases, skipped, options.seed, digest.hexdigest())
    for name, value in row.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
