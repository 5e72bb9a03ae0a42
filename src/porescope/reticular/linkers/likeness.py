"""How alike two linkers are: what parts they share, and their sizes."""

from __future__ import annotations

from functools import lru_cache

from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import rdFingerprintGenerator

_RADIUS = 2
"""Bonds about an atom that make up a part."""


def likeness(one: str, other: str) -> float:
    """Share of the parts of two molecules that both have, 0 to 1.

    Parts are the surroundings of each atom up to two bonds away, after D. Rogers and M. Hahn,
    https://doi.org/10.1021/ci100050t. What is no molecule, as of disorder, is like nothing.

    Parameters
    ----------
    one, other:
        SMILES.
    """
    first, second = _parts(one), _parts(other)
    if first is None or second is None:
        return 0.0
    return float(DataStructs.TanimotoSimilarity(first[0], second[0]))


def heavy_atoms(smiles: str) -> int:
    """Atoms of a molecule without hydrogen; 0 where the text is none.

    Parameters
    ----------
    smiles:
        SMILES.
    """
    parts = _parts(smiles)
    return 0 if parts is None else parts[1]


@lru_cache(maxsize=32768)
def _parts(smiles: str) -> tuple[DataStructs.UIntSparseIntVect, int] | None:
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
        if molecule is None:
            return None
        generator = rdFingerprintGenerator.GetMorganGenerator(radius=_RADIUS, fpSize=1024)
        return generator.GetCountFingerprint(molecule), molecule.GetNumHeavyAtoms()
