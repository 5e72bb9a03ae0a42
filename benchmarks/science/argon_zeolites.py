"""Argon in siliceous zeolites at 87 K and 1 atm, against published RASPA 2.0.37 runs.

    python benchmarks/science/argon_zeolites.py [--limit N] [--only MFI,FAU]

Which codes, fixed before any run: of the codes that the table does not flag as disordered, whose
CIF is SiO2 and has the density of the table within 0.2 %, sorted by loading, 46 at equal steps of
rank; of the code at a step and its two neighbours the one with the fewest atoms in the box. They
are run in bit-reversed order, so that a run that is cut short still spreads over the range. MFI and
CHA, whose input and output are kept though the table lacks them, come on top.

At 87 K a full pore exchanges next to nothing with the gas in a run of hours, let alone minutes, so
the way to the state decides, and block errors within a run say little. ``short`` fills an empty box
at 300 K and 1e12 Pa and cools along an isostere of 2000 K in six steps of 200 cycles, ``long`` in
the same steps of 1000; ``below`` fills it at 145 K along 1400 K. All codes have the first, which is
the result. Its half width is its block error, or half its distance to the farthest of the other
ways where they were run. ``long`` goes over the codes in the same fixed order as far as the time
allows, and shows how much of the deviation is our own lack of convergence. The way was chosen on
APC, ITW, ISV, STF and MFI, after one that began at 400 K. Cages out of reach of a probe are filled
too, as in the reference; fugacity coefficient 1.

One row a run goes to benchmarks/results/argon_zeolites_cases.csv as it ends, and the same command
goes on where it was interrupted; the summary goes to benchmarks/results/argon_zeolites.csv.
"""

from __future__ import annotations

import argparse
import csv
import re
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
from porescope.adsorption.fields import field_named
from porescope.adsorption.gases import gas_named
from porescope.adsorption.gcmc.child import GcmcChild
from porescope.adsorption.gcmc.plan import SamplingPlan
from porescope.adsorption.gcmc.prepare import job_from_framework, wanted_pairs
from porescope.adsorption.gcmc.sampling import averages, empty_state, sampled
from porescope.adsorption.gcmc.supercell import repeats_for_cutoff
from porescope.io.cif import read_cif
from rows import run_facts

CASES = RESULTS / "argon_zeolites_cases.csv"
SUMMARY = RESULTS / "argon_zeolites.csv"
CACHE = Path.home() / ".cache" / "porescope-benchmarks"
TEMPERATURE, PRESSURE_PA = 87.0, 101_325.0
LADDER = (3.45, 2.65, 2.07, 1.67, 1.4, 1.2)
WAYS: dict[str, tuple[float, tuple[float, ...], int, int]] = {
    "short": (2000.0, LADDER, 200, 200),
    "long": (2000.0, LADDER, 1000, 1000),
    "below": (1400.0, (1.67, 1.4, 1.2), 250, 400),
}
"""Heat of the isostere [K], temperatures over 87 K, cycles at each, cycles at 87 K."""
N_CODES = 46
KEPT_RUNS = ("MFI", "CHA")
SEED = 20


def cases() -> list[dict[str, object]]:
    """The codes of the benchmark in the order in which they run."""
    table = shared_data() / "labels" / "iza_argon_87k.csv"
    folder = unpacked(shared_data() / "structures" / "zeolites_iza.tar.xz", CACHE)
    files = {p.stem: p for p in folder.rglob("iza_experimental/*.cif")}
    usable = []
    for row in csv.DictReader(table.open(newline="")):
        path = files.get(row["code"].lstrip("-*"))
        if path is None or row["partially_disordered"] != "0" or row["finished"] != "True":
            continue
        crystal = read_cif(path)
        silica = 2 * np.sum(crystal.numbers == 14) == np.sum(crystal.numbers == 8)
        if not silica or set(crystal.numbers.tolist()) != {8, 14}:
            continue
        if abs(1e3 * crystal.density / float(row["density_kg_m3"]) - 1.0) > 2e-3:
            continue
        repeats = repeats_for_cutoff(crystal.lattice, cutoff=12.8)
        usable.append(
            {
                "code": row["code"],
                "path": path,
                "n_uc": float(row["n_uc"]),
                "n_uc_error": float(row["n_uc_err"]),
                "mol_kg": float(row["mol_kg"]),
                "reference_cells": row["cells"],
                "reference_cycles": row["cycles"],
                "box_atoms": crystal.n_atoms * int(np.prod(repeats)),
            }
        )
    usable.sort(key=lambda case: case["mol_kg"])
    chosen: dict[str, dict[str, object]] = {}
    for rank in np.linspace(0, len(usable) - 1, N_CODES).round().astype(int):
        near = [usable[i] for i in (rank, rank - 1, rank + 1) if 0 <= i < len(usable)]
        near = [case for case in near if case["code"] not in chosen]
        if near:
            best = min(near, key=lambda case: case["box_atoms"])
            chosen[best["code"]] = best
    spread = sorted(range(len(chosen)), key=lambda i: int(f"{i:08b}"[::-1], 2))
    ordered = [list(chosen.values())[i] for i in spread]
    return [*ordered[:4], *kept_runs(), *ordered[4:]]


def kept_runs() -> list[dict[str, object]]:
    """Runs whose own input and output are kept, and that the table lacks."""
    found = []
    for code in KEPT_RUNS:
        folder = shared_data() / "reference" / "iza_argon_87k" / code
        text = (folder / "raspa_output_trim.txt").read_text(errors="replace")
        value = re.search(r"absolute \[molecules/unit cell\]\s+(\S+) \+/-\s+(\S+)", text)
        per_mass = re.search(r"absolute \[mol/kg framework\]\s+(\S+) \+/-", text)
        cells = re.search(r"UnitCells (\d+) (\d+) (\d+)", (folder / "simulation.input").read_text())
        assert value is not None
        assert per_mass is not None
        assert cells is not None
        found.append(
            {
                "code": code,
                "path": folder / "zeolite.cif",
                "n_uc": float(value[1]),
                "n_uc_error": float(value[2]),
                "mol_kg": float(per_mass[1]),
                "reference_cells": "x".join(cells.groups()),
                "reference_cycles": "100000",
                "box_atoms": 0,
            }
        )
    return found


def run(case: dict[str, object], *, way: str) -> dict[str, object]:
    """One way of filling of one code."""
    start = time.perf_counter()
    path = Path(str(case["path"]))
    crystal = read_cif(path)
    gas = gas_named("Ar", model="IZA")
    framework = framework_from_crystal(crystal, field=field_named("argon in zeolites"))
    job = job_from_framework(framework, gases=[gas])
    cells = int(np.prod(job.repeats))
    heat_k, warmer, rung_cycles, cycles = WAYS[way]
    trace, state = [], empty_state([gas])
    with GcmcChild(job, wanted_pairs=wanted_pairs(framework, [gas])) as child:
        for factor in (*warmer, 1.0):
            gain = np.exp(heat_k / TEMPERATURE * (1.0 - 1.0 / factor))
            plan = SamplingPlan(cycles=cycles if factor == 1.0 else rung_cycles, anneal="never")
            *_, state = sampled(
                child,
                gases=[gas],
                temperature=TEMPERATURE * factor,
                fugacities_pa=[PRESSURE_PA * float(gain)],
                plan=plan,
                state=empty_state([gas], state.positions),
                seed=SEED + int(heat_k),
            )
            trace.append(len(state.positions[0]))
    found = averages(state, temperature=TEMPERATURE, plan=plan)
    mean, error = found.molecules[0].mean / cells, found.molecules[0].error / cells
    reference = float(str(case["n_uc"]))
    return {
        "code": case["code"],
        "way": way,
        "n_uc": round(mean, 4),
        "n_uc_block_error": round(error, 4),
        "reference_n_uc": round(reference, 4),
        "reference_n_uc_error": round(float(str(case["n_uc_error"])), 4),
        "mol_per_kg": round(1e3 * mean / framework.mass_g_per_mol, 4),
        "reference_mol_per_kg": round(float(str(case["mol_kg"])), 4),
        "deviation_percent": round(100.0 * (mean / reference - 1.0), 3) if reference else "",
        "drift": not found.equilibrated,
        "molecules_after_each_temperature": " ".join(map(str, trace[:-1])),
        "cells": "x".join(map(str, job.repeats)),
        "reference_cells": case["reference_cells"],
        "reference_cycles": case["reference_cycles"],
        "cycles": f"{len(warmer)} x {rung_cycles} + {cycles}",
        "field": framework.field.describe(),
        "seconds": round(time.perf_counter() - start, 1),
        "seed": SEED + int(heat_k),
        "data_sha256": sha256(path),
        **run_facts(),
    }


def merged(way: str = "short") -> list[dict[str, object]]:
    """Each code by one way, its half width with the other ways in it."""
    codes: dict[str, dict[str, dict[str, str]]] = {}
    for row in done_rows(CASES):
        codes.setdefault(row["code"], {})[row["way"]] = row
    out: list[dict[str, object]] = []
    for code, ways in codes.items():
        if way not in ways:
            continue
        row = ways[way]
        reference_uc, reference = float(row["reference_n_uc"]), float(row["reference_mol_per_kg"])
        to_mass = reference / reference_uc if reference_uc else 0.0
        mean = float(row["n_uc"])
        others = [0.5 * abs(mean - float(other["n_uc"])) for other in ways.values()]
        out.append(
            {
                "code": code,
                "mean": mean * to_mass,
                "error": max(float(row["n_uc_block_error"]), *others) * to_mass,
                "reference": reference,
                "reference_error": float(row["reference_n_uc_error"]) * to_mass,
                "drift": row["drift"] == "True",
                "seconds": float(row["seconds"]),
            }
        )
    return out


def summarise() -> None:
    """Averages over the rows that there are."""
    rows = merged()
    if len(rows) < 3:
        return
    longer = merged("long")
    also_long = {row["code"] for row in longer}
    tables = {
        "short, all": rows,
        "short, reference error below 3 %": [
            row for row in rows if row["reference_error"] < 0.03 * row["reference"]
        ],
        "short, those with a long run": [row for row in rows if row["code"] in also_long],
        "long": longer,
    }
    out: list[dict[str, object]] = []
    for name, some in tables.items():
        if len(some) < 3:
            continue
        ours, theirs, error, their_error = (
            np.array([row[key] for row in some])
            for key in ("mean", "reference", "error", "reference_error")
        )
        filled = theirs > 0.0
        relative = 100.0 * (ours[filled] / theirs[filled] - 1.0)
        codes = np.array([row["code"] for row in some])[filled]
        residual = np.sum((ours - theirs) ** 2) / np.sum((theirs - theirs.mean()) ** 2)
        worst = np.argsort(-np.abs(relative))[:8]
        inside = np.abs(ours - theirs) <= np.hypot(error, their_error) + 1e-3
        out.append(
            {
                "set": name,
                "n_codes": len(some),
                "n_codes_filled": int(filled.sum()),
                "n_codes_that_drift": sum(bool(row["drift"]) for row in some),
                "r2": round(1.0 - float(residual), 5),
                "mean_absolute_deviation_percent": round(float(np.abs(relative).mean()), 3),
                "mean_signed_deviation_percent": round(float(relative.mean()), 3),
                "median_absolute_deviation_percent": round(float(np.median(np.abs(relative))), 3),
                "mean_absolute_deviation_mol_per_kg": round(float(np.abs(ours - theirs).mean()), 4),
                "mean_signed_deviation_mol_per_kg": round(float((ours - theirs).mean()), 4),
                "within_joint_error": int(inside.sum()),
                "largest": "; ".join(f"{codes[i]} {relative[i]:+.1f} %" for i in worst),
                "seconds": round(sum(float(row["seconds"]) for row in some), 0),
                "seed": SEED,
                "data_sha256": sha256(shared_data() / "labels" / "iza_argon_87k.csv"),
                **run_facts(),
            }
        )
    write_rows(SUMMARY, out)
    for row in out:
        print(row)


def main() -> None:
    """Run what has no row yet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--limit", type=int, default=None, help="most runs to do now")
    parser.add_argument("--only", default="", help="codes, separated by commas")
    parser.add_argument("--way", choices=tuple(WAYS), default="short")
    options = parser.parse_args()
    only = {code for code in options.only.split(",") if code}
    done = {row["code"] for row in done_rows(CASES) if row["way"] == options.way}
    left = [c for c in cases() if c["code"] not in done and (not only or c["code"] in only)]
    for case in left[: options.limit]:
        row = run(case, way=options.way)
        append_row(CASES, row)
        print(
            f"{row['code']:5s} {row['n_uc']:9.3f} ± {row['n_uc_block_error']:.3f}, reference "
            f"{row['reference_n_uc']:9.3f} ± {row['reference_n_uc_error']:.3f} per cell "
            f"({row['deviation_percent']} %), {row['seconds']} s",
            flush=True,
        )
    summarise()


if __name__ == "__main__":
    main()
