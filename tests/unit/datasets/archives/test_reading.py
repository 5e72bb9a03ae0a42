"""Structures of the archives."""

from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from porescope.datasets.archives.collections import COLLECTIONS, collection_named, core_id
from porescope.datasets.archives.reading import read_archive
from porescope.errors import ConfigError

CIF = """data_x
_cell_length_a 5
_cell_length_b 6
_cell_length_c 7
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
loop_
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_pbe_ddec_charge
_atom_site_pbe_cm5_charge
Zn 0.1 0.2 0.3 0.5 {cm5}
O 0.6 0.7 0.8 -0.5 -0.4
"""


def test_charges_of_each_kind_and_broken_files(tmp_path: Path) -> None:
    folder = tmp_path / "qmof" / "qmof"
    folder.mkdir(parents=True)
    (folder / "qmof-1.cif").write_text(CIF.format(cm5="0.4"))
    (folder / "qmof-2.cif").write_text(CIF.format(cm5="?"))
    (folder / "qmof-3.cif").write_text("data_x\n_cell_length_a 5\n")
    (folder / "notes.txt").write_text("no structure")
    one, two, three = read_archive(tmp_path, "qmof")
    assert one.crystal is not None
    assert one.crystal.charges is not None
    np.testing.assert_array_equal(one.crystal.charges, [0.5, -0.5])
    np.testing.assert_array_equal(one.arrays["charges_cm5"], [0.4, -0.4])
    assert set(two.arrays) == {"charges_ddec"}
    assert three.crystal is None
    assert "no atoms" in three.reason
    assert [s.id for s in read_archive(tmp_path, "qmof", ids={"qmof-2"})] == ["qmof-2"]


def test_names_of_files() -> None:
    def name(collection: str, path: str) -> tuple[str, str] | None:
        found = collection_named(collection).name_of(PurePosixPath(path))
        return None if found is None else (found.id, found.variant)

    assert name("hmof", "hmof/hMOF-10032-(id:25223)_qeq.cif") == ("hMOF-10032", "")
    assert name("hmof", "hmof/hMOF-10.cif") == ("hMOF-10", "")
    assert name("core-mof-2019", "c/ABAYOU_clean.cif") == ("ABAYOU", "")
    assert name("core-mof-2019", "c/ACECIV_ion_b.cif") == ("ACECIV_ion_b", "")
    assert core_id("ABAYOU_clean") == "ABAYOU"
    assert name("iza", "z/iza/ABW.cif") == ("ABW", "relaxed")
    assert name("iza", "z/iza_experimental/ABW.cif") == ("ABW", "")
    assert name("iza", "z/data/hyp/K/303768.vesta") is None
    assert name("iza", "z/data/iza_dm.csv") is None
    assert name("raspa2", "n/ceramics/cif/SWNT-1-14.cif") is None
    assert name("crafted", "c/cif/EQeq/ABUWOJ.cif") == ("ABUWOJ", "eqeq")


def test_an_unknown_collection_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'nobody'; the archives are: core-mof-2019"):
        list(read_archive(tmp_path, "nobody"))


@pytest.mark.shared
@pytest.mark.parametrize("collection", sorted(COLLECTIONS))
def test_structures_straight_from_the_archives(shared_data: Path, collection: str) -> None:
    found = list(islice(read_archive(shared_data / "structures", collection), 12))
    assert len(found) == 12
    assert not [item.reason for item in found if item.crystal is None]
    for item in found:
        assert item.crystal is not None
        assert item.crystal.n_atoms > 2
        assert item.source == collection


@pytest.mark.slow
@pytest.mark.shared
def test_small_archives_are_read_whole(shared_data: Path) -> None:
    counts = {"iza": 494, "hmof": 430, "raspa2": 165}
    for collection, n in counts.items():
        found = list(read_archive(shared_data / "structures", collection))
        assert len(found) == n
        assert [item.path for item in found if item.crystal is None] == []
        assert len({(item.id, item.variant) for item in found}) == n
