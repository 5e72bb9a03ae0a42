"""Tests of what the preset ``small`` reads, and of its embeddings."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.radiation import Radiation, radiation_from_name
from porescope.errors import ConfigError
from porescope.models.retrieval.config import RetrievalConfig
from porescope.models.retrieval.network import RetrievalNetwork
from porescope.models.retrieval.predict import (
    batch_of_crystals,
    embed_crystals,
    embed_patterns,
    pattern_inputs,
)

Q = np.array([0.45, 0.8, 1.1, 1.6, 1.9])
STRENGTH = np.array([1.0, 0.4, 0.2, 0.5, 0.1])


def seen_with(radiation: Radiation) -> PeakList:
    """The same sample on some instrument."""
    angle = 2.0 * np.rad2deg(np.arcsin(Q * radiation.wavelength / (4.0 * np.pi)))
    return PeakList(
        two_theta_deg=angle,
        sigma_two_theta_deg=np.full(5, 0.01),
        area=STRENGTH * lorentz_polarisation(angle, radiation),
        sigma_area=np.full(5, 0.1),
        height=STRENGTH,
        fwhm_deg=np.full(5, 0.1),
        wavelength=radiation.wavelength,
    )


def model(**settings) -> RetrievalNetwork:
    torch.manual_seed(0)
    return RetrievalNetwork(RetrievalConfig(width=64, channels=(8, 8, 8, 8), **settings)).eval()


def test_the_wavelength_does_not_matter() -> None:
    radiations = [radiation_from_name("CuKa"), radiation_from_name("MoKa")]
    inputs = pattern_inputs([seen_with(r) for r in radiations], radiations)
    assert inputs.q[0].tolist() == pytest.approx(inputs.q[1].tolist(), rel=1e-5)
    assert inputs.log_intensity[0].tolist() == pytest.approx(
        inputs.log_intensity[1].tolist(), abs=1e-5
    )
    made = embed_patterns(model(), inputs)
    assert made[0] == pytest.approx(made[1], abs=1e-4)


def test_intensities_are_those_of_the_lines_over_q_squared() -> None:
    radiation = radiation_from_name("CuKa")
    inputs = pattern_inputs([seen_with(radiation)], [radiation])
    wanted = STRENGTH / Q**2
    found = np.exp(inputs.log_intensity[0].numpy())
    assert found == pytest.approx(wanted / wanted.max(), rel=1e-4)


def test_a_pattern_without_peaks_is_refused() -> None:
    radiation = radiation_from_name("CuKa")
    empty = seen_with(radiation).select(np.zeros(5, dtype=bool))
    with pytest.raises(ConfigError, match="no peaks"):
        pattern_inputs([empty], [radiation])


def test_elements_are_told_or_not() -> None:
    radiation = radiation_from_name("CuKa")
    peaks = [seen_with(radiation)] * 3
    inputs = pattern_inputs(peaks, [radiation] * 3, elements=[None, [6, 30], [6, 29]])
    assert inputs.has_elements.tolist() == [False, True, True]
    assert inputs.elements[1].nonzero().flatten().tolist() == [6, 30]
    made = embed_patterns(model(), inputs)
    assert np.abs(made[0] - made[1]).max() > 1e-3
    assert np.abs(made[2] - made[1]).max() > 1e-3
    with pytest.raises(ConfigError, match="atomic number"):
        pattern_inputs(peaks[:1], [radiation], elements=[[0]])


def test_a_crystal_lies_near_its_pattern_before_any_training() -> None:
    radiation = radiation_from_name("CuKa")
    rng = np.random.default_rng(0)
    q = np.stack([Q, *rng.uniform(0.4, 2.0, size=(6, 5))]).astype(np.float32)
    crystals = batch_of_crystals(
        q,
        np.log(np.tile(STRENGTH, (7, 1))).astype(np.float32),
        mask=np.ones((7, 5), dtype=bool),
        composition=np.tile(np.eye(101, dtype=np.float32)[6], (7, 1)),
        volume_per_atom=np.ones(7, dtype=np.float32),
    )
    network = model()
    with torch.no_grad():
        network.sides[1] = network.sides[0]
    own = embed_patterns(network, pattern_inputs([seen_with(radiation)], [radiation]))
    made = embed_crystals(network, crystals)
    assert np.linalg.norm(made, axis=1) == pytest.approx(np.ones(7), abs=1e-5)
    assert int(np.argmax(made @ own[0])) == 0


def test_towers_of_their_own() -> None:
    shared, apart = model(), model(shared=False)
    assert len(shared.towers) == 1
    assert len(apart.towers) == 2


def test_the_preset_is_small() -> None:
    network = RetrievalNetwork(RetrievalConfig())
    assert sum(p.numel() for p in network.parameters()) < 5_000_000


def test_settings_that_contradict_are_refused() -> None:
    with pytest.raises(ConfigError, match="kernels"):
        RetrievalConfig(kernels=(3,))
    with pytest.raises(ConfigError, match="rise"):
        RetrievalConfig(q_lowest=5.0)
