"""Transformers on sets."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from porescope.errors import ConfigError  # noqa: E402
from porescope.nn.sets import AttentionPool, SetTransformer, masked_mean  # noqa: E402


def _set() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 7, 16, generator=generator)
    mask = torch.arange(7) < torch.tensor([[7], [4], [0]])
    return x, mask


def _pooled(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    torch.manual_seed(1)
    network, pool = (
        SetTransformer(16, n_layers=2, n_heads=4),
        AttentionPool(16, n_heads=2, n_seeds=3),
    )
    with torch.no_grad():
        return pool(network(x, mask), mask)


def test_the_order_of_a_set_does_not_matter() -> None:
    x, mask = _set()
    order = torch.tensor([3, 0, 2, 1, 6, 5, 4])
    torch.testing.assert_close(_pooled(x, mask), _pooled(x[:, order], mask[:, order]))


def test_masked_members_are_not_seen() -> None:
    x, mask = _set()
    other = torch.where(mask.unsqueeze(-1), x, 50.0)
    torch.testing.assert_close(_pooled(x, mask), _pooled(other, mask))
    seen = x.clone()
    seen[0, 0, 0] += 1.0
    assert (_pooled(x, mask)[0] - _pooled(seen, mask)[0]).abs().max() > 1e-3


def test_an_empty_set_is_zero() -> None:
    x, mask = _set()
    assert torch.equal(_pooled(x, mask)[2], torch.zeros(48))
    assert torch.equal(masked_mean(x, mask)[2], torch.zeros(16))


def test_the_mean_is_over_members() -> None:
    x, mask = _set()
    torch.testing.assert_close(masked_mean(x, mask)[1], x[1, :4].mean(dim=0))
    x[1, 4:] = float("nan")
    assert torch.isfinite(masked_mean(x, mask)).all()


def test_heads_divide_the_width() -> None:
    with pytest.raises(ConfigError, match="multiple of the number of heads"):
        SetTransformer(10, n_layers=1, n_heads=4)
