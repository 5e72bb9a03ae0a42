"""Ratios of maps, and where none is made."""

from __future__ import annotations

import numpy as np
import pytest

from pore_crystals import simple_cubic

pytest.importorskip("torch")

from porescope.datasets.property_set import Target
from porescope.errors import ConfigError
from porescope.workflows.map_contributions import ContributionMap, shared_out
from porescope.workflows.map_selectivity import selectivity_map


def made(values: np.ndarray, *, a: float = 8.0) -> ContributionMap:
    crystal = simple_cubic(a)
    return ContributionMap(
        crystal=crystal,
        target=Target(name="uptake", unit="mol/kg"),
        kind="points",
        values=values,
        atoms=shared_out(crystal, values),
    )


def test_the_ratio_and_its_guards() -> None:
    first, second = np.full((4, 4, 4), 6.0), np.full((4, 4, 4), 2.0)
    second[0, 0, 0], second[1, 0, 0] = 1e-9, -1.0
    first[2, 0, 0] = -0.5
    found = selectivity_map(made(first), made(second))
    known = np.isfinite(found.values)
    assert known.sum() == 61
    assert not known[[0, 1, 2], 0, 0].any()
    assert np.allclose(found.values[known], 3.0)
    assert found.known_share == pytest.approx(61 / 64)
    assert found.value == pytest.approx(first.mean() / second.mean())
    assert np.all(np.isfinite(found.atoms) | np.isnan(found.atoms))


def test_nothing_over_nothing() -> None:
    none = np.zeros((3, 3, 3))
    found = selectivity_map(made(none), made(none))
    assert np.isnan(found.values).all()
    assert np.isnan(found.value)


def test_other_grids_and_shares_are_refused() -> None:
    with pytest.raises(ConfigError, match="same grid"):
        selectivity_map(made(np.ones((3, 3, 3))), made(np.ones((4, 3, 3))))
    with pytest.raises(ConfigError, match="same grid"):
        selectivity_map(made(np.ones((3, 3, 3))), made(np.ones((3, 3, 3)), a=9.0))
    with pytest.raises(ConfigError, match="between 0 and 1"):
        selectivity_map(made(np.ones((3, 3, 3))), made(np.ones((3, 3, 3))), least_share=0.0)
