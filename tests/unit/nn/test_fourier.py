"""Sines and cosines of numbers."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from porescope.nn.fourier import FourierFeatures  # noqa: E402


def test_whole_frequencies_have_period_one() -> None:
    features = FourierFeatures(4)
    x = torch.tensor([[0.1, -0.3]])
    assert features(x).shape == (1, 2, features.width)
    torch.testing.assert_close(features(x), features(x + 2.0), rtol=0.0, atol=1e-5)
    torch.testing.assert_close(features(torch.tensor([0.25]))[0, 0], torch.tensor(1.0))


def test_a_geometric_series_runs_between_its_ends() -> None:
    frequencies = FourierFeatures(3, lowest=0.5, highest=8.0).frequencies
    torch.testing.assert_close(frequencies, torch.tensor([0.5, 2.0, 8.0]))


def test_the_phase_is_exact_in_bfloat16() -> None:
    features = FourierFeatures(2, lowest=10.0, highest=100.0)
    x = torch.tensor([2.345])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = features(x)
    assert torch.equal(rough, features(x))
