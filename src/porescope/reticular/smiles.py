"""Molecules as text: reading SMILES, and telling when two of them are one linker."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

from rdkit import Chem, rdBase
from rdkit.Chem import rdMolHash
from rdkit.Chem.MolStandardize import rdMolStandardize

from porescope.errors import ConfigError


@lru_cache(maxsize=4096)
def canonical_smiles(smiles: str) -> str:
    """The neutral molecule's canonical SMILES without stereochemistry.

    Parameters
    ----------
    smiles:
        Any SMILES of one molecule; charges that protons balance are taken off.

    Raises
    ------
    ConfigError
        Where the text is no SMILES, or names several molecules.
    """
    molecule = molecule_of_smiles(smiles)
    with rdBase.BlockLogs():
        molecule = rdMolStandardize.Uncharger().uncharge(molecule)
    Chem.RemoveStereochemistry(molecule)
    return Chem.MolToSmiles(molecule)


@lru_cache(maxsize=65536)
def linker_key(smiles: str) -> str:
    """Sixteen digits that are equal for one molecule in all its tautomers and protonations.

    Hydrogen does not count at all, so that a hydroquinone and its quinone are alike: on a metal
    they cannot be told apart without hydrogen atoms.

    Parameters
    ----------
    smiles:
        SMILES of one molecule.

    Raises
    ------
    ConfigError
        As in :func:`canonical_smiles`.
    """
    plain = canonical_smiles(smiles)
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(plain)
    if molecule is None:  # taking off charges has left a valence that RDKit does not read again
        return key_of_text(plain)
    text = rdMolHash.MolHash(molecule, rdMolHash.HashFunction.HetAtomTautomer)
    return key_of_text(text.rsplit("_", 2)[0])


def key_of_text(text: str) -> str:
    """Digest of a molecule's text without hydrogen.

    Parameters
    ----------
    text:
        As RDKit writes it.
    """
    return blake2b(text.encode(), digest_size=8).hexdigest()


def elements_of_smiles(smiles: str) -> tuple[str, ...]:
    """Symbols of a molecule's elements in alphabetical order, hydrogen included where it is bound.

    Raises
    ------
    ConfigError
        As in :func:`canonical_smiles`.
    """
    molecule = Chem.AddHs(molecule_of_smiles(smiles))
    return tuple(sorted({atom.GetSymbol() for atom in molecule.GetAtoms()}))


def molecule_of_smiles(smiles: str) -> Chem.Mol:
    """The molecule as RDKit has it.

    Raises
    ------
    ConfigError
        Where the text is no SMILES, or names several molecules or none.
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles.strip())
    if molecule is None or molecule.GetNumAtoms() == 0:
        raise ConfigError(
            f"{smiles!r} is not a SMILES that can be read; write the free acid, for example "
            "'OC(=O)c1ccc(cc1)C(=O)O' for terephthalic acid"
        )
    if len(Chem.GetMolFrags(molecule)) > 1:
        raise ConfigError(f"{smiles!r} names several molecules; give each linker on its own")
    return molecule
