"""Structures joined with labels: what fits, and what is listed because it does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.property_labels import LABEL_SETS, label_set_named, unit_of_column
from porescope.datasets.property_set import (
    PropertySet,
    Target,
    property_set,
    property_set_from_csv,
)
from porescope.errors import ConfigError, ParseError

CIF = """data_x
_cell_length_a 5.0
_cell_length_b 5.0
_cell_length_c {c}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Na1 Na 0 0 0 {occupancy}
Cl1 Cl 0.5 0.5 0.5 1.0
"""


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "cifs"
    folder.mkdir()
    for i in range(3):
        (folder / f"x{i}.cif").write_text(CIF.format(c=5.0 + i, occupancy=1.0))
    (folder / "half.cif").write_text(CIF.format(c=9.0, occupancy=0.5))
    (folder / "broken.cif").write_text("this is no CIF")
    (folder / "alone.cif").write_text(CIF.format(c=11.0, occupancy=1.0))
    return folder


def _table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    return path


GOOD = "name,gap,heat_kj_per_mol\nx0,1.5,3\nx1.cif,nan,4\nx2,,\nhalf,1,1\nbroken,1,1\ngone,1,1\n"


def _own(tmp_path: Path, text: str = GOOD, **more) -> PropertySet:
    how = {"targets": ("gap", "heat_kj_per_mol"), "units": {"gap": "eV"}} | more
    return property_set_from_csv(
        _table(tmp_path, text),
        structures=tmp_path / "cifs",
        work=tmp_path / "work",
        **how,  # type: ignore[arg-type]
    )


def test_what_does_not_fit_is_listed(tmp_path: Path) -> None:
    _folder(tmp_path)
    data = _own(tmp_path)
    assert data.ids == ("x0", "x1")
    assert data.targets == (
        Target(name="gap", unit="eV"),
        Target(name="heat_kj_per_mol", unit="kJ/mol"),
    )
    np.testing.assert_array_equal(data.values, [[1.5, 3.0], [np.nan, 4.0]])
    assert data.formulas == ("ClNa", "ClNa")
    report = data.report
    assert report.without_structure == ("gone",)
    assert report.without_labels == ("alone",)
    assert report.without_value == ("x2",)
    assert report.disordered == ("half",)
    assert list(report.unreadable) == ["broken"]
    assert report.missing_values == {"gap": 1, "heat_kj_per_mol": 0}
    assert report.sentence == (
        "left out: 1 labels without a structure, 1 structures without labels, 1 without a value, "
        "1 unreadable, 1 disordered"
    )
    assert len(report.lines()) == 5
    assert data.crystal(1).lattice[2, 2] == 6.0
    assert data.part(np.array([1])).ids == ("x1",)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    first = _own(tmp_path)
    first.store.close()
    (folder / "x0.cif").write_text(CIF.format(c=50.0, occupancy=1.0))
    again = _own(tmp_path)
    assert again.crystal(0).lattice[2, 2] == 50.0
    assert again.content_hash == first.content_hash
    other = _own(tmp_path, GOOD.replace("1.5", "1.6"))
    assert other.content_hash != first.content_hash


@pytest.mark.parametrize(
    ("text", "more", "error", "told"),
    [
        (GOOD, {"units": {}}, ConfigError, "'gap' does not name its unit"),
        (GOOD, {"targets": ()}, ConfigError, "at least one target"),
        (GOOD, {"targets": ("hue",), "units": {"hue": "eV"}}, ParseError, "column hue, found name"),
        (GOOD + "x0,2,2\n", {}, ParseError, "'x0' comes twice"),
        (GOOD + ",2,2\n", {}, ParseError, "expected an identifier"),
        (GOOD + "x9,high,2\n", {}, ParseError, r"a number in column 'gap', got 'high'"),
        ("name,gap,heat_kj_per_mol\n", {}, ParseError, "expected rows"),
        ("name,gap,heat_kj_per_mol\nq,1,2\n", {}, ConfigError, "do the identifiers agree"),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, text, more, error, told) -> None:
    _folder(tmp_path)
    with pytest.raises(error, match=told):
        _own(tmp_path, text, **more)


def test_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        _own(tmp_path)
    (tmp_path / "cifs").mkdir()
    with pytest.raises(ConfigError, match=r"no \.cif file"):
        _own(tmp_path)
    (tmp_path / "qmof_band_gap.csv").write_text("qmof_id,band_gap_pbe_ev\nq,1.0\n")
    with pytest.raises(ConfigError, match="expected qmof"):
        property_set(
            "qmof_band_gap",
            labels=tmp_path,
            structures=tmp_path,
            work=tmp_path / "work",
        )
    assert not (tmp_path / "work").exists()


def test_folders_below_count_and_names_must_differ(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "below").mkdir()
    (folder / "x1.cif").rename(folder / "below" / "x1.CIF")
    assert _own(tmp_path).ids == ("x0", "x1")
    shutil.copy(folder / "x0.cif", folder / "below" / "x0.cif")
    with pytest.raises(ConfigError, match="have one name"):
        _own(tmp_path)


def test_units_stand_in_names() -> None:
    assert unit_of_column("n2_298k_1bar_mol_per_kg") == "mol/kg"
    assert unit_of_column("henry_mol_per_kg_pa") == "mol/(kg Pa)"
    for known in LABEL_SETS.values():
        assert all(unit_of_column(target) for target in known.targets)
    assert Target(name="n", unit="1/cell").extensive
    assert not Target(name="n", unit="mol/kg").extensive
    with pytest.raises(ConfigError, match="no labels called 'colour'"):
        label_set_named("colour")


@pytest.mark.shared
def test_argon_belongs_to_the_idealised_frameworks(shared_data: Path, tmp_path: Path) -> None:
    data = property_set(
        "iza_argon_87k",
        labels=shared_data / "labels",
        structures=shared_data / "structures",
        work=tmp_path,
    )
    assert len(data) == 205
    assert len(data.report.without_labels) == 48
    row = data.ids.index("ABW")
    # 4 atoms a cell by the table's own count, in the cell that is in the set.
    grams = 4.0 * 39.948 / 6.02214076e23
    litres = data.crystal(row).volume * 1e-27
    assert data.values[row, 0] == pytest.approx(grams / litres, rel=2e-3)
    assert data.values[row, 1] == pytest.approx(8.3216414, rel=1e-6)


def test_what_is_no_unit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("id,a\nx,1\n")
    with pytest.raises(ConfigError, match="got 'mol/kgg'"):
        property_set_from_csv(
            tmp_path / "own.csv",
            structures=tmp_path,
            targets=("a",),
            units={"a": "mol/kgg"},
            work=tmp_path / "work",
        )
