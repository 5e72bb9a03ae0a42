"""A short relaxation of an assembled framework that counts only if it leaves the atoms apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, ConvergenceError
from porescope.reticular.assembly import Assembly, bonds_of_assembly
from porescope.reticular.crowding import is_free
from porescope.reticular.relax import RelaxSettings, relax

PARTING = RelaxSettings(max_steps=60, max_force=0.3, max_stress=5e-3, fixed_symmetry=False)
"""Enough to part atoms that lie on one another."""


def settled(
    crystal: Crystal,
    assembly: Assembly,
    *,
    settings: RelaxSettings,
    is_parted: Callable[[Crystal, Assembly], bool] = is_free,
) -> Crystal | None:
    """A framework after a short relaxation; ``None`` where its atoms do not part.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    settings:
        When the relaxation ends.
    is_parted:
        What the relaxed atoms must pass, told those and the assembly (see
        :mod:`porescope.reticular.crowding`).

    Returns
    -------
    :
        The relaxed framework, in P1 unless the settings keep a symmetry; ``None`` also where the
        force field does not know an element.
    """
    try:
        found = relax(crystal, bonds_of_assembly(assembly), settings=settings).crystal
    except (ConfigError, ConvergenceError):
        return None
    if not np.all(np.isfinite(found.frac)) or not is_parted(found, assembly):
        return None
    return found
