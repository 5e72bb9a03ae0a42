"""Pore diameters of CoRE MOFs against the published ones.

    python benchmarks/science/core_mof_geometry.py

A sample of the table of CoRE MOF 2019 (Zeo++, high accuracy, nitrogen as 1.655 Å), drawn by seed,
measured on the grid in two processes; the smallest cells of the sample also by Zeo++ itself, with
the high accuracy of the table. Six zeolites with the numbers of PoreBlazer, whose atoms have other
radii, stand beside it for information.

Writes benchmarks/results/core_mof_geometry.csv and core_mof_geometry_cases.csv.
"""

from __future__ import annotations

import csv
import hashlib
import multiprocessing
import os
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.rows import run_facts  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
SEED = 20260101
N_STRUCTURES = 520
PROBE = 1.655
N_ZEO = 10
ZEO_ATOMS = 45
ZEOLITES = ("CHA", "CON", "FAU", "LTA", "MFI", "RHO")


def shared() -> Path:
    """The folder of real data: named by the environment, or beside the checkout."""
    named = os.environ.get("PORESCOPE_SHARED")
    return (Path(named) if named else ROOT.parent / "shared") / "data"


def sampled() -> list[dict[str, str]]:
    """Rows of the published table, drawn by seed."""
    with (shared() / "labels" / "core_mof_2019_geometry.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    chosen = np.random.default_rng(SEED).choice(len(rows), N_STRUCTURES, replace=False)
    return [rows[i] for i in sorted(chosen)]


def unpacked(names: set[str], folder: Path) -> dict[str, Path]:
    """CIFs of the sample by name, unpacked from the archive."""
    found = {}
    with tarfile.open(shared() / "structures" / "core_mof_2019.tar.xz") as archive:
        for member in archive:
            name = Path(member.name).stem
            if name in names and member.name.endswith(".cif"):
                stream = archive.extractfile(member)
                assert stream is not None
                found[name] = folder / f"{name}.cif"
                found[name].write_bytes(stream.read())
    return found


def measure(task: tuple[dict[str, str], Path | None]) -> dict[str, object]:
    """One structure on the grid beside its published row."""
    from porescope.errors import PorescopeError
    from porescope.io.cif import read_cif
    from porescope.workflows.pores import pore_geometry

    row, path = task
    case: dict[str, object] = {
        "name": row["filename"],
        "engine": "grid",
        "lcd_published": float(row["LCD"]),
        "pld_published": float(row["PLD"]),
        "lcd_path_published": float(row["LFPD"]),
        "area_published": float(row["ASA_m2_cm3"]),
        "pocket_area_published": float(row["NASA_m2_cm3"]),
        "density_published": float(row["cm3_g"]),
        "disorder_flag": row["DISORDER"],
    }
    begin = time.perf_counter()
    try:
        if path is None:
            raise PorescopeError("the archive has no CIF of this name")
        crystal = read_cif(path)
        found = pore_geometry(crystal, probe_radius=PROBE, engine="grid")
    except PorescopeError as error:
        return case | {"status": "failed", "note": str(error)}
    seconds = time.perf_counter() - begin
    case |= {
        "status": "ok",
        "n_atoms": crystal.n_atoms,
        "lcd": round(found.largest_included_diameter, 4),
        "pld": round(found.largest_free_diameter, 4),
        "lcd_path": round(found.included_along_free_path_diameter, 4),
        "area": round(found.accessible_area_m2_per_cm3, 2),
        "pocket_area": round(found.non_accessible_area_m2_per_cm3, 2),
        "density": round(found.density, 5),
        "seconds": round(seconds, 3),
    }
    return case | {"note": explained(case)}


def explained(case: dict[str, object]) -> str:
    """What may lie behind a large deviation."""
    density, published = float(str(case["density"])), float(str(case["density_published"]))
    lcd, pld = float(str(case["lcd_published"])), float(str(case["pld_published"]))
    if abs(density / published - 1.0) > 0.005:
        return f"the file is another structure: density {density:g} against {published:g} g/cm³"
    if pld > lcd + 1e-3:
        return "the published PLD exceeds the published LCD"
    if abs(float(str(case["lcd"])) - lcd) > 0.1 or abs(float(str(case["pld"])) - pld) > 0.1:
        return "same density; small spheres in place of atoms, or another window"
    return ""


def by_zeo(cases: list[dict[str, object]], cifs: dict[str, Path]) -> list[dict[str, object]]:
    """The smallest structures of the sample by Zeo++ itself."""
    from porescope.adsorption.zeo import ZeoPool, ZeoSettings, zeo_pore_geometry
    from porescope.errors import PorescopeError
    from porescope.io.cif import read_cif

    small = [c for c in cases if c["status"] == "ok" and int(str(c["n_atoms"])) <= ZEO_ATOMS]
    found = []
    with ZeoPool() as pool:
        for case in small[:N_ZEO]:
            name = str(case["name"])
            begin = time.perf_counter()
            try:
                pores = zeo_pore_geometry(
                    read_cif(cifs[name]),
                    probe_radius=PROBE,
                    settings=ZeoSettings(time_limit=80.0),
                    pool=pool,
                )
            except PorescopeError as error:
                found.append(case | {"engine": "zeo++", "status": "failed", "note": str(error)})
                continue
            found.append(
                case
                | {
                    "engine": "zeo++",
                    "lcd": pores.largest_included_diameter,
                    "pld": pores.largest_free_diameter,
                    "lcd_path": pores.included_along_free_path_diameter,
                    "area": round(pores.accessible_area_m2_per_cm3, 2),
                    "pocket_area": round(pores.non_accessible_area_m2_per_cm3, 2),
                    "seconds": round(time.perf_counter() - begin, 3),
                    "note": "; ".join(pores.warnings),
                }
            )
    return found


def by_poreblazer() -> list[dict[str, object]]:
    """Zeolites with the published numbers of PoreBlazer, which gives atoms other radii."""
    from porescope.io.cif import read_cif
    from porescope.workflows.pores import pore_geometry

    found: list[dict[str, object]] = []
    for code in ZEOLITES:
        folder = shared() / "reference" / "iza_argon_87k" / code
        words = (folder / "pb_summary.dat").read_text().split()
        begin = time.perf_counter()
        pores = pore_geometry(read_cif(folder / "zeolite.cif"), probe_radius=PROBE, engine="grid")
        found.append(
            {
                "name": code,
                "engine": "grid",
                "status": "information",
                "lcd": round(pores.largest_included_diameter, 4),
                "lcd_published": float(words[words.index("LCD_A") + 1]),
                "pld": round(pores.largest_free_diameter, 4),
                "pld_published": float(words[words.index("PLD_A") + 1]),
                "seconds": round(time.perf_counter() - begin, 3),
                "note": "published by PoreBlazer, whose atoms have the diameters of UFF",
            }
        )
    return found


def summary(cases: list[dict[str, object]], *, engine: str) -> dict[str, object]:
    """One row of figures for an engine."""
    mine = [c for c in cases if c["engine"] == engine and c["status"] in ("ok", "failed")]
    good = [c for c in mine if c["status"] == "ok"]
    same = [c for c in good if not str(c["note"]).startswith("the file is another")]
    row: dict[str, object] = {
        "engine": engine,
        "n_structures": len(mine),
        "n_failed": len(mine) - len(good),
        "n_other_density": len(good) - len(same),
    }
    for name in ("pld", "lcd", "lcd_path"):
        off = np.array([float(str(c[name])) - float(str(c[f"{name}_published"])) for c in good])
        size = np.abs(off)
        row |= {
            f"{name}_median_deviation_a": round(float(np.median(size)), 4),
            f"{name}_median_signed_a": round(float(np.median(off)), 4),
            f"{name}_p95_deviation_a": round(float(np.quantile(size, 0.95)), 4),
            f"{name}_share_within_0.05": round(float(np.mean(size <= 0.05)), 4),
            f"{name}_share_within_0.1": round(float(np.mean(size <= 0.1)), 4),
        }
    open_ = [c for c in good if float(str(c["area_published"])) > 100.0]
    ratio = [float(str(c["area"])) / float(str(c["area_published"])) - 1.0 for c in open_]
    seconds = np.array([float(str(c["seconds"])) for c in good])
    return row | {
        "area_median_relative": round(float(np.median(np.abs(ratio))), 4) if ratio else "",
        "seconds_median": round(float(np.median(seconds)), 3),
        "seconds_p95": round(float(np.quantile(seconds, 0.95)), 3),
        "seconds_max": round(float(seconds.max()), 3),
    }


def write(path: Path, rows: list[dict[str, object]]) -> None:
    """Write rows of unequal columns."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Measure the sample and write both tables."""
    with tempfile.TemporaryDirectory() as folder:
        measured(Path(folder))


def measured(folder: Path) -> None:
    """The same, with a folder for the CIFs."""
    rows = sampled()
    cifs = unpacked({row["filename"] for row in rows}, folder)
    tasks = [(row, cifs.get(row["filename"])) for row in rows]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        cases = pool.map(measure, tasks, chunksize=4)
    print(summary(cases, engine="grid"), flush=True)
    cases += by_zeo(cases, cifs)
    names = "\n".join(row["filename"] for row in rows)
    facts = run_facts() | {
        "seed": SEED,
        "data_sha256": hashlib.sha256(names.encode()).hexdigest()[:16],
    }
    engines = [engine for engine in ("grid", "zeo++") if any(c["engine"] == engine for c in cases)]
    figures = [facts | summary(cases, engine=engine) for engine in engines]
    write(RESULTS / "core_mof_geometry.csv", figures)
    write(RESULTS / "core_mof_geometry_cases.csv", cases + by_poreblazer())
    for row in figures:
        print(row)


if __name__ == "__main__":
    main()
