"""Xrd2Mof's extractor."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from porescope.errors import ConfigError  # noqa: E402
from porescope.models.inputs import LinkerGraphs  # noqa: E402
from porescope.models.retrieval_xrd2mof.config import Xrd2mofConfig  # noqa: E402
from porescope.models.retrieval_xrd2mof.loss import contrast, similarity_loss  # noqa: E402
from porescope.models.retrieval_xrd2mof.network import Xrd2mofNetwork  # noqa: E402
from porescope.models.retrieval_xrd2mof.predict import grad_cam  # noqa: E402
from retrieval_toys import crystal_inputs, pattern_inputs, some_crystals  # noqa: E402


def _model(**settings) -> Xrd2mofNetwork:
    torch.manual_seed(3)
    return Xrd2mofNetwork(Xrd2mofConfig(**settings)).eval()


def _none(n: int) -> LinkerGraphs:
    whole = torch.zeros(0, dtype=torch.long)
    return LinkerGraphs(
        numbers=whole,
        bonds=whole.view(0, 2),
        orders=torch.zeros(0),
        batch=whole,
        n_patterns=torch.tensor(n),
    )


def test_published_sizes() -> None:
    model = _model()
    assert model.profile.last.in_features == 32 * 21
    assert _model(n_points=5250).profile.last.in_features == 2624
    crystal = (model.lattice, model.beads, model.crystal_fusion, model.crystal_projection)
    assert sum(p.numel() for part in crystal for p in part.parameters()) == 417_376


def test_published_embeddings_have_no_common_length() -> None:
    crystals = some_crystals(3)
    with torch.no_grad():
        free = _model().encode_crystals(crystal_inputs(crystals)).norm(dim=1)
        unit = _model(unit_vectors=True).encode_crystals(crystal_inputs(crystals)).norm(dim=1)
    assert (free > 5.0).all()
    torch.testing.assert_close(unit, torch.ones(3))
    assert _model(unit_vectors=True).unit_vectors
    assert not _model().unit_vectors


def test_scaled_rows_hide_the_size_of_the_cell() -> None:
    crystals = crystal_inputs(some_crystals(2))
    assert crystals.beads is not None
    larger = replace(crystals, beads=replace(crystals.beads, lattice=1.3 * crystals.beads.lattice))
    with torch.no_grad():
        blind, seeing = _model(), _model(rows_normalised=False)
        torch.testing.assert_close(blind.encode_crystals(crystals), blind.encode_crystals(larger))
        assert not torch.allclose(seeing.encode_crystals(crystals), seeing.encode_crystals(larger))


def test_chemistry_moves_a_pattern() -> None:
    model = _model()
    patterns = pattern_inputs(some_crystals(2))
    with torch.no_grad():
        made = model.encode_patterns(patterns)
        for other in (
            replace(patterns, metal=torch.zeros_like(patterns.metal)),
            replace(patterns, linkers=_none(2)),
        ):
            assert (made - model.encode_patterns(other)).norm(dim=1).min() > 1e-3


def test_beads_beyond_the_last_slot_are_not_read() -> None:
    model = _model(most_beads=4)
    crystals = crystal_inputs(some_crystals(2))
    assert crystals.beads is not None
    beads = crystals.beads
    place = torch.cat([torch.arange(int(n)) for n in torch.bincount(beads.batch)])
    moved = torch.where(place[:, None] >= 4, beads.frac + 0.3, beads.frac)
    near = torch.where(place[:, None] == 3, beads.frac + 0.3, beads.frac)
    with torch.no_grad():
        made, beyond, within = (
            model.encode_crystals(replace(crystals, beads=replace(beads, frac=frac)))
            for frac in (beads.frac, moved, near)
        )
    assert torch.equal(made, beyond)
    assert not torch.allclose(made, within)


def test_other_profiles_are_refused() -> None:
    with pytest.raises(ConfigError, match="5250 points, got 1351"):
        _model(n_points=5250).encode_patterns(pattern_inputs(some_crystals(1)))
    for bad in ({"n_points": 5}, {"most_beads": 1}):
        with pytest.raises(ConfigError, match=next(iter(bad))):
            Xrd2mofConfig(**bad)


def test_published_loss_against_a_plain_sum() -> None:
    torch.manual_seed(0)
    patterns, crystals = torch.randn(4, 6), torch.randn(4, 6)
    total = 0.0
    for i in range(4):
        alike = [
            float(0.5 * (crystals[i] @ crystals[j] + patterns[i] @ patterns[j])) * 0.7
            for j in range(4)
        ]
        target = torch.tensor(alike).softmax(0)
        for own, others in ((patterns[i], crystals), (crystals[i], patterns)):
            total -= float((target * torch.log_softmax(others @ own / 0.7, dim=0)).sum())
    assert float(similarity_loss(patterns, crystals, temperature=0.7)) == pytest.approx(total / 8)


def test_losses_by_their_targets() -> None:
    crystals = some_crystals(4)
    patterns, contents = pattern_inputs(crystals), crystal_inputs(crystals)
    soft, hard, free, free_hard = (
        _model(targets=targets, unit_vectors=unit).train()
        for unit in (True, False)
        for targets in ("similarity", "pairs")
    )
    groups = torch.tensor([0, 0, 1, 1])
    with torch.no_grad():
        loss = [contrast(m, patterns, contents).loss for m in (soft, hard, free, free_hard)]
        assert not torch.isclose(loss[0], loss[1])
        # As published a member's product with itself is 256, and the soft targets are hard ones.
        torch.testing.assert_close(loss[2], loss[3])
        apart = contrast(soft, patterns, contents).hit
        assert contrast(soft, patterns, contents, groups=groups).hit >= apart
        with pytest.raises(ConfigError, match="set targets to 'pairs'"):
            contrast(soft, patterns, contents, extra=torch.zeros(1, 256))
        with pytest.raises(ConfigError, match="as many patterns"):
            contrast(soft, patterns, contents.part(0, 3))


def test_grad_cam_lights_up_where_the_answer_comes_from() -> None:
    model = _model(unit_vectors=True)
    patterns = pattern_inputs(some_crystals(3))
    with torch.no_grad():
        towards = model.encode_patterns(patterns)
    # Only what stands at one place of the maps is passed on.
    kept = torch.zeros(32, 21)
    kept[:, 10] = 1.0
    with torch.no_grad():
        model.profile.last.weight.mul_(kept.flatten())
        towards = model.encode_patterns(patterns).roll(1, dims=0)
    weights = grad_cam(model, patterns, towards=towards)
    assert weights.shape == (3, 1351)
    assert weights.min() >= 0.0
    assert set(weights.max(axis=1).tolist()) <= {0.0, 1.0}
    assert weights.max() == 1.0
    with pytest.raises(ConfigError, match=r"model.eval\(\)"):
        grad_cam(model.train(), patterns, towards=towards)
