"""Speed and size of the library: loading all reflections, and a synthetic one of any size.

Run from the root of the repository::

    python benchmarks/speed/library.py [--synthetic 1000000]

One row for each run is added to ``benchmarks/results/speed_library.csv``.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from porescope.datasets.cards import PowderCard
from porescope.datasets.library import SHIPPED, Library
from porescope.datasets.store import CardStore, Source

ROOT = Path(__file__).parents[2]
COLUMNS = (
    "commit",
    "date",
    "hardware",
    "library",
    "cards",
    "reflections",
    "megabytes",
    "load_all_s",
    "load_all_cpu_s",
    "load_by_elements_s",
    "stream_s",
    "find_ms",
)


def synthetic(path: Path, n_cards: int) -> None:
    """A library of random cards, with as many reflections as real ones have."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.arange(-6, 7)] * 3, indexing="ij"), -1).reshape(-1, 3)
    symbols = np.array(["H", "C", "N", "O", "Al", "Si", "Co", "Cu", "Zn", "Zr", "Gd", "La"])
    with CardStore(path, writable=True) as store:
        store.add_source(Source(name="synthetic"))
        batch: list[PowderCard] = []
        for i in range(n_cards):
            n_peaks = int(rng.integers(100, 350))
            a, b, c = (10.0 + 10.0 * rng.random(3)).tolist()
            batch.append(
                PowderCard(
                    id=f"card-{i}",
                    source="synthetic",
                    formula="C",
                    elements=tuple(rng.choice(symbols, 4, replace=False).tolist()),
                    density=1.0,
                    cell=(a, b, c, 90.0, 95.0, 90.0),
                    n_atoms=100,
                    content_hash=i.to_bytes(12, "big"),
                    hkl=grid[rng.choice(len(grid), n_peaks, replace=False)],
                    intensity_xray=np.exp(rng.normal(0.0, 1.8, n_peaks)),
                    intensity_neutron=np.exp(rng.normal(0.0, 1.3, n_peaks)),
                )
            )
            if len(batch) == 512:
                store.add(batch, source="synthetic")
                batch = []
        store.add(batch, source="synthetic")
        store.finish()


def measured(path: Path, *, repeats: int = 5) -> dict[str, object]:
    """Timings of one library file; the best of several runs."""
    row: dict[str, object] = {"library": path.name}
    with Library.open([path]) as library:
        row["cards"] = library.n_cards
        row["megabytes"] = round(path.stat().st_size / 1e6, 1)
        best = {"load": np.inf, "cpu": np.inf, "elements": np.inf, "stream": np.inf}
        whole = library.n_cards <= 200_000
        for _ in range(repeats if whole else 2):
            if whole:
                cpu, start = time.process_time(), time.perf_counter()
                table = library.peak_table()
                best["load"] = min(best["load"], time.perf_counter() - start)
                best["cpu"] = min(best["cpu"], time.process_time() - cpu)
                row["reflections"] = len(table.hkl)
                del table
            start = time.perf_counter()
            library.peak_table(contains=["Zn"], only=["Zn", "C", "H", "N", "O"])
            best["elements"] = min(best["elements"], time.perf_counter() - start)
            start = time.perf_counter()
            total = sum(len(piece.hkl) for piece in library.peak_tables())
            best["stream"] = min(best["stream"], time.perf_counter() - start)
            row["reflections"] = total
        start = time.perf_counter()
        library.find("card-17")
        row["find_ms"] = round(1e3 * (time.perf_counter() - start), 3)
    row["load_all_s"] = round(best["load"], 3) if whole else ""
    row["load_all_cpu_s"] = round(best["cpu"], 3) if whole else ""
    row["load_by_elements_s"] = round(best["elements"], 3)
    row["stream_s"] = round(best["stream"], 3)
    return row


def main() -> None:
    """Measure, print, and add rows to the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--synthetic", type=int, nargs="*", default=[])
    parser.add_argument("--library", type=Path, default=SHIPPED)
    options = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    base = {
        "commit": commit,
        "date": datetime.date.today().isoformat(),
        "hardware": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    rows = [base | measured(options.library)]
    for n_cards in options.synthetic:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"synthetic-{n_cards}.sqlite"
            synthetic(path, n_cards)
            rows.append(base | measured(path))
    out = ROOT / "benchmarks" / "results" / "speed_library.csv"
    fresh = not out.is_file()
    with out.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if fresh:
            writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        sys.stdout.write(", ".join(f"{k} {row[k]}" for k in COLUMNS[3:]) + "\n")


if __name__ == "__main__":
    main()
