"""Pymatgen's structure matcher in a process of its own, with a time limit.

The matcher tries every mapping of one lattice onto the other and every translation; cells of some
hundred atoms take it from a second to many minutes, and nothing inside it can be asked to stop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from porescope.crystal.interop import pymatgen_from_crystal
from porescope.crystal.structure import Crystal
from porescope.workflows.screen_pool import Guard, Task

Rung = Literal["loose", "standard", "strict"]

TOLERANCES: dict[Rung, tuple[float, float, float]] = {
    "strict": (0.1, 0.3, 5.0),
    "standard": (0.3, 0.5, 10.0),
    "loose": (0.3, 0.9, 10.0),
}
"""``ltol``, ``stol`` and ``angle_tol`` [°] of the matcher. Each rung holds the one before it.
``standard`` is that of DiffCSP (https://arxiv.org/abs/2309.04475) and MOFFlow, ``loose`` the
default that XtalNet was released with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What the matcher says on one rung."""

    matches: bool | None
    """Whether the structures match; ``None`` where the time was up."""
    rmse: float = math.nan
    """Root mean square distance of paired atoms over (V/N)^(1/3), where they match."""
    reason: str = ""
    """Why there is no answer."""


class StructureMatching:
    """A child process that matches structures; use it as a context, so that the child ends.

    Parameters
    ----------
    time_limit:
        Seconds for one rung.
    """

    def __init__(self, *, time_limit: float = 60.0) -> None:
        self._time_limit = time_limit
        self._guard = Guard("porescope.workflows.structure_match:match_row")

    def __enter__(self) -> StructureMatching:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        self._guard.close()

    def match(self, predicted: Crystal, *, truth: Crystal, rung: Rung) -> Match:
        """Whether two structures match, as ``StructureMatcher.get_rms_dist`` has it.

        Both are scaled to the same volume per atom; the root mean square distance decides.

        Parameters
        ----------
        predicted, truth:
            Structures, both in primitive cells.
        rung:
            Which tolerances.
        """
        settings = {"one": _record(predicted), "other": _record(truth), "rung": rung}
        task = Task(key="", file="", settings=settings)
        outcome = self._guard.run(task, time_limit=self._time_limit)
        if outcome.row is None:
            return Match(matches=None, reason=outcome.reason)
        rmse = outcome.row["rmse"]
        return Match(matches=rmse is not None, rmse=math.nan if rmse is None else float(rmse))


def match_row(file: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Match two structures; runs in the child.

    Parameters
    ----------
    file:
        Not used.
    settings:
        Records of the structures, and the rung.
    """
    from pymatgen.analysis.structure_matcher import StructureMatcher

    ltol, stol, angle = TOLERANCES[settings["rung"]]
    matcher = StructureMatcher(ltol=ltol, stol=stol, angle_tol=angle, primitive_cell=False)
    one, other = (pymatgen_from_crystal(_crystal(settings[key])) for key in ("one", "other"))
    found = matcher.get_rms_dist(one, other)
    return {"rmse": None if found is None else float(found[0])}


def _record(crystal: Crystal) -> dict[str, Any]:
    """A structure as JSON."""
    return {
        "lattice": crystal.lattice.tolist(),
        "frac": crystal.frac.tolist(),
        "numbers": crystal.numbers.tolist(),
    }


def _crystal(record: dict[str, Any]) -> Crystal:
    """A structure from JSON."""
    numbers = np.array(record["numbers"], dtype=np.int64)
    return Crystal(
        lattice=np.array(record["lattice"], dtype=np.float64),
        frac=np.array(record["frac"], dtype=np.float64).reshape(-1, 3),
        numbers=numbers,
        occupancy=np.ones(len(numbers)),
        u_iso=np.full(len(numbers), np.nan),
    )
