import numpy as np
import pytest

from porescope.adsorption.point_blocks import BLOCK, blocks_of_grid, blocks_of_points


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 5000])
def test_every_point_is_in_one_block_and_no_block_is_too_long(n: int) -> None:
    cart = np.random.default_rng(n).random((n, 3)) * 12.0
    blocks = blocks_of_points(cart)
    assert sorted(blocks.order) == list(range(n))
    lengths = np.diff(blocks.starts)
    assert lengths.sum() == n
    assert np.all((lengths > 0) & (lengths <= BLOCK))


def test_points_of_a_block_lie_together() -> None:
    cart = np.random.default_rng(0).random((5000, 3)) * 30.0
    blocks = blocks_of_points(cart, largest=4.0)
    for first, last in zip(blocks.starts[:-1], blocks.starts[1:], strict=True):
        assert np.all(np.ptp(cart[blocks.order[first:last]], axis=0) <= 4.0)


def test_blocks_of_a_grid_are_cubes_of_points() -> None:
    shape = (8, 6, 5)
    index = np.stack(np.unravel_index(np.arange(np.prod(shape)), shape), axis=1)
    home, blocks = blocks_of_grid(np.arange(240), shape=shape, lattice=np.diag([8.0, 6.0, 5.0]))
    np.testing.assert_allclose(home, index)
    assert len(blocks.starts) - 1 == 2 * 2 * 2
    for first, last in zip(blocks.starts[:-1], blocks.starts[1:], strict=True):
        assert np.all(np.ptp(index[blocks.order[first:last]], axis=0) < 4)


def test_points_all_at_one_place_fill_several_blocks() -> None:
    blocks = blocks_of_points(np.zeros((200, 3)))
    assert np.diff(blocks.starts).tolist() == [64, 64, 64, 8]


def test_points_far_apart_need_no_table_of_all_cubes() -> None:
    cart = np.array([[0.0, 0.0, 0.0], [1e4, 1e4, 1e4], [0.1, 0.0, 0.0]])
    blocks = blocks_of_points(cart)
    assert blocks.order.tolist() == [0, 2, 1]
    assert blocks.starts.tolist() == [0, 2, 3]
