"""CIFs as people write them, and CIFs that nobody should have written."""

import os
from dataclasses import replace

import numpy as np
import pytest

from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import crystal_from_asymmetric_unit
from porescope.errors import ParseError
from porescope.io.cif import cif_text, crystal_from_cif_text, read_cif, write_cif

CELL = """data_test
_cell_length_a 10
_cell_length_b 10
_cell_length_c 10
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
"""
SITES = """loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
"""
CARBON = "C1 C 0.1 0.2 0.3\n"


def read(body: str, *, cell: str = CELL, **options):
    return crystal_from_cif_text(cell + body, **options)


def test_plain():
    crystal = read(SITES + CARBON)
    assert (crystal.n_atoms, crystal.formula, crystal.name) == (1, "C", "test")
    assert crystal.space_group.n_ops == 1
    assert np.isnan(crystal.u_iso[0])


def test_quoted_numbers_and_uncertainties():
    cell = CELL.replace("_a 10", "_a '10.0(2)'").replace("beta 90", "beta 90.00(1)")
    crystal = read(SITES + "C1 C '0.1' 0.2(12) -0.0025(3)\n", cell=cell)
    assert crystal.frac[0] == pytest.approx([0.1, 0.2, 0.9975])


def test_fractions_and_dots():
    crystal = read(SITES + "C1 C 1/3 .25 2.\n")
    assert crystal.frac[0] == pytest.approx([1 / 3, 0.25, 0.0])


@pytest.mark.parametrize(
    "symmetry",
    [
        "_symmetry_space_group_name_H-M 'P 21/c'\n",
        "_space_group_name_H-M_alt 'P 1 21/c 1'\n",
        "_symmetry_space_group_name_H-M P2(1)/c\n",
        "_symmetry_space_group_name_H-M P 21/c\n",
        "_space_group_name_Hall '-P 2ybc'\n",
        "_symmetry_Int_Tables_number 14\n",
        "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,y+1/2,-z+1/2\n-x,-y,-z\nx,-y+1/2,z+1/2\n",
        "loop_\n_space_group_symop_id\n_space_group_symop_operation_xyz\n"
        "1 'x, y, z'\n2 '-x, 1/2+y, 1/2-z'\n3 '-x, -y, -z'\n4 'x, 1/2-y, 1/2+z'\n",
        "loop_\n_symmetry_equiv_pos_as_xyz\nx, y, z\n-x, y+1/2, -z+1/2\n-x, -y, -z\n"
        "x, -y+1/2, z+1/2\n",
    ],
)
def test_symmetry_in_any_form(symmetry):
    crystal = read(symmetry + SITES + CARBON)
    assert crystal.space_group.number == 14
    assert crystal.n_atoms == 4
    assert crystal.orbit is not None
    assert crystal.orbit.tolist() == [0, 0, 0, 0]


def test_operations_win_over_a_symbol():
    body = "_symmetry_space_group_name_H-M 'F m -3 m'\n"
    body += "loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n'-x,-y,-z'\n"
    assert read(body + SITES + CARBON).space_group.symbol == "P -1"


def test_all_atoms_beside_a_symbol_are_not_doubled():
    # Rock salt written out in full, with the symbol of its group: the symbol makes duplicates,
    # which are one atom each.
    rows = ""
    for i, (x, y, z) in enumerate([(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]):
        rows += f"Na{i} Na {x} {y} {z}\nCl{i} Cl {x + 0.5} {y} {z}\n"
    crystal = read("_symmetry_space_group_name_H-M 'F m -3 m'\n" + SITES + rows)
    assert crystal.n_atoms == 8
    assert crystal.formula == "ClNa"


def test_rhombohedral_cell_with_a_bare_symbol():
    cell = CELL.replace("90\n", "80\n")
    crystal = read("_symmetry_space_group_name_H-M 'R -3'\n" + SITES + CARBON, cell=cell)
    assert crystal.space_group.symbol == "R -3:R"


def test_symbol_that_contradicts_the_cell():
    cell = CELL.replace("_c 10", "_c 14")
    body = "_symmetry_space_group_name_H-M 'F m -3 m'\n" + SITES + CARBON
    with pytest.raises(ParseError, match="contradict") as caught:
        read(body, cell=cell)
    assert caught.value.line == 8
    # With the contents stated, all atoms are known to be there.
    known = "_chemical_formula_sum C\n_cell_formula_units_Z 1\n" + body
    assert read(known, cell=cell).space_group.n_ops == 1


@pytest.mark.parametrize(
    ("symbol", "number"),
    [("Zn2+", 30), ("O1-", 8), ("O-2", 8), ("Cval", 6), ("cu", 29), ("CL", 17), ("Zr+4", 40)],
)
def test_type_symbols(symbol, number):
    assert read(SITES + f"X1 {symbol} 0 0 0\n").numbers.tolist() == [number]


@pytest.mark.parametrize(
    ("label", "number"),
    [("C1A", 6), ("OW", 8), ("Zn1", 30), ("CL3", 17), ("HO1", 1), ("Si_1", 14), ("O2'", 8)],
)
def test_labels_only(label, number):
    body = SITES.replace("_atom_site_type_symbol\n", "") + f"{label} 0 0 0\n"
    assert read(body).numbers.tolist() == [number]


def test_the_formula_settles_an_ambiguous_label():
    body = SITES.replace("_atom_site_type_symbol\n", "") + "CO1 0 0 0\n"
    assert read("_chemical_formula_sum 'C2 H4 O2'\n" + body).numbers.tolist() == [6]
    assert read("_chemical_formula_sum 'Co N2'\n" + body).numbers.tolist() == [27]


def test_deuterium():
    crystal = read(SITES + "D1 D 0 0 0\nO1 O 0.1 0 0\n")
    assert crystal.numbers.tolist() == [1, 8]
    assert crystal.isotopes is not None
    assert crystal.isotopes.tolist() == [2, 0]


def test_dummies_and_places_without_coordinates_are_left_out():
    body = SITES + "_atom_site_calc_flag\nC1 C 0 0 0 d\nQ1 C 0.5 0 0 dum\nO1 O ? ? ? .\n"
    assert read(body).n_atoms == 1


def test_displacements():
    body = SITES + "_atom_site_B_iso_or_equiv\nC1 C 0 0 0 0.7896(2)\nC2 C 0.5 0 0 .\n"
    u_iso = read(body).u_iso
    assert u_iso[0] == pytest.approx(0.01, abs=1e-5)
    assert np.isnan(u_iso[1])


def test_tensors_and_their_mean():
    body = SITES + "Zn1 Zn 0 0 0\nO1 O 0.5 0 0\n"
    body += "loop_\n_atom_site_aniso_label\n"
    body += "".join(f"_atom_site_aniso_U_{key}\n" for key in ("11", "22", "33", "12", "13", "23"))
    body += "Zn1 0.01 0.02 0.03 0.001 0 0\n"
    crystal = read(body)
    assert crystal.u_aniso is not None
    assert crystal.u_aniso[0, 0] == pytest.approx([0.01, 0.001, 0.0])
    assert np.all(np.isnan(crystal.u_aniso[1]))
    assert crystal.u_iso[0] == pytest.approx(0.02)


def test_charges_and_occupancies():
    body = SITES + "_atom_site_occupancy\n_atom_site_charge\n"
    crystal = read(body + "Zn1 Zn 0 0 0 0.5(1) 1.2\nO1 O 0.5 0 0 ? -1.2\nC1 C 0 0 0.5 0 0\n")
    assert crystal.occupancy.tolist() == [0.5, 1.0]
    assert crystal.charges is not None
    assert crystal.charges.tolist() == [1.2, -1.2]


def test_cartesian_only():
    body = SITES.replace("fract", "Cartn") + "C1 C 1 2 13\n"
    assert read(body).frac[0] == pytest.approx([0.1, 0.2, 0.3])


def test_duplicates_are_dropped_and_mixed_sites_kept():
    assert read(SITES + CARBON + "C2 C 1.1 0.2 0.3\n").n_atoms == 1
    body = SITES + "_atom_site_occupancy\nSi1 Si 0 0 0 0.7\nAl1 Al 0 0 0 0.3\n"
    assert read(body).n_atoms == 2


def test_a_rounded_place_on_a_mirror_is_one_atom():
    # At 0.499 of 100 Å the mirror at 1/2 is 0.1 Å away, and the image 0.2 Å.
    cell = CELL.replace("_c 10", "_c 100")
    body = "_symmetry_space_group_name_H-M 'P 4/m'\n" + SITES + "C1 C 0.1 0.2 0.499\n"
    assert read(body, cell=cell).n_atoms == 4


def test_major_disorder_group():
    body = SITES + "_atom_site_occupancy\n_atom_site_disorder_group\n"
    body += "C1 C 0 0 0 1 .\nC2 C 0.3 0 0 0.6 1\nC3 C 0.35 0 0 0.4 2\n"
    assert read(body).n_atoms == 3
    assert read(body, disorder="major").labels == ("C1", "C2")


def test_blocks():
    first = "data_global\n_journal_name 'none'\n"
    text = first + CELL + SITES + CARBON + CELL.replace("test", "second") + SITES + "O1 O 0 0 0\n"
    assert crystal_from_cif_text(text).formula == "C"
    assert crystal_from_cif_text(text, block="second").formula == "O"
    with pytest.raises(ParseError, match="global, test, second"):
        crystal_from_cif_text(text, block="third")


def test_cell_in_another_block():
    text = CELL + "data_atoms\n" + SITES + CARBON
    assert crystal_from_cif_text(text).volume == pytest.approx(1000.0)


@pytest.mark.parametrize(
    "text",
    [
        "a line before\nanother one\n" + CELL + SITES + CARBON,
        CELL.replace("data_test\n", "") + SITES + CARBON,
        CELL + "_citation_author_name 'A. Man, and B. O'Brien',\n" + SITES + CARBON,
        CELL + "_symmetry_space_group_name_H-M P 1\n" + SITES + CARBON,
        CELL + "loop_\n_citation_author_name\n_citation_year\n'A' 1 'B'\n" + SITES + CARBON,
        CELL + SITES + "# a comment\n" + CARBON + "# end\n",
        CELL + "_publ_section_comment\n;\nloop_ data_ nothing\n;\n" + SITES + CARBON,
        "\ufeff" + CELL + SITES + CARBON,
    ],
)
def test_broken_syntax_that_is_read(text, tmp_path):
    path = tmp_path / "x.cif"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    crystal = read_cif(path)
    assert crystal.formula == "C"
    assert crystal.volume == pytest.approx(1000.0)


def test_latin_and_utf16(tmp_path):
    text = CELL + "_publ_author_name 'Müller'\n" + SITES + CARBON
    for encoding in ("latin-1", "utf-16"):
        path = tmp_path / f"{encoding}.cif"
        path.write_bytes(text.encode(encoding))
        assert read_cif(path).n_atoms == 1


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        (SITES + "C1 C 0.1 abc 0.3\n", 14, "abc"),
        (SITES + CARBON + "C2 C 0.1 0.2\n", 15, "columns"),
        (SITES + CARBON + "Xx1 Xx 0 0 0\n", 15, "names no element"),
        (SITES + "C1 C ? 0.2 0.3\n", 14, "coordinate"),
        (SITES + "_atom_site_occupancy\nC1 C 0 0 0 -0.5\n", 15, "occupancy"),
        ("", None, "no atoms"),
        ("loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,q'\n" + SITES + CARBON, 8, "operation"),
        ("_symmetry_space_group_name_H-M 'Q 7'\n" + SITES + CARBON, 8, "symbol"),
    ],
)
def test_errors_say_where(body, line, says, tmp_path):
    path = tmp_path / "bad.cif"
    path.write_text(CELL + body)
    with pytest.raises(ParseError, match=says) as caught:
        # Nothing else states a symmetry, so the operations that cannot be read are fatal.
        read_cif(path)
    assert caught.value.path == path
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("_cell_length_b 10\n", "", "_cell_length_b"),
        ("_b 10", "_b ten", "ten"),
        ("_b 10", "_b -10", "positive"),
        ("gamma 90", "gamma 190", "angles"),
        ("_b 10", "_b 1e9", "too long"),
        ("_b 10", "_b 0.001", "volume|positive"),
    ],
)
def test_impossible_cells(old, new, says):
    with pytest.raises(ParseError, match=says):
        read(SITES + CARBON, cell=CELL.replace(old, new))


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\x89PNG\r\n\x1a\n\0\0\0", b"1.0 2.0\n3.0 4.0\n", bytes(range(256))]
)
def test_no_cif_at_all(content, tmp_path):
    path = tmp_path / "x.cif"
    path.write_bytes(content)
    with pytest.raises(ParseError):
        read_cif(path)


def test_a_file_of_500_mb_is_refused_at_once(tmp_path):
    path = tmp_path / "huge.cif"
    with path.open("wb") as stream:
        stream.truncate(500_000_000)
    with pytest.raises(ParseError, match="500 MB"):
        read_cif(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="nothing"):
        read_cif(tmp_path / "nothing.cif")


def _rich_crystal():
    return crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 10.0,
        frac=np.array([[0.1, 0.2, 0.3], [1 / 3, 1 / 3, 1 / 3]]),
        numbers=np.array([1, 30]),
        space_group=space_group_from_symbol("P a -3"),
        occupancy=np.array([0.25, 1.0]),
        u_iso=np.array([np.nan, 0.02]),
        u_aniso=np.array([np.full((3, 3), np.nan), np.eye(3) * 0.02]),
        isotopes=np.array([2, 0]),
        charges=np.array([0.5, -0.25]),
        labels=("D1", "Zn1"),
        name="a name",
    )


def test_round_trip_of_everything(tmp_path):
    crystal = _rich_crystal()
    write_cif(crystal, tmp_path / "x.cif")
    again = read_cif(tmp_path / "x.cif")
    assert again.space_group.symbol == "P a -3"
    for field in ("frac", "numbers", "occupancy", "u_iso", "u_aniso", "isotopes", "charges"):
        assert getattr(again, field) == pytest.approx(getattr(crystal, field), nan_ok=True)
    assert again.labels == crystal.labels
    assert again.orbit is not None
    assert np.array_equal(again.orbit, crystal.orbit)


def test_operations_without_a_symbol_come_back():
    crystal = _rich_crystal()
    shift = np.array([0.123, 0.0, 0.0])
    group = crystal.space_group
    moved = replace(
        group,
        translations=(group.translations + (np.eye(3) - group.rotations) @ shift) % 1.0,
        symbol="P a -3",
    )
    text = cif_text(replace(crystal, frac=crystal.frac + shift, space_group=moved))
    assert "H-M" not in text
    again = crystal_from_cif_text(text)
    assert (again.space_group.number, again.n_atoms) == (205, crystal.n_atoms)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission_leaves_nothing(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="denied"):
        write_cif(_rich_crystal(), tmp_path / "x.cif")


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.cif"
    path.write_text("old")

    def stop(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("porescope.io.cif_write.os.replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_cif(_rich_crystal(), path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.cif"]
