"""Trial of the self-consistent isostere."""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from adsorption_runs import RESULTS, append_row, done_rows, sha256
from argon_zeolites import PRESSURE_PA, TEMPERATURE, cases

from porescope.adsorption.atom_typing import framework_from_crystal
from porescope.adsorption.fields import field_named
from porescope.adsorption.gases import gas_named
from porescope.adsorption.gcmc.child import GcmcChild
from porescope.adsorption.gcmc.job import JobMoves, JobStage
from porescope.adsorption.gcmc.prepare import job_from_framework, wanted_pairs
from porescope.io.cif import read_cif
from rows import run_facts

CASES = RESULTS / "argon_isosteres_cases.csv"
WARM = 190.0
LADDER = (162.0, 140.0, 122.0, 107.0, 95.0)


def run(case: dict[str, object], *, seed: int, cycles: int, tries: int) -> dict[str, object]:
    start = time.perf_counter()
    path = Path(str(case["path"]))
    crystal = read_cif(path)
    gas = gas_named("Ar", model="IZA")
    framework = framework_from_crystal(crystal, field=field_named("argon in zeolites"))
    job = job_from_framework(framework, gases=[gas])
    cells = int(np.prod(job.repeats))
    moves = JobMoves(
        translation=1.0, rotation=0.0, reinsertion=0.0, swap=0.0, swap_biased=1.0, identity=0.0
    )
    rng = np.random.SeedSequence(seed)
    slope, offset = -1700.0, 0.0
    path_n, slopes = [], []
    with GcmcChild(job, wanted_pairs=wanted_pairs(framework, [gas])) as child:
        handed = ((),)

        def stage(temperature: float, n_cycles: int):
            nonlocal handed
            gain = temperature / TEMPERATURE
            gain *= math.exp(offset - slope * (1.0 / TEMPERATURE - 1.0 / temperature))
            result = child.run(
                JobStage(
                    temperature=temperature,
                    fugacities_pa=(PRESSURE_PA * gain,),
                    cycles=n_cycles,
                    moves=moves,
                    seed=int(rng.spawn(1)[0].generate_state(1)[0] >> 1),
                    positions=handed,
                    report_every=n_cycles,
                    sample_every=0,
                )
            )
            handed = tuple(
                tuple((float(x), float(y), float(z)) for x, y, z in each.reshape(-1, 3))
                for each in result.positions
            )
            return result.molecules[:, 0].astype(float), result.energy_k

        def measured(temperature: float) -> float:
            """Change of the energy per molecule, from states a little emptier and fuller."""
            nonlocal offset
            ends = []
            for offset in (1.2, -1.2):
                n, e = stage(temperature, cycles)
                third = len(n) // 3
                ends.append((n[third:].mean(), e[third:].mean()))
                path_n.append(ends[-1][0])
            offset = 0.0
            (n1, e1), (n2, e2) = ends
            if abs(n1 - n2) < 1.5:
                return slope
            return float(np.clip((e1 - e2) / (n1 - n2), -4000.0, -900.0))

        stage(250.0, cycles)
        n, _ = stage(WARM, cycles)
        path_n.append(float(n[len(n) // 2 :].mean()))
        for _ in range(tries):
            slope = measured(WARM)
            slopes.append(round(slope))
        n, _ = stage(WARM, cycles)
        path_n.append(float(n[len(n) // 2 :].mean()))
        for temperature in LADDER:
            n, e = stage(temperature, cycles)
            path_n.append(float(n[len(n) // 2 :].mean()))
            if temperature == 140.0:
                slope = measured(temperature)
                slopes.append(round(slope))
                n, e = stage(temperature, cycles)
                path_n.append(float(n[len(n) // 2 :].mean()))
        n, e = stage(TEMPERATURE, cycles)
        n = n[len(n) // 2 :]
    mean = float(n.mean()) / cells
    reference = float(str(case["n_uc"]))
    per_mass = float(str(case["mol_kg"])) / reference if reference else 0.0
    return {
        "code": case["code"],
        "seed": seed,
        "n_uc": round(mean, 4),
        "reference_n_uc": round(reference, 4),
        "reference_n_uc_error": round(float(str(case["n_uc_error"])), 4),
        "mol_per_kg": round(1e3 * mean / framework.mass_g_per_mol, 4),
        "reference_mol_per_kg": round(float(str(case["mol_kg"])), 4),
        "deviation_percent": round(100.0 * (mean / reference - 1.0), 3) if reference else "",
        "slopes_k": " ".join(map(str, slopes)),
        "n_on_the_way": " ".join(f"{x / cells:.2f}" for x in path_n),
        "cells": "x".join(map(str, job.repeats)),
        "cycles": f"{tries + len(LADDER) + 1} x {cycles}",
        "seconds": round(time.perf_counter() - start, 1),
        "data_sha256": sha256(path),
        "per_mass": per_mass,
        **run_facts(),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reverse", action="store_true")
    parser.add_argument("--cycles", type=int, default=120)
    parser.add_argument("--tries", type=int, default=2)
    options = parser.parse_args()
    only = {code for code in options.only.split(",") if code}
    for case in cases()[:: -1 if options.reverse else 1]:
        done = {(row["code"], row["seed"]) for row in done_rows(CASES)}
        if (only and case["code"] not in only) or (case["code"], str(options.seed)) in done:
            continue
        row = run(case, seed=options.seed, cycles=options.cycles, tries=options.tries)
        append_row(CASES, row)
        print(
            row["code"],
            row["n_uc"],
            row["reference_n_uc"],
            row["reference_n_uc_error"],
            row["deviation_percent"],
            "|",
            row["slopes_k"],
            "|",
            row["n_on_the_way"],
            row["seconds"],
            flush=True,
        )
