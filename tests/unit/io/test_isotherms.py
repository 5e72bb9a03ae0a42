"""Isotherms in files."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.isotherm import GasLoading, Isotherm, IsothermPoint
from porescope.errors import ConfigError, ParseError
from porescope.io.isotherm_table import read_isotherm_table
from porescope.io.isotherms import isotherm_aif, isotherm_csv, read_isotherm, write_isotherm


def loading(value: float, *, gas: str = "CO2") -> GasLoading:
    return GasLoading(
        gas=gas,
        mole_fraction=0.5,
        fugacity_pa=900.0,
        absolute_mol_per_kg=value,
        absolute_error=0.05,
        excess_mol_per_kg=math.nan,
        heat_kj_per_mol=25.0,
        heat_error=math.nan,
    )


@pytest.fixture
def isotherm() -> Isotherm:
    points = tuple(
        IsothermPoint(
            pressure_pa=pressure,
            temperature=298.0,
            loadings=(loading(value), loading(0.1 * value, gas="CH4")),
            n_equilibration=100,
            n_cycles=900,
            equilibrated=value < 2.0,
            seed=3,
        )
        for pressure, value in ((1e3, 0.5), (1e5, 2.5))
    )
    return Isotherm(
        framework="IRMOF-1",
        framework_density=0.593,
        gases=("CO2 (TraPPE)", "CH4 (TraPPE)"),
        molar_masses=(44.009, 16.043),
        temperature=298.0,
        field="UFF, shifted at 12.8 Å",
        charge_source="DDEC",
        engine="RASPA3",
        unit_cells=(1, 1, 2),
        void_fraction=None,
        points=points,
    )


def same(first: object, second: object) -> bool:
    """Equal, NaN equal to NaN."""
    return repr(first) == repr(second)


def test_json_keeps_everything(isotherm: Isotherm, tmp_path: Path):
    path = tmp_path / "a.json"
    write_isotherm(isotherm, path)
    assert same(read_isotherm(path), isotherm)
    assert json.loads(path.read_text())["points"][0]["loadings"][0]["excess_mol_per_kg"] is None
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c | {"version": 99}, "version"),
        (lambda c: c | {"format": "something"}, "format"),
        (lambda c: {k: v for k, v in c.items() if k != "points"}, "points"),
        (lambda c: [1], "format"),
    ],
)
def test_other_json_is_refused(isotherm: Isotherm, tmp_path: Path, change, words: str):
    path = tmp_path / "a.json"
    write_isotherm(isotherm, path)
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(ParseError, match=words):
        read_isotherm(path)


def test_torn_json_is_refused(tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text('{"format": ')
    with pytest.raises(ParseError, match="JSON"):
        read_isotherm(path)


def test_table_labels_every_unit(isotherm: Isotherm):
    lines = isotherm_csv(isotherm).splitlines()
    assert any("void fraction: none given" in line for line in lines if line.startswith("#"))
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert len(rows) == 4
    assert float(rows[1]["absolute loading [mg/g]"]) == pytest.approx(2.5 * 44.009, rel=1e-5)
    assert float(rows[1]["absolute loading [cm³(STP)/cm³]"]) == pytest.approx(
        2.5 * 22.414 * 0.593, rel=1e-4
    )
    assert rows[0]["excess loading [mol/kg]"] == ""
    assert [row["equilibrated"] for row in rows] == ["yes", "no", "yes", "no"]


def test_table_is_read_back(isotherm: Isotherm, tmp_path: Path):
    path = tmp_path / "a.csv"
    text = isotherm_csv(isotherm, units=["mol/kg"])
    keep = [line for line in text.splitlines() if not line.startswith("CH4")]
    path.write_text("\n".join(keep) + "\n")
    table = read_isotherm_table(path)
    assert np.allclose(table.pressures_pa, [1e3, 1e5])
    assert np.allclose(table.loadings_mol_per_kg, [0.5, 2.5])


def test_adsorption_information_file_is_a_cif(isotherm: Isotherm):
    import gemmi

    block = gemmi.cif.read_string(isotherm_aif(isotherm, gas=1)).sole_block()
    assert gemmi.cif.as_string(block.find_value("_exptl_adsorptive")) == "CH4"
    table = block.find(["_adsorp_pressure", "_adsorp_amount"])
    assert [float(row[1]) for row in table] == pytest.approx([0.05, 0.25])


def test_other_ending_is_refused(isotherm: Isotherm, tmp_path: Path):
    with pytest.raises(ConfigError, match=r"\.json, \.csv, \.aif"):
        write_isotherm(isotherm, tmp_path / "a.xlsx")
