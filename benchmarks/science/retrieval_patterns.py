"""Patterns for the retrieval benchmark: ideal and corrupted, prepared, one file for many.

    python benchmarks/science/retrieval_patterns.py --structures FOLDER --side test
    python benchmarks/science/retrieval_patterns.py --structures FOLDER --side validation --n 300

Reflections come from the structure file, not from the card; the pattern from
``porescope.diffraction.corrupt`` (ideal: 3–30° of Cu Kα; corrupted: every axis by its own amount
up to 1.5 %, all else as the benchmarks' default); peaks from ``prepare_pattern``, as for a measured
scan. Fifty cases make one file, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from porescope.crystal.symmetry import find_symmetry
from porescope.datasets.library import SHIPPED, Library
from porescope.datasets.retrieval_set import RetrievalSet, retrieval_set
from porescope.datasets.splits import Side
from porescope.diffraction.corrupt import (
    CorruptionConfig,
    corrupt_pattern,
    ideal_pattern,
)
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.prepare import prepare_pattern
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import PorescopeError
from porescope.io.cif import read_cif

sys.path.insert(0, str(Path(__file__).parent))

WORK = Path(__file__).parents[1] / "results" / "work" / "retrieval_patterns"
CORRUPTED = CorruptionConfig(cell_isotropic=0.0, cell_axis=0.015)
"""Each axis by its own amount up to 1.5 %, as in the benchmark of identification."""
RADIATION = radiation_from_name(CORRUPTED.radiation)
GRID_DEG = 3.0 + 0.02 * np.arange(1351)
MAX_PEAKS = 200
KINDS = ("ideal", "corrupted")
COLUMNS = ("peaks", "ranges_deg", "profiles", "seconds")
CHUNK = 50
SEED = 5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Cases:
    """Prepared patterns of one kind."""

    rows: np.ndarray
    """Row of the truth in the retrieval set."""
    peaks: np.ndarray
    """2θ [°], area, height, full width [°] and the uncertainties of 2θ and area of up to 200 peaks,
    not-a-number beyond the last."""
    ranges_deg: np.ndarray
    """First and last angle of each [°]."""
    profiles: np.ndarray
    """Background-free intensities from 3° to 30° in steps of 0.02°, maximum 1; 0 where unseen."""
    seconds: np.ndarray
    """Time of preparing each."""

    def first(self, n: int) -> Cases:
        """The first cases; all where ``n`` is 0."""
        n = n or len(self.rows)
        return Cases(
            rows=self.rows[:n],
            peaks=self.peaks[:n],
            ranges_deg=self.ranges_deg[:n],
            profiles=self.profiles[:n],
            seconds=self.seconds[:n],
        )

    def peak_list(self, i: int) -> PeakList:
        """The peaks of one case, by angle."""
        found = self.peaks[i][~np.isnan(self.peaks[i, :, 0])].astype(np.float64)
        angle, area, height, width, sigma_angle, sigma_area = found.T
        return PeakList(
            two_theta_deg=angle,
            sigma_two_theta_deg=sigma_angle,
            area=area,
            sigma_area=sigma_area,
            height=height,
            fwhm_deg=width,
            wavelength=RADIATION.wavelength,
        )


def _one(path: Path, *, row: int, seed: int) -> list[tuple[np.ndarray, ...]]:
    """Peaks, range, profile and time of the ideal and of the corrupted pattern."""
    crystal = find_symmetry(read_cif(path), symprec=0.05)
    rng = np.random.default_rng([seed, row])
    corrupted = corrupt_pattern(
        reflections_of(crystal, d_min=CORRUPTED.d_min, radiation=RADIATION),
        lattice=crystal.lattice,
        rng=rng,
        config=CORRUPTED,
        space_group=crystal.space_group,
        name=crystal.name,
    )
    made = []
    for pattern in (ideal_pattern(crystal), corrupted):
        started = time.perf_counter()
        prepared = prepare_pattern(pattern)
        seconds = time.perf_counter() - started
        net = np.interp(GRID_DEG, prepared.two_theta_deg, prepared.net, left=0.0, right=0.0)
        net = np.maximum(net, 0.0) / max(float(net.max()), 1e-12)
        ends = prepared.two_theta_deg[[0, -1]]
        made.append((peak_rows(prepared.peaks), ends, net.astype(np.float16), np.array(seconds)))
    return made


def peak_rows(peaks: PeakList) -> np.ndarray:
    """The strongest peaks in a fixed number of rows."""
    peaks = peaks.strongest(MAX_PEAKS)
    columns = (
        peaks.two_theta_deg,
        peaks.area,
        peaks.height,
        peaks.fwhm_deg,
        peaks.sigma_two_theta_deg,
        peaks.sigma_area,
    )
    made = np.full((MAX_PEAKS, len(columns)), np.nan, dtype=np.float32)
    made[: peaks.n_peaks] = np.stack(columns, axis=1)
    return made


def _chunk(
    rows: np.ndarray, sources: list[tuple[str, str]], *, structures: Path, out: Path, seed: int
) -> str:
    """One file; a case that cannot be made is left out and named."""
    from identify_corrupted import find_file

    warnings.simplefilter("ignore")
    kept, results, failed = [], [], []
    for row, (source, cif_path) in zip(rows.tolist(), sources, strict=True):
        try:
            path = find_file(structures, source, cif_path)
            results.append(_one(path, row=row, seed=seed))
            kept.append(row)
        except (PorescopeError, ArithmeticError, FileNotFoundError, IndexError) as error:
            failed.append(f"{cif_path}: {error}")
    arrays = {"rows": np.array(kept), "failed": np.array(failed, dtype=str)}
    for k, kind in enumerate(KINDS):
        for place, name in enumerate(COLUMNS):
            arrays[f"{kind}_{name}"] = np.stack([r[k][place] for r in results])
    part = out.with_name(f"part-{out.name}")
    np.savez_compressed(part, allow_pickle=False, **arrays)
    part.replace(out)
    return f"{out.name}: {len(kept)} made, {len(failed)} failed"


def make(
    data: RetrievalSet, library: Library, *, structures: Path, side: Side, n: int, jobs: int
) -> None:
    """The missing files of a side."""
    rows = np.random.default_rng(SEED).permutation(data.rows(side))[: n or None]
    folder = WORK / side
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(jobs) as pool:
        futures = []
        for first in range(0, len(rows), CHUNK):
            out = folder / f"{first:05d}.npz"
            if out.is_file():
                continue
            part = rows[first : first + CHUNK]
            cards = library.cards(data.ids[part])
            sources = [(card.source, card.cif_path) for card in cards]
            futures.append(
                pool.submit(_chunk, part, sources, structures=structures, out=out, seed=SEED)
            )
        for future in futures:
            print(future.result(), flush=True)


def read_cases(side: str) -> dict[str, Cases]:
    """All finished cases of a side, by kind."""
    files = sorted((WORK / side).glob("?????.npz"))
    if not files:
        raise FileNotFoundError(f"no patterns of the {side} side; make them with {__file__}")
    loaded = [dict(np.load(path, allow_pickle=False)) for path in files]
    rows = np.concatenate([part["rows"] for part in loaded])

    def joined(kind: str) -> dict[str, np.ndarray]:
        return {
            name: np.concatenate([part[f"{kind}_{name}"] for part in loaded]) for name in COLUMNS
        }

    return {kind: Cases(rows=rows, **joined(kind)) for kind in KINDS}


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", default=str(SHIPPED))
    parser.add_argument("--structures", required=True)
    parser.add_argument("--side", choices=("test", "validation"), default="test")
    parser.add_argument("--n", type=int, default=0, help="0: all")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with Library.open([Path(options.library)]) as library:
        make(
            retrieval_set(library),
            library,
            structures=Path(options.structures),
            side=options.side,
            n=options.n,
            jobs=options.jobs,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
