"""How good weights are on a table: errors, what intervals cover, where they do not hold."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from porescope.datasets.labels.table import csv_rows
from porescope.datasets.property_set import PropertySet, property_set, property_set_from_csv
from porescope.datasets.property_splits import PropertySides, property_sides
from porescope.datasets.splits import frozen_split
from porescope.errors import ConfigError, PorescopeError
from porescope.training.property_metrics import property_metrics
from porescope.workflows.predict import predict
from porescope.workflows.predict_models import PropertyModels

SIDES = ("test", "validation", "train", "all")
"""Sides of a set that can be asked about."""
NINETY = 1.6449
"""Standard deviations about the mean that hold 90 % of a normal distribution."""
COLUMNS: tuple[str, ...] = (
    "target",
    "unit",
    "which",
    "n",
    "mae",
    "rmse",
    "r2",
    "spearman",
    "within_90",
    "mean_mae",
)
"""What a row says: ``which`` are ``all``, those ``in domain`` or ``out of domain``, or of a level;
``within_90`` is the share of true values in the 90 % interval, ``mean_mae`` the error of always
saying the mean of the training side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Errors of weights on structures of a set."""

    rows: tuple[dict[str, object], ...]
    """One for each target and each group of structures, with :data:`COLUMNS`."""
    failed: Mapping[str, str]
    """Structures that could not be predicted, with the reason."""
    seen_before: bool | None
    """Whether some may have been learned from; None where the weights do not tell."""

    @property
    def warning(self) -> str:
        """What must be known of the numbers, for people; empty where they stand as they are."""
        if self.seen_before:
            return (
                "The weights were trained on other sides of a set: some of these structures may "
                "have been learned from, and the errors may be too small."
            )
        return ""


def evaluate_property(
    models: PropertyModels,
    data: PropertySet,
    *,
    sides: PropertySides,
    side: str = "test",
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Predict the structures of a side and compare with their labels.

    Parameters
    ----------
    models:
        The weights.
    data:
        The set; its targets are those of the weights that it names.
    sides:
        Its sides.
    side:
        Which of them.
    progress:
        Called with how many of how many structures are predicted.

    Raises
    ------
    ConfigError
        If the weights have none of the set's targets, a unit differs, or no structure could be
        predicted.
    """
    pairs = _columns(models, data)
    rows = _rows_of(sides, side)
    said = np.full((len(rows), len(pairs)), np.nan)
    deviation = np.full_like(said, np.nan)
    distance = np.full(len(rows), np.nan)
    failed: dict[str, str] = {}
    for place, row in enumerate(rows.tolist()):
        try:
            found = predict(data.crystal(row), model=models)
        except PorescopeError as error:
            failed[data.ids[row]] = " ".join(str(error).split())
        else:
            ours = [own for own, _ in pairs]
            said[place], deviation[place] = found.values[ours], found.deviations[ours]
            distance[place] = np.nan if found.distance is None else found.distance
        if progress is not None:
            progress(place + 1, len(rows))
    if not np.isfinite(said).any():
        raise ConfigError(f"none of {len(rows)} structures could be predicted: {_first(failed)}")
    groups = _groups(data, rows, distance=distance)
    made: list[dict[str, object]] = []
    for column, (_, theirs) in enumerate(pairs):
        truth = data.values[rows, theirs]
        learned = data.values[sides.train if len(sides.train) else rows, theirs]
        typical = float(np.nanmean(learned))
        for which, chosen in groups.items():
            kept = chosen & np.isfinite(said[:, column])
            if not np.isfinite(truth[kept]).any():
                continue
            target = data.targets[theirs]
            made.append(
                {"target": target.name, "unit": target.unit, "which": which}
                | _measured(said[kept, column], truth[kept], deviation[kept, column])
                | {"mean_mae": float(np.nanmean(np.abs(truth[kept] - typical)))}
            )
    trained_on = models.card.data_hash
    same = trained_on == f"{data.content_hash}-{sides.digest}"
    seen = None if not trained_on else not (same and side in ("test", "validation"))
    return Evaluation(rows=tuple(made), failed=failed, seen_before=seen)


def evaluate_on_table(
    models: PropertyModels,
    table: str | Path,
    *,
    structures: Path,
    labels: Path | None = None,
    units: Mapping[str, str] | None = None,
    id_column: str | None = None,
    split: str = "framework",
    side: str | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Compare weights with a known table, or with one's own.

    Parameters
    ----------
    models:
        The weights.
    table:
        A CSV file with columns named as what the weights predict; with ``labels`` the name of a
        known table.
    structures:
        Folder of the CIFs; of the archives for a known table.
    labels:
        Folder of the known tables.
    units:
        Unit by target; that of the weights by default.
    id_column:
        Column of identifiers; the first by default.
    split, seed:
        As in :func:`porescope.datasets.property_splits.property_sides`; of a known table.
    side:
        One of :data:`SIDES`; by default the test side of a known table, and all of one's own.
    progress:
        As in :func:`evaluate_property`.

    Raises
    ------
    ConfigError
        As the functions that are called say, or if the table has no column that the weights
        predict.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if labels is not None:
            data = property_set(str(table), labels=labels, structures=structures, work=work)
            sides = property_sides(data, split, seed=seed)
        else:
            data = _own(
                models,
                Path(table),
                structures=structures,
                units=units or {},
                work=work,
                id_column=id_column,
            )
            none = np.zeros(0, dtype=np.int64)
            sides = PropertySides(
                name="own table", train=none, validation=none, test=np.arange(len(data))
            )
        chosen = side or ("all" if labels is None else "test")
        return evaluate_property(models, data, sides=sides, side=chosen, progress=progress)


def _own(
    models: PropertyModels,
    path: Path,
    *,
    structures: Path,
    units: Mapping[str, str],
    work: Path,
    id_column: str | None,
) -> PropertySet:
    """A table of one's own with the columns that the weights predict."""
    header = next(iter(csv_rows(path, needed=())), {})
    wanted = [target for target in models.targets if target.name in header]
    if not wanted:
        names = ", ".join(target.name for target in models.targets)
        raise ConfigError(
            f"{path} has no column that the weights {models.name} predict; name one of its columns "
            f"{names}"
        )
    known = {target.name: target.unit for target in wanted} | dict(units)
    return property_set_from_csv(
        path,
        structures=structures,
        targets=[target.name for target in wanted],
        units=known,
        work=work,
        id_column=id_column,
    )


def _columns(models: PropertyModels, data: PropertySet) -> list[tuple[int, int]]:
    """Outputs of the weights with the columns of the set that they answer for."""
    theirs = {target.name: column for column, target in enumerate(data.targets)}
    pairs = [
        (own, theirs[target.name])
        for own, target in enumerate(models.targets)
        if target.name in theirs
    ]
    if not pairs:
        raise ConfigError(
            f"the weights {models.name} predict {', '.join(t.name for t in models.targets)}, and "
            f"the set {data.name} has {', '.join(theirs)}; name a set that has what they predict"
        )
    for own, column in pairs:
        ours, needed = models.targets[own].unit, data.targets[column].unit
        if ours != needed:
            raise ConfigError(
                f"{data.targets[column].name}: the weights say it in {ours} and the table in "
                f"{needed}; bring them to one unit"
            )
    return pairs


def _rows_of(sides: PropertySides, side: str) -> Int[np.ndarray, "rows"]:
    if side == "all":
        return np.sort(np.concatenate([sides.train, sides.validation, sides.test]))
    if side not in SIDES:
        raise ConfigError(f"there is no side {side!r}; choose one of {', '.join(SIDES)}")
    return {"test": sides.test, "validation": sides.validation, "train": sides.train}[side]


def _groups(
    data: PropertySet, rows: Int[np.ndarray, "rows"], *, distance: Float[np.ndarray, "rows"]
) -> dict[str, np.ndarray]:
    """All of them, by how like the training side they are, and by how new their blocks are."""
    groups = {"all": np.ones(len(rows), dtype=bool)}
    if np.isfinite(distance).any():
        groups |= {"in domain": distance <= 1.0, "out of domain": distance > 1.0}
    if data.split:
        levels = frozen_split(data.split).levels
        told = np.array([levels.get(data.ids[row], "") for row in rows.tolist()])
        named = ("known", "new combination", "new block")
        groups |= {level: told == level for level in named if np.any(told == level)}
    return groups


def _measured(
    said: Float[np.ndarray, "rows"],
    truth: Float[np.ndarray, "rows"],
    deviation: Float[np.ndarray, "rows"],
) -> dict[str, object]:
    known = np.isfinite(truth) & np.isfinite(deviation)
    within = np.nan
    if known.any():
        within = float(np.mean(np.abs(said - truth)[known] <= NINETY * deviation[known]))
    n = int(np.isfinite(truth).sum())
    return {"n": n, **property_metrics(said, truth), "within_90": within}


def _first(failed: Mapping[str, str]) -> str:
    return next((f"{id}: {reason}" for id, reason in failed.items()), "the side is empty")
