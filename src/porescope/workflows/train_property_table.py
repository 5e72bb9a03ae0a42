"""Train on a table of one's own, and say whether a baseline does better."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from porescope.datasets.property_labels import label_set_named
from porescope.datasets.property_set import PropertySet, property_set, property_set_from_csv
from porescope.datasets.property_splits import SCHEMES, PropertySides, property_sides
from porescope.errors import ConfigError
from porescope.models.registry import config_from_dict, network_class
from porescope.training.config import TrainConfig
from porescope.training.loop import TrainProgress
from porescope.training.property_task import PropertyTaskConfig
from porescope.workflows.property_baselines import (
    Baseline,
    BaselineResult,
    baseline_named,
    require_packages,
    run_baseline,
    tables_needed,
)
from porescope.workflows.property_features import FeatureKind, FeatureTable, feature_table
from porescope.workflows.train_property import (
    TASKS,
    PropertyTraining,
    advice,
    property_preset,
    train_property,
    training_for,
)

logger = logging.getLogger(__name__)

CALIBRATED = "sites"
"""The preset that states deviations."""
LEAST_STRUCTURES = 50
"""A set with fewer is refused."""
COMPARED: tuple[Baseline, ...] = ("mean", "composition", "geometry")
"""Baselines that every training is compared with."""
TEST_FILE, LEFT_OUT_FILE = "test.csv", "left_out.txt"
"""Files in the folder of the run: errors on the test side, and what was left out and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTraining:
    """What came of a table."""

    data: PropertySet
    """The set; ``data.report`` lists what was left out."""
    sides: PropertySides
    """Its sides."""
    training: PropertyTraining
    """The model."""
    baselines: tuple[BaselineResult, ...]
    """The baselines on the same test side; none for a paused training."""
    advice: tuple[str, ...]
    """One sentence for each target: what to use; none for a paused training."""


def train_on_table(
    table: str | Path,
    *,
    structures: Path,
    out: Path,
    targets: Sequence[str] = (),
    units: Mapping[str, str] | None = None,
    labels: Path | None = None,
    id_column: str | None = None,
    preset: str = "sites",
    split: str = "framework",
    model_settings: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    batch_size: int | None = None,
    start: Path | None = None,
    compared: Sequence[str] = COMPARED,
    device: str = "auto",
    restart: bool = False,
    progress: Callable[[TrainProgress], None] | None = None,
    features_progress: Callable[[str, int, int], None] | None = None,
) -> TableTraining:
    """Train a preset on a table with a folder of structures.

    Parameters
    ----------
    table:
        A CSV file; with ``labels`` the name of a known table.
    structures:
        Folder of the CIFs; of the archives for a known table.
    out:
        Folder of the run; what is kept of the structures is in it too.
    targets:
        Columns to learn; for a known table its own choice by default.
    units:
        Unit by target, where the column's name does not end with it.
    labels:
        Folder of the known tables.
    id_column:
        Column of identifiers; the first by default.
    preset, model_settings, start, device, restart, progress:
        As in :func:`porescope.workflows.train_property.train_property`.
    split:
        One of :data:`porescope.datasets.property_splits.SCHEMES`; the seed of the training
        draws the random ones, and of ``5-fold`` it is the first fold.
    training:
        Settings of the training that differ from the preset's.
    batch_size:
        Crystals in a batch; the preset's by default.
    compared:
        Baselines to compare with.
    features_progress:
        Called with a kind of features, and how many of how many structures have them.

    Raises
    ------
    ConfigError
        If there are fewer than 50 structures, or as the functions that are called say.
    MissingExtraError
        If the preset or a baseline needs a package that is not installed.
    """
    names, config, task = _settings(
        preset,
        compared=compared,
        split=split,
        model_settings=model_settings,
        training=training,
        batch_size=batch_size,
    )
    work = out / "structures"
    data = _data(
        table,
        structures=structures,
        labels=labels,
        targets=targets,
        units=units,
        id_column=id_column,
        work=work,
    )
    sides = property_sides(data, split, seed=config.seed)
    made = train_property(
        data,
        sides=sides,
        out=out,
        preset=preset,
        model_settings=model_settings,
        config=config,
        task=task,
        start=start,
        device=device,
        restart=restart,
        progress=progress,
    )
    _write_left_out(out / LEFT_OUT_FILE, data=data, unread=made.left_out)
    if made.result.status != "finished":
        return TableTraining(data=data, sides=sides, training=made, baselines=(), advice=())
    if preset == CALIBRATED:
        _calibrate(out, data=data, sides=sides)
    baselines = compare(data, sides=sides, names=names, work=work, progress=features_progress)
    _write_test(out / TEST_FILE, data=data, model=preset, training=made, baselines=baselines)
    return TableTraining(
        data=data,
        sides=sides,
        training=made,
        baselines=tuple(baselines),
        advice=tuple(advice(made.metrics, baselines=baselines)),
    )


def _calibrate(out: Path, *, data: PropertySet, sides: PropertySides) -> None:
    """Write beside the weights how far their predictions can be trusted.

    Nothing is written where fewer than ten structures of a side could be read.
    """
    from porescope.workflows.predict_calibration import calibrate, write_calibration
    from porescope.workflows.predict_models import open_property_models

    try:
        calibration = calibrate(open_property_models(model=out), data, sides=sides)
    except ConfigError as error:
        logger.warning("predictions are not calibrated: %s", error)
        return
    write_calibration(out, calibration)


def _settings(
    preset: str,
    *,
    compared: Sequence[str],
    split: str,
    model_settings: Mapping[str, Any] | None,
    training: Mapping[str, Any] | None,
    batch_size: int | None,
) -> tuple[tuple[Baseline, ...], TrainConfig, PropertyTaskConfig]:
    """Baselines, training and batches; refuses what can be refused before structures are read."""
    names: tuple[Baseline, ...] = tuple(baseline_named(name) for name in compared)
    require_packages(names)
    known = property_preset(preset)
    network_class(known)
    config_from_dict(known, dict(model_settings or {}))
    if split not in SCHEMES:
        raise ConfigError(f"there is no split {split!r}; choose one of {', '.join(SCHEMES)}")
    task = TASKS[preset] if batch_size is None else replace(TASKS[preset], batch_size=batch_size)
    return names, training_for(preset, **(training or {})), task


def _data(
    table: str | Path,
    *,
    structures: Path,
    labels: Path | None,
    targets: Sequence[str],
    units: Mapping[str, str] | None,
    id_column: str | None,
    work: Path,
) -> PropertySet:
    """The set of a table, if it is large enough."""
    if labels is not None:
        name = label_set_named(str(table)).name
        data = property_set(
            name, labels=labels, structures=structures, work=work, targets=targets or None
        )
    else:
        data = property_set_from_csv(
            Path(table),
            structures=structures,
            targets=targets,
            units=units or {},
            work=work,
            id_column=id_column,
        )
    if len(data) < LEAST_STRUCTURES:
        raise ConfigError(
            f"at least {LEAST_STRUCTURES} structures with a value are needed to learn from and to "
            f"measure with, and there are {len(data)} ({data.report.sentence})"
        )
    return data


def _write_left_out(path: Path, *, data: PropertySet, unread: Mapping[str, str]) -> None:
    """One line for everything that was left out of the set or that the model cannot read."""
    lines = [*data.report.lines(), *(f"{id}: {reason}" for id, reason in unread.items())]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _write_test(
    path: Path,
    *,
    data: PropertySet,
    model: str,
    training: PropertyTraining,
    baselines: Sequence[BaselineResult],
) -> None:
    """One line for each target and each model, baselines included."""
    all_of = [(model, training.metrics), *((one.name, one.metrics) for one in baselines)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        metrics = list(next(iter(training.metrics.values())))
        writer.writerow(["target", "unit", "model", *metrics])
        for target in data.targets:
            for name, seen in all_of:
                values = [f"{seen[target.name][key]:.6g}" for key in metrics]
                writer.writerow([target.name, target.unit, name, *values])


def compare(
    data: PropertySet,
    *,
    sides: PropertySides,
    names: Sequence[Baseline],
    work: Path,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[BaselineResult]:
    """Baselines on the test side of a set.

    Parameters
    ----------
    data:
        The set.
    sides:
        Its sides.
    names:
        Which baselines.
    work:
        Folder for their features.
    progress:
        Called with a kind of features, and how many of how many structures have them.
    """
    tables: dict[FeatureKind, FeatureTable] = {}
    for name in names:
        for kind in tables_needed(name):
            if kind not in tables:
                told = None if progress is None else partial(progress, kind)
                tables[kind] = feature_table(data, kind=kind, work=work, progress=told)
    return [run_baseline(data, name=name, sides=sides, tables=tables) for name in names]
