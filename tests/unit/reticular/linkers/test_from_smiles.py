"""SMILES become rigid blocks with ports."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from porescope.errors import ConfigError, ParseError
from porescope.reticular.block import Block
from porescope.reticular.linkers import from_smiles
from porescope.reticular.linkers.from_smiles import linkers_from_smiles
from porescope.reticular.linkers.regular import regularised, self_maps
from porescope.reticular.linkers.sites import linker_sites
from porescope.reticular.linkers.to_smiles import smiles_of_fragment

BDC = "OC(=O)c1ccc(cc1)C(=O)O"
BTC = "OC(=O)c1cc(cc(c1)C(=O)O)C(=O)O"
ACIDS = {"carboxylate": "CO2", "phosphonate": "PO3", "sulfonate": "SO3"}

with (Path(__file__).parent / "named_linkers.csv").open(encoding="utf-8") as _file:
    METAL_LINKERS = [(r["name"], r["smiles"]) for r in list(csv.DictReader(_file))[:198:5]]


def _symmetries(block: Block) -> int:
    """Number of rotations and reflections that keep atoms and ports within 0.02 Å."""
    degree = np.bincount(block.bonds.ravel(), minlength=block.n_atoms)
    tips = block.positions[block.port_atoms] + block.port_vectors
    numbers = np.concatenate([block.numbers, np.full(len(tips), 30)])
    positions = np.concatenate([block.positions, tips])
    ports = np.stack([block.port_atoms, block.n_atoms + np.arange(len(tips))], axis=1)
    bonds = np.concatenate([block.bonds, ports])
    marks = np.concatenate([degree, np.zeros(len(tips), dtype=np.int64)])
    maps = self_maps(numbers, bonds, marks)
    _, count = regularised(positions, maps=maps, tolerance=0.02)
    return count


@pytest.mark.parametrize(
    ("smiles", "order"),
    [
        (BDC, 8),  # mmm
        (BTC, 12),  # -6m2
        ("Oc1cc2c(cc1O)c1cc(O)c(O)cc1c1cc(O)c(O)cc21", 12),
        ("OC(=O)C#CC(=O)O", 4),
        ("OC(=O)c1ccc2cc(ccc2c1)C(=O)O", 4),  # 2/m
        ("OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O", 8),
        ("n1ccc(cc1)-c1ccncc1", 8),
        ("c1nn[nH]n1", 4),
    ],
)
def test_the_first_shape_is_as_symmetric_as_the_molecule(smiles: str, order: int) -> None:
    # Each map counts, of a flat block once by a rotation and once by a reflection.
    assert _symmetries(linkers_from_smiles(smiles)[0]) >= order


def test_terephthalate_has_the_length_it_has_in_crystals() -> None:
    block = linkers_from_smiles(BDC)[0]
    assert block.formula == "C6H4"
    assert block.charge == 0
    tips = block.positions[block.port_atoms] + block.port_vectors
    # 5.78 Å between the carboxylate carbon atoms in MOF-5 (H. Li et al., Nature 402 (1999) 276).
    assert np.linalg.norm(tips[1] - tips[0]) == pytest.approx(5.78, abs=0.12)


def test_biphenyl_comes_flat_upright_and_twisted() -> None:
    blocks = linkers_from_smiles("OC(=O)c1ccc(cc1)-c1ccc(cc1)C(=O)O")
    assert len(blocks) == 3


@pytest.mark.parametrize(("name", "smiles"), METAL_LINKERS, ids=[m[0] for m in METAL_LINKERS])
def test_a_block_is_the_molecule_it_was_made_from(name: str, smiles: str) -> None:
    for block in linkers_from_smiles(smiles, n_conformers=1):
        sites = linker_sites(block)
        removed = [(s.atom, ACIDS[s.kind]) for s in sites if s.kind in ACIDS for _ in s.ports]
        attached = np.zeros(block.n_atoms, dtype=bool)
        attached[[s.atom for s in sites if s.kind not in ACIDS]] = True
        found = smiles_of_fragment(
            block.numbers, block.positions, block.bonds, attached=attached, removed=removed
        )
        assert found.smiles == block.smiles
        assert found.charge_as_cut == block.charge


def test_phenolates_beside_acids_bridge_two_metals() -> None:
    plain, bridging = linkers_from_smiles("OC(=O)c1cc(O)c(cc1O)C(=O)O", n_conformers=1)
    assert (plain.n_ports, plain.charge) == (2, 0)
    assert (bridging.n_ports, bridging.charge) == (6, -2)


def test_chelating_ports_end_at_one_metal() -> None:
    block = linkers_from_smiles("Oc1cc2c(cc1O)c1cc(O)c(O)cc1c1cc(O)c(O)cc21")[0]
    tips = block.positions[block.port_atoms] + block.port_vectors
    gaps = np.linalg.norm(tips[:, None] - tips[None], axis=-1) + 10.0 * np.eye(6)
    assert np.all(gaps.min(axis=1) < 0.01)


@pytest.mark.parametrize(
    ("smiles", "formula", "ports"),
    [
        ("OB(O)c1ccc(cc1)B(O)O", "C6H4", 2),
        ("O=Cc1ccc(C=O)cc1", "C8H6", 2),
        ("Nc1ccc(N)cc1", "C6H4N2", 2),
        ("O=Cc1cc(C=O)cc(C=O)c1", "C9H6", 3),
        ("Oc1cc2c(cc1O)c1cc(O)c(O)cc1c1cc(O)c(O)cc21", "B3C18H6O6", 3),
        ("CCOc1cc(C(=O)NN)c(OCC)cc1C(=O)NN", "C12H14N4O4", 2),
    ],
)
def test_covalent_ends_are_cut_at_the_linkage(smiles: str, formula: str, ports: int) -> None:
    block = linkers_from_smiles(smiles, ends="covalent")[0]
    assert block.formula == formula
    assert block.n_ports == ports


def test_the_same_seed_gives_the_same_blocks() -> None:
    smiles = "OC(=O)CCCCC(=O)O"
    one = linkers_from_smiles(smiles, seed=3)
    from_smiles._linkers.cache_clear()
    other = linkers_from_smiles(smiles, seed=3)
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.positions, b.positions)


@pytest.mark.parametrize(
    ("smiles", "error", "says"),
    [
        ("c1ccc(", ParseError, "expected the SMILES of a linker"),
        ("C1CC(=O)(=O)C1", ParseError, "valence"),
        ("", ParseError, "expected the SMILES of a linker"),
        ("c1ccccc1", ConfigError, "none that could connect"),
        ("OC(=O)c1ccc(cc1)C(=O)O.CN(C)C=O", ConfigError, "one molecule"),
        ("C" * 500, ConfigError, "at most 400 atoms"),
    ],
)
def test_bad_input_is_told_what_to_do(smiles: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        linkers_from_smiles(smiles)
