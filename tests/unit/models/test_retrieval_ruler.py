"""Tests of sets of peaks on a ruler: the laws that a sum over a set obeys."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from porescope.models.retrieval.config import RetrievalConfig
from porescope.models.retrieval.ruler import Ruler, over_reference


def ruler() -> Ruler:
    config = RetrievalConfig()
    return Ruler(
        q_knee=config.q_knee,
        q_lowest=config.q_lowest,
        q_highest=config.q_highest,
        step=config.step,
        blur=config.blur,
    )


def peaks(n: int = 12, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    q = 0.3 + 2.5 * torch.rand((3, n), generator=generator)
    log_intensity = -4.0 * torch.rand((3, n), generator=generator)
    return q, log_intensity, torch.ones((3, n), dtype=torch.bool)


def test_the_order_of_the_peaks_does_not_matter() -> None:
    q, log_intensity, mask = peaks()
    turned = ruler()(q.flip(1), log_intensity.flip(1), mask)
    assert torch.allclose(ruler()(q, log_intensity, mask), turned, atol=1e-5)


def test_masked_slots_are_not_read() -> None:
    q, log_intensity, mask = peaks()
    whole = ruler()(q[:, :9], log_intensity[:, :9], mask[:, :9])
    mask[:, 9:] = False
    log_intensity[:, 9:] = 50.0
    assert torch.allclose(ruler()(q, log_intensity, mask), whole, atol=1e-6)


def test_the_scale_of_the_intensities_does_not_matter() -> None:
    q, log_intensity, mask = peaks()
    scaled = ruler()(q, log_intensity + 3.0, mask)
    assert torch.allclose(ruler()(q, log_intensity, mask), scaled, atol=1e-4)


def test_a_line_split_in_two_is_the_same_intensity() -> None:
    q, log_intensity, mask = peaks()
    log_intensity[:, 0] = -1.0
    log_intensity[:, 1] = 0.0
    half = log_intensity[:, :1] - torch.log(torch.tensor(2.0))
    split = torch.cat([log_intensity[:, 1:], half, half], dim=1)
    place = torch.cat([q[:, 1:], q[:, :1], q[:, :1]], dim=1)
    both = torch.ones_like(place, dtype=torch.bool)
    one, two = ruler()(q, log_intensity, mask), ruler()(place, split, both)
    n_blurs = len(RetrievalConfig().blur)
    assert torch.allclose(one[:, :n_blurs], two[:, :n_blurs], atol=1e-4)


def test_a_small_shift_is_a_small_change() -> None:
    q, log_intensity, mask = peaks()
    config = RetrievalConfig()
    before = ruler()(q, log_intensity, mask)[:, 1]
    after = ruler()(q * (1.0 + 2.0 * config.step), log_intensity, mask)[:, 1]
    near = torch.nn.functional.cosine_similarity(before, after, dim=1)
    other = torch.nn.functional.cosine_similarity(before, before.roll(1, 0), dim=1)
    assert (near > 0.9).all()
    assert (near > other + 0.2).all()


def test_marks_are_as_far_apart_as_the_config_says() -> None:
    q = torch.tensor([[2.0], [2.0 * (1.0 + 10 * 0.006)]])
    mask = torch.ones((2, 1), dtype=torch.bool)
    curves = ruler()(q, torch.zeros((2, 1)), mask)[:, 0]
    gap = curves[1].argmax() - curves[0].argmax()
    # above the knee the steps are a little wider than relative ones
    assert 8 <= int(gap) <= 10


def test_peaks_beyond_the_ruler_are_left_out() -> None:
    q = torch.tensor([[1.0, 9.0, 0.01]])
    mask = torch.ones((1, 3), dtype=torch.bool)
    only = ruler()(q[:, :1], torch.zeros((1, 1)), mask[:, :1])
    assert torch.allclose(ruler()(q, torch.zeros((1, 3)), mask), only, atol=1e-6)


def test_the_reference_lies_in_the_range_that_every_pattern_covers() -> None:
    q = torch.tensor([[0.2, 0.5, 3.0], [0.1, 0.15, 0.2]])
    log_intensity = torch.tensor([[2.0, 0.0, 1.0], [0.0, -1.0, -2.0]])
    mask = torch.ones((2, 3), dtype=torch.bool)
    relative = over_reference(q, log_intensity, mask)
    assert relative[0].tolist() == pytest.approx([2.0, 0.0, 1.0])
    assert relative[1].tolist() == pytest.approx([0.0, -1.0, -2.0])
