"""CO2 and N2 isotherms of CRAFTED again through porescope, with CRAFTED's own charges.

    python benchmarks/science/crafted_isotherms.py [--limit N] [--only REFCODE,REFCODE]

CRAFTED (https://doi.org/10.1038/s41597-023-02116-z, data of 646 frameworks) holds isotherms by
RASPA2. Its tables number the force field and the charges from 1 to 8 without a legend in the
archive; Henry coefficients by insertion in OFERUN02, ITETEH and LAJDUV02 show that 1 to 4 are UFF
and 5 to 8 DREIDING, each with DDEC, EQeq, Qeq and no charges, and that the potential is shifted to
zero at 12.8 Å without tail correction: truncated potentials give Henry coefficients 20 % higher,
those with tails 40 %. Compared are UFF with DDEC charges at 298 K, gases TraPPE, fugacity by
Peng-Robinson. Their stated error is the spread of the loading over cycles, not the error of its
mean, so agreement within it is a weak test; the mean deviation over all points is the strong one.

Which frameworks, fixed before any run: those of at most 200 atoms a cell with both isotherms,
sorted by the CO2 loading at 1 bar, 22 at equal steps of rank; of the one at a step and its two
neighbours the one with the fewest atoms in the box. Plain means over cycles are compared, as RASPA2
makes them. One row a point goes to benchmarks/results/crafted_isotherms_cases.csv, the summary to
benchmarks/results/crafted_isotherms.csv.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from adsorption_runs import (
    RESULTS,
    append_row,
    done_rows,
    sha256,
    shared_data,
    unpacked,
    write_rows,
)

from porescope.adsorption.atom_typing import framework_from_crystal
from porescope.adsorption.equation_of_state import bulk_phase
from porescope.adsorption.fields import field_named
from porescope.adsorption.gases import gas_named
from porescope.adsorption.gcmc.child import GcmcChild
from porescope.adsorption.gcmc.plan import SamplingPlan
from porescope.adsorption.gcmc.prepare import job_from_framework, wanted_pairs
from porescope.adsorption.gcmc.sampling import averages, empty_state, sampled
from porescope.adsorption.gcmc.supercell import repeats_for_cutoff
from porescope.io.cif import read_cif
from rows import run_facts

CASES = RESULTS / "crafted_isotherms_cases.csv"
SUMMARY = RESULTS / "crafted_isotherms.csv"
CACHE = Path.home() / ".cache" / "porescope-benchmarks"
TEMPERATURE, PRESSURES_PA = 298.0, (1e3, 1e4, 1e5)
SCHEME, CUTOFF = "1", 12.8
N_FRAMEWORKS, CYCLES, SEED = 22, 700, 5


def folder() -> Path:
    """The unpacked data set."""
    archive = shared_data() / "structures" / "crafted_cif_and_isotherms.tar.xz"
    return unpacked(archive, CACHE) / "crafted"


def reference(name: str, gas: str) -> dict[float, tuple[float, float]]:
    """Loading and its stated error over pressure [mol/kg]."""
    path = folder() / "gcmc" / "isotherms" / f"{name}_{gas}.csv"
    found = {}
    with path.open(newline="") as handle:
        for row in csv.DictReader(handle):
            if row["ID"] == SCHEME and float(row["Temp(K)"]) == TEMPERATURE:
                found[float(row["Pressure(Pa)"])] = (
                    float(row["Loading(mmol/g)"]),
                    float(row["Mean_Error(mmol/g)"]),
                )
    return found


def names() -> list[str]:
    """The frameworks of the benchmark in the order in which they run."""
    usable = []
    for path in sorted((folder() / "cif" / "DDEC").glob("*.cif")):
        tables = [folder() / "gcmc" / "isotherms" / f"{path.stem}_{gas}.csv" for gas in GASES]
        if not all(table.is_file() for table in tables):
            continue
        crystal = read_cif(path)
        loading = reference(path.stem, "CO2").get(1e5)
        if crystal.n_atoms > 200 or loading is None:
            continue
        repeats = repeats_for_cutoff(crystal.lattice, cutoff=CUTOFF)
        usable.append((loading[0], crystal.n_atoms * int(np.prod(repeats)), path.stem))
    usable.sort()
    chosen: dict[str, None] = {}
    for rank in np.linspace(0, len(usable) - 1, N_FRAMEWORKS).round().astype(int):
        near = [usable[i] for i in (rank, rank - 1, rank + 1) if 0 <= i < len(usable)]
        near = [each for each in near if each[2] not in chosen]
        chosen[min(near, key=lambda each: each[1])[2]] = None
    spread = sorted(range(len(chosen)), key=lambda i: int(f"{i:06b}"[::-1], 2))
    return [list(chosen)[i] for i in spread]


GASES = ("CO2", "N2")


def run(name: str, gas_name: str) -> list[dict[str, object]]:
    """One isotherm; a row for each pressure."""
    path = folder() / "cif" / "DDEC" / f"{name}.cif"
    field = field_named("UFF").with_options(
        cutoff=CUTOFF, truncation="shifted", tail_correction=False
    )
    framework = framework_from_crystal(read_cif(path), field=field, charges="cif")
    gas = gas_named(gas_name, model="TraPPE")
    job = job_from_framework(framework, gases=[gas])
    to_mol_per_kg = 1e3 / (framework.mass_g_per_mol * float(np.prod(job.repeats)))
    plan, known, rows = SamplingPlan(cycles=CYCLES), reference(name, gas_name), []
    state = empty_state([gas])
    with GcmcChild(job, wanted_pairs=wanted_pairs(framework, [gas])) as child:
        for pressure in PRESSURES_PA:
            start = time.perf_counter()
            phase = bulk_phase([gas], temperature=TEMPERATURE, pressure_pa=pressure)
            *_, state = sampled(
                child,
                gases=[gas],
                temperature=TEMPERATURE,
                fugacities_pa=[float(phase.fugacities_pa[0])],
                plan=plan,
                state=empty_state([gas], state.positions),
                seed=SEED,
            )
            found = averages(state, temperature=TEMPERATURE, plan=plan)
            ours = found.cycle_means[0] * to_mol_per_kg
            error = found.molecules[0].error * to_mol_per_kg
            theirs, their_error = known[pressure]
            rows.append(
                {
                    "framework": name,
                    "gas": gas_name,
                    "pressure_pa": pressure,
                    "mol_per_kg": round(ours, 5),
                    "error": round(error, 5),
                    "weighted_mol_per_kg": round(found.molecules[0].mean * to_mol_per_kg, 5),
                    "reference": theirs,
                    "reference_error": their_error,
                    "within_joint_error": abs(ours - theirs)
                    <= float(np.hypot(error, their_error)) + 1e-6,
                    "deviation_percent": round(100.0 * (ours / theirs - 1.0), 2) if theirs else "",
                    "molecules_in_box": round(found.cycle_means[0], 3),
                    "equilibrated": found.equilibrated,
                    "cycles": found.n_cycles,
                    "cells": "x".join(map(str, job.repeats)),
                    "field": field.describe(),
                    "charges": "DDEC of the CIF",
                    "seconds": round(time.perf_counter() - start, 1),
                    "seed": SEED,
                    "data_sha256": sha256(path),
                    **run_facts(),
                }
            )
    return rows


def summarise() -> None:
    """Averages over the rows that there are."""
    rows, out = done_rows(CASES), []
    for gas in GASES:
        some = [row for row in rows if row["gas"] == gas]
        if not some:
            continue
        ours = np.array([float(row["mol_per_kg"]) for row in some])
        theirs = np.array([float(row["reference"]) for row in some])
        error = np.array([float(row["error"]) for row in some])
        known = (theirs > 0.0) & (error < 0.1 * np.maximum(ours, 1e-12))
        relative = 100.0 * (ours[known] / theirs[known] - 1.0)
        weight = (1.0 / np.maximum(error[known] / ours[known], 1e-3)) ** 2
        out.append(
            {
                "gas": gas,
                "n_frameworks": len({row["framework"] for row in some}),
                "n_points": len(some),
                "share_within_joint_error": round(
                    float(np.mean([row["within_joint_error"] == "True" for row in some])), 4
                ),
                "share_within_own_error": round(float(np.mean(np.abs(ours - theirs) <= error)), 4),
                "r2": round(
                    1.0
                    - float(np.sum((ours - theirs) ** 2) / np.sum((theirs - theirs.mean()) ** 2)),
                    5,
                ),
                "mean_signed_deviation_mol_per_kg": round(float((ours - theirs).mean()), 5),
                "mean_absolute_deviation_mol_per_kg": round(float(np.abs(ours - theirs).mean()), 5),
                "n_points_known_to_10_percent": int(known.sum()),
                "mean_signed_deviation_percent": round(float(relative.mean()), 3),
                "weighted_signed_deviation_percent": round(
                    float(np.average(relative, weights=weight)), 3
                ),
                "median_absolute_deviation_percent": round(float(np.median(np.abs(relative))), 3),
                "seconds": round(sum(float(row["seconds"]) for row in some), 0),
                "seed": SEED,
                "data_sha256": sha256(
                    shared_data() / "structures" / "crafted_cif_and_isotherms.tar.xz"
                ),
                **run_facts(),
            }
        )
    if out:
        write_rows(SUMMARY, out)
    for row in out:
        print(row)


def main() -> None:
    """Run what has no row yet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--limit", type=int, default=None, help="most isotherms to run now")
    parser.add_argument("--only", default="", help="frameworks, separated by commas")
    options = parser.parse_args()
    only = {name for name in options.only.split(",") if name}
    done = {(row["framework"], row["gas"]) for row in done_rows(CASES)}
    wanted = [(n, g) for n in names() for g in GASES if not only or n in only]
    for name, gas in [each for each in wanted if each not in done][: options.limit]:
        for row in run(name, gas):
            append_row(CASES, row)
            print(
                f"{name} {gas} {row['pressure_pa']:g} Pa: {row['mol_per_kg']} ± {row['error']}, "
                f"CRAFTED {row['reference']} ± {row['reference_error']} mol/kg, {row['seconds']} s",
                flush=True,
            )
    summarise()


if __name__ == "__main__":
    main()
