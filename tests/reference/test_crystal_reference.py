"""Cells, groups, bonds and nets against published numbers and other programs."""

import tarfile
from pathlib import Path

import gemmi
import numpy as np
import pytest

from porescope.crystal.bonds import coordination_numbers
from porescope.crystal.elements import covalent_radii
from porescope.crystal.graph import net_hash
from porescope.crystal.lattice import (
    lattice_from_parameters,
    niggli_lattice,
    parameters_from_lattice,
)
from porescope.crystal.space_group import space_group_from_number
from porescope.crystal.symmetry import find_symmetry
from porescope.errors import ParseError
from porescope.io.cif import read_cif


def test_niggli_cell_of_krivy_and_gruber():
    """The worked example of https://doi.org/10.1107/S0567739476000636.

    The paper gives the start as a = 3, b = 5.196, c = 2 Å, 103°55', 109°28', 134°53', rounded,
    so the reduced angles agree to some hundredths of a degree only.
    """
    degrees = [103 + 55 / 60, 109 + 28 / 60, 134 + 53 / 60]
    lattice = lattice_from_parameters(3.0, 5.196, 2.0, *degrees)
    reduced = parameters_from_lattice(niggli_lattice(lattice, tolerance=1e-2)[0])
    assert reduced[:3] == pytest.approx([2.0, 3.0, 3.0], abs=2e-3)
    assert reduced[3:] == pytest.approx([60.0, 75.0 + 31 / 60, 70.0 + 32 / 60], abs=0.05)


@pytest.mark.parametrize(("number", "radius"), [(1, 0.31), (6, 0.76), (30, 1.22), (40, 1.75)])
def test_covalent_radii(number, radius):
    """Four entries of table 2 of https://doi.org/10.1039/B801115J."""
    assert covalent_radii()[number] == radius


@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
def test_all_space_groups_are_those_of_spglib():
    spglib = pytest.importorskip("spglib")
    for number in range(1, 231):
        group = space_group_from_number(number)
        metric = np.einsum("oji,ojk->ik", group.rotations, group.rotations) / group.n_ops
        found = spglib.get_spacegroup_type_from_symmetry(
            group.rotations, group.translations, lattice=np.linalg.cholesky(metric)
        )
        assert found.number == number


@pytest.fixture(scope="module")
def unpacked(shared_data, tmp_path_factory):
    """The two small archives of real structures."""
    folder = tmp_path_factory.mktemp("structures")
    for name in ("named_frameworks_raspa2", "zeolites_iza"):
        with tarfile.open(shared_data / "structures" / f"{name}.tar.xz") as archive:
            archive.extractall(folder, filter="data")
    return folder


def _one(folder: Path, name: str) -> Path:
    return next(folder.rglob(name))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # MOF-5: ZnO4 tetrahedra, one oxygen amid four zinc (https://doi.org/10.1038/46248).
        ("IRMOF-1.cif", {"Zn": {4}, "O": {2, 4}, "C": {3}, "H": {1}}),
        # ZIF-8: ZnN4 (https://doi.org/10.1073/pnas.0602439103).
        ("ZIF-8.cif", {"Zn": {4}, "N": {3}, "C": {3, 4}, "H": {1}}),
        # HKUST-1, dry: square CuO4 (https://doi.org/10.1126/science.283.5405.1148).
        ("Cu-BTC.cif", {"Cu": {4}, "O": {2}, "C": {3}, "H": {1}}),
        # MOF-74, dry: square pyramids (https://doi.org/10.1021/ja045123o).
        ("Co-DOBDC.cif", {"Co": {5}, "O": {2, 3}, "C": {3}, "H": {1}}),
        # MIL-47: chains of VO6 octahedra (https://doi.org/10.1002/anie.200290005).
        ("MIL-47.cif", {"V": {6}, "O": {2}, "C": {3}, "H": {1}}),
        ("CHA_SI.cif", {"Si": {4}, "O": {2}}),
    ],
)
def test_coordination_numbers(unpacked, name, expected):
    crystal = read_cif(_one(unpacked, name))
    bonds = coordination_numbers(crystal)
    symbols = np.array([gemmi.Element(int(number)).name for number in crystal.numbers])
    found = {symbol: set(bonds[symbols == symbol].tolist()) for symbol in set(symbols.tolist())}
    assert found == expected


@pytest.mark.shared
@pytest.mark.slow
def test_uio_66_and_its_disordered_refinements(shared_data, tmp_path):
    """Square antiprisms ZrO8 (https://doi.org/10.1021/ja8057953), one net in nine entries.

    Slow, since the archive must be unpacked up to the files.
    """
    with tarfile.open(shared_data / "structures" / "core_mof_2019.tar.xz") as archive:
        members = [member for member in archive if "RUBTAK" in member.name]
        archive.extractall(tmp_path, members=members, filter="data")
    paths = sorted(tmp_path.rglob("RUBTAK*.cif"))
    crystal = read_cif(paths[0])
    assert set(coordination_numbers(crystal)[crystal.numbers == 40].tolist()) == {8}
    assert len(paths) == 9
    assert len({net_hash(read_cif(path)) for path in paths}) == 1


@pytest.mark.shared
def test_contents_of_famous_cells(unpacked):
    """Atoms of one cell, from the formulas of the papers and not from the files."""
    # MOF-177: Zn4O(BTB)2 eight times (https://doi.org/10.1038/nature02311).
    mof_177 = read_cif(_one(unpacked, "MOF-177.cif"))
    assert (mof_177.n_atoms, mof_177.formula) == (808, "C54H30O13Zn4")
    # COF-108: three C(C6H4B)4 and four triphenylenes (https://doi.org/10.1126/science.1139915).
    assert read_cif(_one(unpacked, "COF-108.cif")).formula == "C49H24B4O8"


@pytest.mark.shared
def test_every_file_of_the_named_frameworks_is_read(unpacked):
    """18 of them break the syntax, and strict readers refuse them."""
    paths = sorted((unpacked / "named").rglob("*.cif"))
    assert len(paths) == 203
    refused = []
    for path in paths:
        try:
            read_cif(path)
        except ParseError as error:
            refused.append(str(error))
    assert refused == []


@pytest.mark.shared
def test_the_nets_of_the_iza_frameworks_are_all_different(unpacked):
    """One hash for each of the 253 codes, and the same after relaxation in P1."""
    known = {}
    for path in sorted(unpacked.rglob("iza_experimental/*.cif")):
        known.setdefault(net_hash(read_cif(path)), []).append(path.stem)
    assert len(known) == 253
    code_of = {codes[0]: key for key, codes in known.items()}
    # Each fourth, for speed.
    relaxed = sorted(path for path in unpacked.rglob("iza/*.cif") if path.stem in code_of)[::4]
    same = [net_hash(read_cif(path)) == code_of[path.stem] for path in relaxed]
    assert len(same) == 59
    assert all(same)


@pytest.mark.shared
def test_symmetry_of_silica_zeolites_is_found_without_the_file_s_help(unpacked):
    """The space group of the framework's highest symmetry, as the atlas of the IZA gives it."""
    for code, number in {"CHA": 166, "SOD": 229, "FAU": 227, "MFI": 62, "RHO": 229}.items():
        crystal = read_cif(_one(unpacked, f"iza_experimental/{code}.cif"))
        found = find_symmetry(crystal.without_symmetry(), symprec=0.01)
        assert (code, found.space_group.number) == (code, number)
