"""Henry coefficient of methane in 200 zeolites: ours against RASPA3 at equal standard error.

    python benchmarks/speed/henry_zeolites.py --cycles 300

For each framework RASPA3 inserts for a fixed number of cycles on one core and says its standard
error; ours then refines its grid on one core until its own error is no larger. Both times hold the
whole calculation of a structure in memory, in seconds of the processor, and neither holds imports
or the reading of files. The value of a fine grid (0.1 Å) stands beside them as what both should
find.

Writes one row to benchmarks/results/speed_henry.csv and one row a framework to
benchmarks/results/speed_henry_cases.csv.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from porescope.adsorption.atom_typing import framework_from_crystal
from porescope.adsorption.energy_grid import lennard_jones_grid
from porescope.adsorption.fields import field_named
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.gases import gas_named
from porescope.adsorption.gcmc.supercell import repeats_for_cutoff
from porescope.adsorption.quadrature import henry_by_quadrature
from porescope.io.cif import crystal_from_cif_text
from rows import run_facts

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
TEMPERATURE = 300.0


def zeolites(archive: Path, count: int) -> list[tuple[str, str]]:
    """Code and CIF text of the first frameworks by their code."""
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = Path(member.name).parts
            if (
                member.isfile()
                and parts[-2:-1] == ("iza_experimental",)
                and member.name.endswith(".cif")
            ):
                handle = tar.extractfile(member)
                assert handle is not None
                found[Path(member.name).stem] = handle.read().decode("utf-8", "replace")
    return sorted(found.items())[:count]


def job_of(framework: Framework, gas: Gas, *, cycles: int, seed: int) -> dict:
    """What the child process needs."""
    crystal, field = framework.crystal, framework.field
    cells = list(repeats_for_cutoff(crystal.lattice, cutoff=field.cutoff))
    used = np.unique(framework.type_index)
    rows = {int(kind): row for row, kind in enumerate(used)}
    bead = gas.beads[0]
    return {
        "gas": {
            "name": gas.name,
            "mass": bead.mass,
            "epsilon_k": bead.epsilon_k,
            "sigma": bead.sigma,
        },
        "types": [
            {
                "name": field.types[kind].name,
                "mass": 28.0,
                "epsilon_k": field.types[kind].epsilon_k,
                "sigma": field.types[kind].sigma,
            }
            for kind in used
        ],
        "type_index": [rows[int(kind)] for kind in framework.type_index],
        "frac": crystal.frac.tolist(),
        "parameters": crystal.parameters.tolist(),
        "cells": cells,
        "cutoff": field.cutoff,
        "shifted": field.truncation == "shifted",
        "temperature": TEMPERATURE,
        "cycles": cycles,
        "seed": seed,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--cycles", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    archive = options.archive or ROOT.parent / "shared/data/structures/zeolites_iza.tar.xz"
    field = field_named("TraPPE-zeo").with_options(
        cutoff=12.0, truncation="shifted", tail_correction=False
    )
    gas = gas_named("CH4")
    child = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("raspa_widom.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    cases, skipped = [], []
    for code, text in zeolites(archive, options.n + 40):
        if len(cases) == options.n:
            break
        crystal = crystal_from_cif_text(text, name=code)
        if set(crystal.elements) != {"O", "Si"}:
            skipped.append(code)
            continue
        framework = framework_from_crystal(crystal, field=field, charges="none")
        job = job_of(framework, gas, cycles=options.cycles, seed=options.seed)
        child.stdin.write(json.dumps(job) + "\n")
        child.stdin.flush()
        theirs = json.loads(child.stdout.readline())
        wanted = theirs["error"] / theirs["mean"] if theirs["mean"] > 0.0 else 0.5
        wanted = min(max(wanted, 1e-4), 0.5)
        run = partial(
            henry_by_quadrature,
            framework,
            gas=gas,
            temperature=TEMPERATURE,
            seed=options.seed,
            wanted_error=wanted,
        )
        if not cases:
            run()  # loads the compiled kernels
        started = time.process_time()
        ours = run()
        seconds = time.process_time() - started
        fine = lennard_jones_grid(framework, gas, spacing=0.1)
        truth = float(np.exp(-fine.energy_k / TEMPERATURE).mean())
        cases.append(
            {
                "code": code,
                "n_atoms": crystal.n_atoms,
                "fine_grid": truth,
                "raspa3": theirs["mean"],
                "raspa3_error": theirs["error"],
                "raspa3_s": theirs["seconds"],
                "ours": ours.boltzmann_mean,
                "ours_error": ours.boltzmann_error,
                "ours_s": seconds,
                "ours_points": ours.n_samples,
                "ratio": theirs["seconds"] / seconds,
            }
        )
        print(code, f"{cases[-1]['ratio']:.0f}x", flush=True)
    child.stdin.close()
    write(cases, skipped, archive, options)


def write(cases: list[dict], skipped: list[str], archive: Path, options: argparse.Namespace):
    """The rows of the cases and of the whole."""
    table = {key: np.array([case[key] for case in cases]) for key in cases[0] if key != "code"}
    open_pores = table["fine_grid"] > 1e-3
    truth, claimed = table["fine_grid"], table["ours_error"]
    off = np.abs(table["ours"] - truth)
    scatter = table["raspa3_error"] / table["raspa3"]
    z_raspa = (table["raspa3"] - truth) / np.maximum(table["raspa3_error"], 1e-300)
    row = {
        **run_facts(),
        "n_frameworks": len(cases),
        "n_skipped_not_silica": len(skipped),
        "raspa3_cycles": options.cycles,
        "seed": options.seed,
        "data_sha256": hashlib.sha256(archive.read_bytes()).hexdigest()[:16],
        "raspa3_s": f"{table['raspa3_s'].sum():.2f}",
        "ours_s": f"{table['ours_s'].sum():.3f}",
        "ratio_of_totals": f"{table['raspa3_s'].sum() / table['ours_s'].sum():.1f}",
        "ratio_median": f"{np.median(table['ratio']):.1f}",
        "ratio_smallest": f"{table['ratio'].min():.1f}",
        "raspa3_median_relative_error": f"{np.median(scatter[open_pores]):.4f}",
        "ours_median_true_error": f"{np.median((off / truth)[open_pores]):.5f}",
        "ours_within_two_errors": f"{np.mean((off <= 2.0 * claimed)[open_pores]):.3f}",
        "raspa3_within_two_errors": f"{np.mean(np.abs(z_raspa[open_pores]) <= 2.776):.3f}",
    }
    for name, rows in (("speed_henry.csv", [row]), ("speed_henry_cases.csv", cases)):
        with (RESULTS / name).open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    print(json.dumps(row, indent=1))


if __name__ == "__main__":
    main()
