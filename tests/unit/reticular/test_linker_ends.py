"""Linkers with unlike ends lie in regular ways round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cubic_frameworks import BDC, cubic_framework

from porescope.reticular.assembly import Assembly, link_gaps
from porescope.reticular.linker_ends import head_and_tail, regular_ways_round, turned_round
from porescope.reticular.linkers.from_smiles import linkers_from_smiles

CHLORO = linkers_from_smiles("OC(=O)c1ccc(c(Cl)c1)C(=O)O")[0]


def _with_chloro(repeats: tuple[int, int, int]) -> Assembly:
    plain = cubic_framework(repeats)
    return replace(plain, blocks=(plain.blocks[0], CHLORO))


@pytest.mark.parametrize(
    "smiles",
    [BDC, "OC(=O)c1cc(O)c(cc1O)C(=O)O", "OC(=O)c1cc(cc(c1)C(=O)O)C(=O)O"],
)
def test_like_ends_are_not_told_apart(smiles: str) -> None:
    assert head_and_tail(linkers_from_smiles(smiles)[0]) is None


def test_the_head_is_the_same_however_atoms_are_numbered() -> None:
    found = head_and_tail(CHLORO)
    assert found is not None
    order = np.random.default_rng(3).permutation(CHLORO.n_atoms)
    place = np.argsort(order)
    shuffled = replace(
        CHLORO,
        numbers=CHLORO.numbers[order],
        positions=CHLORO.positions[order],
        bonds=place[CHLORO.bonds],
        port_atoms=place[CHLORO.port_atoms][::-1].copy(),
        port_vectors=CHLORO.port_vectors[::-1].copy(),
    )
    again = head_and_tail(shuffled)
    assert again is not None
    assert np.allclose(shuffled.positions[list(again)], CHLORO.positions[list(found)])


def test_a_linker_turned_round_swaps_its_ends_and_keeps_its_ports() -> None:
    new = turned_round(CHLORO)
    assert new.port_atoms.tolist() == CHLORO.port_atoms.tolist()[::-1]
    for port in range(2):
        at = new.positions[new.port_atoms[port]]
        assert np.allclose(at, CHLORO.positions[CHLORO.port_atoms[port]], atol=1e-9)
        assert new.port_vectors[port] @ CHLORO.port_vectors[port] > 0.9
    (chlorine,) = np.flatnonzero(CHLORO.numbers == 17)
    assert np.linalg.norm(new.positions[chlorine] - CHLORO.positions[chlorine]) > 2.0
    back = turned_round(new)
    assert np.allclose(back.positions, CHLORO.positions, atol=1e-9)


def _heads(framework: Assembly) -> dict[int, list[int]]:
    """For each node the linkers that lie with their head at it."""
    found: dict[int, list[int]] = {}
    for one, port, other, other_port, *_ in framework.links.tolist():
        for piece, mine, there in ((one, port, other), (other, other_port, one)):
            block = framework.blocks[int(framework.kinds[piece])]
            ends = head_and_tail(block)
            if ends is not None and int(block.port_atoms[mine]) == ends[0]:
                found.setdefault(there, []).append(piece)
    return found


def test_all_heads_one_way_or_all_about_every_other_node() -> None:
    framework = _with_chloro((2, 2, 2))
    slots = range(8, 32)
    ways = list(regular_ways_round(framework, slots))
    start = _heads(framework)
    assert all(len(heads) == 3 for heads in start.values())  # as they are: all one way
    (alternating,) = ways
    counts = sorted(len(heads) for heads in _heads(alternating).values())
    assert counts == [6, 6, 6, 6]
    assert alternating.n_atoms == framework.n_atoms
    assert link_gaps(alternating).max() == pytest.approx(link_gaps(framework).max(), abs=0.1)


def test_one_that_lies_the_wrong_way_round_is_turned() -> None:
    framework = _with_chloro((1, 1, 1))
    kinds = framework.kinds.copy()
    kinds[2] = 2
    wrong = replace(framework, blocks=(*framework.blocks, turned_round(CHLORO)), kinds=kinds)
    assert list(regular_ways_round(framework, [1, 2, 3])) == []
    assert list(regular_ways_round(wrong, [1, 2, 3])) == []  # no two of them are parallel
    double = _with_chloro((2, 1, 1))
    kinds = double.kinds.copy()
    kinds[2] = 2
    wrong = replace(double, blocks=(*double.blocks, turned_round(CHLORO)), kinds=kinds)
    (right,) = regular_ways_round(wrong, range(2, 8))
    heads = _heads(right)
    assert sorted(len(found) for found in heads.values()) == [3, 3]


def test_linkers_with_like_ends_have_no_ways_round() -> None:
    assert list(regular_ways_round(cubic_framework((2, 2, 2)), range(8, 32))) == []
