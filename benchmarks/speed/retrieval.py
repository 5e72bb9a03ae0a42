"""What the learned space costs on one core: embedding the library, opening it, one query.

    python benchmarks/speed/retrieval.py --weights small

Medians of repeated calls; the library is embedded once, into a folder of its own. Busy machines
are seen at the difference between the wall's clock and the processor's.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from porescope.datasets.library import SHIPPED, Library
from porescope.diffraction.prepare import prepare_pattern
from porescope.diffraction.radiation import radiation_from_name
from porescope.models.shipped import DEFAULT
from porescope.workflows.example import example_pattern_path
from porescope.workflows.library_space import open_space
from porescope.workflows.measured import measured_pattern

sys.path.insert(0, str(Path(__file__).parents[1]))
from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results"
REPEATS = 30


def median_ms(call: Callable[[], object]) -> float:
    """Median wall time of a call [ms], after one that warms up."""
    call()
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - started))
    return float(np.median(times))


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", default=DEFAULT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    copper = radiation_from_name("CuKa")
    prepared = prepare_pattern(measured_pattern(example_pattern_path(), radiation=copper))
    with tempfile.TemporaryDirectory() as folder, Library.open([SHIPPED]) as library:
        place = Path(folder)
        wall, processor = time.perf_counter(), time.process_time()
        space = open_space(library, weights=options.weights, folder=place)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        index = space.index
        size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
        query = index.embed_peaks(prepared.peaks, radiation=copper)
        card = library.cards(library.find("ZIF-8")[:1])[0]
        measured = [
            ("embedding the library, once", wall, "s"),
            ("the same, time of the processor", processor, "s"),
            ("cards embedded in a second of the processor", len(index) / processor, "1/s"),
            ("embeddings on the disk", size / 1e6, "MB"),
            (
                "opening the embedded library",
                median_ms(lambda: open_space(library, weights=options.weights, folder=place)),
                "ms",
            ),
            (
                "embedding a pattern from its peaks",
                median_ms(lambda: index.embed_peaks(prepared.peaks, radiation=copper)),
                "ms",
            ),
            ("embedding a crystal from its lines", median_ms(lambda: index.embed_card(card)), "ms"),
            (
                f"comparing with {len(index)} cards, 20 nearest frameworks",
                median_ms(lambda: index.nearest(query, n=20)),
                "ms",
            ),
        ]
    facts = {"weights": f"{space.card.preset} {space.digest}", **run_facts()}
    with (RESULTS / "speed_retrieval.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=["what", "value", "unit", *facts])
        writer.writeheader()
        for what, value, unit in measured:
            row = {"what": what, "value": f"{value:.4g}", "unit": unit}
            writer.writerow(row | facts)
            print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
