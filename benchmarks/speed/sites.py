"""Predictions per second of ``sites`` beside ``x3mat`` on the same crystals, in one run.

    python benchmarks/speed/sites.py --structures FOLDER

Both as they come for an uptake: a window of 6 Å, ``sites`` with the probe's energies, ``x3mat``
with a window every 2 Å, all of them, as published. What they have learned does not matter for the
time, so that their weights are random. From the crystal to the value, on one core, after one call
that warms up. The last row is a cell of 2304 atoms without symmetry, in a process of its own: its
time, and the most memory that the process ever held, imports included.

Writes benchmarks/results/sites_speed.csv.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks" / "science"))
from benchmarks.rows import run_facts  # noqa: E402
from site_maps import crystal_named  # noqa: E402

from porescope.crystal.structure import Crystal  # noqa: E402
from porescope.datasets.property_set import Target  # noqa: E402
from porescope.models.checkpoint import Card  # noqa: E402
from porescope.models.registry import build_model, config_from_dict, preset_named  # noqa: E402
from porescope.workflows.predict import predict  # noqa: E402
from porescope.workflows.predict_models import PropertyModels  # noqa: E402
from porescope.workflows.train_property import settings_for  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "sites_speed.csv"
TARGET = Target(name="uptake_mol_per_kg", unit="mol/kg")
NAMES = ("LTA", "ASV", "CHA", "MFI", "HKUST-1", "MOF-74", "UiO-66")
LARGE = ("MFI", (2, 2, 2))


def models_of(name: str) -> PropertyModels:
    """A preset with random weights."""
    preset = preset_named(name)
    config = config_from_dict(preset, settings_for(preset, (TARGET,)))
    torch.manual_seed(0)
    card = Card(
        preset=name,
        preset_version=preset.version,
        config={},
        package_version="",
        data_hash="",
        split="",
        metrics={},
        licence="",
        hardware="",
        created="",
    )
    member = build_model(preset, config=config).eval()
    return PropertyModels(
        name=name, members=(member,), card=card, targets=(TARGET,), calibration=None
    )


def timed(models: PropertyModels, crystal: Crystal) -> tuple[float, int]:
    """Seconds of one prediction, and places looked at."""
    begin = time.perf_counter()
    found = predict(crystal, model=models)
    return time.perf_counter() - begin, found.n_places


def warming(structures: Path) -> Crystal:
    """A small crystal that is not timed; what is kept of it serves no other."""
    crystal = crystal_named("ASV", structures=structures)
    return crystal.with_lattice(1.001 * crystal.lattice)


def large(structures: Path) -> tuple[int, float, float]:
    """Atoms and seconds of a large cell, and the most memory that the process held [MB]."""
    torch.set_num_threads(1)
    name, times = LARGE
    crystal = crystal_named(name, structures=structures).without_symmetry().supercell(times)
    moved = crystal.frac + np.random.default_rng(0).normal(0.0, 1e-3, crystal.frac.shape)
    crystal = replace(crystal, frac=moved)
    models = models_of("sites")
    timed(models, warming(structures))
    seconds, _ = timed(models, crystal)
    return crystal.n_atoms, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--structures", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    models = {name: models_of(name) for name in ("sites", "x3mat")}
    crystals = {name: crystal_named(name, structures=args.structures) for name in NAMES}
    for one in models.values():
        timed(one, warming(args.structures))
    rows, total = [], dict.fromkeys(models, 0.0)
    for name, crystal in crystals.items():
        row: dict[str, object] = {"structure": name, "n_atoms": crystal.n_atoms}
        for preset, one in models.items():
            seconds, places = timed(one, crystal)
            total[preset] += seconds
            row |= {f"{preset}_s": f"{seconds:.4f}", f"{preset}_places": places}
        row["ratio"] = f"{float(str(row['x3mat_s'])) / float(str(row['sites_s'])):.1f}"
        rows.append({**row, "memory_mb": "", **run_facts()})
        print(row, flush=True)
    whole = {f"{preset}_s": f"{seconds:.4f}" for preset, seconds in total.items()}
    ratio = f"{total['x3mat'] / total['sites']:.1f}"
    rows.append({**dict.fromkeys(rows[0], ""), "structure": "all", **whole, "ratio": ratio})
    rows[-1] |= run_facts()
    print(rows[-1])
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        n_atoms, seconds, memory = pool.submit(large, args.structures).result()
    about = {"structure": f"{LARGE[0]} 2×2×2, no symmetry", "n_atoms": n_atoms}
    about |= {"sites_s": f"{seconds:.4f}", "memory_mb": f"{memory:.0f}"}
    rows.append({**dict.fromkeys(rows[0], ""), **about, **run_facts()})
    print(rows[-1])
    with RESULTS.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
