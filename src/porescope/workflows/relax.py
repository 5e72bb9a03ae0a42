"""Relaxing a structure from a file: in the force field, or with any calculator of ASE."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from porescope.crystal.structure import Crystal
from porescope.errors import MissingExtraError
from porescope.io.cif import read_cif
from porescope.reticular.relax import Relaxed, RelaxSettings, relax


def relax_structure(
    source: str | Path | Crystal,
    *,
    bonds: Int[np.ndarray, "bonds 5"] | None = None,
    calculator: Any = None,
    settings: RelaxSettings | None = None,
) -> Relaxed:
    """Relax atoms and cell of a structure.

    Parameters
    ----------
    source:
        A CIF or a crystal.
    bonds:
        The bond graph for the force field: atom, other atom, cell of the other atom. Found from
        distances where it is left out.
    calculator:
        Any calculator of ASE with energies, forces and stress, such as a machine-learned
        potential; the force field where it is left out.
    settings:
        When and how the relaxation ends.

    Raises
    ------
    ConfigError
        Where there is no atom, the force field has no parameters for an element, or the
        calculator has no stress.
    MissingExtraError
        Where a calculator is given and ASE is not installed.
    ParseError
        Where the file cannot be read.
    """
    crystal = source if isinstance(source, Crystal) else read_cif(source)
    if calculator is None:
        return relax(crystal, bonds, settings=settings)
    try:
        from porescope.workflows.relax_ase import relax_with
    except ImportError as error:
        raise MissingExtraError("ase", extra="interop") from error
    return relax_with(crystal, calculator, settings=settings or RelaxSettings())
