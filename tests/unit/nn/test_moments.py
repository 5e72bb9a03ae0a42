"""Moments of the surroundings: no other result for turned surroundings, smooth at the cutoff."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from porescope.nn.moments import (  # noqa: E402
    Moments,
    direction_tensors,
    radial_basis,
    surroundings,
)


def _edges(n_receivers: int = 7, n_senders: int = 5, n_edges: int = 60, seed: int = 0):
    draw = torch.Generator().manual_seed(seed)
    index = torch.stack(
        [
            torch.randint(n_receivers, (n_edges,), generator=draw),
            torch.randint(n_senders, (n_edges,), generator=draw),
        ]
    )
    return index, torch.randn(n_edges, 3, generator=draw) * 2.0


def _seen(index, vector, features, *, n_receivers=7, cutoff=4.0, seed=1):
    torch.manual_seed(seed)
    block = Moments(features.shape[1], channels=6, n_radial=5, scalars=8, pairs=4)
    around = surroundings(index, vector, n_receivers=n_receivers, cutoff=cutoff, n_radial=5)
    return block(features, around)


def test_direct_sums_give_the_same_moments():
    index, vector = _edges()
    features = torch.randn(5, 3, generator=torch.Generator().manual_seed(3))
    torch.manual_seed(1)
    block = Moments(3, channels=6, n_radial=5, scalars=8, pairs=4)
    got = block(features, surroundings(index, vector, n_receivers=7, cutoff=4.0, n_radial=5))
    radial = radial_basis(vector.norm(dim=1), cutoff=4.0, n_radial=5)
    tensors = direction_tensors(vector)
    x = block.press(features) * block.factor
    for receiver in range(7):
        mine = index[0] == receiver
        moments = torch.einsum("et,ek,ec->tkc", tensors[mine], radial[mine], x[index[1, mine]])
        flat = moments.flatten(1)
        parts = [block.mix[0](flat[0])]
        for rank, rows in ((1, slice(1, 4)), (2, slice(4, 9))):
            square = block.mix[rank](flat[rows]).square().sum(dim=0)
            parts.append((square + 1e-6).sqrt() - 1e-3)
        assert torch.allclose(got[receiver], torch.cat(parts), atol=1e-5)


def test_rotated_surroundings_look_the_same():
    index, vector = _edges()
    features = torch.randn(5, 3, generator=torch.Generator().manual_seed(3))
    turn, _ = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(4)))
    assert torch.allclose(
        _seen(index, vector, features), _seen(index, vector @ turn, features), atol=1e-5
    )


def test_angles_are_seen():
    features = torch.ones(2, 3)
    index = torch.tensor([[0, 0], [0, 1]])
    straight = torch.tensor([[2.0, 0.0, 0.0], [-2.0, 0.0, 0.0]])
    bent = torch.tensor([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    one = _seen(index, straight, features, n_receivers=1)
    other = _seen(index, bent, features, n_receivers=1)
    assert torch.allclose(one[:, :8], other[:, :8], atol=1e-6)  # distances are alike
    assert (one[:, 8:] - other[:, 8:]).abs().max() > 1e-2


def test_order_and_grouping_of_edges_do_not_matter():
    index, vector = _edges(n_receivers=900, n_edges=4000)
    features = torch.randn(5, 3, generator=torch.Generator().manual_seed(3))
    order = torch.randperm(4000, generator=torch.Generator().manual_seed(5))
    one = _seen(index, vector, features, n_receivers=900)
    other = _seen(index[:, order], vector[order], features, n_receivers=900)
    assert torch.allclose(one, other, atol=1e-5)
    few = index[0] < 10
    alone = _seen(index[:, few], vector[few], features, n_receivers=10)
    assert torch.allclose(one[:10], alone, atol=1e-5)


def test_basis_ends_smoothly_at_the_cutoff():
    inside = radial_basis(torch.tensor([3.999]), cutoff=4.0, n_radial=6)
    assert inside.abs().max() < 1e-6  # float32
    features = torch.randn(5, 3, generator=torch.Generator().manual_seed(3))
    index, vector = _edges()
    far = vector / vector.norm(dim=1, keepdim=True) * 4.5
    assert torch.equal(_seen(index, far, features), torch.zeros(7, 16))


def test_tensors_have_length_one_and_no_direction_at_no_distance():
    vector = torch.tensor([[0.3, -1.0, 2.0], [0.0, 0.0, 0.0]])
    tensors = direction_tensors(vector)
    for part in (tensors[0, 1:4], tensors[0, 4:]):
        assert math.isclose(float(part.norm()), 1.0, abs_tol=1e-6)
    assert torch.equal(tensors[1], torch.tensor([1.0] + [0.0] * 8))
