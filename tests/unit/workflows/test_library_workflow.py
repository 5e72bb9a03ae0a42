"""What the library's commands do."""

from pathlib import Path

import pytest

from porescope.datasets import library as library_module
from porescope.datasets.library import Library
from porescope.datasets.making import CardConfig
from porescope.errors import ConfigError
from porescope.workflows import library as workflow
from porescope.workflows.library import (
    add_folder,
    installable,
    library_info,
    list_entries,
    remove_entries,
)

ROCKSALT = """data_x
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {a}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
{metal} 0 0 0
O 0.5 0.5 0.5
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "oxides"
    folder.mkdir()
    (folder / "MgO.cif").write_text(ROCKSALT.format(metal="Mg", a=4.212))
    (folder / "NiO.cif").write_text(ROCKSALT.format(metal="Ni", a=4.178))
    (folder / "bad.cif").write_text("nothing")
    return folder


@pytest.fixture(autouse=True)
def own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user library and no shipped one."""
    path = tmp_path / "mine" / "library.sqlite"
    monkeypatch.setenv("PORESCOPE_LIBRARY", str(path))
    for module in (workflow, library_module):
        monkeypatch.setattr(module, "SHIPPED", tmp_path / "nothing.sqlite")
    return path


def test_add_list_remove(folder: Path, own_library: Path) -> None:
    report = add_folder(folder)
    assert (report.n_cards, list(report.failures)) == (2, ["bad.cif"])
    entries = list_entries()
    assert sorted(e.id for e in entries) == ["MgO", "NiO"]
    assert {e.source for e in entries} == {"user:oxides"}
    assert [e.id for e in list_entries(contains=["Ni"])] == ["NiO"]
    assert library_info()[0].path == own_library
    with Library.open() as library:
        card = library.cards(library.find("MgO"))[0]
        assert library.cif_file(card) == folder / "MgO.cif"
        assert library.peak_table().n_cards == 2
    assert remove_entries(["MgO"]) == 1
    assert [e.id for e in list_entries()] == ["NiO"]
    assert add_folder(folder).n_cards == 1
    assert remove_entries(["user:oxides"]) == 2
    assert list_entries() == []


def test_nothing_is_removed_where_one_name_is_wrong(folder: Path) -> None:
    add_folder(folder)
    with pytest.raises(ConfigError, match="'nobody'"):
        remove_entries(["MgO", "nobody"])
    assert len(list_entries()) == 2


def test_shipped_structures_are_only_located(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "shipped.sqlite"
    add_folder(folder, library=shipped, name="shipped", config=CardConfig(nets=False))
    for module in (workflow, library_module):
        monkeypatch.setattr(module, "SHIPPED", shipped)
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    (elsewhere / "CoO.cif").write_text(ROCKSALT.format(metal="Co", a=4.263))
    report = add_folder(elsewhere)
    assert (report.n_cards, report.n_skipped) == (1, 2)
    with Library.open() as library:
        assert library.n_cards == 3
        card = library.cards(library.find("NiO"))[0]
        assert library.cif_file(card) == elsewhere / "NiO.cif"


def test_folders_of_the_same_name_are_two_collections(folder: Path, tmp_path: Path) -> None:
    add_folder(folder)
    other = tmp_path / "other" / "oxides"
    other.mkdir(parents=True)
    (other / "CoO.cif").write_text(ROCKSALT.format(metal="Co", a=4.263))
    add_folder(other)
    assert {e.source for e in list_entries()} == {"user:oxides", "user:oxides-2"}


def test_clear_errors(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        add_folder(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"no \.cif file"):
        add_folder(tmp_path / "empty")
    with pytest.raises(ConfigError, match="nothing to remove"):
        remove_entries(["x"])
    with pytest.raises(ConfigError, match="no library on this machine"):
        list_entries()


def test_what_can_be_installed() -> None:
    assert "QMOF" in installable()["qmof"]
    with pytest.raises(ConfigError, match="choose one of"):
        workflow.install("everything")
