"""Charges by EQeq against those in CRAFTED's files.

    python benchmarks/science/eqeq_crafted.py

Every structure of CRAFTED with EQeq charges up to 400 atoms. The files are from the program of the
method's authors, which cuts its sums off at a block of 5 x 5 x 5 cells; ours are computed twice,
with those sums and with converged ones. Writes one row a structure to
benchmarks/results/eqeq_crafted.csv.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sys
import tarfile
import time
from pathlib import Path

import numpy as np

from porescope.adsorption.charge_equilibration import EqeqOptions, eqeq_charges
from porescope.errors import PorescopeError
from porescope.io.cif import crystal_from_cif_text

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from rows import run_facts  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "eqeq_crafted.csv"
MOST_ATOMS = 400
COLUMNS = (
    "structure", "status", "n_atoms", "volume",
    "published_mean_deviation", "published_largest_deviation", "published_correlation",
    "converged_mean_deviation", "converged_largest_deviation", "converged_correlation",
    "published_seconds", "converged_seconds", "commit", "date", "hardware", "data_hash",
)  # fmt: skip


def archive() -> Path:
    """The archive of CRAFTED: in the folder that the environment names, or beside the checkout."""
    named = os.environ.get("PORESCOPE_SHARED")
    folder = Path(named) if named else ROOT.parent / "shared"
    return folder / "data" / "structures" / "crafted_cif_and_isotherms.tar.xz"


def compared(name: str, text: str) -> dict[str, object] | None:
    """Row of one structure; None where it is too large."""
    crystal = crystal_from_cif_text(text, name=name)
    if crystal.n_atoms > MOST_ATOMS or crystal.charges is None:
        return None
    row: dict[str, object] = {
        "structure": name,
        "n_atoms": crystal.n_atoms,
        "volume": f"{crystal.volume:.1f}",
    }
    for way, cells in (("published", 2), ("converged", None)):
        start = time.perf_counter()
        try:
            charges = eqeq_charges(crystal, options=EqeqOptions(published_cells=cells))
        except PorescopeError as error:
            return row | {"status": str(error)}
        row[f"{way}_seconds"] = f"{time.perf_counter() - start:.3f}"
        deviation = np.abs(charges - crystal.charges)
        row[f"{way}_mean_deviation"] = f"{deviation.mean():.5f}"
        row[f"{way}_largest_deviation"] = f"{deviation.max():.5f}"
        correlation = np.corrcoef(charges, crystal.charges)[0, 1]
        row[f"{way}_correlation"] = f"{correlation:.6f}"
    return row | {"status": "ok"}


def main() -> None:
    """Compare all structures and write the rows."""
    path = archive()
    facts = run_facts() | {"data_hash": hashlib.sha256(path.read_bytes()).hexdigest()[:12]}
    rows = []
    with tarfile.open(path, mode="r|*") as tar:
        for member in tar:
            if Path(member.name).parent.name != "EQeq" or not member.name.endswith(".cif"):
                continue
            file = tar.extractfile(member)
            if file is None:
                continue
            row = compared(Path(member.name).stem, file.read().decode("utf-8", "replace"))
            if row is not None:
                rows.append(row | facts)
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda each: str(each["structure"])))
    for way in ("published", "converged"):
        done = [row for row in rows if row["status"] == "ok"]
        mean = np.array([float(str(row[f"{way}_mean_deviation"])) for row in done])
        correlation = np.array([float(str(row[f"{way}_correlation"])) for row in done])
        print(
            f"{way}: {len(done)} of {len(rows)} structures, mean deviation: median "
            f"{np.median(mean):.4f}, mean {mean.mean():.4f}, largest {mean.max():.4f} e; "
            f"correlation: median {np.median(correlation):.5f}, least {correlation.min():.4f}"
        )


if __name__ == "__main__":
    main()
