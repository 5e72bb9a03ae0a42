"""The net hash, and what counts as framework."""

from dataclasses import replace

import numpy as np
from crystals import quartz, rock_salt

from porescope.crystal.bonds import bonds_of, coordination_numbers
from porescope.crystal.graph import framework_atoms, net_hash
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit


def _with(crystal: Crystal, frac: np.ndarray, numbers: np.ndarray) -> Crystal:
    return crystal_from_asymmetric_unit(
        lattice=crystal.lattice,
        frac=np.concatenate([crystal.frac, frac]),
        numbers=np.concatenate([crystal.numbers, numbers]),
    )


def test_quartz_is_four_and_two_connected():
    numbers = quartz().numbers
    assert set(coordination_numbers(quartz())[numbers == 14]) == {4}
    assert set(coordination_numbers(quartz())[numbers == 8]) == {2}


def test_guests_do_not_count():
    host = quartz().supercell((3, 3, 3)).without_symmetry()
    guest = _with(host, np.array([[0.02, 0.02, 0.02]]), np.array([2]))
    assert net_hash(guest) == net_hash(host)
    assert net_hash(guest, framework_only=False) != net_hash(host, framework_only=False)
    assert framework_atoms(guest).tolist() == [True] * host.n_atoms + [False]


def test_metals_alike():
    magnesium = rock_salt()
    oxide = replace(magnesium, numbers=np.where(magnesium.numbers == 11, 12, 8))
    other = replace(oxide, numbers=np.where(oxide.numbers == 12, 28, 8))
    shrunk, small = oxide.with_lattice(np.eye(3) * 4.21), other.with_lattice(np.eye(3) * 4.18)
    assert net_hash(shrunk) != net_hash(small)
    assert net_hash(shrunk, metals_alike=True) == net_hash(small, metals_alike=True)


def test_an_element_more_or_less_is_seen():
    crystal = quartz()
    numbers = crystal.numbers.copy()
    numbers[0] = 32
    assert net_hash(replace(crystal, numbers=numbers)) != net_hash(crystal)


def test_hydrogen_has_one_bond_and_does_not_count():
    water = crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 8.0,
        frac=np.array([[0.5, 0.5, 0.5], [0.62, 0.5, 0.5], [0.47, 0.616, 0.5]]),
        numbers=np.array([8, 1, 1]),
    )
    assert sorted(coordination_numbers(water).tolist()) == [1, 1, 2]
    bare = replace(
        water.without_symmetry(),
        frac=water.frac[:1],
        numbers=water.numbers[:1],
        occupancy=np.ones(1),
        u_iso=np.full(1, np.nan),
        orbit=None,
    )
    assert net_hash(water) == net_hash(bare)


def test_a_chelating_carboxylate_carbon_is_not_bonded_to_the_metal():
    # A large cation with both oxygen atoms at 2.55 Å; carbon lies behind them at 2.93 Å.
    crystal = crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 20.0,
        frac=np.array([[0.0, 0, 0], [1.10, 2.30, 0], [-1.10, 2.30, 0], [0, 2.93, 0]]) / 20.0,
        numbers=np.array([57, 8, 8, 6]),
    )
    assert coordination_numbers(crystal).tolist() == [2, 2, 2, 2]


def test_silicon_behind_its_oxygen_is_not_bonded_to_sodium():
    shell = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 1.61 / np.sqrt(3)
    crystal = crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 20.0,
        frac=np.concatenate([[[0.0, 0, 0]], shell, [[3.0, 0.0, 0.0]]]) / 20.0,
        numbers=np.array([14, 8, 8, 8, 8, 11]),
    )
    sodium = bonds_of(crystal)
    assert set(crystal.numbers[sodium.second[sodium.first == 5]]) == {8}


def test_empty_of_everything_but_hydrogen():
    crystal = crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 8.0, frac=np.zeros((1, 3)), numbers=np.array([1])
    )
    assert net_hash(crystal) == "0" * 32
