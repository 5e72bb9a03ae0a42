"""Descriptors of many structures as one table: pore geometry and energy histograms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.crystal.structure import Crystal
from porescope.errors import PorescopeError
from porescope.workflows.adsorbent import DEFAULT_FIELD, crystal_of
from porescope.workflows.screen_settings import Property, ScreenSettings, columns_of
from porescope.workflows.screen_tasks import VALUES_OF


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DescriptorTable:
    """Numbers that describe structures, one row for each."""

    names: tuple[str, ...]
    """Name of each structure."""
    columns: tuple[str, ...]
    """Name of each descriptor, with its unit."""
    values: Float[np.ndarray, "structures descriptors"]
    """The numbers; NaN where a structure has none."""
    reasons: tuple[str, ...]
    """Why a structure has none; empty where it has them all."""


def descriptors(
    structures: Iterable[str | Path | Crystal],
    *,
    properties: Sequence[Property] = ("geometry", "histogram"),
    field: str = DEFAULT_FIELD,
    probe: str = "CH4",
    probe_radius: float = 1.86,
    progress: Callable[[str, int], None] | None = None,
) -> DescriptorTable:
    """Geometric and energetic descriptors of many structures, in this process.

    For thousands of files, on many processes and with a table on the disk, see
    :func:`porescope.workflows.screen.screen`.

    Parameters
    ----------
    structures:
        CIFs, or crystals.
    properties:
        ``geometry``, ``void``, ``histogram`` (1-D: 2 kJ/mol from -30 to 0) and ``histogram2d``
        (with the gradient's length in bins of 25 kJ/mol/Å up to 150).
    field:
        Force field of the histograms.
    probe:
        Gas of the histograms, one uncharged sphere.
    probe_radius:
        Radius of the sphere for areas and volumes [Å].
    progress:
        Called with the name and the number of each structure that is done.

    Returns
    -------
    :
        The table. A structure that cannot be described has NaN and a reason.

    Raises
    ------
    ConfigError
        A property needs a gas and a state, or is unknown.
    """
    settings = ScreenSettings(
        properties=tuple(properties), field=field, histogram_probe=probe, probe_radius=probe_radius
    )
    columns = tuple(
        c.name for c in columns_of(settings) if c.group and c.kind in ("number", "count")
    )
    names: list[str] = []
    rows: list[list[float]] = []
    reasons: list[str] = []
    for structure in structures:
        name = structure.name if isinstance(structure, Crystal) else Path(structure).stem
        found: dict[str, float | None] = {}
        failed: list[str] = []
        try:
            crystal = crystal_of(structure)
            for prop in settings.properties:
                found |= VALUES_OF[prop](crystal, settings)
        except (PorescopeError, OSError, MemoryError) as error:
            failed.append(" ".join(str(error).split()) or type(error).__name__)
        names.append(name)
        rows.append([_number(found.get(column)) for column in columns])
        reasons.append("; ".join(failed))
        if progress is not None:
            progress(name, len(names))
    return DescriptorTable(
        names=tuple(names),
        columns=columns,
        values=np.array(rows, dtype=np.float64).reshape(len(rows), len(columns)),
        reasons=tuple(reasons),
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
