"""Time of Lennard-Jones grids: ours, pymoxel and RASPA3 on the same atoms, points and cutoff.

    python benchmarks/speed/energy_grid.py

Argon in MFI, Cu-BTC, IRMOF-1 and the CoRE MOF JONKEE of 5 760 atoms, 12.8 Å, truncated.

- pymoxel lays its grid over a supercell of at least two cutoffs; ours is computed over the same
  supercell, point by point the same, without symmetry.
- raspalib has no grids: it computes the energy of single atoms at many points of a supercell at
  once. The energy of those atoms with one another is in its time (a few per cent of the pairs) and
  not in ours.

Equal energies are asserted before a time counts. Times are the best of several runs and hold the
energies alone, for ours also the preparation of images and blocks. ``seconds`` are by the clock,
``processor_seconds`` those of all cores together, which do not depend on what else the machine
does; ratios and nanoseconds are made from the latter. "ns" are nanoseconds per point and atom image
inside the cutoff. The limit is the same pair arithmetic in a loop over data that
stay in the first cache: what the processor could do if finding neighbours were free and none were
taken that lie outside the cutoff.

Writes benchmarks/results/speed_energy_grid.csv.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import gemmi
import numba
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "science"))
from adsorption_runs import RESULTS, shared_data, write_rows

from porescope.adsorption.energy_grid import lennard_jones_grid
from porescope.adsorption.force_field import AtomType, ForceField
from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.gases import gas_named
from porescope.adsorption.lennard_jones import bead_energies_k
from porescope.adsorption.lennard_jones_kernels import _add_inner
from porescope.crystal.structure import Crystal
from porescope.io.cif import crystal_from_cif_text
from rows import run_facts

CUTOFF = 12.8
CASES = (
    ("MFI", "named_frameworks_raspa2.tar.xz", "named/zeolites/cif/MFI_SI.cif", 32),
    ("Cu-BTC", "named_frameworks_raspa2.tar.xz", "named/mofs/cif/Cu-BTC.cif", 32),
    ("IRMOF-1", "named_frameworks_raspa2.tar.xz", "named/mofs/cif/IRMOF-1.cif", 32),
    ("JONKEE", "core_mof_2019.tar.xz", "core_mof_2019/JONKEE_clean.cif", 16),
)
GROWTH = (1, 2, 3, 4, 5, 6, 7)
N_RASPA = 400


def read_member(archive: Path, name: str) -> Crystal:
    """One crystal of an archive."""
    with tarfile.open(archive) as tar:
        handle = tar.extractfile(name)
        if handle is None:
            raise SystemExit(f"{archive} has no {name}")
        return crystal_from_cif_text(handle.read().decode("utf-8", "replace"), name=Path(name).stem)


def made_ready(crystal: Crystal) -> Framework:
    """A framework with the parameters that pymoxel has for its elements."""
    from moxel._params import lj_params

    numbers = sorted({int(z) for z in crystal.numbers})
    types = tuple(
        AtomType(
            name=gemmi.Element(z).name,
            number=z,
            epsilon_k=lj_params[gemmi.Element(z).name][0],
            sigma=lj_params[gemmi.Element(z).name][1],
            source="UFF, as in pymoxel",
        )
        for z in numbers
    )
    field = ForceField(name="UFF of pymoxel", citation="", types=types, cutoff=CUTOFF)
    return Framework(
        crystal=crystal,
        field=field,
        type_index=np.searchsorted(numbers, crystal.numbers),
        charges=np.zeros(crystal.n_atoms),
        charge_source="none",
    )


Seconds = tuple[float, float]
"""By the clock and of the processors."""


def best_seconds(task: Callable[[], object], repeats: int, *, n_threads: int = 1) -> Seconds:
    """Least times of a task, compiled and warm, on a number of threads."""
    numba.set_num_threads(n_threads)
    task()
    wall, cpu = [], []
    for _ in range(repeats):
        started, used = time.perf_counter(), time.process_time()
        task()
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    return min(wall), min(cpu)


def limit_ns() -> float:
    """Nanoseconds of one pair where all data stay in the first cache."""
    rng = np.random.default_rng(0)
    n_points, n_images = 64, 100
    points = rng.normal(size=(4, n_points))
    energy, images = np.zeros(n_points), rng.normal(size=(7, n_images))
    images[3] += 200.0

    def many() -> None:
        _repeat_pairs(200, points, energy, images)

    return best_seconds(many, 100)[1] / (200 * n_points * n_images) * 1e9


@numba.njit
def _repeat_pairs(n, points, energy, images):
    for _ in range(n):
        _add_inner(
            len(energy), points[0], points[1], points[2], points[3], energy, len(images[0]), images
        )


def peer_run(peer: str, job: dict[str, object]) -> tuple[np.ndarray, Seconds]:
    """Energies and seconds of a peer in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "job.npz", Path(folder) / "answer.npz"
        np.savez(source, **job)
        script = Path(__file__).with_name("grid_peers.py")
        subprocess.run(
            [sys.executable, str(script), peer, str(source), str(target)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with np.load(target) as answer:
            wall, cpu = answer["seconds"].tolist()
            return answer["energies"], (wall, cpu)


def job_of(framework: Framework, gas: Gas) -> dict[str, object]:
    """The atoms, for a peer."""
    crystal, types = framework.crystal, framework.field.types
    return {
        "lattice": crystal.lattice,
        "cell": crystal.parameters,
        "frac": crystal.frac,
        "symbols": np.array([types[row].name for row in framework.type_index]),
        "parameters": np.array(
            [[types[row].epsilon_k, types[row].sigma] for row in framework.type_index]
        ),
        "cutoff": CUTOFF,
        "probe": np.array([gas.beads[0].epsilon_k, gas.beads[0].sigma]),
        "repeats": 1,
    }


def repeats_of(crystal: Crystal) -> tuple[int, int, int]:
    """Cells along each axis that span two cutoffs."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(crystal.lattice), axis=0)
    na, nb, nc = np.ceil(2.0 * CUTOFF / heights).astype(int).tolist()
    return na, nb, nc


def images_per_point(crystal: Crystal) -> float:
    """Mean number of atom images inside the cutoff."""
    return 4.0 / 3.0 * np.pi * CUTOFF**3 * crystal.n_atoms / crystal.volume


def rows_of_case(name: str, crystal: Crystal, n_grid: int, gas: Gas, limit: float) -> list[dict]:
    """All codes on one framework."""
    repeats = repeats_of(crystal)
    small = made_ready(crystal)
    large = made_ready(crystal.without_symmetry().supercell(repeats))
    shape = (n_grid, n_grid, n_grid)
    images, n_points = images_per_point(crystal), n_grid**3

    def same() -> np.ndarray:
        return lennard_jones_grid(large, gas, shape=shape, use_symmetry=False).energy_k

    times = {
        "porescope, 1 thread": best_seconds(same, 15),
        "porescope, 2 threads": best_seconds(same, 15, n_threads=2),
    }
    voxels, times["pymoxel, 2 processes"] = peer_run(
        "pymoxel", job_of(small, gas) | {"n_grid": n_grid, "n_jobs": 2}
    )
    ours = same()
    open_points = ours < 1e4
    assert open_points.any()
    # Its results are in float32.
    np.testing.assert_allclose(voxels[open_points], ours[open_points], rtol=1e-5, atol=1e-2)

    index = np.flatnonzero(open_points.ravel())
    index = np.random.default_rng(0).choice(index, min(N_RASPA, len(index)), replace=False)
    points = np.stack(np.unravel_index(index, shape), axis=1) / n_grid @ large.crystal.lattice
    total, seconds = peer_run(
        "raspalib",
        job_of(small, gas) | {"points": points, "repeats_of_cell": np.array(repeats), "repeats": 5},
    )
    mine = bead_energies_k(small, gas, points).sum()
    assert abs(total[0] / mine - 1.0) < 1e-6, (total[0], mine)
    share = len(points) / n_points
    times["raspalib, 1 thread"] = seconds[0] / share, seconds[1] / share

    # The cell itself, as a user asks for it: with symmetry, on two threads.
    def asked() -> object:
        return lennard_jones_grid(small, gas, shape=shape)

    times["porescope, one cell, symmetry, 2 threads"] = best_seconds(asked, 15, n_threads=2)
    fastest = min(cpu for code, (_, cpu) in times.items() if not code.startswith("porescope"))
    rows = []
    for code, (wall, seconds) in times.items():
        ns = seconds / (n_points * images) * 1e9
        row = {
            "series": "peers",
            "framework": name,
            "n_atoms": crystal.n_atoms,
            "cells": "x".join(map(str, repeats)),
            "n_grid": n_grid,
            "images_per_point": f"{images:.0f}",
            "code": code,
            "seconds": f"{wall:.5f}",
            "processor_seconds": f"{seconds:.5f}",
            "ns_per_point_and_image": f"{ns:.3f}",
            "fastest_peer_over_this": f"{fastest / seconds:.1f}",
            "share_of_limit": f"{limit / ns:.3f}" if code == "porescope, 1 thread" else "",
            "limit_ns": f"{limit:.3f}",
        }
        print(
            name,
            code,
            row["seconds"],
            row["processor_seconds"],
            row["ns_per_point_and_image"],
            flush=True,
        )
        rows.append(row)
    return rows


def rows_of_growth(crystal: Crystal, gas: Gas, limit: float) -> list[dict]:
    """Time of one 32 × 32 × 32 grid as the cell grows, one thread, no symmetry."""
    rows = []
    for n in GROWTH:
        large = crystal.without_symmetry().supercell((n, n, n))
        framework = made_ready(large)

        def grid(framework: Framework = framework) -> object:
            return lennard_jones_grid(framework, gas, shape=(32, 32, 32), use_symmetry=False)

        wall, seconds = best_seconds(grid, 5)
        images = images_per_point(large)
        ns = seconds / (32**3 * images) * 1e9
        rows.append(
            {
                "series": "growth",
                "framework": crystal.name,
                "n_atoms": large.n_atoms,
                "cells": f"{n}x{n}x{n}",
                "n_grid": 32,
                "images_per_point": f"{images:.0f}",
                "code": "porescope, 1 thread",
                "seconds": f"{wall:.5f}",
                "processor_seconds": f"{seconds:.5f}",
                "ns_per_point_and_image": f"{ns:.3f}",
                "fastest_peer_over_this": "",
                "share_of_limit": f"{limit / ns:.3f}",
                "limit_ns": f"{limit:.3f}",
            }
        )
        print("growth", large.n_atoms, rows[-1]["seconds"], rows[-1]["ns_per_point_and_image"])
    return rows


def main() -> int:
    """Measure, print and write the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", help="one framework, nothing written")
    options = parser.parse_args()
    gas, limit = gas_named("Ar"), limit_ns()
    folder = shared_data() / "structures"
    rows: list[dict] = []
    for name, archive, member, n_grid in CASES:
        if options.only not in (None, name):
            continue
        crystal = read_member(folder / archive, member)
        rows += rows_of_case(name, crystal, n_grid, gas, limit)
    if options.only:
        return 0
    sodalite = read_member(folder / CASES[0][1], "named/zeolites/cif/SOD.cif")
    rows += rows_of_growth(sodalite, gas, limit)
    digest = hashlib.sha256(b"".join((folder / a).read_bytes() for a in {c[1] for c in CASES}))
    facts = {"seed": 0, "data_sha256": digest.hexdigest()[:16]} | run_facts()
    write_rows(RESULTS / "speed_energy_grid.csv", [row | facts for row in rows])
    return 0


if __name__ == "__main__":
    sys.exit(main())
