"""The row of one structure, and descriptors of several."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from porescope.adsorption.state_point import StatePoint
from porescope.errors import ConfigError
from porescope.workflows import screen_settings
from porescope.workflows.adsorbent import DEFAULT_FIELD
from porescope.workflows.descriptors import descriptors
from porescope.workflows.screen_settings import ScreenSettings, columns_of, settings_from_record
from porescope.workflows.screen_tasks import VALUES_OF, failed_row, row_of_file

_CIF = """data_cube
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {a}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Si1 Si 0 0 0
O1 O {x} 0 0
O2 O 0 {x} 0
"""
STATE = StatePoint(temperature=298.0, pressure_pa=15_000.0)
ALL = ScreenSettings(
    properties=("geometry", "void", "henry", "histogram", "histogram2d", "uptake"),
    gases=("CH4", "CO2:TraPPE"),
    states=(STATE, StatePoint(temperature=298.0, pressure_pa=1e5)),
)


def cif(folder: Path, name: str = "cube.cif", *, a: float = 9.0) -> Path:
    path = folder / name
    path.write_text(_CIF.format(a=a, x=f"{1.6 / a:.5f}"), "utf-8")
    return path


def test_settings_go_to_json_and_back() -> None:
    record = json.loads(json.dumps(ALL.record()))
    assert settings_from_record(record) == ALL
    assert record == ALL.record()
    with pytest.raises(ConfigError, match="unknown: colour"):
        settings_from_record(record | {"colour": "red"})
    assert ScreenSettings(properties=("geometry",)).field == DEFAULT_FIELD


def test_columns_are_named_once_and_carry_units() -> None:
    columns = columns_of(ALL)
    names = [column.name for column in columns]
    assert len(set(names)) == len(names)
    assert "henry_CO2-TraPPE_298K_mol_per_kg_pa" in names
    assert "uptake_CH4_298K_0.15bar_mol_per_kg" in names
    assert sum(column.group == "histogram" for column in columns) == 17
    assert sum(column.group == "histogram2d" for column in columns) == 17 * 7


def test_a_field_file_that_changes_is_another_field(tmp_path: Path) -> None:
    path = tmp_path / "field.json"
    path.write_text("{}")
    settings = ScreenSettings(properties=("geometry",), field=str(path))
    before = settings.record()
    path.write_text("{ }")
    assert settings.record() != before


def test_energies_of_a_real_cell(tmp_path: Path) -> None:
    settings = ScreenSettings(properties=("henry", "histogram"), gases=("CH4",), states=(STATE,))
    row = row_of_file(str(cif(tmp_path)), settings.record())
    assert row["status"] == "ok", row["message"]
    assert row["formula"] == "O2Si"
    assert row["n_atoms"] == 3
    assert 1e-7 < row["henry_CH4_298K_mol_per_kg_pa"] < 1e-3
    error = row["henry_CH4_298K_error_mol_per_kg_pa"]
    assert error < 0.06 * row["henry_CH4_298K_mol_per_kg_pa"]
    assert 0.0 < row["heat_CH4_298K_kj_per_mol"] < 40.0
    shares = [value for name, value in row.items() if name.startswith("energy_")]
    assert sum(shares) == pytest.approx(1.0, abs=1e-6)
    assert set(row) == {column.name for column in columns_of(settings)}


def test_a_file_that_is_no_cif_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "bad.cif"
    path.write_text("no structure at all")
    row = row_of_file(str(path), ALL.record())
    assert row["status"] == "failed"
    assert row["message"].startswith("expected a CIF")
    assert set(row) == {column.name for column in columns_of(ALL)}
    assert set(row) == set(failed_row(ALL, file="x.cif", reason="gone", seconds=1.0))


def test_one_property_that_fails_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from porescope.workflows import henry as henry_module

    result = SimpleNamespace(
        coefficient_mol_per_kg_pa=3e-6,
        coefficient_error=float("nan"),
        heat_kj_per_mol=20.0,
        heat_error=0.1,
        charge_source="none",
    )
    monkeypatch.setattr(henry_module, "henry", lambda *_, **__: result)

    def refuse(*_: object) -> dict[str, object]:
        raise ConfigError("the grid is too large")

    monkeypatch.setitem(VALUES_OF, "histogram", refuse)
    settings = ScreenSettings(properties=("henry", "histogram"), gases=("CH4",), states=(STATE,))
    row = row_of_file(str(cif(tmp_path)), settings.record())
    assert row["status"] == "partial"
    assert row["message"] == "the grid is too large"
    assert row["henry_CH4_298K_mol_per_kg_pa"] == 3e-6
    assert row["henry_CH4_298K_error_mol_per_kg_pa"] is None


def test_uptakes_come_from_the_isotherm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from porescope.workflows import isotherm

    asked = []

    def stand_in(_crystal: object, **options: object) -> SimpleNamespace:
        asked.append(options)
        pressures = options["pressures_pa"]
        assert isinstance(pressures, list)
        points = [
            SimpleNamespace(
                pressure_pa=p,
                equilibrated=p < 5e4,
                loadings=[SimpleNamespace(absolute_mol_per_kg=p / 1e5, absolute_error=0.01)],
            )
            for p in pressures
        ]
        return SimpleNamespace(points=points, charge_source="EQeq")

    monkeypatch.setattr(isotherm, "run_isotherm", stand_in)
    settings = ScreenSettings(properties=("uptake",), gases=("CO2",), states=ALL.states, cycles=77)
    row = row_of_file(str(cif(tmp_path)), settings.record())
    assert row["status"] == "ok", row["message"]
    assert row["uptake_CO2_298K_0.15bar_mol_per_kg"] == 0.15
    assert row["uptake_CO2_298K_1bar_equilibrated"] is False
    assert row["charge_source"] == "EQeq"
    assert len(asked) == 1
    assert asked[0]["cycles"] == 77


def test_descriptors_of_several_structures(tmp_path: Path) -> None:
    broken = tmp_path / "broken.cif"
    broken.write_text("nothing")
    table = descriptors(
        [cif(tmp_path), broken, cif(tmp_path, "large.cif", a=13.0)], properties=("histogram",)
    )
    assert table.names == ("cube", "broken", "large")
    assert table.values.shape == (3, 17)
    assert np.isnan(table.values[1]).all()
    np.testing.assert_allclose(table.values[[0, 2]].sum(axis=1), 1.0)
    assert table.reasons[0] == ""
    assert "expected a CIF" in table.reasons[1]
    assert table.columns[0] == "energy_below_-30_kj_per_mol"


def test_wrong_settings() -> None:
    assert screen_settings.PROPERTIES[0] == "geometry"
    with pytest.raises(ConfigError, match="name what to compute"):
        ScreenSettings(properties=())
    with pytest.raises(ConfigError, match="probe radius"):
        ScreenSettings(properties=("geometry",), probe_radius=-1.0)
    with pytest.raises(ConfigError, match="50 cycles"):
        ScreenSettings(properties=("geometry",), cycles=3)
