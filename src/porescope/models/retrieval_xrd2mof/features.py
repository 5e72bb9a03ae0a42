"""What Xrd2Mof knows of a metal and of a linker's atoms, as numbers."""

from __future__ import annotations

from importlib.resources import files
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Bool, Float, Int
from rdkit import Chem

METAL_FEATURES = 65
"""Numbers that describe a metal, the last ones zero."""
ATOM_FEATURES = 37
"""Numbers that describe an atom of a linker."""

_VALENCES = {5: 3, 6: 4, 7: 3, 8: 2, 9: 1, 14: 4, 15: 3, 16: 2, 17: 1, 33: 3, 34: 2, 35: 1, 53: 1}


def metal_table(n_numbers: int = 101) -> Float[np.ndarray, "numbers 65"]:
    """Features of each metal by atomic number, scaled to length 1; zeros for anything else.

    Order and scales as in Xrd2Mof's released code: share of the metal (1), atomic number, mass,
    electronegativity, row, group, whether metal, transition metal, rare earth, metalloid, and the
    known oxidation states, in ``metals.csv``.

    Parameters
    ----------
    n_numbers:
        Number of rows, from atomic number 0 up.
    """
    text = files("porescope.models.retrieval_xrd2mof").joinpath("metals.csv").read_text("utf-8")
    lines = [line.split(",") for line in text.splitlines() if line and not line.startswith("#")]
    table = np.zeros((n_numbers, METAL_FEATURES), dtype=np.float32)
    for number, _, mass, negativity, row, group, transition, rare, oid, metal, states in lines[1:]:
        z = int(number)
        if z >= n_numbers:
            continue
        values = [
            1.0,
            (z - 3.0) / 41.0,
            (float(mass) - 6.941) / 209.0,
            float(negativity or 0.0),
            int(row) / 6.0,
            int(group) / 14.0,
            *(float(flag) for flag in (metal, transition, rare, oid)),
            *(float(state) for state in states.split()),
        ]
        table[z, : len(values)] = values
        table[z] /= np.linalg.norm(table[z])
    return table


def atom_features(
    numbers: Int[np.ndarray, "atoms"],
    bonds: Int[np.ndarray, "bonds 2"],
    orders: Float[np.ndarray, "bonds"],
) -> Float[np.ndarray, "atoms 37"]:
    """Features of a linker's atoms that are no hydrogen, from its bond orders alone.

    Xrd2Mof's list: atomic number; neighbours (one of 6 classes), formal charge (8),
    hybridisation (7); in a ring, aromatic; mass, van der Waals and covalent radius, scaled;
    chirality (4), hydrogens (6). It takes them from the SMILES; here charges, hydrogens and
    hybridisation follow from the valences, and the chirality is always unspecified.

    Parameters
    ----------
    numbers:
        Atomic numbers.
    bonds:
        Bonded pairs, each once.
    orders:
        1, 1.5 (aromatic), 2 or 3.
    """
    n = len(numbers)
    first, second = bonds[:, 0], bonds[:, 1]
    ends = np.concatenate([first, second])
    twice = np.concatenate([orders, orders])
    degree = np.bincount(ends, minlength=n)
    valence = np.floor(np.bincount(ends, weights=twice, minlength=n)).astype(np.int64)
    aromatic = np.bincount(ends, weights=twice == 1.5, minlength=n) > 0
    charge, hydrogens = _charges_and_hydrogens(numbers, bonds, valence)
    rings = np.zeros(n, dtype=bool)
    rings[bonds[ring_bonds(bonds, n)].ravel()] = True
    masses, radii, covalent = _periodic_table()
    z = np.clip(numbers, 0, len(masses) - 1)
    one_of_degree = np.eye(6)[np.minimum(degree, 5)]
    one_of_charge = np.eye(8)[np.where(np.abs(charge) <= 3, charge + 3, 7)]
    one_of_kind = np.eye(7)[_hybridisation(numbers, bonds, orders, aromatic)]
    unspecified = np.tile([1.0, 0.0, 0.0, 0.0], (n, 1))
    one_of_hydrogens = np.eye(6)[np.minimum(hydrogens, 5)]
    columns = [
        numbers[:, None],
        one_of_degree,
        one_of_charge,
        one_of_kind,
        rings[:, None],
        aromatic[:, None],
        (masses[z, None] - 10.812) / 116.092,
        (radii[z, None] - 1.5) / 0.6,
        (covalent[z, None] - 0.64) / 0.76,
        unspecified,
        one_of_hydrogens,
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _periodic_table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masses [u], van der Waals and covalent radii [Å] by atomic number, as RDKit has them."""
    table = Chem.GetPeriodicTable()
    numbers = range(1, 101)
    return (
        np.array([0.0, *(table.GetAtomicWeight(z) for z in numbers)]),
        np.array([1.5, *(table.GetRvdw(z) for z in numbers)]),
        np.array([0.64, *(table.GetRcovalent(z) for z in numbers)]),
    )


def _charges_and_hydrogens(
    numbers: Int[np.ndarray, "atoms"],
    bonds: Int[np.ndarray, "bonds 2"],
    valence: Int[np.ndarray, "atoms"],
) -> tuple[Int[np.ndarray, "atoms"], Int[np.ndarray, "atoms"]]:
    """Formal charges of onium nitrogens and of the oxygens on them, and the open valences."""
    normal = np.array([_VALENCES.get(int(z), 0) for z in numbers], dtype=np.int64)
    charge = np.where((numbers == 7) & (valence == 4), 1, 0)
    for a, b in ((0, 1), (1, 0)):
        onium, oxygen = bonds[:, a], bonds[:, b]
        bare = (charge[onium] == 1) & (numbers[oxygen] == 8) & (valence[oxygen] == 1)
        charge[oxygen[bare]] = -1
    hydrogens = np.maximum(normal - valence, 0)
    return charge, np.where(charge == -1, 0, hydrogens)


def _hybridisation(
    numbers: Int[np.ndarray, "atoms"],
    bonds: Int[np.ndarray, "bonds 2"],
    orders: Float[np.ndarray, "bonds"],
    aromatic: Bool[np.ndarray, "atoms"],
) -> Int[np.ndarray, "atoms"]:
    """Class of each atom: 1 sp, 2 sp², 3 sp³, by its multiple bonds and conjugated neighbours."""
    n = len(numbers)
    ends = bonds.T.ravel()
    twice = np.concatenate([orders, orders])
    doubles = np.bincount(ends, weights=twice == 2.0, minlength=n)
    triples = np.bincount(ends, weights=twice == 3.0, minlength=n)
    flat = aromatic | (doubles == 1)
    linear = (triples > 0) | (doubles > 1)
    beside = np.zeros(n, dtype=bool)
    for a, b in ((0, 1), (1, 0)):
        beside[bonds[(flat | linear)[bonds[:, a]], b]] = True
    conjugated = beside & np.isin(numbers, (7, 8)) & ~linear
    return np.where(linear & np.isin(numbers, (6, 7)), 1, np.where(flat | conjugated, 2, 3))


@no_type_check
def ring_bonds(bonds, n_atoms):
    """True for the bonds that lie in a ring: those that are no bridge.

    Parameters
    ----------
    bonds:
        Bonded pairs, each once.
    n_atoms:
        Number of atoms.
    """
    return _ring_bonds(np.ascontiguousarray(bonds, dtype=np.int64), n_atoms)


@no_type_check
@numba.njit(cache=True)
def _ring_bonds(bonds, n_atoms):
    """Bonds that no depth-first search finds to be a bridge."""
    n_bonds = len(bonds)
    starts = np.zeros(n_atoms + 1, dtype=np.int64)
    for k in range(n_bonds):
        starts[bonds[k, 0] + 1] += 1
        starts[bonds[k, 1] + 1] += 1
    starts = np.cumsum(starts)
    fill = starts.copy()
    near = np.zeros((2 * n_bonds, 2), dtype=np.int64)
    for k in range(n_bonds):
        for side in range(2):
            atom = bonds[k, side]
            near[fill[atom], 0] = bonds[k, 1 - side]
            near[fill[atom], 1] = k
            fill[atom] += 1
    order = np.full(n_atoms, -1, dtype=np.int64)
    low = np.zeros(n_atoms, dtype=np.int64)
    came_by = np.full(n_atoms, -1, dtype=np.int64)
    place = starts[:-1].copy()
    stack = np.zeros(n_atoms + 1, dtype=np.int64)
    in_ring = np.ones(n_bonds, dtype=np.bool_)
    clock = 0
    for root in range(n_atoms):
        if order[root] >= 0:
            continue
        top = 0
        stack[0] = root
        order[root] = low[root] = clock
        clock += 1
        while top >= 0:
            atom = stack[top]
            if place[atom] < starts[atom + 1]:
                other, bond = near[place[atom], 0], near[place[atom], 1]
                place[atom] += 1
                if bond == came_by[atom]:
                    continue
                if order[other] >= 0:
                    low[atom] = min(low[atom], order[other])
                    continue
                order[other] = low[other] = clock
                clock += 1
                came_by[other] = bond
                top += 1
                stack[top] = other
                continue
            top -= 1
            if top >= 0:
                parent = stack[top]
                low[parent] = min(low[parent], low[atom])
                if low[atom] > order[parent]:
                    in_ring[came_by[atom]] = False
    return in_ring
