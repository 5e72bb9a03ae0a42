"""Isotherms as JSON, as a table, and as an adsorption information file."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from porescope.adsorption.isotherm import GasLoading, Isotherm, IsothermPoint
from porescope.adsorption.loading import LoadingBasis, LoadingUnit
from porescope.errors import ConfigError, ParseError

VERSION = 1
_FORMAT = "porescope isotherm"
_PER_MASS_OR_VOLUME: tuple[LoadingUnit, ...] = (
    "mol/kg",
    "mg/g",
    "cm³(STP)/g",
    "cm³(STP)/cm³",
    "g/L",
)


def write_isotherm(isotherm: Isotherm, path: str | Path, *, gas: int = 0) -> None:
    """Write an isotherm; the ending of the name chooses the format.

    Parameters
    ----------
    isotherm:
        What to write.
    path:
        ``.json`` keeps everything, ``.csv`` is a table with labelled units, ``.aif`` an adsorption
        information file (Evans et al. 2021, https://doi.org/10.1021/acs.langmuir.1c00122).

    Raises
    ------
    ConfigError
        The ending is none of these.
    """
    path = Path(path)
    match path.suffix.lower():
        case ".json":
            text = isotherm_json(isotherm)
        case ".csv":
            text = isotherm_csv(isotherm)
        case ".aif":
            text = isotherm_aif(isotherm, gas=gas)
        case _:
            raise ConfigError(f"expected a name that ends in .json, .csv, .aif, got {path.name!r}")
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def isotherm_json(isotherm: Isotherm) -> str:
    """An isotherm as JSON; numbers that are not known are null."""
    content = {"format": _FORMAT, "version": VERSION, **asdict(isotherm)}
    return json.dumps(_without_nan(content), indent=1, ensure_ascii=False) + "\n"


def read_isotherm(path: str | Path) -> Isotherm:
    """Read an isotherm from the JSON that :func:`write_isotherm` writes.

    Raises
    ------
    ParseError
        The file is no such JSON, or of a later version.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ParseError(f"expected an isotherm as JSON: {error}", path=path) from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ParseError(f"expected JSON whose format is {_FORMAT!r}", path=path)
    if content.get("version") != VERSION:
        raise ParseError(
            f"expected version {VERSION} of the format, got {content.get('version')!r}; "
            "use a newer porescope",
            path=path,
        )
    try:
        points = tuple(_point(each) for each in content["points"])
        return _made(
            Isotherm,
            content
            | {
                "points": points,
                "gases": tuple(content["gases"]),
                "molar_masses": tuple(content["molar_masses"]),
                "unit_cells": tuple(content["unit_cells"]),
            },
        )
    except (KeyError, TypeError) as error:
        raise ParseError(f"the isotherm lacks {error}", path=path) from error


def isotherm_csv(isotherm: Isotherm, *, units: Sequence[LoadingUnit] | None = None) -> str:
    """An isotherm as a table; every column says its unit, and comments how it was made.

    Parameters
    ----------
    isotherm:
        What to write.
    units:
        Units of the loadings; by default all that need no cell.
    """
    chosen: Sequence[LoadingUnit] = units or _PER_MASS_OR_VOLUME
    out = io.StringIO()
    for line in _made_how(isotherm):
        out.write(f"# {line}\n")
    writer = csv.writer(out, lineterminator="\n")
    header = ["gas", "pressure [Pa]", "mole fraction", "fugacity [Pa]"]
    for unit in chosen:
        header += [f"absolute loading [{unit}]", f"95 % half width of it [{unit}]"]
        header += [f"excess loading [{unit}]"]
    header += ["isosteric heat [kJ/mol]", "95 % half width of it [kJ/mol]"]
    header += ["equilibration cycles", "averaged cycles", "equilibrated"]
    writer.writerow(header)
    for index, name in enumerate(isotherm.gases):
        basis = LoadingBasis(
            molar_mass=isotherm.molar_masses[index],
            framework_density=isotherm.framework_density,
            cell_mass_g_per_mol=math.nan,
        )
        for point in isotherm.points:
            writer.writerow(_row(name, point, point.loadings[index], chosen, basis))
    return out.getvalue()


def isotherm_aif(isotherm: Isotherm, *, gas: int = 0) -> str:
    """The absolute loading of one gas as an adsorption information file."""
    one = [point.loadings[gas] for point in isotherm.points]
    lines = [
        f"data_{''.join(c if c.isalnum() else '_' for c in isotherm.framework) or 'isotherm'}",
        f"_exptl_adsorptive {_quoted(isotherm.gases[gas].split()[0])}",
        f"_exptl_temperature {isotherm.temperature:g}",
        "_exptl_method 'grand canonical Monte Carlo'",
        "_exptl_isotherm_type absolute",
        f"_adsnt_material_id {_quoted(isotherm.framework)}",
        f"_simltn_code {_quoted(isotherm.engine)}",
        f"_simltn_size {_quoted('x'.join(str(n) for n in isotherm.unit_cells))}",
        f"_simltn_forcefield_adsorptive {_quoted(isotherm.gases[gas])}",
        f"_simltn_forcefield_adsorbent {_quoted(isotherm.field)}",
        "_units_temperature K",
        "_units_pressure Pa",
        "_units_mass kg",
        "_units_loading mol",
        "loop_",
        "_adsorp_pressure",
        "_adsorp_amount",
        "_adsorp_amount_esd",
    ]
    for point, loading in zip(isotherm.points, one, strict=True):
        lines.append(
            f"{point.pressure_pa:.6g} {loading.absolute_mol_per_kg:.6g} "
            f"{loading.absolute_error / 1.96:.3g}"
        )
    return "\n".join(lines) + "\n"


def _row(
    name: str,
    point: IsothermPoint,
    loading: GasLoading,
    units: Sequence[LoadingUnit],
    basis: LoadingBasis,
) -> list[str]:
    cells = [name, f"{point.pressure_pa:.6g}"]
    cells += [f"{loading.mole_fraction:.6g}", f"{loading.fugacity_pa:.6g}"]
    for unit in units:
        factor = basis.per_mol_per_kg(unit)
        for value in (
            loading.absolute_mol_per_kg,
            loading.absolute_error,
            loading.excess_mol_per_kg,
        ):
            cells.append(_number(value * factor))
    cells += [_number(loading.heat_kj_per_mol), _number(loading.heat_error)]
    return [
        *cells,
        str(point.n_equilibration),
        str(point.n_cycles),
        "yes" if point.equilibrated else "no",
    ]


def _made_how(isotherm: Isotherm) -> list[str]:
    void = isotherm.void_fraction
    return [
        f"framework: {isotherm.framework}, {isotherm.framework_density:.5g} g/cm3, "
        f"{'x'.join(str(n) for n in isotherm.unit_cells)} cells",
        f"gases: {', '.join(isotherm.gases)}",
        f"temperature: {isotherm.temperature:g} K",
        f"force field: {isotherm.field}",
        f"charges: {isotherm.charge_source}",
        f"engine: {isotherm.engine}",
        f"void fraction: {'none given, no excess loadings' if void is None else f'{void:g}'}",
    ]


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "") + "'"


def _point(content: dict[str, Any]) -> IsothermPoint:
    loadings = tuple(_made(GasLoading, each) for each in content["loadings"])
    return _made(IsothermPoint, content | {"loadings": loadings})


def _made(kind: Any, content: dict[str, Any]) -> Any:
    """An object from the members of JSON; null is NaN where a number stands."""
    values = {}
    for each in fields(kind):
        value = content[each.name]
        values[each.name] = math.nan if value is None and each.type == "float" else value
    return kind(**values)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
