"""Space groups as lists of operations: from symbols, numbers, and the operations themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.operations import closed_operations, operation_from_text, snapped_fractions
from porescope.crystal.spglib_calls import call_spglib
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
    """Hermann-Mauguin symbol, as in gemmi's ``xhm``.

    It names the setting where the operations are those of a tabulated setting, and else only the
    type of the group: see :func:`tabulated_symbol`.
    """

    @property
    def n_ops(self) -> int:
        """Number of operations in the cell, centring included."""
        return len(self.rotations)


P1 = SpaceGroup(
    rotations=np.eye(3, dtype=np.int64)[None],
    translations=np.zeros((1, 3)),
)
"""The trivial space group."""


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
    return _from_tabulated(gemmi.get_spacegroup_reference_setting(number).xhm())


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
    for spelling in _spellings(symbol):
        group = gemmi.find_spacegroup_by_name(spelling, alpha_deg, gamma_deg, origin)
        if group is not None:
            return _from_tabulated(group.xhm())
    try:
        return _from_group_ops(gemmi.symops_from_hall(symbol.strip()))
    except (ValueError, RuntimeError):
        raise ConfigError(
            f"no space group has the symbol {symbol!r}; "
            "give a Hermann-Mauguin symbol such as 'P 21/c', a Hall symbol, or operations"
        ) from None


def space_group_from_operations(operations: Sequence[str]) -> SpaceGroup:
    """Space group from operations written as in a CIF; they are completed to a group.

    Parameters
    ----------
    operations:
        Such as ``"-x, y+1/2, z"``; generators are enough.

    Raises
    ------
    ConfigError
        Where an operation cannot be read, or the operations form no space group.
    """
    return _from_triplets(tuple(operations))


def space_group_from_matrices(
    rotations: Int[np.ndarray, "ops 3 3"], *, translations: Float[np.ndarray, "ops 3"]
) -> SpaceGroup:
    """Space group from its complete list of operations as matrices.

    Parameters
    ----------
    rotations:
        Rotation parts in the basis of the cell.
    translations:
        Translation parts [fraction of the cell]; noise about multiples of 1/24 is removed where
        all of them are such multiples.

    Raises
    ------
    ConfigError
        Where the operations form no space group.
    """
    exact, is_tabular = snapped_fractions(translations, tolerance=1e-3)
    group = _tabulated_group(rotations, exact) if is_tabular else None
    if group is not None:
        number, symbol = group.number, group.xhm()
    else:
        number = _type_number(rotations, exact)
        symbol = gemmi.get_spacegroup_reference_setting(number).xhm()
    return SpaceGroup(rotations=rotations, translations=exact, number=number, symbol=symbol)


def tabulated_symbol(space_group: SpaceGroup) -> str | None:
    """Symbol of the setting whose operations these are; ``None`` where none is tabulated.

    A primitive cell of a centred lattice, or a shifted origin, has operations that no symbol
    stands for.
    """
    exact, is_tabular = snapped_fractions(space_group.translations, tolerance=1e-6)
    group = _tabulated_group(space_group.rotations, exact) if is_tabular else None
    return None if group is None else group.xhm()


def _spellings(symbol: str) -> list[str]:
    """The ways in which a symbol may stand in the tables, the likeliest first."""
    text = symbol.strip().strip("'\"").replace("_", " ")
    text = re.sub(r"\(([1-6])\)", r"\1", text)
    text = re.sub(r"\s*([:/])\s*", r"\1", re.sub(r"\s+", " ", text)).strip()
    squeezed = text.replace(" ", "")
    axes = re.sub(r"^(R.*?):?([HR])$", r"\1:\2", squeezed, flags=re.IGNORECASE)
    origin = re.sub(r"^(.*?):?([SZ])$", _origin_choice, squeezed, flags=re.IGNORECASE)
    short = re.sub(r" (2|21)/(?=[a-z])", " ", re.sub(r" 4/m (?=-?3)", " m ", text))
    forms = [text, squeezed, axes, origin, short]
    forms += [form[:1].upper() + form[1:].lower() for form in forms]
    return [form for form in dict.fromkeys(forms) if form]


def _origin_choice(match: re.Match[str]) -> str:
    return f"{match[1]}:{'1' if match[2].upper() == 'S' else '2'}"


@lru_cache(maxsize=1024)
def _from_tabulated(xhm: str) -> SpaceGroup:
    group = gemmi.SpaceGroup(xhm)
    found = _from_group_ops(group.operations())
    return replace(found, number=group.number, symbol=group.xhm())


def _from_group_ops(ops: gemmi.GroupOps) -> SpaceGroup:
    seitz = [(op.rot, op.tran) for op in ops]
    return _read_only(
        space_group_from_matrices(
            np.array([rot for rot, _ in seitz], dtype=np.int64) // gemmi.Op.DEN,
            translations=np.array([tran for _, tran in seitz]) / gemmi.Op.DEN,
        )
    )


@lru_cache(maxsize=1024)
def _from_triplets(operations: tuple[str, ...]) -> SpaceGroup:
    if not operations:
        return P1
    parsed = [operation_from_text(text) for text in operations]
    rotations = np.array([rotation for rotation, _ in parsed])
    translations = np.array([translation for _, translation in parsed])
    exact, is_tabular = snapped_fractions(translations, tolerance=1e-6)
    if not is_tabular or _tabulated_group(rotations, exact) is None:
        rotations, translations = closed_operations(rotations, translations=translations)
    return _read_only(space_group_from_matrices(rotations, translations=translations))


def _read_only(space_group: SpaceGroup) -> SpaceGroup:
    """Groups that a cache hands out must not be changed."""
    space_group.rotations.setflags(write=False)
    space_group.translations.setflags(write=False)
    return space_group


def _tabulated_group(
    rotations: Int[np.ndarray, "ops 3 3"], translations: Float[np.ndarray, "ops 3"]
) -> gemmi.SpaceGroup | None:
    """The tabulated setting with exactly these operations."""
    den = gemmi.Op.DEN
    ops = []
    for rotation, translation in zip(
        (rotations * den).tolist(), np.rint(translations * den).astype(int).tolist(), strict=True
    ):
        op = gemmi.Op()
        op.rot, op.tran = rotation, translation
        ops.append(op)
    try:
        return gemmi.find_spacegroup_by_ops(gemmi.GroupOps(ops))
    except (ValueError, RuntimeError):
        return None


def _type_number(
    rotations: Int[np.ndarray, "ops 3 3"], translations: Float[np.ndarray, "ops 3"]
) -> int:
    """Number of the group of operations in a setting that is not tabulated."""
    # A metric that all rotations keep, so that the operations are isometries of the lattice.
    metric = np.einsum("oji,ojk->ik", rotations, rotations) / len(rotations)
    lattice = np.linalg.cholesky(metric)
    found = call_spglib(
        "get_spacegroup_type_from_symmetry", rotations, translations, lattice=lattice
    )
    if found is None:
        raise ConfigError(f"these {len(rotations)} operations form no space group")
    return int(found.number)
