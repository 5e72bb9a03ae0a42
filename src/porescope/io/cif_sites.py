"""The sites that a CIF lists: elements, places, occupancies, displacements, charges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.errors import ParseError
from porescope.io.cif_blocks import CifBlock, CifLoop, unquoted
from porescope.io.cif_values import (
    amounts_from_formula,
    element_from_label,
    element_from_type,
    numbers_from_column,
)

_FRACT = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
_CARTN = ("_atom_site_cartn_x", "_atom_site_cartn_y", "_atom_site_cartn_z")
_TENSOR = ((0, 0, "11"), (1, 1, "22"), (2, 2, "33"), (0, 1, "12"), (0, 2, "13"), (1, 2, "23"))
_ANISO_LABEL = "_atom_site_aniso_label"
_B_PER_U = 8.0 * np.pi**2

MAX_SITES = 200_000
"""More sites than this are refused."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sites:
    """The rows of a CIF's atom loop that are atoms."""

    frac: Float[np.ndarray, "sites 3"]
    """Fractional coordinates."""
    numbers: Int[np.ndarray, "sites"]
    """Atomic numbers."""
    isotopes: Int[np.ndarray, "sites"] | None
    """Mass numbers, where there is any but the natural mixture."""
    occupancy: Float[np.ndarray, "sites"]
    """Occupancies, 0 to 1."""
    u_iso: Float[np.ndarray, "sites"]
    """Isotropic displacements [Å²], NaN where there is none."""
    u_aniso: Float[np.ndarray, "sites 3 3"] | None
    """Displacement tensors in the CIF convention [Å²]."""
    charges: Float[np.ndarray, "sites"] | None
    """Partial charges [e]."""
    labels: tuple[str, ...]
    """Site labels."""
    assembly: tuple[str, ...]
    """Disorder assembly of each site, or an empty string."""
    group: tuple[str, ...]
    """Disorder group of each site, or an empty string."""

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self.numbers)

    def selected(self, keep: Bool[np.ndarray, "sites"]) -> Sites:
        """Only some of the sites."""
        if bool(np.all(keep)):
            return self
        rows = np.flatnonzero(keep)
        return replace(
            self,
            frac=self.frac[rows],
            numbers=self.numbers[rows],
            isotopes=None if self.isotopes is None else self.isotopes[rows],
            occupancy=self.occupancy[rows],
            u_iso=self.u_iso[rows],
            u_aniso=None if self.u_aniso is None else self.u_aniso[rows],
            charges=None if self.charges is None else self.charges[rows],
            labels=tuple(self.labels[i] for i in rows),
            assembly=tuple(self.assembly[i] for i in rows),
            group=tuple(self.group[i] for i in rows),
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Rows:
    """The atom loop, and where it stands in the file."""

    loop: CifLoop
    text: str
    path: Path | None

    def numbers(self, tag: str) -> Float[np.ndarray, "rows"] | None:
        column = self.loop.columns.get(tag)
        if column is None:
            return None
        values, bad = numbers_from_column(column)
        if bad is not None:
            self.fail(bad, f"expected a number for {tag}, got {unquoted(column[bad])!r}")
        return values

    def words(self, tag: str) -> tuple[str, ...]:
        column = self.loop.columns.get(tag)
        if column is None:
            return ("",) * self.loop.n_rows
        return tuple("" if raw in ("?", ".") else unquoted(raw).strip() for raw in column)

    def fail(self, row: int, message: str) -> None:
        """Raise an error that names the line of the row."""
        raise ParseError(message, path=self.path, line=self.line_of(row))

    def line_of(self, row: int) -> int:
        """Line of a row: the first after the loop's head that holds its values."""
        values = [column[row] for column in self.loop.columns.values()]
        first = min(max(self.loop.line - 1, 0), self.text.count("\n"))
        lines = self.text.split("\n")
        for number in range(first, len(lines)):
            if lines[number].split() == values or all(v in lines[number] for v in values):
                return number + 1
        return self.loop.line


def sites_from_block(
    block: CifBlock, *, lattice: Float[np.ndarray, "3 3"], text: str, path: Path | None
) -> Sites:
    """Sites of the block's atom loop; places without atoms are left out.

    Parameters
    ----------
    block:
        A block with an atom loop.
    lattice:
        Cell vectors as rows [Å].
    text, path:
        The file, for the line in an error.

    Raises
    ------
    ParseError
        Where a coordinate, an element or an occupancy cannot be read.
    """
    loop = block.loop_with(*_FRACT) or block.loop_with(*_CARTN)
    if loop is None:
        raise ParseError(
            "the loop of atoms lacks a coordinate: expected _atom_site_fract_x, _y and _z",
            path=path,
            line=block.line,
        )
    if loop.n_rows > MAX_SITES:
        raise ParseError(f"{loop.n_rows} sites are too many", path=path, line=loop.line)
    rows = _Rows(loop=loop, text=text, path=path)
    keep = _real_atoms(rows)
    frac = _positions(rows, block, lattice, keep)
    numbers, isotopes = _elements(rows, block, keep)
    u_iso, u_aniso = _displacements(rows, block, lattice)
    sites = Sites(
        frac=frac,
        numbers=numbers,
        isotopes=isotopes if np.any(isotopes) else None,
        occupancy=_occupancies(rows),
        u_iso=u_iso,
        u_aniso=u_aniso,
        charges=_charges(rows),
        labels=rows.words("_atom_site_label"),
        assembly=rows.words("_atom_site_disorder_assembly"),
        group=rows.words("_atom_site_disorder_group"),
    )
    kept = sites.selected(keep & (sites.occupancy > 0.0))
    if not kept.n_sites:
        raise ParseError("the loop of atoms has no atom with a place", path=path, line=loop.line)
    return kept


def _real_atoms(rows: _Rows) -> Bool[np.ndarray, "rows"]:
    """False for dummies, and for rows whose coordinates are all missing."""
    tags = _FRACT if _FRACT[0] in rows.loop.columns else _CARTN
    columns = [rows.loop.columns[tag] for tag in tags]
    missing = [all(raw in ("?", ".") for raw in row) for row in zip(*columns, strict=True)]
    keep = ~np.array(missing, dtype=bool)
    flags = rows.loop.columns.get("_atom_site_calc_flag")
    if flags is not None:
        keep &= np.array([flag.lower() != "dum" for flag in flags], dtype=bool)
    return keep


def _positions(
    rows: _Rows,
    block: CifBlock,
    lattice: Float[np.ndarray, "3 3"],
    keep: Bool[np.ndarray, "rows"],
) -> Float[np.ndarray, "rows 3"]:
    """Fractional coordinates, from Cartesian ones where the file has no others."""
    is_frac = all(tag in rows.loop.columns for tag in _FRACT)
    columns = []
    for tag in _FRACT if is_frac else _CARTN:
        values = rows.numbers(tag)
        assert values is not None
        bad = np.flatnonzero((~np.isfinite(values) | (np.abs(values) > 1e5)) & keep)
        if len(bad):
            rows.fail(int(bad[0]), f"expected a coordinate for {tag}, got none that is usable")
        columns.append(np.where(keep, values, 0.0))
    places = np.stack(columns, axis=1)
    if is_frac:
        return places
    matrix = [block.value(f"_atom_sites_fract_tran_matrix_{i}{j}") for i in "123" for j in "123"]
    numbers, bad = numbers_from_column([raw or "?" for raw in matrix])
    if bad is None and np.all(np.isfinite(numbers)):
        return places @ numbers.reshape(3, 3).T
    return places @ np.linalg.inv(lattice)


def _elements(
    rows: _Rows, block: CifBlock, keep: Bool[np.ndarray, "rows"]
) -> tuple[Int[np.ndarray, "rows"], Int[np.ndarray, "rows"]]:
    """Atomic and mass numbers, from the type symbol, else from the label."""
    types = rows.loop.columns.get("_atom_site_type_symbol")
    labels = rows.loop.columns.get("_atom_site_label")
    if types is None and labels is None:
        rows.fail(0, "expected _atom_site_type_symbol or _atom_site_label to name the elements")
    known = frozenset(amounts_from_formula(block.value("_chemical_formula_sum") or ""))
    cache: dict[tuple[str, str], tuple[int, int]] = {}
    found = []
    missing = ["?"] * rows.loop.n_rows
    for row, key in enumerate(zip(types or missing, labels or missing, strict=True)):
        if key[0] not in ("?", "."):
            key = (key[0], "")
        pair = cache.get(key)
        if pair is None:
            pair = element_from_type(key[0]) if key[1] == "" else element_from_label(key[1], known)
            if not pair[0] and keep[row]:
                name = unquoted(key[0] if key[1] == "" else key[1])
                rows.fail(
                    row,
                    f"{name!r} names no element; give it in _atom_site_type_symbol, "
                    "or remove the site if it is a dummy",
                )
            cache[key] = pair
        found.append(pair)
    table = np.array(found, dtype=np.int64)
    return table[:, 0], table[:, 1]


def _occupancies(rows: _Rows) -> Float[np.ndarray, "rows"]:
    """Occupancies between 0 and 1; 1 where the file is silent."""
    values = rows.numbers("_atom_site_occupancy")
    if values is None:
        return np.ones(rows.loop.n_rows)
    values = np.where(np.isnan(values), 1.0, values)
    bad = np.flatnonzero((values < -1e-6) | (values > 1e3))
    if len(bad):
        rows.fail(int(bad[0]), f"expected an occupancy from 0 to 1, got {values[bad[0]]:g}")
    return np.clip(values, 0.0, 1.0)


def _charges(rows: _Rows) -> Float[np.ndarray, "rows"] | None:
    """Partial charges, where every site has one."""
    values = rows.numbers("_atom_site_charge")
    if values is None or not np.all(np.isfinite(values)):
        return None
    return values


def _displacements(
    rows: _Rows, block: CifBlock, lattice: Float[np.ndarray, "3 3"]
) -> tuple[Float[np.ndarray, "rows"], Float[np.ndarray, "rows 3 3"] | None]:
    """Isotropic U, of which the tensor's mean fills the gaps, and the tensor U."""
    u_iso = np.full(rows.loop.n_rows, np.nan)
    for tag, per_u in (
        ("_atom_site_u_iso_or_equiv", 1.0),
        ("_atom_site_b_iso_or_equiv", _B_PER_U),
    ):
        values = rows.numbers(tag)
        if values is not None:
            u_iso = np.where(np.isnan(u_iso), values / per_u, u_iso)
    # A zero is what programs write that have no value.
    u_iso = np.where((u_iso > 0.0) & (u_iso < 1e3), u_iso, np.nan)
    u_aniso = _tensors(rows, block, lattice)
    if u_aniso is not None:
        edges = np.linalg.norm(lattice, axis=1)
        star = np.linalg.norm(np.linalg.inv(lattice), axis=0)
        scaled = u_aniso * (star[:, None] * star)
        equivalent = np.einsum("aij,ij->a", scaled, lattice @ lattice.T) / 3.0
        assert edges.shape == (3,)
        u_iso = np.where(np.isnan(u_iso) & (equivalent > 0.0), equivalent, u_iso)
    return u_iso, u_aniso


def _tensors(
    rows: _Rows, block: CifBlock, lattice: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "rows 3 3"] | None:
    """Displacement tensors by label; rows of NaN where a site has none."""
    for kind in ("u", "b", "beta"):
        loop = block.loop_with(f"_atom_site_aniso_{kind}_11")
        if loop is None or (loop is not rows.loop and _ANISO_LABEL not in loop.columns):
            continue
        source = _Rows(loop=loop, text=rows.text, path=rows.path)
        columns = [source.numbers(f"_atom_site_aniso_{kind}_{key}") for _, _, key in _TENSOR]
        if any(column is None for column in columns):
            continue
        values = np.stack([column for column in columns if column is not None], axis=1)
        values[np.any(np.abs(values) > 1e4, axis=1)] = np.nan
        table = np.empty((loop.n_rows, 3, 3))
        for column, (i, j, _) in enumerate(_TENSOR):
            table[:, i, j] = table[:, j, i] = values[:, column]
        if kind == "b":
            table /= _B_PER_U
        elif kind == "beta":
            star = np.linalg.norm(np.linalg.inv(lattice), axis=0)
            table /= 2.0 * np.pi**2 * star[:, None] * star
        if loop is rows.loop:
            found = table
        else:
            names = [unquoted(raw).strip() for raw in loop.columns[_ANISO_LABEL]]
            place = {name: i for i, name in enumerate(names)}
            table = np.concatenate([table, np.full((1, 3, 3), np.nan)])
            labels = rows.words("_atom_site_label")
            found = table[[place.get(label, -1) for label in labels]]
        return found if np.any(np.isfinite(found)) else None
    return None
