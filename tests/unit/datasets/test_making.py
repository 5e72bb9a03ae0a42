"""Cards from structures."""

import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.crystal.transform import supercell
from porescope.datasets.cards import PowderCard
from porescope.datasets.making import (
    XRAY,
    CardConfig,
    card_from_crystal,
    merged,
    strongest,
    without_displacements,
)
from porescope.datasets.minerals import mineral_crystal, mineral_entries
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import ParseError


def quartz() -> Crystal:
    entry = next(e for e in mineral_entries() if e["id"] == "quartz")
    return mineral_crystal(entry)


def made(crystal: Crystal) -> PowderCard:
    return card_from_crystal(crystal, id="x", source="test")


def powder(card: PowderCard) -> np.ndarray:
    """Spacings and intensities per volume, sorted."""
    order = np.argsort(-card.d)
    return np.stack([card.d[order], card.intensity_xray[order] / card.volume**2])


def test_quartz_has_its_symmetry_and_lines() -> None:
    card = made(quartz())
    assert card.space_group_number in (152, 154)
    assert (card.formula, card.elements, card.n_atoms) == ("O2Si", ("O", "Si"), 9)
    assert card.density == pytest.approx(2.646, abs=0.002)
    # spacings of 100, 101, 110 of quartz [Å], from its cell
    for d in (4.2574, 3.3445, 2.458):
        assert np.abs(card.d - d).min() < 5e-4
    assert card.hkl[np.argmax(card.intensity_xray / card.d**-2)].tolist() != [0, 0, 0]


@pytest.mark.parametrize("repeats", [(2, 1, 1), (1, 2, 2)])
def test_a_supercell_gives_the_same_card(repeats: tuple[int, int, int]) -> None:
    plain = made(quartz())
    large = made(supercell(quartz().without_symmetry(), repeats=repeats))
    assert large.space_group_number == plain.space_group_number
    assert large.net_hash == plain.net_hash
    assert large.n_atoms == plain.n_atoms
    np.testing.assert_allclose(powder(large), powder(plain), rtol=1e-4)


def test_moved_origin_and_shuffled_atoms_give_the_same_card() -> None:
    crystal = quartz().without_symmetry()
    rng = np.random.default_rng(4)
    order = rng.permutation(crystal.n_atoms)
    moved = Crystal(
        lattice=crystal.lattice,
        frac=(crystal.frac[order] + rng.random(3)) % 1.0,
        numbers=crystal.numbers[order],
        occupancy=crystal.occupancy[order],
        u_iso=crystal.u_iso[order],
    )
    np.testing.assert_allclose(powder(made(moved)), powder(made(quartz())), rtol=1e-4)


def test_the_kept_reflections_carry_the_intensity() -> None:
    card = made(quartz())
    every = reflections_of(without_displacements(quartz()), d_min=1.5, radiation=XRAY)
    assert every.f_squared is not None
    total = every.f_squared * every.multiplicity
    for low, high in ((2.25, 9.0), (1.85, 2.25), (1.5, 1.85)):
        mine = card.intensity_xray[(card.d >= low) & (card.d < high)].sum()
        theirs = total[(every.d >= low) & (every.d < high)].sum()
        assert mine > 0.6 * theirs
        assert mine < theirs * (1.0 + 1e-9)


def test_exact_overlaps_are_merged_and_near_ones_are_not() -> None:
    hkl = np.array([[3, 3, 3], [5, 1, 1], [4, 4, 0], [1, 0, 0]])
    d = np.array([2.0, 2.0 * (1 - 1e-7), 1.9, 1.9 * (1 - 1e-3)])
    values = np.array([[1.0, 5.0, 2.0, 3.0], [1.0, 1.0, 1.0, 1.0]])
    indices, spacing, sums = merged(hkl, d, values)
    assert indices.tolist() == [[5, 1, 1], [4, 4, 0], [1, 0, 0]]
    np.testing.assert_allclose(sums, [[6.0, 2.0, 3.0], [2.0, 1.0, 1.0]])
    assert len(spacing) == 3


def test_crowded_patterns_keep_the_strongest_few() -> None:
    rng = np.random.default_rng(0)
    d = np.sort(rng.uniform(1.5, 12.0, 5000))[::-1]
    values = np.exp(rng.normal(0.0, 1.5, (2, 5000)))
    config = CardConfig(max_peaks=300)
    kept = strongest(d, values, config=config)
    assert len(kept) == 300
    assert len(strongest(d, values, config=CardConfig(max_peaks=10**6))) > 1500
    # within one narrow shell nothing stronger than what was kept is missing
    shell = (d > 3.0) & (d < 3.01)
    mine = np.isin(np.arange(5000), kept) & shell
    if mine.any():
        assert values[0, mine].max() == values[0, shell].max()


def test_no_atoms_no_card() -> None:
    empty = crystal_from_asymmetric_unit(
        lattice=lattice_from_parameters(5.0, 5.0, 5.0, 90.0, 90.0, 90.0),
        frac=np.zeros((0, 3)),
        numbers=np.zeros(0, dtype=np.int64),
    )
    with pytest.raises(ParseError, match="no atoms"):
        made(empty)
