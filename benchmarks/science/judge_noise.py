"""What noise passes: each rung of the judge against frameworks whose atoms are moved at random.

    python benchmarks/science/judge_noise.py --structures FOLDER

Frameworks of QMOF with at most 200 atoms, drawn by seed; every atom but hydrogen is moved the same
way far in a direction of its own, in the primitive cell. A rung that noise passes says nothing.
Writes benchmarks/results/judge_noise.csv.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
import warnings
from pathlib import Path

import numpy as np

from porescope.errors import PorescopeError
from porescope.io.cif import read_cif
from porescope.workflows.judge import Judgement, bare_framework, judge, moved_at_random
from porescope.workflows.structure_match import StructureMatching

sys.path.insert(0, str(Path(__file__).parents[1]))
from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results"
SEED = 20261
DISTANCES = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
RUNGS = ("loose", "standard", "strict", "net", "bare_net", "cell", "pattern")
MOST_ATOMS = 200


def sampled(structures: Path, n: int) -> list[Path]:
    """Files of QMOF in a random order."""
    files = sorted((structures / "qmof").rglob("*.cif"))
    order = np.random.default_rng(SEED).permutation(len(files))
    return [files[i] for i in order[: 4 * n]]


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", type=Path, required=True)
    parser.add_argument("--n", type=int, default=60)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    found: dict[float, list[Judgement]] = {distance: [] for distance in DISTANCES}
    names = []
    with StructureMatching(time_limit=60.0) as matching:
        for path in sampled(options.structures, options.n):
            try:
                crystal = read_cif(path)
            except PorescopeError:
                continue
            if crystal.n_atoms > MOST_ATOMS:
                continue
            truth = bare_framework(crystal)
            names.append(path.stem)
            rng = np.random.default_rng([SEED, len(names)])
            for distance in DISTANCES:
                noise = (
                    truth if not distance else moved_at_random(truth, rng=rng, distance=distance)
                )
                found[distance].append(judge(noise, truth=truth, matching=matching))
            if len(names) == options.n:
                break
    facts = {
        "seed": SEED,
        "data": "qmof",
        "names_sha256": hashlib.sha256("\n".join(names).encode()).hexdigest()[:16],
        **run_facts(),
    }
    rows = []
    for distance, judged in found.items():
        row: dict[str, object] = {"moved_angstrom": distance, "n": len(judged)}
        for rung in RUNGS:
            values = [getattr(j, rung) for j in judged]
            row[rung] = round(float(np.mean([bool(v) for v in values])), 4)
        row["undecided"] = sum(j.loose is None or j.standard is None for j in judged)
        row["rmse"] = round(float(np.nanmean([j.rmse for j in judged])), 4)
        row["seconds"] = round(float(np.mean([j.seconds for j in judged])), 3)
        rows.append(row | facts)
        print({k: v for k, v in row.items() if k not in facts})
    with (RESULTS / "judge_noise.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
