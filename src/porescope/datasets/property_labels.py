"""Tables of labels that property models are trained on, by name, with their units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from porescope.datasets.labels.isotherms import crafted_isotherms
from porescope.datasets.labels.mofs import (
    core_mof_geometry,
    core_n2,
    hmof_gas_uptake,
    qmof_band_gap,
)
from porescope.datasets.labels.table import LabelTable, Value
from porescope.datasets.labels.zeolites import iza_argon, iza_hydrogen
from porescope.errors import ConfigError

ARGON_G_PER_MOL = 39.948
"""Molar mass of argon (IUPAC 2021) [g/mol]."""
CRAFTED_TEMPERATURE = 298.0
"""Temperature of the uptakes that are taken from CRAFTED [K]."""
_UNITS = (
    ("_mol_per_kg_pa", "mol/(kg Pa)"),
    ("_mol_per_kg", "mol/kg"),
    ("_kj_per_mol", "kJ/mol"),
    ("_g_per_l", "g/L"),
    ("_g_per_cm3", "g/cm³"),
    ("_kg_per_m3", "kg/m³"),
    ("_m2_per_g", "m²/g"),
    ("_m2_per_cm3", "m²/cm³"),
    ("_cm3_stp_per_cm3", "cm³(STP)/cm³"),
    ("_cm3_per_g", "cm³/g"),
    ("_per_cell", "1/cell"),
    ("_angstrom", "Å"),
    ("_fraction", "1"),
    ("_ev", "eV"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSet:
    """A table of labels and the structures that it belongs to."""

    name: str
    """Name of the set; a frozen split has the same."""
    read: Callable[[Path, Path], LabelTable]
    """Reads the table from the folders of labels and of structures."""
    collection: str
    """Collection of structures."""
    variant: str | None
    """Which of several files of a structure."""
    targets: tuple[str, ...]
    """Columns that are learned where nothing else is said."""
    split: str
    """Name of the frozen split that holds the structures."""
    note: str = ""
    """Why these structures, and what the numbers are."""


def unit_of_column(column: str) -> str:
    """The unit that stands in a column's name.

    Raises
    ------
    ConfigError
        Where none does.
    """
    for ending, unit in _UNITS:
        if column.endswith(ending):
            return unit
    raise ConfigError(
        f"the column {column!r} does not name its unit; expected an ending such as _ev or "
        "_mol_per_kg, or the unit beside it (--unit)"
    )


def _argon(labels: Path, structures: Path) -> LabelTable:
    """Argon per volume too: the label's own density makes it, which is that of the structure."""
    table = iza_argon(labels)
    rows: dict[str, Mapping[str, Value]] = {}
    for code, row in table.rows.items():
        found = dict(row)
        loading, density = row.get("argon_87k_1atm_mol_per_kg"), row.get("density_kg_per_m3")
        if isinstance(loading, float) and isinstance(density, float):
            found["argon_87k_1atm_g_per_l"] = loading * density * ARGON_G_PER_MOL / 1000.0
        rows[code] = found
    return replace(table, rows=rows)


def crafted_uptakes(structures: Path, *, temperature: float = CRAFTED_TEMPERATURE) -> LabelTable:
    """Uptakes of CO2 and N2 by CRAFTED, by UFF and DDEC charges.

    Each pressure is a column, and so is the mean over the isotherm's pressures (0.001 to 10 bar
    of CO2, to 1 bar of N2, as tabulated).

    Parameters
    ----------
    structures:
        Folder with the archive.
    temperature:
        Temperature [K].
    """
    rows: dict[str, dict[str, Value]] = {}
    for one in crafted_isotherms(structures):
        wanted = (one.force_field, one.charge_method) == ("UFF", "DDEC")
        if not wanted or abs(one.temperature - temperature) > 0.5:
            continue
        found = rows.setdefault(one.id, {})
        label = f"{one.gas.lower()}_{temperature:g}k"
        for pressure, loading in zip(one.pressure_pa, one.loading_mol_per_kg, strict=True):
            found[f"{label}_{pressure / 1e5:g}bar_mol_per_kg"] = float(loading)
        found[f"{label}_mean_mol_per_kg"] = float(one.loading_mol_per_kg.mean())
    return LabelTable(
        name="crafted",
        collection="crafted",
        licence="MIT",
        source="10.1038/s41597-023-02116-z",
        rows=rows,
    )


_N2 = tuple(
    f"n2_298k_{p}bar_mol_per_kg"
    for p in ("0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1")
)

LABEL_SETS: Mapping[str, LabelSet] = {
    one.name: one
    for one in (
        LabelSet(
            name="qmof_band_gap",
            read=lambda labels, _: qmof_band_gap(labels),
            collection="qmof",
            variant=None,
            targets=("band_gap_pbe_ev",),
            split="qmof_band_gap",
        ),
        LabelSet(
            name="iza_argon_87k",
            read=_argon,
            collection="iza",
            variant="",
            targets=("argon_87k_1atm_g_per_l", "argon_87k_1atm_mol_per_kg"),
            split="iza_argon_87k",
            note="the idealised frameworks: their densities are those of the table to six digits",
        ),
        LabelSet(
            name="iza_hydrogen",
            read=lambda labels, _: iza_hydrogen(labels),
            collection="iza",
            variant="",
            targets=("h2_77k_1bar_g_per_l", "h2_77k_1bar_mol_per_kg"),
            split="iza_hydrogen",
            note="the idealised frameworks: their densities are those of the table to four digits",
        ),
        LabelSet(
            name="core_n2_298k",
            read=lambda labels, _: core_n2(labels),
            collection="core-mof-2019",
            variant=None,
            targets=_N2,
            split="core_n2_298k",
        ),
        LabelSet(
            name="crafted",
            read=lambda _, structures: crafted_uptakes(structures),
            collection="crafted",
            variant="ddec",
            targets=("co2_298k_mean_mol_per_kg", "n2_298k_mean_mol_per_kg"),
            split="crafted",
            note="UFF with DDEC charges at 298 K; mean over the tabulated pressures",
        ),
        LabelSet(
            name="hmof_gas_uptake",
            read=lambda labels, _: hmof_gas_uptake(labels),
            collection="hmof",
            variant=None,
            targets=("co2_2.5bar_mol_per_kg", "ch4_4.5bar_mol_per_kg"),
            split="hmof_gas_uptake",
        ),
        LabelSet(
            name="core_mof_geometry",
            read=lambda labels, _: core_mof_geometry(labels),
            collection="core-mof-2019",
            variant=None,
            targets=("pld_angstrom", "lcd_angstrom", "accessible_void_fraction"),
            split="all_structures",
        ),
    )
}
"""Tables that can be trained on, by name."""


def label_set_named(name: str) -> LabelSet:
    """One of the known tables.

    Raises
    ------
    ConfigError
        Where there is none of that name.
    """
    if name not in LABEL_SETS:
        raise ConfigError(
            f"there are no labels called {name!r}; choose one of {', '.join(LABEL_SETS)}, or give "
            "a table of your own (a .csv file)"
        )
    return LABEL_SETS[name]
