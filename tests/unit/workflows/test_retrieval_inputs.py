"""What the space reads of one crystal or card."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from porescope.crystal.transform import supercell  # noqa: E402
from porescope.datasets.making import card_from_crystal  # noqa: E402
from porescope.errors import ConfigError  # noqa: E402
from porescope.workflows.retrieval_inputs import (  # noqa: E402
    inputs_of_card,
    inputs_of_crystal,
    is_known,
    known_part,
)
from tiny_space import own_crystal  # noqa: E402


def test_a_card_and_its_crystal_read_alike() -> None:
    crystal = own_crystal(1)
    card = card_from_crystal(crystal, id="own", source="own")
    one, two = inputs_of_card(card), inputs_of_crystal(crystal)
    torch.testing.assert_close(one.composition, two.composition)
    torch.testing.assert_close(one.volume_per_atom, two.volume_per_atom)
    n, near = int(one.mask.sum()), {"atol": 0.02, "rtol": 0.0}
    torch.testing.assert_close(one.q[0, :20], two.q[0, :20], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(one.log_intensity[0, :20], two.log_intensity[0, :20], **near)
    assert n == int(two.mask.sum())


def test_a_supercell_reads_alike() -> None:
    crystal = own_crystal(2)
    one, two = inputs_of_crystal(crystal), inputs_of_crystal(supercell(crystal, repeats=(2, 1, 1)))
    torch.testing.assert_close(one.composition, two.composition)
    torch.testing.assert_close(one.volume_per_atom, two.volume_per_atom)
    torch.testing.assert_close(one.q[0, :20], two.q[0, :20], rtol=1e-4, atol=1e-4)


def test_atoms_without_a_form_factor_are_left_out() -> None:
    crystal = own_crystal(1)
    assert known_part(crystal) is crystal
    numbers = np.array([30, 0, 99, 6, 6])
    odd = replace(crystal, numbers=numbers, labels=tuple("abcde"))
    np.testing.assert_array_equal(is_known(odd), [True, False, False, True, True])
    kept = known_part(odd)
    assert kept.n_atoms == 3
    np.testing.assert_array_equal(kept.frac, crystal.frac[[0, 3, 4]])
    with pytest.raises(ConfigError, match="no atom of the crystal 'own-1'"):
        known_part(replace(crystal, numbers=np.zeros(5, dtype=np.int64)))


def test_a_card_without_lines_is_refused() -> None:
    card = card_from_crystal(own_crystal(1), id="own", source="own")
    empty = replace(
        card,
        hkl=card.hkl[:0],
        intensity_xray=card.intensity_xray[:0],
        intensity_neutron=card.intensity_neutron[:0],
    )
    with pytest.raises(ConfigError, match="'own' has no lines"):
        inputs_of_card(empty)
