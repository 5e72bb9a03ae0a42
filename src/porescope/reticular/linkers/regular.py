"""The symmetry that a shape nearly has, made exact."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from rdkit import Chem

_MOST = 4000
"""Ways of mapping a molecule onto itself that are looked at."""


def self_maps(
    numbers: Int[np.ndarray, "atoms"],
    bonds: Int[np.ndarray, "bonds 2"],
    marks: Int[np.ndarray, "atoms"],
) -> Int[np.ndarray, "maps atoms"]:
    """Permutations that keep elements, marks and bonds.

    Parameters
    ----------
    numbers:
        Atomic numbers.
    bonds:
        Bonded pairs; all bonds count as equal.
    marks:
        Whole numbers that tell atoms apart further, such as their hydrogen atoms.
    """
    mol = Chem.RWMol()
    for number, mark in zip(numbers.tolist(), marks.tolist(), strict=True):
        atom = Chem.Atom(number)
        atom.SetIsotope(mark + 1)
        atom.SetNoImplicit(True)
        mol.AddAtom(atom)
    for i, j in bonds.tolist():
        mol.AddBond(i, j, Chem.BondType.SINGLE)
    found = mol.GetSubstructMatches(mol, uniquify=False, maxMatches=_MOST)
    return np.array(found or [tuple(range(len(numbers)))], dtype=np.int64)


def regularised(
    positions: Float[np.ndarray, "atoms 3"],
    *,
    maps: Int[np.ndarray, "maps atoms"],
    tolerance: float = 0.25,
) -> tuple[Float[np.ndarray, "atoms 3"], int]:
    """Coordinates averaged over the rotations and reflections that nearly keep them.

    Parameters
    ----------
    positions:
        Cartesian coordinates [Å].
    maps:
        Permutations from :func:`self_maps`.
    tolerance:
        Largest root-mean-square distance that an operation may leave [Å].

    Returns
    -------
    :
        New coordinates about their centroid, and the number of operations that keep them.
    """
    centred = positions - positions.mean(axis=0)
    count = 1
    for _ in range(6):
        aligned, deviation = _best_operations(centred, maps)
        kept = deviation < tolerance
        count = int(kept.sum())
        new = aligned[kept].mean(axis=0)
        new -= new.mean(axis=0)
        moved = float(np.abs(new - centred).max())
        centred = new
        if moved < 1e-6:
            break
    return centred, count


def _best_operations(
    centred: Float[np.ndarray, "atoms 3"], maps: Int[np.ndarray, "maps atoms"]
) -> tuple[
    Float[np.ndarray, "operations atoms 3"],
    Float[np.ndarray, "operations"],
]:
    """Atoms moved by each map's best rotation and best reflection, and how far off they are."""
    permuted = centred[maps]
    left, _, right = np.linalg.svd(np.einsum("mai,aj->mij", permuted, centred))
    sign = np.sign(np.linalg.det(left @ right))
    flips = np.ones((2, len(maps), 3))
    flips[0, :, 2] = sign
    flips[1, :, 2] = -sign
    rotations = np.einsum("mij,fmj,mjk->fmik", left, flips, right).reshape(-1, 3, 3)
    both = np.concatenate([permuted, permuted])
    aligned = np.einsum("mai,mij->maj", both, rotations)
    deviation = np.sqrt(((aligned - centred) ** 2).sum(axis=2).mean(axis=1))
    return aligned, deviation
