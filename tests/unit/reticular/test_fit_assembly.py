"""Closing links."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from porescope.errors import ConfigError
from porescope.reticular.assembly import link_gaps
from porescope.reticular.fit_assembly import (
    AssemblyFitConfig,
    _links_of,
    _misses,
    _normal_equations,
    _rotations,
    fit_assembly,
)
from toy_framework import cubic, rod


def _shaken(seed: int, *, amount: float):
    rng = np.random.default_rng(seed)
    toy = cubic()
    lattice = toy.lattice + amount * rng.normal(size=(3, 3))
    turns = Rotation.from_rotvec(0.4 * amount * rng.normal(size=(4, 3))).as_matrix()
    origins = toy.origins @ np.linalg.inv(toy.lattice) @ lattice
    return replace(
        toy,
        lattice=lattice,
        origins=origins + 0.5 * amount * rng.normal(size=(4, 3)),
        rotations=turns @ toy.rotations,
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_shaken_framework_closes_again(seed: int) -> None:
    fit = fit_assembly(_shaken(seed, amount=0.7))
    assert fit.converged
    # what holds the cell back leaves a trace
    assert fit.largest_gap < 2e-3
    assert np.linalg.norm(fit.assembly.lattice, axis=1) == pytest.approx([11.8] * 3, abs=2e-3)
    assert link_gaps(fit.assembly).max() < 2e-3


def test_what_no_link_decides_stays_as_it_was() -> None:
    toy = cubic()
    chain = replace(toy, links=toy.links[:2], lattice=np.diag([11.8, 14.0, 13.0]))
    fit = fit_assembly(replace(chain, blocks=(chain.blocks[0], rod(length=3.3))))
    edges = np.linalg.norm(fit.assembly.lattice, axis=1)
    assert edges == pytest.approx([12.3, 14.0, 13.0], abs=2e-3)


def test_longer_linkers_swell_the_cell() -> None:
    fit = fit_assembly(cubic(linker=rod(length=7.1)))
    assert np.linalg.norm(fit.assembly.lattice, axis=1) == pytest.approx([16.1] * 3, abs=1e-3)
    assert fit.largest_gap < 1e-4


def test_a_fixed_cell_stays() -> None:
    start = cubic(linker=rod(length=3.0))
    fit = fit_assembly(start, config=AssemblyFitConfig(strain=False))
    assert np.allclose(fit.assembly.lattice, start.lattice)
    assert fit.largest_gap == pytest.approx(0.1, abs=1e-3)


def test_gradient_is_the_slope_of_the_sum_of_squares() -> None:
    start = _shaken(3, amount=0.9)
    links = _links_of(start)
    state = start.lattice, start.origins, start.rotations
    _, gradient = _normal_equations(*state, links, 0.3)

    def value(step: np.ndarray) -> float:
        moves = step[:24].reshape(4, 6)
        xx, yy, zz, yz, xz, xy = step[24:]
        deform = np.eye(3) + np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        return _misses(
            start.lattice @ deform,
            start.origins @ deform + moves[:, :3],
            _rotations(moves[:, 3:]) @ start.rotations,
            links,
            0.3,
        )

    h = 1e-5
    slopes = [(value(h * e) - value(-h * e)) / (4.0 * h) for e in np.eye(30)]
    assert np.allclose(slopes, gradient, atol=1e-7 * np.abs(gradient).max())


def test_without_links_there_is_nothing_to_close() -> None:
    toy = cubic()
    with pytest.raises(ConfigError, match="without links"):
        fit_assembly(replace(toy, links=toy.links[:0]))
