"""Speed of powder simulation against pymatgen's XRDCalculator, both in one run, one thread each.

Both programs get the same atoms and give the same thing: merged lines with multiplicities and
Lorentz–polarisation, scaled to 100. Run from the root of the repository::

    python benchmarks/speed/simulate.py --shared ../shared

"""

from __future__ import annotations

import argparse
import csv
import datetime
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from pymatgen.analysis.diffraction.xrd import ATOMIC_SCATTERING_PARAMS, XRDCalculator
from pymatgen.core import Element, Lattice, Structure

from porescope.crystal.space_group import P1
from porescope.crystal.structure import Crystal
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.simulate import powder_lines
from porescope.diffraction.structure_factors import reflections_of
from porescope.io.cif import read_cif

# the sums use one thread by themselves; this keeps the peer's matrix products to one as well
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
ROOT = Path(__file__).parents[2]
STRUCTURES = {
    "IRMOF-1": ("named_frameworks_raspa2.tar.xz", "/IRMOF-1.cif"),
    "UiO-66": ("named_frameworks_raspa2.tar.xz", "/UIO-66.cif"),
    "MFI": ("zeolites_iza.tar.xz", "/iza_experimental/MFI.cif"),
}
RANGES = ((3.0, 30.0), (5.0, 90.0))
COLUMNS = (
    "commit",
    "date",
    "hardware",
    "structure",
    "mode",
    "range",
    "ours_per_s",
    "peer_per_s",
    "ratio",
    "max_relative_intensity_deviation",
)


def crystal_from_archive(archive: Path, *, ending: str) -> Crystal:
    """The first member of an archive whose name has an ending."""
    with tarfile.open(archive) as tar, tempfile.TemporaryDirectory() as folder:
        for member in tar:
            if member.name.endswith(ending):
                path = Path(folder) / Path(member.name).name
                source = tar.extractfile(member)
                assert source is not None
                path.write_bytes(source.read())
                return read_cif(path)
    raise SystemExit(f"{archive} has no member that ends with {ending}")


def structure_from_crystal(crystal: Crystal) -> Structure:
    """The same atoms for the peer."""
    species = [Element.from_Z(int(z)) for z in crystal.numbers]
    return Structure(Lattice(crystal.lattice), species, crystal.frac)


def peer_form_factors(numbers: np.ndarray, s_squared: np.ndarray) -> np.ndarray:
    """The peer's table of form factors, so that intensities can be compared to the last digit."""
    rows = []
    for z in numbers.tolist():
        table = np.array(ATOMIC_SCATTERING_PARAMS[Element.from_Z(z).symbol])
        waves = table[:, 0] * np.exp(-np.multiply.outer(s_squared, table[:, 1]))
        rows.append(z - 41.78214 * s_squared * waves.sum(axis=1))
    return np.array(rows)


def our_lines(
    crystal: Crystal, *, limits: tuple[float, float], radiation, form_factors=None
) -> tuple[np.ndarray, np.ndarray]:
    """Angles [°] and intensities (strongest 100) of the merged lines."""
    d_min, d_max = (
        radiation.wavelength / (2.0 * np.sin(np.deg2rad(0.5 * angle)))
        for angle in (limits[1], limits[0])
    )
    reflections = reflections_of(
        crystal,
        d_min=d_min,
        d_max=d_max,
        radiation=radiation,
        default_u_iso=0.0,
        form_factors=form_factors,
    )
    lines = powder_lines(reflections, radiation=radiation)
    return lines.two_theta_deg, lines.intensity * (100.0 / lines.intensity.max())


def per_second(function: Callable[[], object], *, seconds: float) -> float:
    """Calls per second of processor time: the best of repeats.

    Time of the process and not of the wall, as other work on the machine must not count.
    """
    function()
    best, spent, n_calls = np.inf, 0.0, 1
    while spent < seconds:
        start = time.process_time()
        for _ in range(n_calls):
            function()
        took = max(time.process_time() - start, 1e-9)
        spent += took
        best = min(best, took / n_calls)
        n_calls = max(1, min(int(0.02 / best), 1000))
    return 1.0 / best


def largest_deviation(ours: tuple[np.ndarray, np.ndarray], peer) -> float:
    """Largest difference of two sets of lines, relative to the strongest line.

    Lines are paired by angle; a strong line without a partner counts in full.
    """
    angles, intensities = ours
    summed = np.zeros(len(peer.x))
    nearest = np.abs(angles[:, None] - peer.x[None, :]).argmin(axis=1)
    # 1e-4 degrees: the peer keeps lines nearer than 1e-5 apart where they fall into two bins
    paired = np.abs(angles - peer.x[nearest]) < 1e-4
    np.add.at(summed, nearest[paired], intensities[paired])
    # the same neighbours are joined on the peer's side
    theirs = np.asarray(peer.y, dtype=float).copy()
    for i in np.flatnonzero(np.diff(peer.x) < 1e-4)[::-1]:
        theirs[i] += theirs[i + 1]
        summed[i] += summed[i + 1]
        theirs[i + 1] = summed[i + 1] = 0.0
    unpaired = intensities[~paired].max(initial=0.0)
    return max(float(np.abs(summed - theirs).max()), float(unpaired)) / 100.0


def commit_name() -> str:
    """Short name of the commit, with a plus where files of the package differ from it."""
    name = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "src/porescope/diffraction"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return (name.stdout.strip() or "unknown") + ("+" if changed.stdout.strip() else "")


def hardware() -> str:
    """Processor and number of cores."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [x for x in info.read_text().splitlines() if x.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"{model}, 1 of {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each measurement")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "benchmarks" / "results" / "speed_simulate.csv"
    )
    options = parser.parse_args()
    if any(os.environ.get(name) != "1" for name in THREADS):
        # they are read when numpy is loaded, so the run begins anew
        environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
        raise SystemExit(subprocess.run([sys.executable, *sys.argv], env=environment).returncode)
    warnings.simplefilter("ignore")
    radiation = radiation_from_name("CuKa1")
    calculator = XRDCalculator(wavelength=radiation.wavelength)
    common = {
        "commit": commit_name(),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "hardware": hardware(),
    }
    rows = []
    print(f"{'structure':9} {'mode':9} {'range':7} {'ours/s':>9} {'peer/s':>8} {'ratio':>7}  dev")
    for name, (archive, ending) in STRUCTURES.items():
        path = options.shared / "data" / "structures" / archive
        if not path.is_file():
            raise SystemExit(f"{path} is not here; give the folder of real data with --shared")
        crystal = crystal_from_archive(path, ending=ending)
        structure = structure_from_crystal(crystal)
        plain = replace(crystal, space_group=P1, orbit=None)
        modes = [("P1", plain)] + ([("symmetry", crystal)] if crystal.space_group.n_ops > 1 else [])
        for limits in RANGES:
            peer = calculator.get_pattern(structure, two_theta_range=limits)
            peer_rate = per_second(
                lambda s=structure, r=limits: calculator.get_pattern(s, two_theta_range=r),
                seconds=options.seconds,
            )
            for mode, given in modes:
                rate = per_second(
                    lambda c=given, r=limits: our_lines(c, limits=r, radiation=radiation),
                    seconds=options.seconds,
                )
                lines = our_lines(
                    given, limits=limits, radiation=radiation, form_factors=peer_form_factors
                )
                row = {
                    **common,
                    "structure": name,
                    "mode": mode,
                    "range": f"{limits[0]:g}-{limits[1]:g}",
                    "ours_per_s": f"{rate:.1f}",
                    "peer_per_s": f"{peer_rate:.2f}",
                    "ratio": f"{rate / peer_rate:.1f}",
                    "max_relative_intensity_deviation": f"{largest_deviation(lines, peer):.1e}",
                }
                rows.append(row)
                print(
                    f"{name:9} {mode:9} {row['range']:7} {rate:9.1f} {peer_rate:8.2f} "
                    f"{rate / peer_rate:7.1f}  {row['max_relative_intensity_deviation']}"
                )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    fresh = not options.out.is_file()
    with options.out.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=COLUMNS)
        if fresh:
            writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
