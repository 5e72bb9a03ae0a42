"""Frameworks taken apart: shares without unknown parts, with the same bond graph, with a named net.

    python benchmarks/science/take_apart.py --structures CACHE --out ROWS --sets qmof core
    python benchmarks/science/take_apart.py --structures CACHE --out ROWS --sample 500

Takes every structure of the archives apart (or a sample drawn by seed), puts the pieces together
again, and counts what could not be made out by class. The rows of single structures go to a folder
outside the repository (--out), from which a run that was stopped goes on; the counts are written to
benchmarks/results/take_apart.csv and take_apart_classes.csv.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.rows import run_facts  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
SEED = 20261121
FOLDERS = {
    "qmof": "qmof/qmof",
    "core": "core_mof_2019/core_mof_2019",
    "cofs": "curated_cofs/curated_cofs",
    "iza": "zeolites_iza/zeolites_iza/iza",
    "hmof": "hmof_charged/hmof",
    "named": "named_frameworks_raspa2/named/mofs/cif",
}
"""Where the structures of each set are below the folder of unpacked archives."""


def chosen(folder: Path, *, n_sample: int) -> list[Path]:
    """The files of a set, or a sample of them drawn by seed."""
    files = sorted(path for path in folder.rglob("*") if path.suffix == ".cif")
    if not n_sample or n_sample >= len(files):
        return files
    rows = np.random.default_rng(SEED).choice(len(files), n_sample, replace=False)
    return [files[i] for i in sorted(rows)]


def share(rows: list[dict[str, Any]], test: Any) -> float:
    """Share of rows that pass a test."""
    return round(sum(bool(test(row)) for row in rows) / max(len(rows), 1), 4)


def summary(rows: list[dict[str, Any]], *, name: str) -> dict[str, Any]:
    """Figures of one set; shares are over all structures that could be read."""
    read = [row for row in rows if "n_atoms" in row]
    seconds = np.array([row.get("seconds", 0.0) for row in read])
    endless = [row for row in read if row.get("dimension", 0) >= 2]
    return {
        "set": name,
        "n_files": len(rows),
        "n_read": len(read),
        "n_failed": sum(row["status"] == "failed" for row in rows),
        "share_without_unknown": share(read, lambda row: row["status"] == "ok"),
        "share_same_graph": share(read, lambda row: row.get("same_graph")),
        "share_net_named": share(read, lambda row: row.get("net_name")),
        "share_net_named_uniquely": share(
            read, lambda row: row.get("net_name") and row["net_view"] != "repeat units"
        ),
        "share_net_named_2d_3d": share(endless, lambda row: row.get("net_name")),
        "share_net_key": share(read, lambda row: row.get("net_key")),
        "share_charge_known": share(read, lambda row: row.get("charge") is not None),
        "share_charge_zero": share(read, lambda row: row.get("charge") == 0),
        "n_3d": sum(row.get("dimension") == 3 for row in read),
        "n_2d": sum(row.get("dimension") == 2 for row in read),
        "n_1d": sum(row.get("dimension") == 1 for row in read),
        "n_0d": sum(row.get("dimension") == 0 for row in read),
        "n_interpenetrated": sum(row.get("interpenetration", 1) > 1 for row in read),
        "seconds_median": round(float(np.median(seconds)), 4) if len(seconds) else "",
        "seconds_p95": round(float(np.quantile(seconds, 0.95)), 4) if len(seconds) else "",
        "seconds_sum": round(float(seconds.sum()), 1),
    }


def classes(rows: list[dict[str, Any]], *, name: str) -> list[dict[str, Any]]:
    """How many structures have each problem, views of the nets among them."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for problem in {p.split(":")[0] for p in row.get("problems", [])}:
            counts["problem", problem] += 1
        for problem in {p for p in row.get("problems", []) if p.startswith("unknown")}:
            counts["unknown part", problem] += 1
        if row.get("net_name"):
            counts["view of a named net", row["net_view"]] += 1
            counts["net", row["net_name"]] += 1
        elif "n_atoms" in row:
            why = f"dimension {row.get('dimension')}" + ("" if row.get("net_key") else ", no key")
            counts["net without a name", why] += 1
        if row["status"] == "failed":
            counts["failed", row["message"].partition(":")[2].strip()[:80]] += 1
    return [
        {"set": name, "kind": kind, "class": what, "structures": n}
        for (kind, what), n in counts.most_common()
        if n > 1 or kind != "net"
    ]


def write(path: Path, rows: list[dict[str, Any]], *, keep_other: str) -> None:
    """Write rows; rows of other sets or sizes that the file has already stay."""
    old: list[dict[str, Any]] = []
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as stream:
            old = list(csv.DictReader(stream))
    mine = {(row["set"], str(row[keep_other])) for row in rows}
    kept = [row for row in old if (row["set"], row.get(keep_other)) not in mine]
    columns = list(dict.fromkeys(key for row in [*kept, *rows] for key in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=columns, restval="")
        writer.writeheader()
        writer.writerows([*kept, *rows])


def main() -> None:
    """Take the sets apart and write the counts."""
    from porescope.workflows.take_apart import TakeApartProgress, take_all_apart

    parser = argparse.ArgumentParser(description="Frameworks taken apart")
    parser.add_argument("--structures", type=Path, required=True, help="unpacked archives")
    parser.add_argument("--sets", nargs="+", default=list(FOLDERS), choices=list(FOLDERS))
    parser.add_argument("--sample", type=int, default=0, help="structures of each set; 0 for all")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True, help="folder of rows of structures")
    parser.add_argument("--again", action="store_true", help="forget an earlier run")
    options = parser.parse_args()
    facts = run_facts()

    def tell(now: TakeApartProgress) -> None:
        if now.done % 500 == 0:
            print(f"{now.done}/{now.total} {now.current}", flush=True)

    for name in options.sets:
        files = chosen(options.structures / FOLDERS[name], n_sample=options.sample)
        begin = time.perf_counter()
        out = options.out / (f"{name}_{options.sample}" if options.sample else name)
        rows = take_all_apart(
            files, out=out, processes=options.processes, again=options.again, progress=tell
        )
        names = "\n".join(path.name for path in files)
        figures = facts | {
            "seed": SEED if options.sample else "",
            "sample": options.sample or "all",
            "data_sha256": hashlib.sha256(names.encode()).hexdigest()[:16],
            "processes": options.processes,
            "wall_seconds_of_this_run": round(time.perf_counter() - begin, 1),
        }
        row = figures | summary(rows, name=name)
        print(row, flush=True)
        write(RESULTS / "take_apart.csv", [row], keep_other="sample")
        if not options.sample:
            counted = [{**line, "sample": "all"} for line in classes(rows, name=name)]
            write(RESULTS / "take_apart_classes.csv", counted, keep_other="sample")


if __name__ == "__main__":
    main()
