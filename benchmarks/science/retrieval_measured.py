"""Rank of the truth for each measured pattern of a porous framework, in the retrieval space.

    python benchmarks/science/retrieval_measured.py --checkpoint runs/small/best --shared ../shared

The haystack is every card; the truth is any card that carries one of the right names. Ranks count
frameworks. Each pattern is asked for with nothing known, with its elements told to the model, and
with the cards of other elements left out besides.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from pathlib import Path

import gemmi
import numpy as np

from porescope.datasets.library import SHIPPED, Library
from porescope.diffraction.prepare import prepare_pattern
from porescope.diffraction.radiation import radiation_from_name
from porescope.io.patterns.reader import read_pattern
from porescope.workflows.retrieval import (
    RetrievalIndex,
    elements_allowed,
    embed_library,
    file_digest,
    open_index,
)

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from identify_measured import POROUS, is_right

from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results"


def rank_of_right(
    index: RetrievalIndex,
    query: np.ndarray,
    right: np.ndarray,
    *,
    allowed: np.ndarray | None = None,
) -> tuple[int, int]:
    """Rank of the best right framework (0 if none may be named), and the row of the first."""
    found = index.nearest(query, n=len(index), allowed=allowed)
    codes = set(index.frameworks[right].tolist())
    for rank, hit in enumerate(found, start=1):
        if int(index.frameworks[hit.row]) in codes:
            return rank, found[0].row
    return 0, found[0].row


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--shared", type=Path, required=True)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    weights = options.checkpoint.with_suffix(".safetensors")
    facts = {"weights": file_digest(weights), **run_facts()}
    rows = []
    with Library.open([SHIPPED]) as library:
        path = RESULTS / "work" / f"retrieval_index_{facts['weights']}"
        if not path.with_suffix(".json").is_file():
            embed_library(library, checkpoint=weights, out=path)
        index = open_index(path, library=library, checkpoint=weights)
        entries = {entry.number: entry for entry in library.entries()}
        cards = [entries[int(number)] for number in index.numbers]
        table = library.peak_table(threads=1)
        place = np.searchsorted(table.ids, index.numbers)
        for folder, file, lacking, symbols, names in POROUS:
            right = np.array([is_right(card.name, card.id, names) for card in cards])
            pattern = read_pattern(
                options.shared / "data" / "measured" / "porous" / folder / file,
                radiation=radiation_from_name(lacking) if lacking else None,
            )
            assert pattern.radiation is not None
            peaks = prepare_pattern(pattern).peaks
            numbers = [gemmi.Element(symbol).atomic_number for symbol in symbols]
            allowed = elements_allowed(table, numbers)[place]
            for known in ("none", "told", "told, others left out"):
                started = time.perf_counter()
                query = index.embed_peaks(
                    peaks,
                    radiation=pattern.radiation,
                    elements=None if known == "none" else numbers,
                )
                index.nearest(query)
                seconds = time.perf_counter() - started
                rank, first = rank_of_right(
                    index, query, right, allowed=allowed if "left out" in known else None
                )
                rows.append(
                    {
                        "pattern": folder,
                        "elements": known,
                        "rank_of_right": rank,
                        "first": cards[first].name or cards[first].id,
                        "n_peaks": peaks.n_peaks,
                        "ms_a_query": round(1e3 * seconds, 2),
                        **facts,
                    }
                )
                print(rows[-1], flush=True)
    with (RESULTS / "retrieval_measured.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
