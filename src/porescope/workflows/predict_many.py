"""The same property of many structures; a file that cannot be read is a row that says why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from porescope.datasets.labels.table import csv_rows, number
from porescope.datasets.property_set import Target
from porescope.errors import ConfigError, ParseError, PorescopeError
from porescope.io.journal import Journal
from porescope.workflows.predict import PropertyPrediction, columns_of, predict
from porescope.workflows.predict_models import PropertyModels
from porescope.workflows.site_ranking import sites_of

JOURNAL = "journal.jsonl"
SETTINGS = "settings.json"
N_QUANTILES = 41
"""Points of the distribution of contributions that are kept of each structure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictProgress:
    """How far it is."""

    done: int
    """Files that were dealt with."""
    total: int
    """Files in all."""
    current: str
    """The file that was finished last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedFiles:
    """Predictions of many files."""

    rows: tuple[dict[str, Any], ...]
    """One for each file, in the order of the files: ``file``, ``name``, ``status`` (``ok`` or
    ``failed``), ``message``, and for those that are ``ok`` also ``formula``, ``n_atoms``,
    ``n_places``, ``values``, ``deviations``, ``distance``, ``quantiles`` and ``sites``."""
    paths: tuple[Path, ...]
    """The files."""
    targets: tuple[Target, ...]
    """What was predicted."""
    model: str
    """Name of the weights."""
    preset: str
    """Preset of the weights."""
    with_sites: bool
    """Whether the rows have sites."""
    n_resumed: int
    """Rows of an earlier run."""

    @property
    def good(self) -> list[dict[str, Any]]:
        """Rows with a value."""
        return [row for row in self.rows if row["status"] == "ok"]


def predict_files(
    files: Sequence[Path],
    *,
    models: PropertyModels,
    property: str | None = None,
    with_sites: bool = False,
    site_radius: float | None = None,
    spacing: float | None = None,
    out: Path | None = None,
    resume: bool = True,
    progress: Callable[[PredictProgress], None] | None = None,
) -> PredictedFiles:
    """Predict many structures.

    With a folder, every finished row is kept in its journal at once, and a later call with the same
    settings goes on from there; files are known again by their content.

    Parameters
    ----------
    files:
        CIFs; see :func:`structure_files`.
    models:
        The models.
    property:
        One of their targets; all by default.
    with_sites:
        Whether the atoms' surroundings are told apart and their contributions kept, for
        :func:`porescope.workflows.site_ranking.ranked_sites`.
    site_radius:
        Radius about an atom within which atoms belong to its site [Å]; by default 4 Å, and 6.5 Å in
        silica.
    spacing:
        Largest distance of the points from which atoms' contributions are made [Å].
    out:
        Folder of the journal; none by default.
    resume:
        Go on from the journal. Otherwise it is emptied.
    progress:
        Called after each file.

    Raises
    ------
    ConfigError
        If the target is unknown, or the folder has a journal of other settings.
    KeyboardInterrupt
        After Ctrl-C; the journal keeps what is finished.
    """
    columns = columns_of(models, property)
    settings = {
        "weights": models.name,
        "data_hash": models.card.data_hash,
        "created": models.card.created,
        "targets": [models.targets[column].name for column in columns],
        "sites": with_sites,
        "site_radius": site_radius if with_sites else None,
        "spacing": spacing,
    }
    rows: list[dict[str, Any]] = []
    n_resumed = 0
    with _journal(out, settings=settings, resume=resume) as journal:
        known = {entry["key"]: entry["row"] for entry in journal.records} if journal else {}
        try:
            for path in files:
                key = _key(path)
                place = {"file": str(path), "name": path.stem}
                if key in known:
                    n_resumed += 1
                    row = known[key]
                else:
                    row = _row(
                        path,
                        models=models,
                        property=property,
                        with_sites=with_sites,
                        site_radius=site_radius,
                        spacing=spacing,
                    )
                    if journal is not None and key:
                        journal.append({"key": key, "row": row})
                        known[key] = row
                rows.append(row | place)
                if progress is not None:
                    progress(PredictProgress(done=len(rows), total=len(files), current=path.name))
        except KeyboardInterrupt:
            goes_on = "" if out is None else "; the same command goes on from there"
            raise KeyboardInterrupt(
                f"stopped; {len(rows)} of {len(files)} files are finished{goes_on}"
            ) from None
    return PredictedFiles(
        rows=tuple(rows),
        paths=tuple(files),
        targets=tuple(models.targets[column] for column in columns),
        model=models.name,
        preset=models.preset,
        with_sites=with_sites,
        n_resumed=n_resumed,
    )


def _row(
    path: Path,
    *,
    models: PropertyModels,
    property: str | None,
    with_sites: bool,
    site_radius: float | None,
    spacing: float | None,
) -> dict[str, Any]:
    try:
        found = predict(path, property, model=models, with_map=with_sites, spacing=spacing)
        sites = None
        if found.map is not None:
            sites = sites_of(found.map, radius=site_radius)
    except (PorescopeError, OSError) as error:
        return {"status": "failed", "message": " ".join(str(error).split())}
    return row_of(found) | ({} if sites is None else {"sites": sites})


def row_of(found: PropertyPrediction) -> dict[str, Any]:
    """A prediction as plain values."""
    return {
        "status": "ok",
        "message": "",
        "formula": found.crystal.formula,
        "n_atoms": found.crystal.n_atoms,
        "n_places": found.n_places,
        "values": found.values.tolist(),
        "deviations": [None if np.isnan(d) else float(d) for d in found.deviations],
        "distance": found.distance,
        "quantiles": [
            weighted_quantiles(column, weight=found.weight).tolist()
            for column in found.contributions.T
        ],
    }


def weighted_quantiles(
    values: Float[np.ndarray, "places"], *, weight: Float[np.ndarray, "places"]
) -> Float[np.ndarray, "quantiles"]:
    """Evenly spaced quantiles of values that stand for unequal shares; empty without values."""
    if not len(values):
        return np.zeros(0)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    wanted = (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES * reached[-1]
    return values[order][np.searchsorted(reached, wanted).clip(max=len(values) - 1)]


def true_values(path: Path, *, column: str, id_column: str | None = None) -> Mapping[str, float]:
    """Known values of a property by the structures' names.

    Parameters
    ----------
    path:
        A CSV file with a header: a column of the files' names, with or without ``.cif``, and one of
        values.
    column:
        The column of values.
    id_column:
        The column of names; the first by default.

    Raises
    ------
    ParseError
        If a column is missing, or a value is no number.
    """
    needed = [column, *([] if id_column is None else [id_column])]
    found: dict[str, float] = {}
    for line, row in enumerate(csv_rows(path, needed=needed), start=2):
        id = row[next(iter(row)) if id_column is None else id_column].removesuffix(".cif")
        try:
            value = number(row[column])
        except ParseError as error:
            raise ParseError(
                f"expected a number in column {column!r}, got {row[column]!r}", path=path, line=line
            ) from error
        if value is not None and np.isfinite(value):
            found[id] = float(value)
    return found


def _key(path: Path) -> str:
    """Hash of a file's content; empty where it cannot be read."""
    try:
        return blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return ""


@contextmanager
def _journal(
    out: Path | None, *, settings: dict[str, Any], resume: bool
) -> Iterator[Journal | None]:
    """The journal of a folder; refused where it was made with other settings."""
    if out is None:
        yield None
        return
    out.mkdir(parents=True, exist_ok=True)
    path = out / SETTINGS
    with Journal(out / JOURNAL) as journal:
        if not resume:
            journal.clear()
        if journal.records:
            earlier = json.loads(path.read_text("utf-8")) if path.is_file() else {}
            differs = [name for name in settings if earlier.get(name) != settings[name]]
            if differs:
                told = "; ".join(f"{n} was {earlier.get(n)} and is {settings[n]}" for n in differs)
                raise ConfigError(
                    f"{out} holds predictions with other settings ({told}); name another folder, "
                    "or start again with --restart"
                )
        path.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", "utf-8")
        yield journal
