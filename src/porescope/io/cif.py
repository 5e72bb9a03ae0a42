"""Crystallographic information files."""

from __future__ import annotations

from pathlib import Path

import gemmi
import numpy as np

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import P1, space_group_from_operations, space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.errors import ConfigError, ParseError


def read_cif(path: str | Path) -> Crystal:
    """Structure in a CIF, with all atoms of the cell.

    Raises
    ------
    ParseError
        Where the file holds no structure that can be read.
    """
    path = Path(path)
    try:
        block = gemmi.cif.read_string(path.read_text(encoding="utf-8", errors="replace"))[0]
        small = gemmi.make_small_structure_from_block(block)
        cell = small.cell
        lattice = lattice_from_parameters(*cell.parameters)
        if small.symops:
            group = space_group_from_operations(tuple(small.symops))
        elif small.spacegroup_hm:
            group = space_group_from_symbol(
                small.spacegroup_hm, alpha_deg=cell.alpha, gamma_deg=cell.gamma
            )
        else:
            group = P1
    except (ValueError, RuntimeError, ConfigError) as error:
        raise ParseError(str(error), path=path) from None
    sites = small.sites
    return crystal_from_asymmetric_unit(
        lattice=lattice,
        frac=np.array([s.fract.tolist() for s in sites]).reshape(-1, 3),
        numbers=np.array([s.element.atomic_number for s in sites], dtype=np.int64),
        occupancy=np.array([s.occ for s in sites]),
        u_iso=np.array([s.u_iso if s.u_iso > 0 else np.nan for s in sites]),
        labels=tuple(s.label for s in sites),
        space_group=group,
        name=path.stem,
    )
