"""Whether a made framework could be one: bonds as meant, nothing too near, charges that cancel."""

from __future__ import annotations

from functools import cache
from typing import no_type_check

import gemmi
import numba
import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.bonds import bonds_of
from porescope.crystal.elements import N_NUMBERS, is_metal
from porescope.crystal.neighbours import neighbour_list
from porescope.crystal.structure import Crystal

CLOSE = 0.68
"""Atoms more than three bonds apart and nearer than this share of the sum of their van der Waals
radii clash: 1.63 Å for two hydrogens, 2.3 Å for two carbons."""
HYDROGEN_BOND = 1.3
"""Hydrogen may come this near to nitrogen, oxygen and fluorine [Å]."""
_ACCEPTORS = (7, 8, 9)
_REACH = 3
"""Atoms this few bonds apart are as near as their bonds and angles make them."""


@cache
def van_der_waals_radii() -> Float[np.ndarray, "numbers"]:
    """Van der Waals radius of each atomic number [Å], as gemmi lists them."""
    radii = np.array([gemmi.Element(z).vdw_r if z else 0.0 for z in range(N_NUMBERS)])
    radii.setflags(write=False)
    return radii


def clashes(
    crystal: Crystal, bonds: Int[np.ndarray, "bonds 5"], *, share: float = CLOSE
) -> Int[np.ndarray, "pairs 2"]:
    """Pairs of atoms that are too near one another, each once; metals are left to their bonds.

    Parameters
    ----------
    crystal:
        A structure in P1.
    bonds:
        Its bond graph in the crystal's unfolded coordinates.
    share:
        Share of the sum of van der Waals radii below which two atoms clash.
    """
    radii = np.where(is_metal(), 0.0, van_der_waals_radii())[crystal.numbers]
    if not crystal.n_atoms or not radii.any():
        return np.zeros((0, 2), dtype=np.int64)
    near = neighbour_list(
        crystal.frac, lattice=crystal.lattice, cutoff=float(2.0 * radii.max() * share)
    )
    limit = share * (radii[near.first] + radii[near.second])
    limit[(radii[near.first] == 0.0) | (radii[near.second] == 0.0)] = 0.0
    one, other = crystal.numbers[near.first], crystal.numbers[near.second]
    bridged = ((one == 1) & np.isin(other, _ACCEPTORS)) | ((other == 1) & np.isin(one, _ACCEPTORS))
    limit[bridged] = HYDROGEN_BOND
    rows = np.flatnonzero((near.distance < limit) & (near.first <= near.second))
    start, second, image = _both_ways(bonds, crystal.n_atoms)
    far = _far_apart(
        start,
        second,
        image,
        near.first[rows].astype(np.int64),
        near.second[rows].astype(np.int64),
        near.image[rows].astype(np.int64),
        _REACH,
    )
    return np.stack([near.first[rows], near.second[rows]], axis=1)[far].astype(np.int64)


def graph_differences(crystal: Crystal, bonds: Int[np.ndarray, "bonds 5"]) -> tuple[int, int]:
    """How many bonds that are meant the distances do not show, and how many they show beyond.

    Parameters
    ----------
    crystal:
        A structure.
    bonds:
        The bonds that are meant, in the crystal's unfolded coordinates.
    """
    seen = bonds_of(crystal)
    shown = set(zip(seen.first.tolist(), seen.second.tolist(), *seen.image.T.tolist(), strict=True))
    meant = {tuple(row) for row in bonds.tolist()}
    meant |= {(b, a, -x, -y, -z) for a, b, x, y, z in bonds.tolist()}
    return len(meant - shown) // 2, len(shown - meant) // 2


def faults_of(
    crystal: Crystal,
    bonds: Int[np.ndarray, "bonds 5"],
    *,
    charge: int | None = None,
) -> tuple[str, ...]:
    """Classes of what speaks against a framework; empty where nothing does.

    Parameters
    ----------
    crystal:
        A structure in P1.
    bonds:
        The bonds that are meant.
    charge:
        Sum of the charges of its blocks [e], where it is known.

    Returns
    -------
    :
        Of ``broken bond``, ``extra bond``, ``clash`` and ``charged``.
    """
    missing, beyond = graph_differences(crystal, bonds)
    faults = []
    if missing:
        faults.append("broken bond")
    if beyond:
        faults.append("extra bond")
    if len(clashes(crystal, bonds)):
        faults.append("clash")
    if charge:
        faults.append("charged")
    return tuple(faults)


def _both_ways(bonds: np.ndarray, n_atoms: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neighbours of each atom as slices of one array."""
    first = np.concatenate([bonds[:, 0], bonds[:, 1]])
    second = np.concatenate([bonds[:, 1], bonds[:, 0]])
    image = np.concatenate([bonds[:, 2:], -bonds[:, 2:]])
    order = np.argsort(first, kind="stable")
    start = np.searchsorted(first[order], np.arange(n_atoms + 1))
    return (
        start.astype(np.int64),
        second[order].astype(np.int64),
        np.ascontiguousarray(image[order]).astype(np.int64),
    )


@numba.njit(cache=True)
@no_type_check
def _far_apart(start, second, image, ones, others, cells, reach):
    """True for pairs that are more than a few bonds apart: a search from each first atom."""
    found = np.ones(len(ones), dtype=np.bool_)
    atoms = np.empty(4096, dtype=np.int64)
    places = np.empty((4096, 3), dtype=np.int64)
    for row in range(len(ones)):
        goal, x, y, z = others[row], cells[row, 0], cells[row, 1], cells[row, 2]
        atoms[0] = ones[row]
        places[0, 0] = places[0, 1] = places[0, 2] = 0
        begin, end = 0, 1
        for _ in range(reach):
            size = end
            for q in range(begin, end):
                for k in range(start[atoms[q]], start[atoms[q] + 1]):
                    u = places[q, 0] + image[k, 0]
                    v = places[q, 1] + image[k, 1]
                    w = places[q, 2] + image[k, 2]
                    if second[k] == goal and u == x and v == y and w == z:
                        found[row] = False
                    if size < 4096:
                        atoms[size] = second[k]
                        places[size, 0], places[size, 1], places[size, 2] = u, v, w
                        size += 1
            begin, end = end, size
            if not found[row]:
                break
    return found
