"""Space groups as lists of operations: from symbols, numbers, and the operations themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.errors import ConfigError

LatticeSystem = Literal[
    "triclinic",
    "monoclinic",
    "orthorhombic",
    "tetragonal",
    "rhombohedral",
    "hexagonal",
    "cubic",
]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SpaceGroup:
    """All symmetry operations of one unit cell, centring included.

    An operation maps ``frac`` to ``rotation @ frac + translation``.
    """

    rotations: Int[np.ndarray, "ops 3 3"]
    """Rotation parts in the basis of the cell."""
    translations: Float[np.ndarray, "ops 3"]
    """Translation parts [fraction of the cell]."""
    number: int = 1
    """Number in International Tables A, 1 to 230."""
    symbol: str = "P 1"
    """Hermann-Mauguin symbol with its setting, as in gemmi's ``xhm``."""

    @property
    def n_ops(self) -> int:
        """Number of operations in the cell, centring included."""
        return len(self.rotations)


P1 = SpaceGroup(
    rotations=np.eye(3, dtype=np.int64)[None],
    translations=np.zeros((1, 3)),
)
"""The trivial space group."""


def _from_group_ops(ops: gemmi.GroupOps, *, number: int, symbol: str) -> SpaceGroup:
    seitz = [(op.rot, op.tran) for op in ops]
    rotations = np.array([rot for rot, _ in seitz], dtype=np.int64) // gemmi.Op.DEN
    translations = np.array([tran for _, tran in seitz], dtype=np.float64) / gemmi.Op.DEN
    for array in (rotations, translations):
        array.setflags(write=False)
    return SpaceGroup(
        rotations=rotations, translations=translations % 1.0, number=number, symbol=symbol
    )


@lru_cache(maxsize=1024)
def _from_tabulated(xhm: str) -> SpaceGroup:
    group = gemmi.SpaceGroup(xhm)
    return _from_group_ops(group.operations(), number=group.number, symbol=group.xhm())


def space_group_from_number(number: int) -> SpaceGroup:
    """Space group in its standard setting (hexagonal axes, origin choice 2).

    Parameters
    ----------
    number:
        Number in International Tables A, 1 to 230.

    Raises
    ------
    ConfigError
        Where there is no such number.
    """
    if not 1 <= number <= 230:
        raise ConfigError(f"expected a space-group number from 1 to 230, got {number}")
    group = gemmi.get_spacegroup_reference_setting(number)
    return _from_tabulated(group.xhm())


def _clean_symbol(symbol: str) -> str:
    """One spelling of the many that files use for the same symbol."""
    text = symbol.strip().strip("'\"").replace("_", " ")
    text = re.sub(r"\(([1-5])\)", r"\1", text)
    text = re.sub(r"\s+", " ", text)
    return re.sub(r"\s*([:/])\s*", r"\1", text).strip()


def _tabulated_group(
    symbol: str, *, alpha_deg: float, gamma_deg: float, origin: str
) -> gemmi.SpaceGroup | None:
    text = _clean_symbol(symbol)
    squeezed = text.replace(" ", "")
    spellings = (text, squeezed, re.sub(r"([HRSZ])$", r":\1", squeezed), squeezed.split(":")[0])
    for spelling in spellings:
        if not spelling:
            continue
        group = gemmi.find_spacegroup_by_name(spelling, alpha_deg, gamma_deg, origin)
        if group is not None:
            return group
    return None


def space_group_from_symbol(
    symbol: str, *, alpha_deg: float = 0.0, gamma_deg: float = 0.0, origin: Literal["1", "2"] = "2"
) -> SpaceGroup:
    """Space group from a Hermann-Mauguin or Hall symbol, in any common spelling.

    Parameters
    ----------
    symbol:
        ``"F m -3 m"``, ``"Fm-3m"``, ``"P2(1)/c"``, ``"R-3:H"``, ``"-P 2ybc"`` …
    alpha_deg, gamma_deg:
        Cell angles [°]; they tell rhombohedral from hexagonal axes where the symbol does not.
    origin:
        Origin choice where the symbol does not say.

    Raises
    ------
    ConfigError
        Where no group has this symbol.
    """
    group = _tabulated_group(symbol, alpha_deg=alpha_deg, gamma_deg=gamma_deg, origin=origin)
    if group is not None:
        return _from_tabulated(group.xhm())
    try:
        ops = gemmi.symops_from_hall(symbol.strip())
    except (ValueError, RuntimeError):
        raise ConfigError(
            f"no space group has the symbol {symbol!r}; "
            "give a Hermann-Mauguin symbol such as 'P 21/c', a Hall symbol, or operations"
        ) from None
    return _space_group_from_group_ops(ops)


def _space_group_from_group_ops(ops: gemmi.GroupOps) -> SpaceGroup:
    group = gemmi.find_spacegroup_by_ops(ops)
    if group is not None:
        found = _from_group_ops(ops, number=group.number, symbol=group.xhm())
        return found
    found = _from_group_ops(ops, number=1, symbol="")
    number, symbol = _type_of_operations(found.rotations, found.translations)
    return SpaceGroup(
        rotations=found.rotations,
        translations=found.translations,
        number=number,
        symbol=symbol,
    )


def _type_of_operations(
    rotations: Int[np.ndarray, "ops 3 3"], translations: Float[np.ndarray, "ops 3"]
) -> tuple[int, str]:
    """Number and symbol of operations in a setting that is not tabulated."""
    import spglib

    metric = np.einsum("oji,ojk->ik", rotations, rotations).astype(float)
    lattice = np.linalg.cholesky(metric / len(rotations))
    try:
        found = spglib.get_spacegroup_type_from_symmetry(rotations, translations, lattice=lattice)
    except spglib.SpglibError:
        found = None
    if found is None:
        return 1, "unknown"
    return int(found.number), f"{gemmi.get_spacegroup_reference_setting(found.number).xhm()} (?)"


def space_group_from_operations(operations: Sequence[str]) -> SpaceGroup:
    """Space group from operations written as in a CIF; they are completed to a group.

    Parameters
    ----------
    operations:
        Such as ``"-x, y+1/2, z"``; generators are enough.

    Raises
    ------
    ConfigError
        Where an operation cannot be read, or the operations form no finite group.
    """
    return _from_triplets(tuple(operations))


@lru_cache(maxsize=1024)
def _from_triplets(operations: tuple[str, ...]) -> SpaceGroup:
    try:
        ops = gemmi.GroupOps([gemmi.Op(text.strip().strip("'\"")) for text in operations])
    except (ValueError, RuntimeError) as error:
        raise ConfigError(
            f"expected symmetry operations such as '-x, y+1/2, z', got one that fails: {error}"
        ) from None
    return _space_group_from_group_ops(ops)
