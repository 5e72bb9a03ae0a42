"""Learn properties of crystals: some of several may be unknown for each crystal."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from porescope.crystal.structure import Crystal
from porescope.datasets.property_set import PropertySet
from porescope.datasets.property_splits import PropertySides
from porescope.errors import ConfigError, PorescopeError
from porescope.models.property_inputs import PropertyBatch, joined
from porescope.models.property_loss import PropertyFit, Robust
from porescope.models.property_model import PropertyModel, PropertyOutput
from porescope.models.registry import Preset, property_loss_of
from porescope.nn.parallel import process_count
from porescope.training.property_metrics import property_metrics
from porescope.training.task import TaskFacts, epoch_order

LEAST_SCALE = 1e-12
"""A target whose values are all the same on the training side is scaled by 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyTaskConfig:
    """How batches are made."""

    batch_size: int = 32
    """Crystals in a batch of one process."""
    loss: Robust = "huber"
    """Loss of a value in units of the training side's standard deviation."""
    kept_gb: float = 4.0
    """Memory for crystals that were prepared once [GB]; the rest is prepared again each time."""
    n_validation: int = 2000
    """At most as many crystals of the validation side are looked at."""

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ConfigError(f"batch_size must be at least 1, not {self.batch_size}")
        if self.loss not in ("absolute", "squared", "huber"):
            raise ConfigError(f"loss must be absolute, squared or huber, not {self.loss!r}")
        if self.kept_gb < 0.0:
            raise ConfigError(f"kept_gb must be at least 0, not {self.kept_gb}")


class Prepared:
    """Crystals as a model reads them, each prepared once while memory lasts.

    Parameters
    ----------
    data:
        The set.
    model:
        Prepares them.
    kept_gb:
        Memory for what is kept [GB].
    """

    def __init__(self, data: PropertySet, model: PropertyModel, *, kept_gb: float = 4.0) -> None:
        self.data, self.model = data, model
        self.limit = int(kept_gb * 1e9)
        self.size = 0
        self.kept: OrderedDict[int, PropertyBatch] = OrderedDict()
        self.crystals: dict[int, Crystal] = {}

    def crystal(self, row: int) -> Crystal:
        """The structure of a row."""
        if row not in self.crystals:
            self.crystals[row] = self.data.crystal(row)
        return self.crystals[row]

    def one(self, row: int, *, generator: np.random.Generator | None = None) -> PropertyBatch:
        """A row's batch of one crystal with its targets; kept unless something was drawn."""
        drawn = generator if self.model.jitters else None
        if drawn is None and row in self.kept:
            return self.kept[row]
        made = self.described(row, generator=drawn)
        if drawn is None:
            size = n_bytes(made)
            if self.size + size <= self.limit:
                self.kept[row] = made
                self.size += size
        return made

    def described(self, row: int, *, generator: np.random.Generator | None) -> PropertyBatch:
        """A row's batch of one crystal with its targets, made anew."""
        targets = torch.from_numpy(self.data.values[row : row + 1]).float()
        return self.model.prepare(self.crystal(row), generator=generator).with_targets(targets)

    def batch(
        self, rows: Int[np.ndarray, "rows"], *, generator: np.random.Generator | None = None
    ) -> PropertyBatch:
        """Several rows as one batch."""
        return joined([self.one(int(row), generator=generator) for row in rows])

    def usable(
        self, rows: Int[np.ndarray, "rows"], *, generator: np.random.Generator | None = None
    ) -> tuple[Int[np.ndarray, "usable"], dict[str, str]]:
        """Rows that the model can read, and why it cannot read the others.

        Parameters
        ----------
        rows:
            Rows of the set.
        generator:
            For rows that are learned from, whose descriptions a model that draws does not keep.
        """
        good: list[int] = []
        failed: dict[str, str] = {}
        for row in rows:
            try:
                self.one(int(row), generator=generator)
            except PorescopeError as error:
                failed[self.data.ids[int(row)]] = " ".join(str(error).split())
            else:
                good.append(int(row))
        return np.array(good, dtype=np.int64), failed


def n_bytes(batch: Any) -> int:
    """Memory of the tensors of a batch."""
    if isinstance(batch, Tensor):
        return batch.numel() * batch.element_size()
    if not is_dataclass(batch):
        return 0
    return sum(n_bytes(getattr(batch, field.name)) for field in fields(batch))


class PropertyTask:
    """Learn the targets of a set.

    Shift and scale of each target are those of the training side alone; they are set in the
    model, which keeps them with its weights. Crystals that the model cannot read are left out and
    listed in ``failed``.

    Parameters
    ----------
    data:
        The set.
    sides:
        Its sides.
    model:
        The model that will be trained; its shift and scale are set here.
    preset:
        Its preset.
    config:
        How batches are made.
    seed:
        Seed of the order of the examples.
    """

    prepares: ClassVar[type[Prepared]] = Prepared
    """What makes batches of the crystals."""

    def __init__(
        self,
        data: PropertySet,
        *,
        sides: PropertySides,
        model: PropertyModel,
        preset: Preset,
        config: PropertyTaskConfig | None = None,
        seed: int = 0,
    ) -> None:
        if model.n_targets != len(data.targets):
            raise ConfigError(
                f"the model has {model.n_targets} targets and the set {data.name} has "
                f"{len(data.targets)}; set n_targets to the number of targets"
            )
        self.data, self.sides, self.seed = data, sides, seed
        self.config = PropertyTaskConfig() if config is None else config
        self.prepared = self.prepares(data, model, kept_gb=self.config.kept_gb)
        self.fit = property_loss_of(preset)
        self.train_rows, self.failed = self.prepared.usable(
            sides.train, generator=np.random.default_rng(seed)
        )
        some = sides.validation[: self.config.n_validation]
        self.validation_rows, failed = self.prepared.usable(some)
        self.failed |= failed
        shift, self.scale = self.shift_and_scale()
        model.set_scale(shift=torch.from_numpy(shift), scale=torch.from_numpy(self.scale))

    def shift_and_scale(
        self,
    ) -> tuple[Float[np.ndarray, "targets"], Float[np.ndarray, "targets"]]:
        """Shift and scale of the targets, by the training side."""
        return shift_and_scale(self.data.values[self.train_rows])

    @property
    def facts(self) -> TaskFacts:
        """What the card says about the data."""
        return TaskFacts(
            data_hash=f"{self.data.content_hash}-{self.sides.digest}",
            split=self.sides.name,
            n_examples=len(self.train_rows),
            licence=self.data.licence,
            more={
                "set": self.data.name,
                "targets": ", ".join(t.name for t in self.data.targets),
                "units": ", ".join(t.unit for t in self.data.targets),
                "batch_size": self.batch_size,
                "loss": self.config.loss,
                "n_left_out": len(self.failed),
            },
        )

    @property
    def batch_size(self) -> int:
        """Crystals in a batch: no more than a process has."""
        return max(1, min(self.config.batch_size, len(self.train_rows) // process_count()))

    @property
    def batches_per_epoch(self) -> int:
        """Number of batches of an epoch."""
        return len(self.train_rows) // process_count() // self.batch_size

    @property
    def watched(self) -> str:
        """Mean over the targets of how much of a standard deviation the error is below one."""
        return "score"

    def batches(self, epoch: int, generator: np.random.Generator) -> Iterator[PropertyBatch]:
        """The batches of an epoch; see :class:`porescope.training.task.Task`."""
        share = epoch_order(len(self.train_rows), epoch=epoch, seed=self.seed)
        for start in range(0, self.batch_size * self.batches_per_epoch, self.batch_size):
            rows = self.train_rows[share[start : start + self.batch_size]]
            yield self.prepared.batch(rows, generator=generator)

    def loss(self, model: nn.Module, batch: PropertyBatch) -> Tensor:
        """Robust loss over the targets that are known."""
        assert isinstance(model, PropertyModel)
        output: PropertyOutput = model(batch)
        made: PropertyFit = self.fit(model, output, targets=batch.targets, kind=self.config.loss)
        return made.loss

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Errors of each target on the validation side."""
        assert isinstance(model, PropertyModel)
        found = self.predictions(model, self.validation_rows)
        truth = self.data.values[self.validation_rows]
        metrics: dict[str, float] = {}
        scores = []
        for column, target in enumerate(self.data.targets):
            seen = property_metrics(found[:, column], truth[:, column])
            metrics |= {f"{target.name}_{key}": value for key, value in seen.items()}
            scores.append(1.0 - seen["mae"] / float(self.scale[column]))
        known = [score for score in scores if np.isfinite(score)]
        return {"score": float(np.mean(known)) if known else float("nan"), **metrics}

    def predictions(
        self, model: PropertyModel, rows: Int[np.ndarray, "rows"], *, batch_size: int | None = None
    ) -> Float[np.ndarray, "rows targets"]:
        """Values in the units of the labels; the model should be in evaluation mode.

        Parameters
        ----------
        model:
            The model.
        rows:
            Rows of the set that the model can read.
        batch_size:
            Crystals at a time; as in training by default.
        """
        size = self.batch_size if batch_size is None else batch_size
        device = next(model.parameters()).device
        found = np.full((len(rows), len(self.data.targets)), np.nan)
        with torch.no_grad():
            for start in range(0, len(rows), size):
                part = rows[start : start + size]
                output = model(self.prepared.batch(part).to(device))
                found[start : start + size] = model.values(output).double().cpu().numpy()
        return found


def shift_and_scale(
    values: Float[np.ndarray, "crystals targets"],
) -> tuple[Float[np.ndarray, "targets"], Float[np.ndarray, "targets"]]:
    """Mean and standard deviation of the known values of each target.

    Raises
    ------
    ConfigError
        If a target has no value.
    """
    known = np.isfinite(values)
    if not len(values) or not known.any(axis=0).all():
        raise ConfigError(
            "every target needs a value on the training side; leave the target out or give more "
            "labels"
        )
    shift, scale = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    return shift.astype(np.float32), np.where(scale > LEAST_SCALE, scale, 1.0).astype(np.float32)


def measured(
    task: PropertyTask, model: PropertyModel, *, rows: Int[np.ndarray, "rows"]
) -> Mapping[str, Mapping[str, float]]:
    """Errors of each target on some rows, by target.

    A crystal that the model cannot read gets the mean that the model was trained about, so that
    every model answers for the same crystals.

    Parameters
    ----------
    task:
        The task.
    model:
        The model in evaluation mode.
    rows:
        Rows of the set.
    """
    good, _ = task.prepared.usable(rows)
    place = {int(row): i for i, row in enumerate(rows)}
    shift = model.shift.double().cpu().numpy()
    found = np.repeat(shift[None], len(rows), axis=0)
    found[[place[int(row)] for row in good]] = task.predictions(model, good)
    return {
        target.name: property_metrics(found[:, column], task.data.values[rows, column])
        for column, target in enumerate(task.data.targets)
    }
