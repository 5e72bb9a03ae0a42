"""Le Bail fits of measured patterns that were published with an Rwp.

    python benchmarks/science/lebail_measured.py

Every pdCIF in the folder of real data that states the weighted profile residual of its own
refinement, with the cell that it published as the start. One recipe for all: 16 Chebyshev terms and
the term of air scatter, zero, cell, and all six parameters of the peak shape; intensities free. The
published fits are Rietveld fits, so theirs has fewer degrees of freedom and ours no structure to be
wrong about; within 1.5 of it means that cell, shape and background are in order.

Writes one row a pattern to benchmarks/results/lebail_measured.csv.
"""

from __future__ import annotations

import csv
import hashlib
import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import gemmi
import numpy as np

from porescope.crystal.lattice import parameters_from_lattice
from porescope.diffraction.fit.config import FitConfig
from porescope.diffraction.fit.phase import FitPhase
from porescope.diffraction.fit.refine import fit_pattern
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.structure_factors import reflections_of
from porescope.io.cif import read_cif
from porescope.io.patterns.reader import read_pattern

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
LIMIT = 1.5


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A measured pattern with its published refinement."""

    name: str
    path: str
    radiation: str = ""
    """Overrides what the CIF says."""
    two_theta_range_deg: tuple[float, float] | None = None
    note: str = ""


PAIRS = (
    Pair(name="ZIF-8_Cl", path="porous/ZIF-8_Cl/1860457_pdcif_original.cif"),
    Pair(
        name="Zn-MOF-74 (neutrons)",
        path="porous/Zn-MOF-74_neutron/1517474.cif",
        two_theta_range_deg=(4.0, 166.0),
        note="direct beam below 4° left out; the file does not say what its authors left out",
    ),
    Pair(name="KLaTiO4", path="other/iucr_wm2446Isup2/wm2446Isup2.rtv.combined.cif"),
    Pair(
        name="Mg2Si 100 K",
        path="other/iucr_gw5052Mg2Si_100K_LTsup2/gw5052Mg2Si_100K_LTsup2.rtv.combined.cif",
    ),
    Pair(name="EuI2", path="other/iucr_sq3214Isup2/sq3214Isup2.rtv.combined.cif"),
    Pair(name="BaTiO3", path="other/iucr_ks5409BTsup2/ks5409BTsup2.rtv.combined.cif"),
    Pair(
        name="LuOF",
        path="other/crystalyze_LuOF/LuOF.cif",
        radiation="CuKa",
        note="both lines of Cu Kα, as in the input of the published fit",
    ),
    Pair(name="Ca2MnTeO6", path="other/crystalyze_Ca2MnTeO6/Ca2MnTeO6.cif"),
)


def measured_folder() -> Path:
    """The folder of measured patterns: named by the environment, or beside the checkout."""
    named = os.environ.get("PORESCOPE_SHARED")
    folder = Path(named) if named else ROOT.parent / "shared"
    return folder / "data" / "measured"


def published(path: Path) -> tuple[float, float | None, tuple[float, float] | None]:
    """Rwp and Rexp as shares, and the range of the published fit [°]."""
    text = path.read_text(errors="replace")
    document = gemmi.cif.read_string(text[text.index("data_") :])

    def number(block: gemmi.cif.Block, tag: str) -> float | None:
        value = block.find_value(tag)
        found = None if value is None else gemmi.cif.as_number(value)
        return None if found is None or np.isnan(found) else float(found)

    for block in document:
        rwp = number(block, "_pd_proc_ls_prof_wR_factor")
        if rwp is None:
            continue
        rexp = number(block, "_pd_proc_ls_prof_wR_expected")
        # Some state percent; no published fit has an Rwp above 1.
        percent = 100.0 if rwp > 1.0 else 1.0
        low = number(block, "_pd_proc_2theta_range_min")
        high = number(block, "_pd_proc_2theta_range_max")
        limits = None if low is None or high is None else (low, high)
        return rwp / percent, None if rexp is None else rexp / percent, limits
    raise SystemExit(f"{path.name} states no Rwp")


def run(pair: Pair) -> dict[str, object]:
    """Fit one pattern."""
    path = measured_folder() / pair.path
    rwp, rexp, limits = published(path)
    radiation = radiation_from_name(pair.radiation) if pair.radiation else None
    pattern = read_pattern(path, radiation=radiation)
    assert pattern.radiation is not None
    crystal = read_cif(path)
    limits = pair.two_theta_range_deg or limits
    high = min(pattern.two_theta_deg[-1], limits[1] if limits else 180.0)
    d_min = pattern.radiation.wavelength / (2.0 * np.sin(np.deg2rad(min(high + 1.0, 179.0) / 2.0)))
    phase = FitPhase(
        lattice=crystal.lattice,
        space_group=crystal.space_group,
        reflections=reflections_of(crystal, d_min=float(d_min), radiation=pattern.radiation),
        name=pair.name,
    )
    config = FitConfig(
        mode="le_bail",
        two_theta_range_deg=limits,
        background_terms=16,
        background_air=True,
        refine_shape=("u", "v", "w", "x", "y", "axial"),
        max_iterations=80,
    )
    start = time.perf_counter()
    result = fit_pattern(pattern, phase, config=config)
    seconds = time.perf_counter() - start
    truth = parameters_from_lattice(crystal.lattice)
    deviation = np.max(np.abs(result.phases[0].cell[:3] / truth[:3] - 1.0))
    return {
        "pattern": pair.name,
        "rwp": round(result.rwp, 5),
        "rwp_published": round(rwp, 5),
        "ratio": round(result.rwp / rwp, 3),
        "within": result.rwp <= LIMIT * rwp,
        "rexp": round(result.rexp, 5),
        "rexp_published": "" if rexp is None else round(rexp, 5),
        "rwp_background_corrected": round(result.rwp_background_corrected, 5),
        "cell_deviation_percent": round(100.0 * float(deviation), 4),
        "a": round(float(result.phases[0].cell[0]), 5),
        "a_esd": round(float(result.phases[0].cell_esd[0]), 5),
        "a_published": round(float(truth[0]), 5),
        "zero_deg": round(result.zero_deg, 4),
        "n_points": len(result.two_theta_deg),
        "n_reflections": len(result.phases[0].hkl),
        "status": result.status,
        "seconds": round(seconds, 3),
        "note": pair.note,
        "data_sha256": hashlib.sha256(path.read_bytes()).hexdigest()[:16],
    }


def main() -> None:
    """Run all pairs and write the table."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    rows = []
    for pair in PAIRS:
        row = run(pair)
        row |= {
            "date": time.strftime("%Y-%m-%d"),
            "commit": commit or "unknown",
            "seed": "none",
            "hardware": f"{platform.machine()}, {os.cpu_count()} cores, one used",
        }
        rows.append(row)
        print(
            f"{row['pattern']:22s} Rwp {row['rwp']:.4f}, published {row['rwp_published']:.4f}, "
            f"ratio {row['ratio']:.2f}, cell off {row['cell_deviation_percent']:.3f} %, "
            f"{row['status']}, {row['seconds']} s"
        )
    within = sum(bool(row["within"]) for row in rows)
    print(f"{within} of {len(rows)} within {LIMIT} times the published Rwp")
    RESULTS.mkdir(parents=True, exist_ok=True)
    with (RESULTS / "lebail_measured.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
