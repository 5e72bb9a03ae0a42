"""Tables of labels of zeolites."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from porescope.datasets.labels.table import LabelTable, Value, csv_rows, number, numbers
from porescope.errors import ConfigError, ParseError

_ARGON = {
    "mol_kg": "argon_87k_1atm_mol_per_kg",
    "mol_kg_err": "argon_87k_1atm_error_mol_per_kg",
    "n_uc": "argon_87k_1atm_atoms_per_cell",
    "n_uc_err": "argon_87k_1atm_error_atoms_per_cell",
    "cm3stp_cm3": "argon_87k_1atm_cm3_stp_per_cm3",
    "density_kg_m3": "density_kg_per_m3",
    "partially_disordered": "partially_disordered",
    "pb_PLD_A": "pld_angstrom",
    "pb_LCD_A": "lcd_angstrom",
    "pb_D": "channel_dimensions",
    "pb_T_S_AC_m^2/g": "area_m2_per_g",
    "pb_N_S_AC_m^2/g": "accessible_area_m2_per_g",
    "pb_T_V_He_cm^3/g": "helium_volume_cm3_per_g",
    "pb_T_V_G_cm^3/g": "geometric_volume_cm3_per_g",
    "pb_T_V_PO_cm^3/g": "probe_volume_cm3_per_g",
    "pb_N_V_He_cm^3/g": "accessible_helium_volume_cm3_per_g",
    "pb_N_V_G_cm^3/g": "accessible_geometric_volume_cm3_per_g",
    "pb_N_V_PO_cm^3/g": "accessible_probe_volume_cm3_per_g",
    "cycles": "n_cycles",
}
_SILICA = 60.0843
"""Molar mass of SiO2 [g/mol]."""
_H2_IN_TABLE = 2.0
"""Molar mass of H2 that the table's densities are made with [g/mol]: the number of molecules over
the volume of the simulated cells agrees with it to five digits."""


def iza_argon(folder: Path) -> LabelTable:
    """Argon in IZA frameworks at 87 K and 1 atm, with PoreBlazer's geometry."""
    rows: dict[str, dict[str, Value]] = {}
    mass_column = "pb_M__g/mol"
    for row in csv_rows(folder / "iza_argon_87k.csv", needed=("code", mass_column, *_ARGON)):
        found = numbers(row, _ARGON)
        units = (number(row[mass_column]) or 0.0) / _SILICA
        found["silica"] = float(abs(units - round(units)) < 0.02)
        found["finished"] = float(row["finished"] == "True")
        rows[row["code"]] = found
    return LabelTable(
        name="iza_argon_87k",
        collection="iza",
        licence="none",
        source="RASPA 2.0.37; not published",
        rows=rows,
        notes=(
            "heats from fluctuations are missing or meaningless and left out",
            "inaccessible cages were filled too",
            "silica is 0 where the mass of the cell is no multiple of SiO2",
        ),
    )


def iza_hydrogen(folder: Path) -> LabelTable:
    """H2 in IZA frameworks at 8 pressures and 8 temperatures."""
    needed = ("code", "pressure", "temperature", "loading (v)", "loading std (v)", "density (g/mL)")
    rows: dict[str, dict[str, Value]] = {}
    for row in csv_rows(folder / "iza_hydrogen.csv", needed=needed):
        pressure, temperature = float(row["pressure"]), float(row["temperature"])
        label = f"h2_{temperature:g}k_{pressure:g}bar"
        mass = number(row["loading (v)"])
        spread = number(row["loading std (v)"])
        density = number(row["density (g/mL)"])
        found = rows.setdefault(row["code"], {})
        if mass is None or density is None:
            continue
        if f"{label}_g_per_l" in found:
            raise ParseError(f"the table of hydrogen has {row['code']} twice at {label}")
        found[f"{label}_g_per_l"] = mass
        found[f"{label}_mol_per_kg"] = mass / _H2_IN_TABLE / density
        if spread is not None:
            found[f"{label}_std_g_per_l"] = spread
        found["density_g_per_cm3"] = density
    return LabelTable(
        name="iza_hydrogen",
        collection="iza",
        licence="none",
        source="not stated",
        rows=rows,
        notes=(
            "units are not stated: (n) is molecules in the simulated cells, (v) is g/L made with "
            "2.000 g/mol, which follows from the cells' volumes; pressures in bar fit the loadings",
            "loadings are the total in all pores",
        ),
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AluminiumPlacements:
    """CO2 in one zeolite against where its aluminium sits."""

    code: str
    """IZA code."""
    t_sites: Float[np.ndarray, "sites 3"]
    """Fractional coordinates of the tetrahedral atoms."""
    neighbours: Bool[np.ndarray, "sites sites"]
    """Which of them share an oxygen."""
    aluminium: Bool[np.ndarray, "rows sites"]
    """Which are aluminium; the others are silicon."""
    heat_kj_per_mol: Float[np.ndarray, "rows"]
    """Heat of adsorption of CO2 [kJ/mol]."""
    henry_mol_per_kg_pa: Float[np.ndarray, "rows"]
    """Henry coefficient of CO2 [mol/(kg Pa)]."""


def aluminium_placements(folder: Path, code: str) -> AluminiumPlacements:
    """Heats and Henry coefficients of CO2 against the placement of aluminium.

    Parameters
    ----------
    folder:
        Folder of labels.
    code:
        ``ITW``, ``MFI``, ``MOR`` or ``RHO``.

    Raises
    ------
    ConfigError
        Where there is no such zeolite.
    ParseError
        Where the arrays do not fit one another.
    """
    place = folder / "al_zeolite_co2" / code
    if not place.is_dir():
        raise ConfigError(f"there are no placements of aluminium for {code!r} in {place.parent}")
    # The bonds of MOR are a text table, those of the others an array.
    table = place / "adj.npy"
    bonds = (
        np.load(table, allow_pickle=False)
        if table.is_file()
        else np.loadtxt(place / "adj.txt", ndmin=2)
    )
    names = ("X", "atoms", "hoa", "henry")
    sites, atoms, heat, henry = (np.load(place / f"{n}.npy", allow_pickle=False) for n in names)
    n_rows, n_sites = atoms.shape
    if bonds.shape != (n_sites, n_sites) or len(heat) != n_rows or len(henry) != n_rows:
        raise ParseError(f"the arrays of {code} do not fit one another", path=place)
    return AluminiumPlacements(
        code=code,
        t_sites=sites.astype(np.float64),
        neighbours=bonds > 0.5,
        aluminium=atoms > 0.5,
        heat_kj_per_mol=heat.astype(np.float64),
        henry_mol_per_kg_pa=henry.astype(np.float64),
    )
