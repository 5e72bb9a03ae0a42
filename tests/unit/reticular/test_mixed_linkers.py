"""Several linkers are shared out over the slots of a framework."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from cubic_frameworks import BDC, cubic_framework

from porescope.errors import ConfigError
from porescope.reticular.assembly import link_gaps
from porescope.reticular.increment_charges import charges_in_block, outside_of_ports
from porescope.reticular.linkers.from_smiles import linkers_from_smiles
from porescope.reticular.mixed_linkers import ewald_assignment, ewald_assignments

FLUORINATED = "OC(=O)c1c(F)c(F)c(C(=O)O)c(F)c1F"
PLAIN, OTHER = linkers_from_smiles(BDC)[0], linkers_from_smiles(FLUORINATED)[0]


def test_every_arrangement_is_counted_once() -> None:
    framework = cubic_framework((2, 1, 1))
    slots = list(range(2, 8))
    found = ewald_assignment(
        framework, slots=slots, linkers=[PLAIN, OTHER], counts=[4, 2], n_best=100
    )
    assert sum(a.n_equivalent for a in found) == comb(6, 2)
    assert 1 < len(found) < comb(6, 2)
    energies = [a.energy_ev for a in found]
    assert energies == sorted(energies)
    for one in found:
        assert sorted(one.kinds) == [0] * 4 + [1] * 2
        assert one.assembly.n_pieces == framework.n_pieces
        assert link_gaps(one.assembly).max() < link_gaps(framework).max() + 0.3


def test_one_kind_of_linker_has_one_arrangement() -> None:
    framework = cubic_framework((1, 1, 1))
    (only,) = ewald_assignment(framework, slots=[1, 2, 3], linkers=[OTHER], counts=[3])
    assert only.n_equivalent == 1
    assert only.assembly.n_atoms == framework.n_atoms


def test_monte_carlo_finds_what_the_whole_search_finds() -> None:
    framework = cubic_framework((2, 1, 1))
    slots, counts = list(range(2, 8)), [3, 3]
    whole = ewald_assignment(framework, slots=slots, linkers=[PLAIN, OTHER], counts=counts)
    annealed = ewald_assignment(
        framework,
        slots=slots,
        linkers=[PLAIN, OTHER],
        counts=counts,
        most_exhaustive=1,
        n_steps=600,
        generator=np.random.default_rng(1),
    )
    assert annealed[0].energy_ev == pytest.approx(whole[0].energy_ev, abs=1e-9)


def test_charges_of_a_neutral_framework_cancel() -> None:
    framework = cubic_framework((1, 1, 1))
    outside = outside_of_ports(framework)
    total = sum(
        charges_in_block(framework.blocks[int(k)], outside=outside[i]).sum()
        for i, k in enumerate(framework.kinds)
    )
    assert abs(total) < 1e-12


@pytest.mark.parametrize(
    ("linkers", "counts", "says"),
    [
        ([PLAIN, OTHER], [1, 1], "a sum of 3"),
        ([PLAIN], [2, 1], "a count for each"),
        ([linkers_from_smiles("n1ccc(cc1)-c1ccncc1")[0]], [3], "ends like those"),
    ],
)
def test_bad_input_is_told_what_to_do(linkers: list, counts: list[int], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        ewald_assignment(
            cubic_framework((1, 1, 1)), slots=[1, 2, 3], linkers=linkers, counts=counts
        )


def test_many_arrangements_need_a_generator() -> None:
    with pytest.raises(ConfigError, match="generator"):
        ewald_assignment(
            cubic_framework((1, 1, 1)),
            slots=[1, 2, 3],
            linkers=[PLAIN, OTHER],
            counts=[2, 1],
            most_exhaustive=1,
        )


def test_slots_of_one_group_hold_the_same_linker() -> None:
    framework = cubic_framework((2, 1, 1))
    slots, groups = list(range(2, 8)), [0, 1, 2, 0, 1, 2]
    found = ewald_assignment(
        framework, slots=slots, linkers=[PLAIN, OTHER], counts=[2, 1], groups=groups, n_best=9
    )
    assert sum(one.n_equivalent for one in found) == 3
    for one in found:
        assert one.kinds[:3] == one.kinds[3:]
        assert sum(one.kinds) == 2
    # the energy is that of the same arrangement among all
    every = ewald_assignment(
        framework, slots=slots, linkers=[PLAIN, OTHER], counts=[4, 2], n_best=100
    )
    energies = np.array([one.energy_ev for one in every])
    assert all(np.abs(energies - one.energy_ev).min() < 1e-6 for one in found)


def test_several_compositions_at_once_are_those_one_by_one() -> None:
    framework = cubic_framework((1, 1, 1))
    both = ewald_assignments(
        framework, slots=[1, 2, 3], linkers=[PLAIN, OTHER], compositions=[(1, 2), (2, 1)]
    )
    for counts, found in zip([(1, 2), (2, 1)], both, strict=True):
        (alone,) = ewald_assignment(
            framework, slots=[1, 2, 3], linkers=[PLAIN, OTHER], counts=counts, n_best=1
        )
        assert [one.kinds for one in found] == [alone.kinds]
        assert found[0].energy_ev == pytest.approx(alone.energy_ev, abs=1e-9)


def test_groups_without_a_number_are_refused() -> None:
    with pytest.raises(ConfigError, match="without gaps"):
        ewald_assignment(
            cubic_framework((1, 1, 1)),
            slots=[1, 2, 3],
            linkers=[PLAIN, OTHER],
            counts=[1, 1],
            groups=[0, 0, 2],
        )
