"""Arithmetic modulo a prime, against Python's own integers."""

from __future__ import annotations

import numpy as np

from porescope.reticular.nets.residues import (
    PRIME,
    add,
    independent,
    inverse,
    mul,
    product,
    residue,
    solved,
    sub,
)

P = int(PRIME)


def _numbers(n: int) -> list[int]:
    rng = np.random.default_rng(7)
    edges = [0, 1, 2, P - 1, P - 2, (1 << 32) - 1, 1 << 32, (1 << 60) + 5]
    return edges + [int(x) for x in rng.integers(0, P, n)]


def test_sums_and_products_are_those_of_integers() -> None:
    for a in _numbers(30):
        for b in _numbers(30):
            x, y = np.uint64(a), np.uint64(b)
            assert int(add(x, y)) == (a + b) % P
            assert int(sub(x, y)) == (a - b) % P
            assert int(mul(x, y)) == a * b % P


def test_inverse_and_negative_numbers() -> None:
    for a in _numbers(20)[1:]:
        assert int(mul(np.uint64(a), inverse(np.uint64(a)))) == 1
    assert int(residue(np.int64(-3))) == P - 3


def test_linear_equations_are_solved() -> None:
    rng = np.random.default_rng(3)
    matrix = rng.integers(-9, 9, (6, 6))
    wanted = rng.integers(0, 1000, (6, 2))
    right = np.array([[int(x) % P for x in row] for row in matrix @ wanted], dtype=np.uint64)
    left = np.array([[int(x) % P for x in row] for row in matrix], dtype=np.uint64)
    assert solved(left, right)
    np.testing.assert_array_equal(right.astype(np.int64), wanted)
    assert not solved(np.ones((2, 2), dtype=np.uint64), np.ones((2, 1), dtype=np.uint64))


def test_independence_and_forms() -> None:
    rows = np.array([[1, 2, 3], [2, 4, 7], [3, 6, 10]], dtype=np.uint64)
    assert independent(rows, 2)
    assert not independent(rows, 3)
    assert not independent(np.zeros((1, 3), dtype=np.uint64), 1)
    form = np.diag(np.array([1, 2, 3], dtype=np.uint64))
    assert int(product(rows[0], form, rows[1])) == 1 * 2 + 2 * 2 * 4 + 3 * 3 * 7
