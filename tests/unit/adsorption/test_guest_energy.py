import itertools

import numpy as np
import pytest
from made_frameworks import ARGON, FIELD, gas_of, shifted

from porescope.adsorption.guest_energy import guest_energy_k
from porescope.adsorption.interactions import guest_pair_table
from porescope.errors import ConfigError

LATTICE = np.array([[11.0, 0.0, 0.0], [-3.0, 12.0, 0.0], [1.0, 2.0, 10.0]])
PAIR = gas_of((50.0, 3.0, 0.0, (0.0, 0.0, -0.6)), (80.0, 3.3, 0.0, (0.0, 0.0, 0.6)))


@pytest.mark.parametrize("field", [FIELD, shifted()])
@pytest.mark.parametrize("gas", [ARGON, PAIR])
def test_energy_is_the_plain_sum_over_pairs(field, gas) -> None:
    rng = np.random.default_rng(0)
    centres = rng.random((12, 3)) @ LATTICE
    positions = centres[:, None] + gas.positions
    table = guest_pair_table(field, gas, gas)
    expected = 0.0
    for cell in itertools.product(range(-2, 3), repeat=3):
        for one, two in itertools.product(range(12), repeat=2):
            if one == two and cell == (0, 0, 0):
                continue
            delta = positions[two] + np.array(cell) @ LATTICE - positions[one][:, None]
            r = np.linalg.norm(delta, axis=2)
            pair = 4.0 * table.epsilon_k * ((table.sigma / r) ** 12 - (table.sigma / r) ** 6)
            expected += 0.5 * np.where(r < table.cutoff, pair - table.shift_k, 0.0).sum()
    moved = positions + (rng.integers(-3, 4, (12, 3)) @ LATTICE)[:, None]
    found = guest_energy_k(field, gas, moved, lattice=LATTICE)
    assert found == pytest.approx(expected, rel=1e-9)


def test_no_molecules_have_no_energy() -> None:
    assert guest_energy_k(FIELD, ARGON, np.zeros((0, 1, 3)), lattice=LATTICE) == 0.0


def test_positions_of_another_molecule_are_refused() -> None:
    with pytest.raises(ConfigError, match="positions of 2 beads"):
        guest_energy_k(FIELD, PAIR, np.zeros((4, 3, 3)), lattice=LATTICE)
