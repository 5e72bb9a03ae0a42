"""Pore geometry and methane's Henry coefficient of 1 000 CoRE MOFs on two cores.

    python benchmarks/speed/screen_core_mofs.py --jobs 2

Structures are drawn by seed from CoRE MOF 2019 and screened as a user would: one row a file,
failures too. Reading, typing, Zeo++ and quadrature (UFF, 298 K, standard error 5 %) are all in the
time.

Writes one row to benchmarks/results/speed_screen.csv, and one row for each range of sizes to
benchmarks/results/speed_screen_sizes.csv: the cost as cells grow.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import random
import resource
import sys
import tarfile
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from porescope.adsorption.state_point import StatePoint
from porescope.workflows.screen import screen
from rows import run_facts

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
EDGES = (0, 100, 200, 400, 800, 1600, 20_000)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    archive = options.archive or ROOT.parent / "shared/data/structures/core_mof_2019.tar.xz"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = unpack(archive, folder / "cifs", n=options.n, seed=options.seed)
        started = time.perf_counter()
        report = screen(
            folder / "cifs",
            out=folder / "out",
            tasks=("geometry", "henry"),
            gases=("CH4",),
            states=(StatePoint(temperature=298.0, pressure_pa=1e5),),
            jobs=options.jobs,
        )
        seconds = time.perf_counter() - started
    rows = report.rows
    counts = {status: report.count(status) for status in ("ok", "partial", "failed")}
    for row in rows:
        if row["status"] != "ok":
            print(row["name"], row["status"], row["message"])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    write(
        "speed_screen.csv",
        [
            {
                **run_facts(),
                "n_structures": len(rows),
                "jobs": options.jobs,
                "seed": options.seed,
                "list_sha256": hashlib.sha256("\n".join(names).encode()).hexdigest()[:16],
                **{f"n_{status}": count for status, count in counts.items()},
                "minutes": f"{seconds / 60:.2f}",
                "seconds_per_structure": f"{seconds / len(rows):.3f}",
                "largest_process_mb": f"{peak:.0f}",
            }
        ],
    )
    sizes = []
    n_atoms = np.array([row["n_atoms"] or 0 for row in rows])
    spent = np.array([row["seconds"] for row in rows])
    for low, high in pairwise(EDGES):
        inside = spent[(n_atoms > low) & (n_atoms <= high)]
        if len(inside):
            sizes.append(
                {
                    "atoms_above": low,
                    "atoms_up_to": high,
                    "n": len(inside),
                    "median_s": f"{np.median(inside):.2f}",
                    "p95_s": f"{np.percentile(inside, 95):.2f}",
                }
            )
    write("speed_screen_sizes.csv", sizes)


def unpack(archive: Path, folder: Path, *, n: int, seed: int) -> list[str]:
    """Write the drawn CIFs to a folder, and say which they are."""
    folder.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        members = {m.name: m for m in tar if m.isfile() and m.name.endswith(".cif")}
        drawn = sorted(random.Random(seed).sample(sorted(members), n))
        for name in drawn:
            handle = tar.extractfile(members[name])
            assert handle is not None
            (folder / Path(name).name).write_bytes(handle.read())
    return drawn


def write(name: str, rows: list[dict]) -> None:
    """Write rows as CSV, and say them."""
    with (RESULTS / name).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
