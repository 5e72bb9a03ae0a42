"""What is in the archives, the tables of labels and the splits: the numbers of the data cards.

    python benchmarks/science/data_cards.py --data FOLDER

FOLDER holds ``structures`` and ``labels``. Rows go to ``benchmarks/results/data_archives.csv``,
``data_labels.csv`` and ``data_splits.csv``; each run replaces them.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import numpy as np

from porescope.datasets.archives.collections import COLLECTIONS
from porescope.datasets.archives.members import archive_path
from porescope.datasets.archives.reading import read_archive
from porescope.datasets.labels.mofs import (
    core_co2_ch4,
    core_mof_geometry,
    core_n2,
    hmof_gas_uptake,
    qmof_band_gap,
)
from porescope.datasets.labels.table import LabelTable, joined
from porescope.datasets.labels.zeolites import iza_argon, iza_hydrogen
from porescope.datasets.splits import bytes_from_split, frozen_names, frozen_split

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.rows import run_facts  # noqa: E402

TABLES: tuple[Callable[[Path], LabelTable], ...] = (
    qmof_band_gap,
    core_mof_geometry,
    core_n2,
    core_co2_ch4,
    hmof_gas_uptake,
    iza_argon,
    iza_hydrogen,
)


def archives(folder: Path) -> tuple[list[dict[str, object]], dict[str, list[str]]]:
    """One row for each archive, and the identifiers of its structures."""
    rows, ids = [], {}
    for name, collection in COLLECTIONS.items():
        sizes, charged, unreadable, seen = [], 0, 0, []
        for item in read_archive(folder, name, arrays=False):
            if item.crystal is None:
                unreadable += 1
                continue
            sizes.append(item.crystal.n_atoms)
            charged += item.crystal.charges is not None
            if item.variant in ("", "ddec"):
                seen.append(item.id)
        ids[name] = seen
        path = archive_path(folder, collection.archive)
        digest = blake2b(path.read_bytes(), digest_size=8).hexdigest() if path.is_file() else ""
        rows.append(
            {
                "collection": name,
                "archive": collection.archive,
                "licence": collection.source.licence,
                "doi": collection.source.doi,
                "files": len(sizes) + unreadable,
                "unreadable": unreadable,
                "structures": len(set(seen)),
                "with_charges": charged or len(sizes) * bool(collection.charge_column),
                "atoms_median": int(np.median(sizes)),
                "atoms_largest": max(sizes),
                "hash": digest,
            }
        )
    return rows, ids


def labels(folder: Path, ids: dict[str, list[str]]) -> list[dict[str, object]]:
    """One row for each table of labels."""
    rows = []
    for read in TABLES:
        table = read(folder)
        match = joined(ids[table.collection], table)
        rows.append(
            {
                "table": table.name,
                "collection": table.collection,
                "licence": table.licence,
                "rows": len(table.rows),
                "columns": len(table.columns),
                "matched": len(match.ids),
                "structures_without_labels": len(match.without_labels),
                "labels_without_structure": len(match.without_structure),
                "first_without_structure": " ".join(match.without_structure[:3]),
                "notes": "; ".join(table.notes),
            }
        )
    return rows


def splits() -> list[dict[str, object]]:
    """One row for each frozen split."""
    rows = []
    for name in frozen_names():
        split = frozen_split(name)
        test = split.ids("test")
        levels = {
            f"test_{level.replace(' ', '_')}": len(split.ids("test", level=level))
            for level in ("known", "new combination", "new block")
        }
        rows.append(
            {
                "split": name,
                "train": len(split.ids("train")),
                "validation": len(split.ids("validation")),
                "test": len(test),
                **levels,
                "duplicates_left_out": len(split.duplicates),
                "hash": blake2b(bytes_from_split(split), digest_size=8).hexdigest(),
            }
        )
    return rows


def main() -> None:
    """Count everything and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    facts = run_facts()
    rows, ids = archives(options.data / "structures")
    results = {
        "data_archives": rows,
        "data_labels": labels(options.data / "labels", ids),
        "data_splits": splits(),
    }
    for name, table in results.items():
        path = ROOT / "benchmarks" / "results" / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=[*facts, *table[0]])
            writer.writeheader()
            writer.writerows(facts | row for row in table)


if __name__ == "__main__":
    main()
