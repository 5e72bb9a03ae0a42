"""The symmetry that a CIF states, and the cell that it fills.

Files contradict themselves: a symbol of one group beside the operations of another, all atoms of
the cell beside the operations that would make them again. What is stated first in the order
operations, Hall symbol, Hermann-Mauguin symbol, number is believed, unless it gives atoms on top
of each other or another amount of an element than the formula, and a later reading does not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.lattice import parameters_from_lattice
from porescope.crystal.neighbours import coincident_pairs
from porescope.crystal.space_group import (
    P1,
    SpaceGroup,
    space_group_from_number,
    space_group_from_operations,
    space_group_from_symbol,
)
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.errors import ConfigError, ParseError
from porescope.io.cif_blocks import CifBlock, unquoted
from porescope.io.cif_sites import Sites
from porescope.io.cif_values import amounts_from_formula, number_from_text

_LOGGER = logging.getLogger(__name__)

_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
_HALL = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
_HM = (
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_space_group_name_h-m_full",
    "_symmetry_space_group_name_",
)
_NUMBER = ("_space_group_it_number", "_symmetry_int_tables_number")

_ROUNDED = 0.4
"""Images of a fully occupied site nearer than this are one atom [Å]."""
_DISTRUST = 0.4
"""How much worse what the file states must be before it is not believed at all."""
MAX_ATOMS = 1_000_000
"""More atoms in one cell than this are refused."""


def filled_cell(
    block: CifBlock,
    *,
    sites: Sites,
    lattice: Float[np.ndarray, "3 3"],
    name: str,
    path: Path | None,
) -> Crystal:
    """All atoms of the cell, by the reading of the file's symmetry that makes sense.

    Parameters
    ----------
    block:
        The block that states the symmetry.
    sites:
        The sites that it lists.
    lattice:
        Cell vectors as rows [Å].
    name:
        Name of the crystal.
    path:
        For error messages.

    Raises
    ------
    ParseError
        Where the operations cannot be read, or contradict the cell.
    """
    best: tuple[float, Crystal] | None = None
    problem: str | None = None
    for origin, find in _readings(block, lattice):
        try:
            group = find()
        except ConfigError as error:
            problem = problem or str(error)
            continue
        if not _fits_metric(group, lattice):
            problem = problem or (
                f"the cell parameters contradict the space group {group.symbol!r} "
                f"from the {origin}; correct one of them"
            )
            continue
        if group.n_ops * sites.n_sites > MAX_ATOMS:
            raise ParseError(
                f"{sites.n_sites} sites and {group.n_ops} operations make too many atoms",
                path=path,
            )
        crystal = _expanded(sites, lattice, group, name)
        badness = _badness(crystal, block) if group.n_ops > 1 else 0.0
        if best is None or badness < best[0]:
            best = (badness, crystal)
        if badness == 0.0:
            break
    if best is None or best[0] > _DISTRUST:
        plain = _expanded(sites, lattice, P1, name)
        if best is None and problem is not None and not _contents_agree(plain, block):
            raise ParseError(problem, path=path, line=_line_of_symmetry(block))
        badness = _badness(plain, block) + (_DISTRUST if best is not None else 0.0)
        if best is None or badness < best[0]:
            best = (badness, plain)
    if best[0] > 0.0:
        _LOGGER.info("%s: atoms overlap or contradict the formula", path or name)
    return best[1]


def _line_of_symmetry(block: CifBlock) -> int:
    loops = [loop.line for loop in block.loops if any(tag in loop.columns for tag in _OPERATIONS)]
    tags = (*_OPERATIONS, *_HM, *_HALL, *_NUMBER)
    return [*loops, *(block.lines[tag] for tag in tags if tag in block.lines), block.line][0]


def _readings(
    block: CifBlock, lattice: Float[np.ndarray, "3 3"]
) -> Iterator[tuple[str, Callable[[], SpaceGroup]]]:
    """What the file says of its symmetry, the most explicit first."""
    operations = _operations(block)
    if operations:
        yield "operations", partial(space_group_from_operations, operations)
    angles = parameters_from_lattice(lattice)
    hall = block.value(*_HALL)
    if hall:
        yield "Hall symbol", partial(space_group_from_symbol, hall)
    symbols = dict.fromkeys(symbol for tag in _HM if (symbol := block.value(tag)))
    origins: tuple[Literal["1", "2"], ...] = ("2", "1")
    for symbol in symbols:
        for origin in origins:
            yield (
                "symbol",
                partial(
                    space_group_from_symbol,
                    symbol,
                    alpha_deg=float(angles[3]),
                    gamma_deg=float(angles[5]),
                    origin=origin,
                ),
            )
    number = number_from_text(block.value(*_NUMBER) or "?")
    if number is not None and np.isfinite(number) and 1 < number <= 230:
        yield "number", partial(space_group_from_number, int(number))


def _operations(block: CifBlock) -> tuple[str, ...]:
    """Operations as text, also where the quotes about ``x, y, z`` are missing."""
    for tag in _OPERATIONS:
        column = block.column(tag)
        if column is None:
            single = block.value(tag)
            column = [single] if single else []
        texts = [unquoted(raw).strip() for raw in column]
        texts = [text for text in texts if text not in ("", "?", ".")]
        if any(text.count(",") != 2 for text in texts):
            parts = [part for text in texts for part in text.split(",") if part.strip()]
            texts = [",".join(parts[i : i + 3]) for i in range(0, len(parts), 3)]
        if texts:
            return tuple(texts)
    return ()


def _fits_metric(group: SpaceGroup, lattice: Float[np.ndarray, "3 3"]) -> bool:
    """Whether the rotations keep lengths and angles, within what sloppy cells need."""
    metric = lattice @ lattice.T
    images = np.einsum("oji,jk,okl->oil", group.rotations, metric, group.rotations)
    edges = np.sqrt(np.diag(metric))
    return bool(np.all(np.abs(images - metric) < 0.05 * edges[:, None] * edges))


def _expanded(
    sites: Sites, lattice: Float[np.ndarray, "3 3"], group: SpaceGroup, name: str
) -> Crystal:
    """The cell filled, with each atom that the file lists twice only once."""
    crystal = _filled(sites, lattice, group, name)
    if group.n_ops > 1 and len(_overlaps(crystal, same_orbit=True)):
        # Rounded coordinates: a fully occupied site cannot lie beside its own image.
        merged = _filled(sites, lattice, group, name, tolerance=_ROUNDED)
        if len(_overlaps(merged)) < len(_overlaps(crystal)):
            crystal = merged
    pairs = coincident_pairs(crystal.frac, lattice=lattice, tolerance=0.05)
    if len(pairs) and crystal.orbit is not None:
        same = crystal.numbers[pairs[:, 0]] == crystal.numbers[pairs[:, 1]]
        same &= crystal.occupancy[pairs].sum(axis=1) > 1.01
        site = crystal.orbit[pairs[same]]
        keep = np.ones(sites.n_sites, dtype=bool)
        keep[site.max(axis=1)[site[:, 0] != site[:, 1]]] = False
        crystal = _filled(sites.selected(keep), lattice, group, name)
    return crystal


def _overlaps(crystal: Crystal, *, same_orbit: bool = False) -> Int[np.ndarray, "pairs 2"]:
    """Pairs of atoms that cannot both be there: nearer than 0.5 Å, more than one atom in sum."""
    pairs = coincident_pairs(crystal.frac, lattice=crystal.lattice, tolerance=0.5)
    keep = crystal.occupancy[pairs].sum(axis=1) > 1.01
    if same_orbit and crystal.orbit is not None:
        keep &= crystal.orbit[pairs[:, 0]] == crystal.orbit[pairs[:, 1]]
    return pairs[keep]


def _filled(
    sites: Sites,
    lattice: Float[np.ndarray, "3 3"],
    group: SpaceGroup,
    name: str,
    *,
    tolerance: float = 0.05,
) -> Crystal:
    return crystal_from_asymmetric_unit(
        lattice=lattice,
        frac=sites.frac,
        numbers=sites.numbers,
        space_group=group,
        occupancy=sites.occupancy,
        u_iso=sites.u_iso,
        u_aniso=sites.u_aniso,
        isotopes=sites.isotopes,
        charges=sites.charges,
        labels=sites.labels,
        name=name,
        tolerance=tolerance,
    )


def _badness(crystal: Crystal, block: CifBlock) -> float:
    """Share of atoms that overlap, plus the relative error of the contents if it is large."""
    error = _contents_error(crystal, block) or 0.0
    return 2.0 * len(_overlaps(crystal)) / crystal.n_atoms + (error if error > 0.3 else 0.0)


def _contents_agree(crystal: Crystal, block: CifBlock) -> bool:
    """Whether the file states the contents of the cell, and they are these."""
    error = _contents_error(crystal, block)
    return error is not None and error < 0.3


def _contents_error(crystal: Crystal, block: CifBlock) -> float | None:
    """Relative difference from the stated formula and number of formula units, if there are any."""
    stated = amounts_from_formula(block.value("_chemical_formula_sum") or "")
    units = number_from_text(block.value("_cell_formula_units_z") or "?")
    # Hydrogen is often in the formula and not in the list of atoms.
    heavy = {z: amount for z, amount in stated.items() if z != 1}
    if not heavy or units is None or not 0.0 < units < 1e6:
        return None
    found = np.bincount(crystal.numbers, weights=crystal.occupancy, minlength=120)
    difference = sum(abs(found[z] - amount * units) for z, amount in heavy.items())
    return float(difference / (sum(heavy.values()) * units))
