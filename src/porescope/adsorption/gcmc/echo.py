"""What the engine says of the structure that it loaded, against what was meant."""

from __future__ import annotations

from typing import Any

import numpy as np

from porescope.adsorption.gcmc.job import GcmcJob
from porescope.errors import PorescopeError

_PAIR_TOLERANCE = 1e-4
_CHARGE_TOLERANCE = 2e-5
_POSITION_TOLERANCE = 2e-5
_MASS_TOLERANCE = 1e-4


class EngineError(PorescopeError, RuntimeError):
    """The engine ended, or did not load what it was given."""


def check_echo(
    echo: dict[str, Any], *, job: GcmcJob, lattice: np.ndarray, wanted: np.ndarray | None = None
) -> None:
    """Compare the engine's echo with the job.

    Parameters
    ----------
    echo:
        Answer of the engine.
    job:
        What it was given.
    lattice:
        Vectors of the unit cell as rows [Å].
    wanted:
        Epsilon [K] and sigma [Å] of each framework kind (rows, in the order of the job) with each
        gas kind, from the force field itself; by default not compared.

    Raises
    ------
    EngineError
        With the first difference.
    """
    _check_pairs(echo["pairs"], job, wanted)
    volume = abs(float(np.linalg.det(lattice))) * float(np.prod(job.repeats))
    if not np.isclose(echo["volume"], volume, rtol=1e-6):
        raise _mismatch("the volume of the box", f"{volume:.3f} Å³", f"{echo['volume']:.3f} Å³")
    if job.framework is None:
        return
    n_atoms = len(job.framework.frac)
    n_box = n_atoms * int(np.prod(job.repeats))
    if echo["n_atoms_box"] != n_box:
        raise _mismatch("the number of atoms in the box", n_box, echo["n_atoms_box"])
    mass = sum(job.sites[site].mass for site in job.framework.sites) * float(np.prod(job.repeats))
    if not np.isclose(echo["mass"], mass, rtol=_MASS_TOLERANCE):
        raise _mismatch("the mass of the framework", f"{mass:.3f}", f"{echo['mass']:.3f}")
    total = sum(job.framework.charges)
    if abs(echo["charge"] - total) > _CHARGE_TOLERANCE * max(1, n_atoms):
        raise _mismatch("the charge of the cell", f"{total:.5f} e", f"{echo['charge']:.5f} e")
    _check_atoms(np.array(echo["atoms"], dtype=np.float64), job, lattice)


def _check_pairs(pairs: list[list[Any]], job: GcmcJob, wanted: np.ndarray | None) -> None:
    row_of = {site.name: row for row, site in enumerate(job.sites)}
    n_gas = sum(not site.is_framework for site in job.sites)
    seen = set()
    for first, second, epsilon, sigma, shift, tail in pairs:
        i, j = sorted((row_of[first], row_of[second]))
        if job.sites[i].is_framework:
            continue
        seen.add((i, j))
        a, b = job.sites[i], job.sites[j]
        target = np.sqrt(a.epsilon_k * b.epsilon_k), 0.5 * (a.sigma + b.sigma)
        if job.mixing == "geometric":
            target = target[0], np.sqrt(a.sigma * b.sigma)
        if wanted is not None and b.is_framework:
            target = wanted[j - n_gas, i]
        what = f"the pair of {b.label} and {a.label}"
        if abs(epsilon - target[0]) > _PAIR_TOLERANCE:
            raise _mismatch(f"epsilon of {what}", f"{target[0]:.5f} K", f"{epsilon:.5f} K")
        if target[0] == 0.0:
            continue
        if abs(sigma - target[1]) > _PAIR_TOLERANCE:
            raise _mismatch(f"sigma of {what}", f"{target[1]:.5f} Å", f"{sigma:.5f} Å")
        ratio6 = (target[1] / job.cutoff) ** 6
        offset = 4.0 * target[0] * (ratio6**2 - ratio6) if job.shifted else 0.0
        if abs(abs(shift) - abs(offset)) > _PAIR_TOLERANCE:
            raise _mismatch(f"the shift of {what}", f"{offset:.5f} K", f"{shift:.5f} K")
        if bool(tail) != job.tail_correction:
            raise _mismatch(f"the tail correction of {what}", job.tail_correction, tail)
    missing = n_gas * (n_gas + 1) // 2 + n_gas * (len(job.sites) - n_gas) - len(seen)
    if missing:
        raise _mismatch("the number of pairs with gas atoms", len(seen) + missing, len(seen))


def _check_atoms(atoms: np.ndarray, job: GcmcJob, lattice: np.ndarray) -> None:
    framework = job.framework
    assert framework is not None
    if len(atoms) != len(framework.frac):
        raise _mismatch("the number of atoms in the cell", len(framework.frac), len(atoms))
    off = atoms[:, 1:4] - np.array(framework.frac)
    off -= np.round(off)
    distance = np.linalg.norm(off @ lattice, axis=1)
    edge = float(np.linalg.norm(lattice, axis=1).max())
    checks = (
        ("the kind", atoms[:, 0] != np.array(framework.sites)),
        ("the position", distance > _POSITION_TOLERANCE * edge),
        ("the charge", np.abs(atoms[:, 4] - np.array(framework.charges)) > _CHARGE_TOLERANCE),
    )
    for what, bad in checks:
        if bad.any():
            raise _mismatch(f"{what} of {int(bad.sum())} atoms", "as given", "something else")


def _mismatch(what: str, expected: object, came: object) -> EngineError:
    return EngineError(
        f"the simulation engine did not load what it was given: {what} should be {expected} and "
        f"is {came}; nothing was sampled. The version of raspalib may not be one that is supported"
    )
