"""Tables of numbers for whole crystals, that baselines learn from; kept on the disk."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import gemmi
import numpy as np
from jaxtyping import Float

from porescope.crystal.elements import covalent_radii, is_metal
from porescope.crystal.structure import Crystal
from porescope.datasets.property_set import PropertySet
from porescope.errors import ConfigError, ConvergenceError, ParseError, PorescopeError
from porescope.workflows.property_homology import homology_values
from porescope.workflows.screen_settings import Property, ScreenSettings
from porescope.workflows.screen_tasks import VALUES_OF

FeatureKind = Literal["composition", "geometry", "histogram1d", "histogram2d", "homology"]
"""What a table of features describes."""
FEATURE_KINDS: tuple[FeatureKind, ...] = get_args(FeatureKind)
FEATURES_VERSION = 1
"""Rises whenever a feature changes; older tables are made again."""
PROBE = "CH4"
"""Gas of the energy histograms."""
_ELEMENTS = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureTable:
    """Features of the structures of a set."""

    kind: FeatureKind
    columns: tuple[str, ...]
    """Names of the features, with units."""
    values: Float[np.ndarray, "structures features"]
    """The numbers in the order of the set; NaN where there is none."""
    reasons: Mapping[str, str]
    """Why a structure has none, by identifier."""
    seconds: float
    """Time that the features took, over all calls [s]."""


def composition_values(crystal: Crystal) -> dict[str, float]:
    """Shares of the elements, and mean, spread, least and largest of what tables say of them."""
    numbers = np.clip(crystal.numbers, 0, _ELEMENTS)
    share = np.bincount(numbers, minlength=_ELEMENTS + 1) / crystal.n_atoms
    made = {f"share_{gemmi.Element(z).name}": float(share[z]) for z in range(1, _ELEMENTS + 1)}
    present = np.flatnonzero(share[1:]) + 1
    if not len(present):
        return made
    weight = share[present] / share[present].sum()
    tables = {
        "number": present.astype(float),
        "mass": np.array([gemmi.Element(int(z)).weight for z in present]),
        "radius_angstrom": np.asarray(covalent_radii())[present],
        "group": np.array([_group(int(z)) for z in present]),
        "metal": np.asarray(is_metal())[present].astype(float),
    }
    for name, values in tables.items():
        mean = float(weight @ values)
        made |= {
            f"{name}_mean": mean,
            f"{name}_spread": float(np.sqrt(weight @ (values - mean) ** 2)),
            f"{name}_least": float(values.min()),
            f"{name}_most": float(values.max()),
        }
    return made


def _group(number: int) -> float:
    """Group in the periodic table, 3 for all f elements."""
    noble = (2, 10, 18, 36, 54, 86, 118)
    before = max((n for n in (0, *noble) if n < number), default=0)
    after = min(n for n in noble if n >= number)
    place, length = number - before, after - before
    if number == 2:
        return 18.0
    if place <= 2:
        return float(place)
    if length == 32 and place <= 16:
        return 3.0
    return float(18 - (length - place))


def geometry_values(crystal: Crystal) -> dict[str, float]:
    """Pore diameters, areas, volumes and void fractions, density and volume per atom."""
    made = _screened(crystal, properties=("geometry", "void"))
    return made | {
        "density_g_per_cm3": crystal.density,
        "volume_per_atom_a3": crystal.volume / crystal.n_atoms,
    }


def _screened(crystal: Crystal, *, properties: tuple[Property, ...]) -> dict[str, float]:
    """Numbers of a screening."""
    settings = ScreenSettings(properties=properties, histogram_probe=PROBE)
    found: dict[str, object] = {}
    for name in properties:
        found |= VALUES_OF[name](crystal, settings)
    return {
        name: float("nan") if value is None else float(value)
        for name, value in found.items()
        if value is None or isinstance(value, int | float)
    }


_MAKERS: Mapping[FeatureKind, Callable[[Crystal], dict[str, float]]] = {
    "composition": composition_values,
    "geometry": geometry_values,
    "histogram1d": partial(_screened, properties=("histogram",)),
    "histogram2d": partial(_screened, properties=("histogram2d",)),
    "homology": homology_values,
}


def features_of(crystal: Crystal, *, kind: str) -> dict[str, float]:
    """Features of one structure by name.

    Raises
    ------
    ConfigError
        If there is no such kind.
    """
    for known, made in _MAKERS.items():
        if known == kind:
            return made(crystal)
    raise ConfigError(f"there are no features {kind!r}; choose one of {', '.join(_MAKERS)}")


def feature_table(
    data: PropertySet,
    *,
    kind: FeatureKind,
    work: Path,
    time_limit_s: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> FeatureTable:
    """Features of a set, made once and kept; a call that was cut short goes on.

    Parameters
    ----------
    data:
        The set.
    kind:
        Which features.
    work:
        Folder for what is kept: one JSON line for each structure.
    time_limit_s:
        Seconds after which the call ends; 0 for none.
    progress:
        Called with how many of how many are done.

    Raises
    ------
    ConvergenceError
        If the time is over before all structures are done; the next call goes on.
    """
    path = work / f"features-{data.store.path.stem.removeprefix('structures-')}-{kind}.jsonl"
    work.mkdir(parents=True, exist_ok=True)
    rows = _read(path)
    missing = [i for i, id in enumerate(data.ids) if id not in rows]
    begin = time.monotonic()
    with path.open("a", encoding="utf-8") as file:
        for n, i in enumerate(missing):
            if time_limit_s > 0.0 and time.monotonic() - begin > time_limit_s:
                raise ConvergenceError(
                    f"{len(missing) - n} of {len(data)} structures have no {kind} features yet and "
                    "the time is over; call again to go on"
                )
            row = _row(data, i, kind=kind)
            rows[data.ids[i]] = row
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            if progress is not None:
                progress(len(data) - len(missing) + n + 1, len(data))
    found = [rows[id] for id in data.ids]
    columns = tuple(dict.fromkeys(name for row in found for name in row["values"]))
    return FeatureTable(
        kind=kind,
        columns=columns,
        values=np.array(
            [[_number(row["values"].get(name)) for name in columns] for row in found],
            dtype=np.float64,
        ).reshape(len(found), len(columns)),
        reasons={row["id"]: row["reason"] for row in found if row["reason"]},
        seconds=float(sum(row["seconds"] for row in found)),
    )


def _row(data: PropertySet, i: int, *, kind: FeatureKind) -> dict:
    """One line of a table; failure is data."""
    begin = time.perf_counter()
    values: dict[str, float | None] = {}
    reason = ""
    try:
        made = features_of(data.crystal(i), kind=kind)
        values = {name: float(f"{x:.7g}") if np.isfinite(x) else None for name, x in made.items()}
    except (PorescopeError, MemoryError) as error:
        if isinstance(error, ModuleNotFoundError | ImportError):
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
    seconds = round(time.perf_counter() - begin, 4)
    return {
        "version": FEATURES_VERSION,
        "id": data.ids[i],
        "seconds": seconds,
        "reason": reason,
        "values": values,
    }


def _read(path: Path) -> dict[str, dict]:
    """Lines of an earlier call; one cut short by a kill is forgotten, and the file repaired."""
    if not path.is_file():
        return {}
    rows: dict[str, dict] = {}
    whole = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):
                break
            raise ParseError(
                "expected a line of a feature table; delete the file", path=path, line=number
            ) from error
        if row.get("version") == FEATURES_VERSION:
            rows[row["id"]] = row
            whole.append(line)
    if len(whole) != len(lines):
        partial_path = path.with_name(path.name + ".partial")
        partial_path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
        partial_path.replace(path)
    return rows


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
