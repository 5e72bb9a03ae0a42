"""The task of properties: scaling by the training side, unknown values, crystals left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from porescope.datasets.property_splits import PropertySides  # noqa: E402
from porescope.errors import ConfigError  # noqa: E402
from porescope.models.property_inputs import PropertyBatch  # noqa: E402
from porescope.models.property_loss import fit  # noqa: E402
from porescope.models.property_model import PropertyModel, PropertyOutput  # noqa: E402
from porescope.models.registry import PRESETS  # noqa: E402
from porescope.training import property_task  # noqa: E402
from porescope.training.property_task import (  # noqa: E402
    PropertyTask,
    PropertyTaskConfig,
    measured,
    shift_and_scale,
)
from property_toys import some_frameworks, toy_set, true_values  # noqa: E402


@dataclass(frozen=True, kw_only=True)
class _Config:
    n_targets: int = 2


class _Linear(PropertyModel):
    """Linear in the heaviest element and the density."""

    needs = frozenset({"features"})

    def __init__(self, config: _Config) -> None:
        super().__init__(config)
        self.layer = torch.nn.Linear(2, config.n_targets)
        self.n_prepared = 0

    def described(self, crystal, *, generator=None) -> PropertyBatch:
        """Two numbers."""
        self.n_prepared += 1
        if crystal.name == "toy-3":
            raise ConfigError("a crystal that this model cannot read")
        features = torch.from_numpy(true_values([crystal])).float()
        return PropertyBatch(targets=self.unknown(), features=features)

    def forward(self, batch: PropertyBatch) -> PropertyOutput:
        """Values in scaled units."""
        return PropertyOutput(mean=self.layer(batch.features))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.setattr(property_task, "property_loss_of", lambda preset: fit)
    crystals = some_frameworks(12)
    values = true_values(crystals)
    values[0, 0] = np.nan
    values[10:] += 100.0  # the test side is far off, which nothing may notice
    sides = PropertySides(
        name="toy",
        train=np.arange(8),
        validation=np.array([8, 9]),
        test=np.array([3, 10, 11]),
    )
    model = _Linear(_Config())
    data = toy_set(tmp_path, crystals, values)
    config = PropertyTaskConfig(batch_size=4)
    task = PropertyTask(data, sides=sides, model=model, preset=PRESETS["sites"], config=config)
    return SimpleNamespace(task=task, model=model, data=data, sides=sides)


def test_scaled_by_the_training_side_alone(made) -> None:
    used = np.delete(made.data.values[:8], 3, axis=0)
    shift, scale = np.nanmean(used, axis=0), np.nanstd(used, axis=0)
    np.testing.assert_allclose(made.model.shift.numpy(), shift, rtol=1e-5)
    np.testing.assert_allclose(made.model.scale.numpy(), scale, rtol=1e-5)


def test_crystals_that_cannot_be_read_are_left_out_and_told(made) -> None:
    assert made.task.failed == {"toy-3": "a crystal that this model cannot read"}
    assert made.task.facts.n_examples == 7
    assert made.task.facts.more["n_left_out"] == 1
    seen = measured(made.task, made.model.eval(), rows=made.sides.test)
    # three answers: the one that cannot be read gets the mean of the training side
    off = np.abs(made.data.values[3] - made.model.shift.numpy())
    found = made.task.predictions(made.model, np.array([10, 11]))
    off = (off + np.abs(found - made.data.values[10:]).sum(axis=0)) / 3.0
    np.testing.assert_allclose([seen["t0"]["mae"], seen["t1"]["mae"]], off, rtol=1e-5)


def test_an_epoch_is_the_same_again_and_prepares_nothing_twice(made) -> None:
    before = made.model.n_prepared
    runs = [
        [batch.targets for batch in made.task.batches(1, np.random.default_rng(0))]
        for _ in range(2)
    ]
    assert len(runs[0]) == made.task.batches_per_epoch == 1
    assert all(a.equal(b) or a.isnan().any() for a, b in zip(*runs, strict=True))
    assert made.model.n_prepared == before


def test_what_is_linear_is_learned(made) -> None:
    before = made.task.validate(made.model.eval())
    optimizer = torch.optim.LBFGS(
        made.model.parameters(), max_iter=200, line_search_fn="strong_wolfe"
    )
    batch = made.task.prepared.batch(made.task.train_rows)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = made.task.loss(made.model, batch)
        loss.backward()
        return loss

    for _ in range(5):
        optimizer.step(closure)
    metrics = made.task.validate(made.model.eval())
    assert metrics.keys() == before.keys()
    assert made.task.watched in metrics
    assert before["score"] < 0.5 < 0.9 < metrics["score"]
    assert metrics["t0_mae"] < 0.05


def test_the_number_of_targets_must_fit(made) -> None:
    with pytest.raises(ConfigError, match="has 1 targets and the set toy has 2"):
        PropertyTask(
            made.data,
            sides=made.sides,
            model=_Linear(_Config(n_targets=1)),
            preset=PRESETS["sites"],
        )
    with pytest.raises(ConfigError, match="batch_size"):
        replace(PropertyTaskConfig(), batch_size=0)


def test_constant_and_unknown_targets() -> None:
    shift, scale = shift_and_scale(np.array([[2.0, 1.0], [2.0, np.nan]]))
    assert shift.tolist() == [2.0, 1.0]
    assert scale.tolist() == [1.0, 1.0]
    with pytest.raises(ConfigError, match="every target needs a value"):
        shift_and_scale(np.array([[1.0, np.nan]]))
