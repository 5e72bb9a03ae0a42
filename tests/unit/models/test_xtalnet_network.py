"""XtalNet's encoders."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from porescope.errors import ConfigError  # noqa: E402
from porescope.models.retrieval_xtalnet.config import XtalnetConfig  # noqa: E402
from porescope.models.retrieval_xtalnet.network import XtalnetNetwork  # noqa: E402
from porescope.models.retrieval_xtalnet.predict import peak_weights  # noqa: E402
from retrieval_toys import crystal_inputs, pattern_inputs, some_crystals  # noqa: E402

SMALL = XtalnetConfig(
    width=32, heads=4, feed_forward=64, pattern_layers=2, crystal_layers=1, frequencies=5
)


def _model(config: XtalnetConfig = SMALL) -> XtalnetNetwork:
    torch.manual_seed(2)
    return XtalnetNetwork(config).eval()


def test_published_numbers_of_parameters() -> None:
    # 8 layers of 4·512² + 2·512·2048 weights, and a table of 2048 positions; 6 layers of messages.
    model = XtalnetNetwork(XtalnetConfig())
    sizes = [sum(p.numel() for p in side.parameters()) for side in (model.patterns, model.crystals)]
    assert sizes == [26_534_912, 12_156_928]
    assert float(model.temperature.detach()) == pytest.approx(0.3679, abs=1e-4)


def test_heights_and_places_of_peaks_are_read() -> None:
    model = _model()
    patterns = pattern_inputs(some_crystals(2))
    assert patterns.profile is not None
    shifted = replace(patterns, profile=patterns.profile.roll(5, dims=1))
    rooted = replace(patterns, profile=patterns.profile.sqrt())
    with torch.no_grad():
        made = model.encode_patterns(patterns)
        assert (made - model.encode_patterns(shifted)).norm(dim=1).min() > 1e-3
        assert (made - model.encode_patterns(rooted)).norm(dim=1).min() > 1e-4
        doubled = replace(patterns, profile=2.0 * patterns.profile)
        torch.testing.assert_close(made, model.encode_patterns(doubled))


def test_other_numbers_of_peaks_beside_it_change_nothing() -> None:
    model = _model()
    patterns = pattern_inputs(some_crystals(3))
    assert patterns.profile is not None
    bare = patterns.profile.clone()
    bare[1] = 0.0
    with torch.no_grad():
        both = model.encode_patterns(replace(patterns, profile=bare))
        alone = model.encode_patterns(patterns.part(0, 1))
    torch.testing.assert_close(both[:1], alone, rtol=1e-4, atol=1e-5)


def test_too_many_atoms_are_refused() -> None:
    crystals = crystal_inputs(some_crystals(2))
    with pytest.raises(ConfigError, match="has 10 atoms, 'xtalnet' reads at most 9"):
        _model(replace(SMALL, most_atoms=9)).encode_crystals(crystals)
    assert crystals.atoms is not None
    empty = replace(crystals, atoms=replace(crystals.atoms, batch=crystals.atoms.batch * 0))
    with pytest.raises(ConfigError, match="crystal 1 of the batch has no atoms"):
        _model().encode_crystals(empty)


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="multiple of the heads"):
        XtalnetConfig(width=30, heads=4)
    with pytest.raises(ConfigError, match="1351 or more"):
        XtalnetConfig(positions=100)


def test_weights_of_peaks() -> None:
    patterns = pattern_inputs(some_crystals(2))
    assert patterns.profile is not None
    profiles = patterns.profile.numpy().copy()
    profiles[1] = 0.0
    tokens, weights = peak_weights(_model(), profiles)
    assert weights.shape == tokens.mask.shape
    assert weights[0, tokens.mask[0]].max() > 0.0
    assert not weights[1].any()
