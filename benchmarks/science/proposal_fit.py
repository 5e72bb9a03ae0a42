"""Do fitted building blocks bring a framework nearer to the truth?

    python benchmarks/science/proposal_fit.py --structures FOLDER

Held-out frameworks with one kind of linker and at most 200 atoms; the pattern is corrupted, every
axis of the true cell changed by its own amount. The framework is taken apart, its linkers are
turned about their long axes by up to 40°, all pieces are moved by some tenths of an ångström along
what the symmetry allows, and the cell is changed by up to 2 %. Judged are the framework whose cell
alone was fitted, and the one whose blocks were fitted too.
Writes benchmarks/results/proposal_fit.csv and proposal_fit_cases.csv.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from porescope.crystal.symmetry import find_symmetry
from porescope.diffraction.corrupt import CorruptionConfig, corrupt_pattern
from porescope.diffraction.prepare import prepare_pattern
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import PorescopeError
from porescope.io.cif import read_cif
from porescope.reticular.assembly import Assembly, crystal_of_assembly
from porescope.reticular.taking_apart.framework import take_apart
from porescope.workflows.candidate_fits import fit_task
from porescope.workflows.judge import judge
from porescope.workflows.proposal_fit import (
    ProposalFitConfig,
    fit_proposal,
    in_cell,
    linker_twists,
)
from porescope.workflows.proposal_motion import Motion, moved_pieces, symmetric_motion
from porescope.workflows.structure_match import StructureMatching

sys.path.insert(0, str(Path(__file__).parents[1]))
from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results"
LIST = Path(__file__).with_name("solve_held_out_list.csv")
FOLDERS = {"qmof": "qmof", "core-mof-2019": "core_mof_2019"}
SEED = 20263
CORRUPTION = CorruptionConfig(cell_isotropic=0.0, cell_axis=0.015)
TWIST_DEG = 40.0
SHIFT = 0.15
STRAIN = 0.02
RUNGS = ("standard", "strict", "net", "cell", "pattern")


def disturbed(assembly: Assembly, motion: Motion, *, rng: np.random.Generator) -> Assembly:
    """The pieces turned and moved along what the symmetry allows, the cell scaled."""
    for twist in linker_twists(assembly, motion):
        angle = np.deg2rad(rng.uniform(-TWIST_DEG, TWIST_DEG))
        assembly = moved_pieces(assembly, motion, angle * twist)
    centres = [assembly.piece_positions(i).mean(axis=0) for i in range(assembly.n_pieces)]
    motion = replace(motion, centres=np.array(centres))
    assembly = moved_pieces(assembly, motion, rng.normal(0.0, SHIFT, motion.n_modes))
    return in_cell(assembly, assembly.lattice * (1.0 + rng.uniform(-STRAIN, STRAIN)))


def run_case(row: dict[str, str], *, structures: Path, config: ProposalFitConfig) -> dict | None:
    """One framework."""
    warnings.simplefilter("ignore")
    rng = np.random.default_rng([SEED, int(row["number"])])
    path = next((structures / FOLDERS[row["source"]]).rglob(row["id"] + ".cif"))
    whole = take_apart(read_cif(path), name_net=False).assembly
    truth = find_symmetry(crystal_of_assembly(whole), symprec=0.05)
    radiation = radiation_from_name(CORRUPTION.radiation)
    pattern = corrupt_pattern(
        reflections_of(truth, d_min=CORRUPTION.d_min, radiation=radiation),
        lattice=truth.lattice,
        rng=rng,
        config=CORRUPTION,
        space_group=truth.space_group,
        name=row["id"],
    )
    cell = np.array(pattern.metadata["lattice"].split(), dtype=np.float64).reshape(3, 3)
    prepared = prepare_pattern(pattern)
    if prepared.peaks.n_peaks < 4:
        return None
    task = fit_task(
        prepared.pattern,
        background=prepared.background,
        sigma=prepared.sigma,
        fwhm_deg=float(np.median(prepared.peaks.fwhm_deg)),
    )
    start = disturbed(whole, symmetric_motion(whole, truth), rng=rng)
    begin = time.process_time()
    try:
        found = fit_proposal(start, task=task, config=config)
    except PorescopeError as error:
        return {"id": row["id"], "status": str(error)}
    case: dict[str, object] = {
        "id": row["id"],
        "status": "ok",
        "atoms": whole.n_atoms,
        "modes": found.n_modes,
        "accepted": found.accepted,
        "reason": found.reason,
        "cpu_seconds": round(time.process_time() - begin, 2),
        "rwp_before": round(found.start_fit.rwp, 4),
        "rwp_after": round(found.fit.rwp, 4),
    }
    before = crystal_of_assembly(in_cell(start, found.start_fit.phases[0].lattice))
    with StructureMatching(time_limit=60.0) as matching:
        for word, crystal in (("before", before), ("after", found.crystal)):
            judged = judge(
                crystal, truth=replace(truth.without_symmetry(), lattice=cell), matching=matching
            )
            case[f"rmse_{word}"] = round(judged.rmse, 4)
            case |= {f"{rung}_{word}": getattr(judged, rung) for rung in RUNGS}
    return case


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", type=Path, required=True)
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--energy", type=float, default=ProposalFitConfig().energy_per_piece)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    with LIST.open(newline="", encoding="utf-8") as stream:
        rows = [r for r in csv.DictReader(stream) if r["kinds"] == "1" and int(r["atoms"]) <= 200]
    rows = [r | {"number": str(i)} for i, r in enumerate(rows[: options.n])]
    config = ProposalFitConfig(energy_per_piece=options.energy)
    with ProcessPoolExecutor(options.jobs) as pool:
        work = partial(run_case, structures=options.structures, config=config)
        cases = []
        for case in pool.map(work, rows):
            if case is not None:
                cases.append(case)
                if options.show:
                    print(*case.values(), flush=True)
    good = [c for c in cases if c["status"] == "ok"]
    both = [c for c in good if c["rmse_before"] == c["rmse_before"] == c["rmse_before"]]
    both = [c for c in both if c["rmse_after"] == c["rmse_after"]]
    row: dict[str, object] = {
        "n": len(cases),
        "fitted": len(good),
        "accepted": sum(c["accepted"] for c in good),
        "nearer": sum(c["rmse_after"] < c["rmse_before"] - 1e-4 for c in both),
        "farther": sum(c["rmse_after"] > c["rmse_before"] + 1e-4 for c in both),
    }
    for word in ("before", "after"):
        row[f"rmse_{word}"] = round(float(np.mean([c[f"rmse_{word}"] for c in both])), 4)
        row[f"rwp_{word}"] = round(float(np.mean([c[f"rwp_{word}"] for c in good])), 4)
        for rung in RUNGS:
            row[f"{rung}_{word}"] = sum(bool(c[f"{rung}_{word}"]) for c in good)
    row["cpu_seconds"] = round(float(np.mean([c["cpu_seconds"] for c in good])), 2)
    row["cpu_seconds_longest"] = max(c["cpu_seconds"] for c in good)
    print(row)
    facts = {"seed": SEED, "energy_per_piece": options.energy, **run_facts()}
    for name, table in (("proposal_fit", [row | facts]), ("proposal_fit_cases", cases)):
        with (RESULTS / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(max(table, key=len)))
            writer.writeheader()
            writer.writerows(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
