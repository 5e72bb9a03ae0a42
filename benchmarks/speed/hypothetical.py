"""How many hypothetical frameworks an hour are made, both routes, two processes.

    python benchmarks/speed/hypothetical.py --number 600

Writes a row to benchmarks/results/speed_hypothetical.csv.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from pathlib import Path

from porescope.workflows.hypothetical import HypotheticalConfig, make_hypothetical

sys.path.insert(0, str(Path(__file__).parents[1]))
from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results" / "speed_hypothetical.csv"


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=600)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = make_hypothetical(
            Path(folder) / "made.store", config=HypotheticalConfig(number=options.number)
        )
    row = {
        "n_made": report.n_added,
        "n_tried": report.counts.get("tried", 0),
        "seconds": round(report.seconds, 1),
        "per_hour": round(3600.0 * report.n_added / report.seconds),
        "processes": HypotheticalConfig().processes,
        "seed": 0,
        **run_facts(),
    }
    with RESULTS.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(row))
        writer.writeheader()
        writer.writerow(row)
    print(row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
