"""Laying one linker over another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from porescope.reticular.block import Block
from porescope.reticular.linker_match import (
    linker_matches,
    linker_sites,
    match_linker,
    sites_alike,
)
from toy_framework import rod


def _star(n: int, *, radius: float, numbers: tuple[int, ...] | None = None) -> Block:
    angles = 2.0 * np.pi * np.arange(n) / n
    points = np.stack([np.cos(angles), np.sin(angles), np.zeros(n)], axis=1)
    return Block(
        kind="linker",
        numbers=np.array(numbers or (6,) * n),
        positions=radius * points,
        bonds=np.array([[i, (i + 1) % n] if i + 1 < n else [0, i] for i in range(n)]),
        port_atoms=np.arange(n),
        port_vectors=1.5 * points,
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [2, 3, 4, 6, 8])
def test_turned_and_swollen_linkers_are_laid_over(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    old = _star(n, radius=3.0)
    turn = Rotation.random(random_state=rng).as_matrix()
    order = rng.permutation(n)
    big = _star(n, radius=4.5)
    new = replace(
        big,
        positions=(big.positions @ turn.T)[order] + 1.0,
        port_vectors=(big.port_vectors @ turn.T)[order],
        bonds=np.argsort(order)[big.bonds],
    )
    match = match_linker(linker_sites(new), linker_sites(old))
    assert match is not None
    assert match.scale == pytest.approx(1.5)
    assert match.misfit < 1e-6
    placed = new.positions @ match.rotation.T + match.shift
    assert np.allclose(placed[match.sites], 1.5 * old.positions, atol=1e-5)


def test_kinds_of_ends_must_agree() -> None:
    carbon, nitrogen = _star(3, radius=2.0), _star(3, radius=2.0, numbers=(7, 7, 7))
    assert match_linker(linker_sites(nitrogen), linker_sites(carbon)) is None
    mixed = _star(3, radius=2.0, numbers=(7, 6, 6))
    match = match_linker(linker_sites(mixed), linker_sites(mixed))
    assert match is not None
    assert match.sites.tolist() == [0, 1, 2]


def test_free_donors_are_allowed_free_carboxylates_are_not() -> None:
    two = rod()
    assert match_linker(linker_sites(_star(3, radius=2.0)), linker_sites(two)) is None
    donors = replace(two, numbers=np.array([7, 7]))
    three = _star(3, radius=1.4, numbers=(7, 7, 7))
    assert match_linker(linker_sites(three), linker_sites(donors)) is not None


def test_a_mirror_image_is_taken_for_a_chiral_linker() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(4, 3)) * 3.0
    old = replace(
        _star(4, radius=1.0),
        positions=points,
        port_vectors=1.5 * points / np.linalg.norm(points, axis=1)[:, None],
    )
    flip = np.diag([1.0, 1.0, -1.0])
    new = replace(old, positions=points @ flip, port_vectors=old.port_vectors @ flip)
    match = match_linker(linker_sites(new), linker_sites(old))
    assert match is not None
    assert np.linalg.det(match.rotation) == pytest.approx(-1.0)
    assert match.misfit < 1e-6


def test_sites_that_symmetry_exchanges_are_alike() -> None:
    chain = _chain((6, 6, 6, 6))
    assert len(set(sites_alike(chain, linker_sites(chain)).tolist())) == 1
    tailed = _chain((6, 6, 7, 6))
    assert len(set(sites_alike(tailed, linker_sites(tailed)).tolist())) == 2


def test_a_linker_with_two_different_ends_lies_in_two_ways() -> None:
    old = linker_sites(rod(length=4.2))
    same, tailed = _chain((6, 6, 6, 6)), _chain((6, 6, 7, 6))
    for new, ways in ((same, 1), (tailed, 2)):
        sites = linker_sites(new)
        found = linker_matches(sites, old, most=4, alike=sites_alike(new, sites))
        assert len(found) == ways
        assert [m.misfit for m in found] == sorted(m.misfit for m in found)
    assert found[0].sites.tolist() == found[1].sites.tolist()[::-1]


def _chain(numbers: tuple[int, ...]) -> Block:
    """Atoms on a line, the first and the last bound."""
    n = len(numbers)
    x = 1.4 * np.arange(n) - 0.7 * (n - 1)
    return Block(
        kind="linker",
        numbers=np.array(numbers),
        positions=np.stack([x, 0 * x, 0 * x], axis=1),
        bonds=np.array([[i, i + 1] for i in range(n - 1)]),
        port_atoms=np.array([0, n - 1]),
        port_vectors=np.array([[-1.5, 0.0, 0.0], [1.5, 0.0, 0.0]]),
    )
