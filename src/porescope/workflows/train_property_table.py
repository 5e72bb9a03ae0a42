"""Train on a table of one's own, and say whether a baseline does better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porescope.datasets.property_labels import LABEL_SETS
from porescope.datasets.property_set import PropertySet, property_set, property_set_from_csv
from porescope.datasets.property_splits import PropertySides, property_sides
from porescope.errors import ConfigError
from porescope.training.config import TrainConfig
from porescope.training.loop import TrainProgress
from porescope.workflows.property_baselines import (
    Baseline,
    BaselineResult,
    run_baseline,
    tables_needed,
)
from porescope.workflows.property_features import FeatureKind, FeatureTable, feature_table
from porescope.workflows.train_property import PropertyTraining, advice, train_property

LEAST_STRUCTURES = 50
"""A set with fewer is refused."""
COMPARED: tuple[Baseline, ...] = ("mean", "composition", "geometry")
"""Baselines that every training is compared with."""


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
    """The baselines on the same test side."""
    advice: tuple[str, ...]
    """One sentence for each target: what to use; empty for a paused training."""


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
    config: TrainConfig | None = None,
    start: Path | None = None,
    compared: Sequence[Baseline] = COMPARED,
    device: str = "auto",
    restart: bool = False,
    progress: Callable[[TrainProgress], None] | None = None,
) -> TableTraining:
    """Train a preset on a table with a folder of structures.

    Parameters
    ----------
    table:
        A CSV file, or the name of a known table.
    structures:
        Folder of the CIFs; of the archives for a known table.
    out:
        Folder of the run; what is kept of the structures is in it too.
    targets:
        Columns to learn.
    units:
        Unit by target, where the column's name does not end with it.
    labels:
        Folder of the known tables.
    id_column:
        Column of identifiers; the first by default.
    preset, model_settings, config, start, device, restart, progress:
        As in :func:`porescope.workflows.train_property.train_property`.
    split:
        One of :data:`porescope.datasets.property_splits.SCHEMES`.
    compared:
        Baselines to compare with.

    Raises
    ------
    ConfigError
        If there are fewer than 50 structures, or as the functions that are called say.
    """
    work = out / "structures"
    if str(table) in LABEL_SETS:
        if labels is None:
            raise ConfigError(f"the table {table} is known; give the folder that holds it too")
        data = property_set(
            str(table), labels=labels, structures=structures, work=work, targets=targets or None
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
    sides = property_sides(data, split)
    training = train_property(
        data,
        sides=sides,
        out=out,
        preset=preset,
        model_settings=model_settings,
        config=config,
        start=start,
        device=device,
        restart=restart,
        progress=progress,
    )
    if training.result.status != "finished":
        return TableTraining(data=data, sides=sides, training=training, baselines=(), advice=())
    baselines = compare(data, sides=sides, names=compared, work=work)
    return TableTraining(
        data=data,
        sides=sides,
        training=training,
        baselines=tuple(baselines),
        advice=tuple(advice(training.metrics, baselines=baselines)),
    )


def compare(
    data: PropertySet, *, sides: PropertySides, names: Sequence[Baseline], work: Path
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
    """
    tables: dict[FeatureKind, FeatureTable] = {}
    for name in names:
        for kind in tables_needed(name):
            if kind not in tables:
                tables[kind] = feature_table(data, kind=kind, work=work)
    return [run_baseline(data, name=name, sides=sides, tables=tables) for name in names]
