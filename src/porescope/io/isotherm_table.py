"""Measured or computed isotherms from tables with a header that names the units."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.adsorption.loading import LoadingBasis, loading_unit_named
from porescope.adsorption.state_point import PASCALS
from porescope.errors import ConfigError, ParseError

_UNIT = re.compile(r"^\s*([^\[\(]*?)\s*[\[\(](.+)[\]\)]\s*$")
_SUFFIX = re.compile(r"_(pa|kpa|mpa|hpa|bar|mbar|atm|torr)$")
_PER_KG = {"mol/kg", "cm³(STP)/g", "mg/g"}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class IsothermTable:
    """An isotherm of one gas as columns."""

    name: str
    """Stem of the file's name."""
    pressures_pa: Float[np.ndarray, "points"]
    """Pressures, rising [Pa]."""
    loadings_mol_per_kg: Float[np.ndarray, "points"]
    """Loadings [mol/kg]."""
    errors_mol_per_kg: Float[np.ndarray, "points"] | None
    """Errors of the loadings [mol/kg]; None where the file has none."""


def read_isotherm_table(
    path: str | Path, *, molar_mass: float | None = None, temperature: float | None = None
) -> IsothermTable:
    """Read an isotherm from a table with commas, semicolons or tabs.

    The header names a pressure and a loading with their units, such as
    ``pressure [bar], loading [mol/kg]``, ``Pressure(Pa),Loading(mmol/g)`` or
    ``pressure_pa,absolute_mol_per_kg``. A column that is called an error belongs to the loading;
    a column of temperatures chooses rows.

    Parameters
    ----------
    path:
        The file.
    molar_mass:
        Molar mass of the gas [g/mol]; needed for loadings in mg/g.
    temperature:
        Temperature of the rows to take [K]; needed where the file holds several.

    Raises
    ------
    ParseError
        The header names no pressure or no loading, a unit is unknown, or a row holds no numbers.
    """
    path = Path(path)
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    start = next((n for n, line in enumerate(lines) if line.strip() and line[:1] != "#"), None)
    if start is None:
        raise ParseError("expected a table with a header, got an empty file", path=path)
    dialect = max(",;\t", key=lines[start].count)
    header = next(csv.reader([lines[start]], delimiter=dialect))
    columns = _columns(header, path=path, line=start + 1)
    rows = []
    for n, row in enumerate(csv.reader(lines[start + 1 :], delimiter=dialect), start + 2):
        if not any(cell.strip() for cell in row) or row[0].startswith("#"):
            continue
        rows.append(_numbers(row, columns, path=path, line=n))
    table = np.array(rows).reshape(-1, len(columns))
    if "temperature" in columns:
        table = _at_temperature(table, list(columns).index("temperature"), temperature, path)
    if len(table) == 0:
        raise ParseError("the table holds no rows with numbers", path=path)
    names = list(columns)
    pressure = table[:, names.index("pressure")] * columns["pressure"][1]
    per_unit = _mol_per_kg(columns["loading"][2], molar_mass, path=path)
    order = np.argsort(pressure, kind="stable")
    errors = None
    if "error" in columns:
        errors = table[order, names.index("error")] * per_unit
    return IsothermTable(
        name=path.stem,
        pressures_pa=pressure[order],
        loadings_mol_per_kg=table[order, names.index("loading")] * per_unit,
        errors_mol_per_kg=errors,
    )


def _columns(header: list[str], *, path: Path, line: int) -> dict[str, tuple[int, float, str]]:
    """Index, pascals per unit and unit of the pressure, loading, error and temperature."""
    found: dict[str, tuple[int, float, str]] = {}
    for index, title in enumerate(header):
        match = _UNIT.match(title)
        name = (match.group(1) if match else title).strip().casefold()
        unit = match.group(2).strip() if match else ""
        if "error" in name or name.endswith("_err"):
            found.setdefault("error", (index, 1.0, ""))
        elif "excess" in name:
            continue
        elif "pressure" in name or name in ("p", "p_pa", "p_bar"):
            found.setdefault("pressure", (index, _pascals(name, unit, path, line), unit))
        elif "loading" in name or "uptake" in name or name.endswith("mol_per_kg"):
            found.setdefault("loading", (index, 1.0, unit or _named_unit(name)))
        elif name.startswith("temp") or name == "t":
            found.setdefault("temperature", (index, 1.0, unit))
    for what in ("pressure", "loading"):
        if what not in found:
            raise ParseError(
                f"no column of the header is a {what}; name one with its unit, such as "
                f"'pressure [bar], loading [mol/kg]'; the header is {', '.join(header)!r}",
                path=path,
                line=line,
            )
    return found


def _pascals(name: str, unit: str, path: Path, line: int) -> float:
    suffix = _SUFFIX.search(name)
    text = unit or (suffix.group(1) if suffix else "")
    for known, pascals in PASCALS.items():
        if text == known or (text.casefold() == known.casefold() and known != "MPa"):
            return pascals
    if suffix and text == "mpa":
        return PASCALS["MPa"]
    raise ParseError(
        f"the unit of the pressure {text or 'is missing'!r}; write one of {', '.join(PASCALS)}, "
        "such as 'pressure [bar]'",
        path=path,
        line=line,
    )


def _named_unit(name: str) -> str:
    return "mol/kg" if name.endswith("mol_per_kg") else ""


def _mol_per_kg(unit: str, molar_mass: float | None, *, path: Path) -> float:
    try:
        known = loading_unit_named(unit)
    except ConfigError as error:
        raise ParseError(str(error), path=path) from None
    if known not in _PER_KG:
        raise ParseError(
            f"a loading in {known} needs the density of the framework; give it per mass, in "
            f"{', '.join(sorted(_PER_KG))}",
            path=path,
        )
    if known == "mg/g" and molar_mass is None:
        raise ParseError("loadings in mg/g need the gas: name it with --gas", path=path)
    basis = LoadingBasis(
        molar_mass=molar_mass or 1.0, framework_density=1.0, cell_mass_g_per_mol=1.0
    )
    return 1.0 / basis.per_mol_per_kg(known)


def _numbers(
    row: list[str], columns: dict[str, tuple[int, float, str]], *, path: Path, line: int
) -> list[float]:
    values = []
    for what, (index, _, _) in columns.items():
        try:
            values.append(float(row[index]))
        except (IndexError, ValueError):
            got = row[index].strip() if index < len(row) else "nothing"
            raise ParseError(
                f"expected a number for the {what}, got {got!r}", path=path, line=line
            ) from None
    return values


def _at_temperature(
    table: Float[np.ndarray, "rows columns"], column: int, wanted: float | None, path: Path
) -> Float[np.ndarray, "kept columns"]:
    there = np.unique(table[:, column])
    if wanted is None:
        if len(there) > 1:
            text = ", ".join(f"{t:g}" for t in there)
            raise ParseError(
                f"the table holds {len(there)} temperatures ({text} K); choose one with --at",
                path=path,
            )
        return table
    chosen = table[np.abs(table[:, column] - wanted) < 0.6]
    if len(chosen) == 0:
        text = ", ".join(f"{t:g}" for t in there)
        raise ParseError(f"the table has no rows at {wanted:g} K, only at {text} K", path=path)
    return chosen
