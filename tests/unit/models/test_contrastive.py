"""The contrastive loss."""

from __future__ import annotations

from math import exp, log

import pytest

torch = pytest.importorskip("torch")

from porescope.errors import ConfigError  # noqa: E402
from porescope.models.contrastive import contrast, encode_in_chunks, info_nce  # noqa: E402
from retrieval_toys import (  # noqa: E402
    ToyConfig,
    ToyModel,
    crystal_inputs,
    pattern_inputs,
    some_crystals,
)


def _model(dropout: float = 0.0) -> ToyModel:
    torch.manual_seed(0)
    return ToyModel(ToyConfig(dropout=dropout))


def _batch(n: int = 7) -> tuple:
    crystals = some_crystals(n)
    return pattern_inputs(crystals, seed=1), crystal_inputs(crystals)


def test_two_orthogonal_pairs_by_hand() -> None:
    eye = torch.eye(2)
    # exp(1/t) against exp(0), by hand.
    expected = log(1.0 + exp(-1.0 / 0.5))
    assert info_nce(eye, eye, temperature=0.5).item() == pytest.approx(expected, rel=1e-6)


def test_embeddings_that_say_nothing_cost_the_logarithm_of_the_batch() -> None:
    same = torch.ones(5, 3)
    assert info_nce(same, same, temperature=0.1).item() == pytest.approx(log(5.0), rel=1e-6)


def test_the_same_framework_is_neither_right_nor_wrong() -> None:
    # Two pairs of one framework and embedding: without the mask each is the other's negative.
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    groups = torch.tensor([0, 0, 1])
    same = groups[:, None] == groups[None, :]
    masked = info_nce(x, x, temperature=0.1, same=same).item()
    assert masked == pytest.approx((2 * log(1 + exp(-10)) + log(1 + 2 * exp(-10))) / 3, rel=1e-3)
    assert info_nce(x, x, temperature=0.1).item() > 0.4


@pytest.mark.parametrize("chunk", [1, 3, 7, 100])
def test_chunks_change_neither_loss_nor_gradient(chunk: int) -> None:
    model = _model()
    patterns, crystals = _batch()
    found = {}
    for size in (None, chunk):
        model.zero_grad()
        loss = contrast(model, patterns, crystals, chunk=size).loss
        loss.backward()
        found[size] = loss.item(), {n: p.grad.clone() for n, p in model.named_parameters()}
    assert found[None][0] == pytest.approx(found[chunk][0], rel=1e-5)
    for name, grad in found[None][1].items():
        torch.testing.assert_close(grad, found[chunk][1][name], rtol=1e-4, atol=1e-6)
        assert grad.abs().max() > 0.0, name


def test_chunks_repeat_their_dropout() -> None:
    # Were the dropout drawn anew in the backward pass, the gradient would be that of another loss.
    model = _model(dropout=0.5).double()
    patterns, _ = _batch(4)
    target = torch.randn(4, 8, generator=torch.Generator().manual_seed(1))
    weight = model.patterns[3].weight

    def value() -> torch.Tensor:
        torch.manual_seed(3)
        made = encode_in_chunks(lambda part: model.patterns(_features(part)), patterns, chunk=2)
        return (made * target).sum()

    def _features(part: object) -> torch.Tensor:
        return part.q[:, :32].double()  # type: ignore[attr-defined]

    value().backward()
    step = 1e-3
    with torch.no_grad():
        weight[0, 0] += step
        up = value()
        weight[0, 0] -= 2.0 * step
        down = value()
    assert weight.grad[0, 0].item() == pytest.approx(((up - down) / (2 * step)).item(), rel=1e-6)


def test_further_crystals_make_it_harder() -> None:
    model = _model()
    patterns, crystals = _batch(4)
    more = crystal_inputs(some_crystals(6, seed=9))
    with torch.no_grad():
        extra = model.encode_crystals(more)
        alone = contrast(model, patterns, crystals).loss
        harder = contrast(model, patterns, crystals, extra=extra).loss
        # All of the frameworks that are in the batch: they are left out again.
        groups = torch.zeros(4, dtype=torch.int64)
        spared = contrast(
            model,
            patterns,
            crystals,
            groups=groups,
            extra=extra,
            extra_groups=torch.zeros(6, dtype=torch.int64),
        )
    assert harder > alone
    assert spared.loss.item() == pytest.approx(0.0, abs=1e-6)
    assert spared.hit.item() == 1.0


def test_what_does_not_fit_is_refused() -> None:
    model = _model()
    patterns, crystals = _batch(4)
    with pytest.raises(ConfigError, match="as many patterns as crystals"):
        contrast(model, patterns.part(0, 3), crystals)
    with pytest.raises(ConfigError, match="at least one member"):
        contrast(model, patterns, crystals, chunk=0)
    with pytest.raises(ConfigError, match="or neither"):
        contrast(
            model,
            patterns,
            crystals,
            groups=torch.arange(4),
            extra=torch.ones(2, 8),
        )


def test_the_temperature_is_learned_and_bounded() -> None:
    model = _model()
    patterns, crystals = _batch(4)
    contrast(model, patterns, crystals).loss.backward()
    assert model.log_temperature.grad is not None
    with torch.no_grad():
        model.log_temperature.fill_(-50.0)
    assert model.temperature.item() == pytest.approx(0.01)
