"""Types and bond orders from bond graphs."""

from __future__ import annotations

import numpy as np
import pytest

from force_field_crystals import crystal, zinc_imidazolate, zinc_imidazolate_bonds
from porescope.crystal.bonds import bonds_of
from porescope.errors import ConfigError
from porescope.reticular.force_field.bond_graph import bond_graph, bond_rows
from porescope.reticular.force_field.perception import AMIDE, perceive
from porescope.reticular.force_field.terms import force_field_of
from porescope.reticular.force_field.typing import Typed, typed

BOX = 40.0 * np.eye(3)


def orders(smiles: str) -> dict[str, list[float]]:
    """Bond orders of a molecule by elements."""
    from rdkit import Chem
    from rdkit.Chem import AllChem

    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(mol, randomSeed=1)
    numbers = [a.GetAtomicNum() for a in mol.GetAtoms()]
    there = crystal(numbers, mol.GetConformer().GetPositions() + 20.0, BOX)
    rows = np.array(
        [[b.GetBeginAtomIdx(), b.GetEndAtomIdx(), 0, 0, 0] for b in mol.GetBonds()], dtype=np.int64
    )
    seen = perceive(bond_graph(there, rows))
    found: dict[str, list[float]] = {}
    for bond, order in zip(mol.GetBonds(), seen.order, strict=True):
        key = "".join(sorted((bond.GetBeginAtom().GetSymbol(), bond.GetEndAtom().GetSymbol())))
        found.setdefault(key, []).append(order)
    return {key: sorted(values) for key, values in found.items()}


@pytest.mark.parametrize(
    ("smiles", "pair", "expected"),
    [
        ("c1ccccc1", "CC", [1.5] * 6),
        ("[O-]C(=O)c1ccccc1", "CO", [1.5, 1.5]),
        ("CC(=O)OC", "CO", [1.0, 1.0, 2.0]),
        ("CC(=O)NC", "CN", [1.0, AMIDE]),
        ("CC#CC", "CC", [1.0, 1.0, 3.0]),
        ("CC#CC#CC", "CC", [1.0, 1.0, 1.0, 3.0, 3.0]),
        ("CC#N", "CN", [3.0]),
        ("C=CC=C", "CC", [1.0, 2.0, 2.0]),
        ("c1ccccc1N=Nc1ccccc1", "NN", [2.0]),
        ("C[N+](=O)[O-]", "NO", [1.5, 1.5]),
        ("C=C=C", "CC", [2.0, 2.0]),
        ("O=C1C=CC(=O)C=C1", "CC", [1.0] * 4 + [2.0] * 2),
        ("c1ccc2[nH]ccc2c1", "CN", [1.5, 1.5]),
        ("c1ccc(cc1)C=Nc1ccccc1", "CN", [1.0, 2.0]),
        ("OB(O)c1ccccc1", "BO", [AMIDE, AMIDE]),
        ("[O-]C(=O)[O-]", "CO", [1.33] * 3),
    ],
)
def test_bond_orders(smiles: str, pair: str, expected: list[float]) -> None:
    assert orders(smiles)[pair] == pytest.approx(expected)


def around(number: int, vectors: list, ligand: int = 8) -> Typed:
    """A metal with ligands at 2 Å in given directions."""
    units = np.array(vectors, dtype=np.float64)
    units *= 2.0 / np.linalg.norm(units, axis=1)[:, None]
    there = crystal([number, *[ligand] * len(units)], np.vstack([[0.0] * 3, units]) + 20.0, BOX)
    rows = np.array([[0, k + 1, 0, 0, 0] for k in range(len(units))], dtype=np.int64)
    return typed(bond_graph(there, rows))


SQUARE = [[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]]
TETRAHEDRON = [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
OCTAHEDRON = [*SQUARE, [0, 0, 1], [0, 0, -1]]
PRISM = [[np.cos(t), np.sin(t), z] for z in (0.8, -0.8) for t in np.deg2rad([0.0, 120.0, 240.0])]
CUBE = [[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
TRIANGLE = [[np.cos(t), np.sin(t), 0] for t in np.deg2rad([0.0, 120.0, 240.0])]


@pytest.mark.parametrize(
    ("number", "vectors", "name", "shape"),
    [
        (29, SQUARE, "Cu4+2", "right"),
        (30, TETRAHEDRON, "Zn3f2", "general"),
        (28, SQUARE, "Ni4+2", "right"),
        (29, [*SQUARE, [0, 0, 1]], "Cu4+2", "right"),
        (29, [*TRIANGLE, [0, 0, 1], [0, 0, -1]], "Cu4+2", "crowded"),
        (24, OCTAHEDRON, "Cr6f3", "right"),
        (40, PRISM, "Zr6f3", "crowded"),
        (40, CUBE, "Zr8f4", "crowded"),
        (64, CUBE, "Gd8f4", "crowded"),
        (47, SQUARE[::2], "Ag1f1", "linear"),
        (29, TRIANGLE, "Cu2f2", "trigonal"),
    ],
)
def test_metals_by_their_ligands(number: int, vectors: list, name: str, shape: str) -> None:
    found = around(number, vectors)
    assert found.types[0].name == name
    assert found.shapes[0] == shape
    assert not [note for note in found.notes if "no type" in note]


def test_a_metal_without_a_type_borrows_one_and_says_so() -> None:
    found = around(30, OCTAHEDRON)
    assert found.shapes[0] == "right"
    assert any("Zn with 6 ligands" in note and "Zn4+2" in note for note in found.notes)


def test_oxygen_among_metals() -> None:
    # Mu4-oxygen of Zn4O, and mu3-oxygen of a flat trimer.
    tetrahedron = np.array(TETRAHEDRON) * 1.12
    four = crystal([8, 30, 30, 30, 30], np.vstack([[0.0] * 3, tetrahedron]) + 20.0, BOX)
    rows = np.array([[0, k, 0, 0, 0] for k in range(1, 5)], dtype=np.int64)
    assert force_field_of(four, rows).types[0] == "O_3_f"
    three = crystal([8, 24, 24, 24], np.vstack([[0.0] * 3, 1.9 * np.array(TRIANGLE)]) + 20.0, BOX)
    assert force_field_of(three, rows[:3]).types[0] == "O_2_z"


def test_an_imidazolate_is_aromatic_and_bound_to_tetrahedral_zinc() -> None:
    field = force_field_of(zinc_imidazolate(), zinc_imidazolate_bonds())
    assert field.types[:5] == ("C_R", "N_R", "C_R", "C_R", "N_R")
    assert field.types[8] == "Zn1f1"


def test_measured_lengths_replace_those_of_uff4mof() -> None:
    four = crystal([30, 8, 8, 8, 8], np.vstack([[0.0] * 3, np.array(TETRAHEDRON)]) + 20.0, BOX)
    rows = np.array([[0, k, 0, 0, 0] for k in range(1, 5)], dtype=np.int64)
    with_table = force_field_of(four, rows).bond_values[:, 0]
    without = force_field_of(four, rows, measured=False).bond_values[:, 0]
    assert not np.allclose(with_table, without)


def test_bad_bonds_and_unknown_elements_are_refused() -> None:
    one = crystal([8, 1], [[0.0] * 3, [0.96, 0.0, 0.0]], BOX)
    with pytest.raises(ConfigError, match="name atom 2, but the crystal has 2"):
        force_field_of(one, np.array([[0, 2, 0, 0, 0]], dtype=np.int64))
    with pytest.raises(ConfigError, match="joins atom 0 to itself"):
        force_field_of(one, np.array([[0, 0, 0, 0, 0]], dtype=np.int64))
    with pytest.raises(ConfigError, match="no parameters for atomic number 110"):
        force_field_of(crystal([110], [[0.0] * 3], BOX), np.zeros((0, 5), dtype=np.int64))


def test_rows_of_a_real_bond_list_make_a_graph_with_both_ends() -> None:
    there = zinc_imidazolate()
    graph = bond_graph(there, bond_rows(bonds_of(there)))
    for atom, bonds in enumerate(graph.neighbours):
        for bond in bonds:
            back = [b for b in graph.neighbours[bond.atom] if b.row == bond.row]
            assert any(b.atom == atom for b in back)
            length = np.linalg.norm(graph.vector(atom, bond))
            assert 0.9 < length < 2.6
