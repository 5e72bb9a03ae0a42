"""Seconds and memory of the search and of a whole solve, on the bundled example.

python benchmarks/speed/search.py
"""

from __future__ import annotations

import csv
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from porescope.datasets.library import Library
from porescope.diffraction.prepare import prepare_pattern
from porescope.diffraction.search import search_cards
from porescope.io.patterns.reader import read_pattern
from porescope.workflows.example import example_pattern_path
from porescope.workflows.identify import SearchSpace
from porescope.workflows.shortlist import reflection_table
from porescope.workflows.solve import solve_pattern

sys.path.insert(0, str(Path(__file__).parents[1]))
from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results" / "speed_search.csv"


def median_seconds(task: Callable[[], object], repeats: int = 5) -> float:
    """Median wall time of a task, compiled and warm."""
    task()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        task()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> int:
    """Measure, print and write the rows."""
    pattern = read_pattern(example_pattern_path())
    prepared = prepare_pattern(pattern)
    limits = float(pattern.two_theta_deg[0]), float(pattern.two_theta_deg[-1])
    with Library.open() as library:
        load = median_seconds(library.peak_table, 3)
        space = SearchSpace(library=library, table=library.peak_table())
        table = reflection_table(space.table, kind="xray")
        prepare = median_seconds(lambda: prepare_pattern(pattern))
        search = median_seconds(
            lambda: search_cards(table, prepared.peaks, two_theta_range_deg=limits)
        )
        whole = median_seconds(lambda: solve_pattern(pattern, library=space), 3)
        cold = median_seconds(lambda: solve_pattern(pattern, library=library), 3)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    rows = [
        ("cards searched", space.table.n_cards, ""),
        ("reading the table of all cards", round(load, 2), "s"),
        ("preparing the pattern", round(prepare, 2), "s"),
        ("search over all cards, every cell breathing", round(search, 2), "s"),
        ("solve with 20 fits, cards in memory", round(whole, 2), "s"),
        ("solve with 20 fits, library opened anew", round(cold, 2), "s"),
        ("largest memory of the process", round(peak_mb), "MB"),
    ]
    facts = run_facts()
    with RESULTS.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=["what", "value", "unit", *facts])
        writer.writeheader()
        for what, value, unit in rows:
            writer.writerow({"what": what, "value": value, "unit": unit} | facts)
            print(f"{what:45s} {value} {unit}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
