"""Tables of labels of metal-organic frameworks."""

from __future__ import annotations

from pathlib import Path

from porescope.datasets.archives.collections import core_id
from porescope.datasets.labels.table import LabelTable, Value, csv_rows, numbers
from porescope.errors import ParseError

_GEOMETRY = {
    "LCD": "lcd_angstrom",
    "PLD": "pld_angstrom",
    "LFPD": "lfpd_angstrom",
    "cm3_g": "density_g_per_cm3",
    "ASA_m2_cm3": "accessible_area_m2_per_cm3",
    "ASA_m2_g": "accessible_area_m2_per_g",
    "NASA_m2_cm3": "inaccessible_area_m2_per_cm3",
    "NASA_m2_g": "inaccessible_area_m2_per_g",
    "AV_VF": "accessible_void_fraction",
    "AV_cm3_g": "accessible_volume_cm3_per_g",
    "NAV_cm3_g": "inaccessible_volume_cm3_per_g",
}
_PRESSURES = ("0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1")
_MIXTURE = {
    "CO2 loading (mol/kg)": "co2_in_mixture_mol_per_kg",
    "CO2 error (mol/kg)": "co2_in_mixture_error_mol_per_kg",
    "CH4 loading (mol/kg)": "ch4_in_mixture_mol_per_kg",
    "CH4 error (mol/kg)": "ch4_in_mixture_error_mol_per_kg",
    "SC CO2 loading (mol/kg)": "co2_single_mol_per_kg",
    "SC CO2 error (mol/kg)": "co2_single_error_mol_per_kg",
    "SC CH4 loading (mol/kg)": "ch4_single_mol_per_kg",
    "SC CH4 error (mol/kg)": "ch4_single_error_mol_per_kg",
    "Selectivity (CO2)": "co2_over_ch4_selectivity",
    "Selectivity error": "co2_over_ch4_selectivity_error",
    "PLD": "pld_angstrom",
    "LCD": "lcd_angstrom",
    "Density (g/cc)": "density_g_per_cm3",
    "VSA (m2/cc)": "area_m2_per_cm3",
    "GSA (m2/g)": "area_m2_per_g",
    "VF": "void_fraction",
    "PV (cc/g)": "pore_volume_cm3_per_g",
    **{f"K0_{gas}": f"henry_{gas.lower()}_mol_per_kg_pa" for gas in ("CH4", "CO2", "H2S", "H2O")},
    **{
        f"Qst_{gas}": f"adsorption_enthalpy_{gas.lower()}_kj_per_mol"
        for gas in ("CH4", "CO2", "H2S", "H2O")
    },
    **{f"DC_{gas}": f"diffusion_{gas.lower()}_unit_not_stated" for gas in ("CH4", "CO2", "H2S")},
    **{f"P_{gas}": f"permeability_{gas.lower()}_unit_not_stated" for gas in ("CH4", "CO2", "H2S")},
    "Maximum Dimensions": "channel_dimensions",
}


def qmof_band_gap(folder: Path) -> LabelTable:
    """Band gaps of QMOF by PBE [eV]."""
    rows: dict[str, dict[str, Value]] = {}
    for row in csv_rows(folder / "qmof_band_gap.csv", needed=("qmof_id", "band_gap_pbe_ev")):
        _put(rows, row["qmof_id"], numbers(row, {"band_gap_pbe_ev": "band_gap_pbe_ev"}))
    return LabelTable(
        name="qmof_band_gap",
        collection="qmof",
        licence="CC BY 4.0",
        source="10.1016/j.matt.2021.02.015",
        rows=rows,
    )


def core_mof_geometry(folder: Path) -> LabelTable:
    """Zeo++ geometry of CoRE MOF 2019, open metal sites and provenance."""
    needed = (*_GEOMETRY, "filename", "Has_OMS", "Open_Metal_Sites", "All_Metals", "Extension")
    rows: dict[str, dict[str, Value]] = {}
    for row in csv_rows(folder / "core_mof_2019_geometry.csv", needed=needed):
        found = numbers(row, _GEOMETRY)
        found["has_open_metal_site"] = float(row["Has_OMS"] == "Yes")
        found["disorder"] = float(row["DISORDER"] == "DISORDER")
        words = {
            "metals": row["All_Metals"],
            "open_metals": row["Open_Metal_Sites"],
            "treatment": row["Extension"],
            "refcode": row["Matched_CSD_of_CoRE"],
            "doi": row["DOI_public"],
        }
        found.update({k: v for k, v in words.items() if v})
        _put(rows, core_id(row["filename"]), found)
    return LabelTable(
        name="core_mof_2019_geometry",
        collection="core-mof-2019",
        licence="CC BY 4.0",
        source="10.1021/acs.jced.9b00835",
        rows=rows,
        notes=(
            "the column cm3_g holds the density [g/cm³]: it equals the ratio of the areas per "
            "volume and per mass to five digits in every row",
            "672 structures of the archive have no row",
            "dates start with a tab and are left out",
        ),
    )


def core_n2(folder: Path) -> LabelTable:
    """N2 loading of CoRE MOFs at 298 K from 0.001 to 1 bar."""
    names = {f"{p}bar": f"n2_298k_{p}bar_mol_per_kg" for p in _PRESSURES}
    names |= {
        "LCD": "lcd_angstrom",
        "Density_g_cm3": "density_g_per_cm3",
        "SA_m2_g": "area_m2_per_g",
        "AV_cm3_g": "pore_volume_cm3_per_g",
        "Henry": "henry_n2_298k_mol_per_kg_pa",
    }
    rows: dict[str, dict[str, Value]] = {}
    for row in csv_rows(folder / "core_n2_298k.csv", needed=("filename", *names)):
        _put(rows, core_id(row["filename"]), numbers(row, names))
    return LabelTable(
        name="core_n2_298k",
        collection="core-mof-2019",
        licence="none",
        source="not stated",
        rows=rows,
        notes=("units are not stated; loadings over pressures agree with Henry in mol/(kg Pa)",),
    )


def core_co2_ch4(folder: Path) -> LabelTable:
    """CO2 and CH4 in CoRE MOF 2014: mixture, single gases, Henry coefficients."""
    rows: dict[str, dict[str, Value]] = {}
    for row in csv_rows(folder / "core_mof_co2_ch4_mixture.csv", needed=("MOF", *_MIXTURE)):
        refcode = row["MOF"].removesuffix(".cif").removesuffix("_stripped")
        _put(rows, refcode, numbers(row, _MIXTURE))
    return LabelTable(
        name="core_mof_co2_ch4_mixture",
        collection="core-mof-2019",
        licence="none",
        source="not stated",
        rows=rows,
        notes=(
            "identifiers are refcodes of CoRE MOF 2014; 873 of 1 910 are in CoRE MOF 2019, "
            "where solvent may have been removed in another way",
            "logarithms of other columns and two index columns are left out",
            "units of diffusion coefficients and permeabilities are not stated",
        ),
    )


def hmof_gas_uptake(folder: Path) -> LabelTable:
    """CO2 and CH4 uptake of hypothetical MOFs at five pressures each [mol/kg]."""
    rows: dict[str, dict[str, Value]] = {}
    for row in csv_rows(folder / "hmof_gas_uptake.csv", needed=("hmof_id",)):
        names = {name: name for name in row if name != "hmof_id"}
        _put(rows, row["hmof_id"], numbers(row, names))
    return LabelTable(
        name="hmof_gas_uptake",
        collection="hmof",
        licence="Apache-2.0",
        source="10.1038/nchem.1192",
        rows=rows,
        notes=(
            "files with charges are named hMOF-N-(id:M)_qeq; the table says hMOF-N",
            "temperatures are not stated",
        ),
    )


def _put(rows: dict[str, dict[str, Value]], id: str, values: dict[str, Value]) -> None:
    """Add a row; one identifier with two different rows is an error, not a choice."""
    if rows.get(id, values) != values:
        raise ParseError(f"the table of labels has two different rows for {id}; delete one")
    rows[id] = values
