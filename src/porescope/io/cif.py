"""Crystallographic information files, in and out.

Definitions of the data names: the core CIF dictionary of the IUCr,
https://www.iucr.org/resources/cif/dictionaries.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, ParseError
from porescope.io.cif_blocks import CifBlock, blocks_from_text, read_text
from porescope.io.cif_sites import Sites, sites_from_block
from porescope.io.cif_symmetry import filled_cell
from porescope.io.cif_values import number_from_text
from porescope.io.cif_write import cif_text, write_cif

__all__ = ["cif_text", "crystal_from_cif_text", "read_cif", "write_cif"]

_EDGES = ("_cell_length_a", "_cell_length_b", "_cell_length_c")
_ANGLES = ("_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma")


def read_cif(
    path: str | Path, *, block: str | None = None, disorder: Literal["all", "major"] = "all"
) -> Crystal:
    """Structure in a CIF, with all atoms of the cell and the symmetry that the file states.

    Numbers with uncertainties or in quotes, operations or only a symbol, sites a little off their
    special positions, elements only in the labels, and common breaches of the syntax are read.

    Parameters
    ----------
    path:
        The file.
    block:
        Name of the data block; by default the first one that has atoms.
    disorder:
        ``"major"`` keeps, of each disorder assembly, only the group with the largest occupancy.

    Raises
    ------
    ParseError
        Where the file holds no structure, with the line and what to do.
    OSError
        Where the file cannot be opened.
    """
    path = Path(path)
    return crystal_from_cif_text(
        read_text(path), name=path.stem, block=block, disorder=disorder, path=path
    )


def crystal_from_cif_text(
    text: str,
    *,
    name: str = "",
    block: str | None = None,
    disorder: Literal["all", "major"] = "all",
    path: Path | None = None,
) -> Crystal:
    """Structure in the text of a CIF; see :func:`read_cif`.

    Parameters
    ----------
    text:
        The text, with ``\\n`` line ends.
    name:
        Name of the crystal; by default that of the data block.
    block, disorder:
        As in :func:`read_cif`.
    path:
        For error messages.
    """
    blocks = blocks_from_text(text, path=path)
    chosen = _chosen_block(blocks, block, path)
    lattice = _lattice(chosen, blocks, path)
    sites = sites_from_block(chosen, lattice=lattice, text=text, path=path)
    if disorder == "major":
        sites = _major_groups(sites)
    return filled_cell(chosen, sites=sites, lattice=lattice, name=name or chosen.name, path=path)


def _has_atoms(block: CifBlock) -> bool:
    return any(
        block.loop_with(tag) is not None for tag in ("_atom_site_fract_x", "_atom_site_cartn_x")
    )


def _chosen_block(blocks: list[CifBlock], name: str | None, path: Path | None) -> CifBlock:
    """The block that was asked for, or the first one with atoms."""
    if name is not None:
        for block in blocks:
            if block.name.lower() == name.lower().removeprefix("data_"):
                return block
        names = ", ".join(block.name for block in blocks)
        raise ParseError(f"there is no data block {name!r}; the file has: {names}", path=path)
    with_atoms = [block for block in blocks if _has_atoms(block)]
    if not with_atoms:
        raise ParseError(
            "the file states no atoms: expected a loop with _atom_site_fract_x, _y and _z "
            "(a CIF with a pattern or reflections only is no structure)",
            path=path,
        )
    with_cell = [block for block in with_atoms if block.value(_EDGES[0])]
    return (with_cell or with_atoms)[0]


def _lattice(
    block: CifBlock, blocks: list[CifBlock], path: Path | None
) -> Float[np.ndarray, "3 3"]:
    """Cell of the block, or of the only other block that has one."""
    source = block
    if block.value(_EDGES[0]) is None:
        others = [other for other in blocks if other.value(_EDGES[0])]
        if len(others) == 1:
            source = others[0]
    values = []
    for tag in (*_EDGES, *_ANGLES):
        raw = source.value(tag)
        # The dictionary's default for an angle is 90°; an edge has none.
        number = 90.0 if raw is None and tag in _ANGLES else number_from_text(raw or "x")
        if number is None or not np.isfinite(number):
            came = "nothing" if raw is None else repr(raw)
            raise ParseError(
                f"expected a number for {tag}, got {came}; complete the cell parameters",
                path=path,
                line=source.lines.get(tag, block.line),
            )
        values.append(number)
    line = source.lines.get(_EDGES[0])
    if max(values[:3]) > 5000.0:
        raise ParseError(
            f"the cell edges {values[:3]} are too long; expected lengths in Å", path=path, line=line
        )
    try:
        lattice = lattice_from_parameters(*values)
    except ConfigError as error:
        raise ParseError(str(error), path=path, line=line) from None
    if min(values[:3]) < 0.5 or abs(np.linalg.det(lattice)) < 1.0:
        raise ParseError(
            f"the cell {values} has a volume below 1 Å³; expected lengths in Å and angles in "
            "degrees",
            path=path,
            line=line,
        )
    return lattice


def _major_groups(sites: Sites) -> Sites:
    """Without the minor groups of each disorder assembly."""
    keep = np.ones(sites.n_sites, dtype=bool)
    for assembly in set(sites.assembly):
        members = [i for i, name in enumerate(sites.assembly) if name == assembly]
        weights: dict[str, list[float]] = {}
        for i in members:
            if sites.group[i]:
                weights.setdefault(sites.group[i], []).append(float(sites.occupancy[i]))
        if len(weights) < 2:
            continue
        major = max(weights, key=lambda group: float(np.mean(weights[group])))
        for i in members:
            if sites.group[i] and sites.group[i] != major:
                keep[i] = False
    return sites.selected(keep)
