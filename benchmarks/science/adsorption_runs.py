"""What the benchmarks of grand canonical runs share: the data folder, archives, rows that stay."""

from __future__ import annotations

import csv
import hashlib
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"


def shared_data() -> Path:
    """The folder of third-party data: named by the environment, or beside the checkout."""
    named = os.environ.get("PORESCOPE_SHARED")
    return (Path(named) if named else ROOT.parent / "shared") / "data"


def unpacked(archive: Path, folder: Path) -> Path:
    """An archive unpacked once into a folder."""
    target = folder / archive.name.split(".")[0]
    if not target.is_dir():
        partial = folder / (target.name + ".part")
        partial.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as handle:
            handle.extractall(partial, filter="data")
        partial.rename(target)
    return target


def sha256(path: Path) -> str:
    """First digits of the hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def done_rows(path: Path) -> list[dict[str, str]]:
    """Rows of an earlier run."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def append_row(path: Path, row: Mapping[str, object]) -> None:
    """Add a row; the first one brings the header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    """Write a table anew."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
