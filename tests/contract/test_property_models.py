"""What every property model must pass, by preset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")
pytest.importorskip("e3nn.o3")

from porescope.crystal.structure import Crystal  # noqa: E402
from porescope.crystal.transform import change_of_basis  # noqa: E402
from porescope.errors import ConfigError  # noqa: E402
from porescope.models.checkpoint import Card, load_model, write_checkpoint  # noqa: E402
from porescope.models.property_inputs import (  # noqa: E402
    PROPERTY_OPTIONS,
    PropertyBatch,
    joined,
)
from porescope.models.property_model import (  # noqa: E402
    PROPERTY_INVARIANCES,
    PropertyModel,
    PropertyOutput,
)
from porescope.models.registry import (  # noqa: E402
    Preset,
    build_model,
    config_from_dict,
    presets_of,
    property_loss_of,
)
from porescope.nn.small_numbers import (  # noqa: E402
    are_small_numbers_zero,
    small_numbers_as_zero,
)
from porescope.training.prefetch import made_ahead  # noqa: E402
from property_toys import some_frameworks, true_values  # noqa: E402

SMALLER: dict[str, dict[str, Any]] = {
    "sites": {"width": 48, "channels": 8, "pairs": 8},
    "x3mat": {
        "layers": 1,
        "channels": 8,
        "hidden": 8,
        "heads": 2,
        "l_max": 1,
        "m_max": 1,
        "grid": 4,
        "radius": 3.6,
        "step": 6.0,
        "most_neighbours": 6,
        "alpha_dropout": 0.0,
        "windows_at_once": 100,
        "recompute": False,
        "usual_atoms": 10.0,
    },
    "cgcnn": {"width": 24, "layers": 2, "head_width": 32},
    "voxel": {"points": 16, "channels": (8, 16, 24), "width": 32, "dropout": 0.0},
    "text": {
        "vocabulary": 512,
        "width": 64,
        "heads": 4,
        "feed_forward": 64,
        "layers": 2,
        "dropout": 0.0,
    },
}
"""Settings with which a model is quick."""
STEPS: dict[str, int] = {"sites": 100, "x3mat": 80, "cgcnn": 40, "voxel": 80, "text": 120}
"""Steps in which ten examples are learned."""

PROPERTY = presets_of("property")
presets = pytest.mark.parametrize("preset", list(PROPERTY.values()), ids=list(PROPERTY))


def _model(preset: Preset, **changes: Any) -> PropertyModel:
    torch.manual_seed(5)
    values = {"n_targets": 2, **SMALLER[preset.name], **changes}
    return build_model(preset, config=config_from_dict(preset, values)).eval()


def _batch(model: PropertyModel, crystals: list[Crystal]) -> PropertyBatch:
    return joined([model.prepare(crystal) for crystal in crystals])


def _said(model: PropertyModel, crystals: list[Crystal]) -> PropertyOutput:
    with torch.no_grad():
        return model(_batch(model, crystals))


def _card(preset: Preset, model: PropertyModel) -> Card:
    return Card(
        preset=preset.name,
        preset_version=preset.version,
        config=asdict(model.config),
        package_version="0",
        data_hash="0",
        split="toy",
        metrics={"score": 0.5},
        licence="MIT",
        hardware="none",
        created="2026-01-01T00:00:00+00:00",
    )


def _rotation(seed: int) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


def _changed(crystal: Crystal, what: str) -> Crystal:
    """The same crystal, described otherwise."""
    if what == "order":
        order = np.random.default_rng(1).permutation(crystal.n_atoms)
        return replace(
            crystal,
            frac=crystal.frac[order],
            numbers=crystal.numbers[order],
            occupancy=crystal.occupancy[order],
            u_iso=crystal.u_iso[order],
        )
    if what == "origin":
        return replace(crystal, frac=(crystal.frac + np.array([0.31, 0.07, 0.83])) % 1.0)
    if what == "rotation":
        return replace(crystal, lattice=crystal.lattice @ _rotation(2))
    if what == "cell":
        return change_of_basis(crystal, transform=np.array([[1.0, 1, 0], [0, 1, 0], [0, -1, 1]]))
    assert what == "supercell"
    return crystal.supercell((2, 1, 1))


@presets
def test_shapes_and_sizes(preset: Preset) -> None:
    model = _model(preset)
    batch = _batch(model, some_frameworks(3))
    output = model(batch)
    assert len(batch) == 3
    assert output.mean.shape == (3, 2)
    assert torch.isfinite(output.mean).all()
    assert torch.isnan(batch.targets).all()
    assert model.needs <= set(PROPERTY_OPTIONS)
    assert model.invariances <= PROPERTY_INVARIANCES
    with pytest.raises(ConfigError, match="at least one target"):
        _model(preset, n_targets=0)


@presets
def test_contributions_add_up(preset: Preset) -> None:
    model = _model(preset)
    batch = _batch(model, some_frameworks(3))
    with torch.no_grad():
        output = model(batch)
    places = batch.windows if batch.windows is not None else batch.probes
    if output.contributions is None:
        pytest.skip(f"{preset.name} has no contributions")
    assert places is not None
    weight, crystal = places.weight, places.crystal
    sums = torch.zeros(3).index_add(0, crystal, weight)
    torch.testing.assert_close(sums, torch.ones(3), rtol=1e-5, atol=1e-5)
    mean = torch.zeros(3, 2).index_add(0, crystal, output.contributions * weight[:, None])
    torch.testing.assert_close(mean, output.mean, rtol=1e-4, atol=1e-5)


@presets
@pytest.mark.parametrize("what", sorted(PROPERTY_INVARIANCES))
def test_a_crystal_described_otherwise(preset: Preset, what: str) -> None:
    model = _model(preset)
    if what not in model.invariances:
        pytest.skip(f"{preset.name} does not promise this")
    crystals = some_frameworks(3)
    made = _said(model, crystals).mean
    again = _said(model, [_changed(crystal, what) for crystal in crystals]).mean
    apart = (made - made.roll(1, dims=0)).abs().max()
    assert apart > 0.0
    # The rounding of float32, and of distances at which neighbours of equal distance are cut.
    assert (made - again).abs().max() < 0.02 * apart


@presets
def test_a_batch_is_its_members(preset: Preset) -> None:
    model = _model(preset)
    crystals = some_frameworks(4)
    whole = _said(model, crystals).mean
    singles = torch.cat([_said(model, [crystal]).mean for crystal in crystals])
    torch.testing.assert_close(whole, singles, rtol=1e-4, atol=2e-5)


def _tensors(batch: Any) -> list[Any]:
    if not is_dataclass(batch):
        return [] if batch is None else [batch]
    return [found for field in fields(batch) for found in _tensors(getattr(batch, field.name))]


@presets
def test_a_crystal_is_prepared_within_a_training(preset: Preset) -> None:
    if not torch.set_flush_denormal(True):
        pytest.skip("the processor does not take small numbers as zero")
    torch.set_flush_denormal(False)
    model = _model(preset)
    # Searches for neighbours in so many points fail where small numbers are zero.
    crystal = some_frameworks(1)[0].supercell((2, 2, 2))
    here = _tensors(model.prepare(crystal))

    def batches() -> Iterator[PropertyBatch]:
        assert are_small_numbers_zero()
        yield model.prepare(crystal)

    with small_numbers_as_zero(), made_ahead(batches(), n_ahead=1) as made:
        there = _tensors(next(iter(made)))
    assert len(here) == len(there)
    for a, b in zip(here, there, strict=True):
        torch.testing.assert_close(a, b, rtol=0.0, atol=0.0, equal_nan=True)


@presets
def test_what_it_needs_is_asked_for_by_name(preset: Preset) -> None:
    model = _model(preset)
    batch = _batch(model, some_frameworks(2))
    assert model.needs
    for name in sorted(model.needs):
        with pytest.raises(ConfigError, match=name):
            model(replace(batch, **{name: None}))


@presets
def test_unknown_targets_are_not_learned_from(preset: Preset) -> None:
    model = _model(preset).train()
    crystals = some_frameworks(3)
    truth = torch.from_numpy(true_values(crystals)).float()
    truth[0, 0], truth[2, 1] = float("nan"), float("nan")
    fit, batch = property_loss_of(preset), _batch(model, crystals)
    seen = fit(model, model(batch), targets=truth)
    seen.loss.backward()
    assert torch.isfinite(seen.loss)
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert grads
    assert all(torch.isfinite(grad).all() for grad in grads)
    assert torch.equal(torch.isnan(seen.error), torch.isnan(truth))
    none = fit(model, model(batch), targets=torch.full((3, 2), float("nan")))
    assert float(none.loss.detach()) == 0.0


@presets
def test_ten_examples_are_learned(preset: Preset) -> None:
    model = _model(preset)
    crystals = some_frameworks(10)
    truth = torch.from_numpy(true_values(crystals)).float()
    model.set_scale(shift=truth.mean(dim=0), scale=truth.std(dim=0))
    batch, fit = _batch(model, crystals), property_loss_of(preset)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    torch.manual_seed(0)
    for _ in range(STEPS[preset.name]):
        optimizer.zero_grad()
        fit(model, model(batch), targets=truth).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    with torch.no_grad():
        # The model in training, since some normalise over the batch there; without dropout.
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.eval()
        off = (model.values(model(batch)) - truth).abs() / truth.std(dim=0)
    assert off.mean() < 0.25


@presets
def test_saved_and_loaded(preset: Preset, tmp_path: Path) -> None:
    model = _model(preset)
    model.set_scale(shift=torch.tensor([1.0, 2.0]), scale=torch.tensor([3.0, 4.0]))
    path = write_checkpoint(tmp_path / "weights", model.state_dict(), card=_card(preset, model))
    loaded, _ = load_model(path, preset=preset.name)
    crystals = some_frameworks(2)
    assert loaded.config == model.config
    assert torch.equal(loaded.scale, model.scale)
    a, b = _said(model, crystals), _said(loaded, crystals)
    assert torch.equal(model.values(a), loaded.values(b))


@presets
def test_a_wrong_checkpoint_is_refused_by_name(preset: Preset, tmp_path: Path) -> None:
    model = _model(preset)
    path = write_checkpoint(tmp_path / "weights", model.state_dict(), card=_card(preset, model))
    other = next(name for name in PROPERTY if name != preset.name)
    with pytest.raises(ConfigError, match=f"'{preset.name}'.*'{other}'"):
        load_model(path, preset=other)
    newer = replace(_card(preset, model), preset_version=preset.version + 1)
    write_checkpoint(tmp_path / "weights", model.state_dict(), card=newer)
    with pytest.raises(ConfigError, match=f"version {preset.version + 1}"):
        load_model(path)


@presets
def test_settings_out_of_range_are_refused(preset: Preset) -> None:
    with pytest.raises(ConfigError, match="no setting 'hue'"):
        config_from_dict(preset, {"hue": 1})
    model = _model(preset)
    with pytest.raises(ConfigError, match="scales must be above 0"):
        model.set_scale(shift=torch.zeros(2), scale=torch.tensor([1.0, 0.0]))
