"""Lennard-Jones energies by pymoxel or RASPA3, in a process of its own.

    python grid_peers.py pymoxel|raspalib JOB.npz OUT.npz

A job holds the atoms and what is asked; the answer holds energies in kelvin and the seconds that
the energies alone took, by the clock and of the processors. Nothing of porescope is imported here:
gemmi and raspalib do not live in one process.
"""

import os
import resource
import sys
import time
import warnings

import numpy as np

os.environ["RASPALIB_QUIET"] = "1"
warnings.simplefilter("ignore")

KELVIN = 1.2027242847  # of RASPA's unit of energy


def processor_seconds() -> float:
    """Time of all processors in this process and in those that it started and ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def timed(task, repeats: int):
    """Result of a task, its least time by the clock and its least time of the processors."""
    wall = cpu = np.inf
    result = None
    for _ in range(repeats):
        started, used = time.perf_counter(), processor_seconds()
        result = task()
        wall = min(wall, time.perf_counter() - started)
        cpu = min(cpu, processor_seconds() - used)
    return result, (wall, cpu)


def pymoxel(job: dict) -> tuple[np.ndarray, tuple[float, float]]:
    """Energies on pymoxel's grid, which lies over a supercell of at least two cutoffs."""
    from moxel.utils import Grid
    from pymatgen.core import Structure

    grid = Grid(
        int(job["n_grid"]),
        cutoff=float(job["cutoff"]),
        epsilon=float(job["probe"][0]),
        sigma=float(job["probe"][1]),
    )
    grid.structure = Structure(job["lattice"], list(job["symbols"]), job["frac"])
    voxels, seconds = timed(
        lambda: grid.calculate(cubic_box=None, n_jobs=int(job["n_jobs"])), int(job["repeats"])
    )
    return voxels.astype(np.float64), seconds


def raspalib(job: dict) -> tuple[np.ndarray, tuple[float, float]]:
    """Energy of the framework with atoms at given points, all of them at once."""
    import raspalib as raspa

    cutoff = float(job["cutoff"])
    names = sorted(set(job["symbols"].tolist()))
    field = raspa.ForceField(
        [raspa.PseudoAtom("probe", False, 40.0, 0.0, 0.0, 18)]
        + [raspa.PseudoAtom(name, True, 20.0, 0.0, 0.0, 1) for name in names],
        [raspa.VDWParameters(*job["probe"].tolist())]
        + [
            raspa.VDWParameters(*job["parameters"][job["symbols"] == name][0].tolist())
            for name in names
        ],
        raspa.ForceField.MixingRule.LORENTZ_BERTHELOT,
        cutoff,
        cutoff,
        cutoff,
        False,
        False,
        False,
    )
    sites = [
        raspa.Atom(place, 0.0, 1.0, 0, 1 + names.index(symbol), 0, 0, 0)
        for place, symbol in zip(job["frac"].tolist(), job["symbols"].tolist(), strict=True)
    ]
    box = raspa.SimulationBox(*job["cell"].tolist()[:3])  # right angles only
    framework = raspa.Framework(field, "framework", box, 1, sites, job["repeats_of_cell"].tolist())
    component = raspa.Component(
        field, "probe", 150.0, 4.9e6, 0.0, [raspa.Atom([0.0, 0.0, 0.0], 0.0, 1.0, 0, 0, 0, 0, 0)]
    )
    system = raspa.System(
        field, None, False, 300.0, 1e5, 0.29, framework, [component], [job["points"].tolist()], [0]
    )
    energies, seconds = timed(system.compute_total_energies, int(job["repeats"]))
    return np.array([energies.framework_molecule_vdw * KELVIN]), seconds


if __name__ == "__main__":
    peer, source, target = sys.argv[1:]
    with np.load(source) as archive:
        asked = dict(archive)
    found, seconds = {"pymoxel": pymoxel, "raspalib": raspalib}[peer](asked)
    np.savez(target, energies=found, seconds=seconds)
