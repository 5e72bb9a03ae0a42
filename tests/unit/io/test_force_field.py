"""Force fields, gases and charge tables of the user, from files."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.fields import field_named
from porescope.adsorption.gases import gas_named
from porescope.errors import ConfigError, ParseError
from porescope.io.force_field import read_charge_table, read_force_field, read_gas

MIXING = """# general rule for shifted vs truncated
truncated
# general rule tailcorrections
yes
# number of defined interactions
6
# type interaction
O     lennard-jones  50.0 3.1  // somebody 1999
Oa    LENNARD_JONES  60.0 3.2
Si    none
C_g   lennard-jones  27.0 2.8
O_g   lennard-jones  79.0 3.05
com   none
# general mixing rule for Lennard-Jones
Lorentz-Berthelot
"""
PSEUDO = """#number of pseudo atoms
7
#type print as chem oxidation mass charge polarization B radii connectivity anisotropic type tinker
O    yes O  O  0 15.9994 -0.4 0.0 1.0 0.5 2 0 absolute 0
Oa   yes O  O  0 15.9994 -0.5 0.0 1.0 0.5 2 0 absolute 0
Si   yes Si Si 0 28.0855  0.8 0.0 1.0 1.2 4 0 absolute 0
C_g  yes C  C  0 12.0     0.6 0.0 1.0 0.7 0 0 relative 0
O_g  yes O  O  0 15.9994 -0.3 0.0 1.0 0.7 0 0 relative 0
com  no  O  -  0 0.0      0.0 0.0 1.0 0.7 0 0 relative 0
Na   yes Na Na 0 22.9898  1.0 0.0 1.0 0.7 0 0 relative 0
"""
PAIRS = """# rules to overwrite
0
# number of defined interactions
2
O_g   O    lennard-jones 78.98 3.237
Na    C_g  lennard-jones 362.292 3.32
# mixing rules to overwrite
0
"""
MOLECULE = """# critical constants
304.1
7377300.0
0.22
# Number Of Atoms
3
# Number of groups
1
# group
rigid
# number of atoms
3
# atomic positions
0 O_g 0.0 0.0 1.2
1 C_g 0.0 0.0 0.0
2 O_g 0.0 0.0 -1.2
# terms
0 2 0 0 0 0 0 0 0 0 0 0 0 0 0
0 1 RIGID_BOND
1 2 RIGID_BOND
0
"""
CHAIN = """300.0
4000000.0
0.1
3
1
flexible
3
0 C_g
1 C_g
2 C_g
0 2 0 1 0 0 0 0 0 0 0 0 0 0 0
0 1 HARMONIC_BOND 96500 1.54
1 2 HARMONIC_BOND 96500 1.54
0 1 2 HARMONIC_BEND 62500 114
0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "force_field_mixing_rules.def").write_text(MIXING)
    (tmp_path / "pseudo_atoms.def").write_text(PSEUDO)
    (tmp_path / "force_field.def").write_text(PAIRS)
    (tmp_path / "gas.def").write_text(MOLECULE)
    return tmp_path


def test_own_tables_read_as_the_packaged_ones(tmp_path: Path) -> None:
    data = files("porescope.adsorption").joinpath("data")
    path = tmp_path / "mine.csv"
    path.write_text(data.joinpath("force_fields/trappe_zeo.csv").read_text("utf-8"), "utf-8")
    assert read_force_field(path) == field_named("TraPPE-zeo")
    assert read_force_field(path, cutoff=12.0).cutoff == 12.0
    path.write_text(data.joinpath("gases/co2_trappe.csv").read_text("utf-8"), "utf-8")
    gas = read_gas(path)
    assert gas.beads == gas_named("CO2").beads
    assert np.array_equal(gas.positions, gas_named("CO2").positions)
    path.write_text(data.joinpath("charge_tables/trappe_zeo.csv").read_text("utf-8"), "utf-8")
    assert read_charge_table(path).charges == (1.5, -0.75)
    path.write_text("# format = 1\nkind,type\n")
    with pytest.raises(ParseError, match=r"mine.csv:2: expected the columns"):
        read_force_field(path)
    with pytest.raises(FileNotFoundError):
        read_force_field(tmp_path / "nothing.csv")


def test_the_examples_of_the_docs_are_read(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "fields.md"
    if not page.is_file():
        pytest.skip("the docs are not here")
    blocks = page.read_text(encoding="utf-8").split("```text\n")[1:]
    field_file, gas_file = tmp_path / "field.csv", tmp_path / "gas.csv"
    field_file.write_text(blocks[0].split("```")[0], encoding="utf-8")
    gas_file.write_text(blocks[1].split("```")[0], encoding="utf-8")
    field = read_force_field(field_file)
    assert [each.name for each in field.types] == ["Si", "O", "O_Al", "Na"]
    gas = read_gas(gas_file)
    assert gas.mass == pytest.approx(28.01)
    assert gas.is_charged


def test_raspa_tables(folder: Path) -> None:
    field = read_force_field(folder, framework=["O", "Oa:Al", "Si", "Na"])
    assert field.describe().endswith("truncated at 12 Å, with tail correction")
    assert [(each.name, each.number) for each in field.types] == [
        ("O", 8),
        ("Oa", 8),
        ("Si", 14),
        ("Na", 11),
    ]
    oxygen, other, silicon, sodium = field.types
    assert (oxygen.epsilon_k, oxygen.sigma) == (50.0, 3.1)
    assert oxygen.source.endswith("somebody 1999")
    assert other.neighbours == ("Al",)
    assert silicon.epsilon_k == 0.0
    assert np.isnan(sodium.epsilon_k)
    assert field.mixed(("O", 50.0, 3.1), ("O_g", 79.0, 3.05)) == (78.98, 3.237)
    assert field.mixed(("Na", np.nan, np.nan), ("C_g", 27.0, 2.8)) == (362.292, 3.32)
    assert read_force_field(folder / "force_field_mixing_rules.def", framework=["O"]).types


def test_framework_types_that_cannot_be_told_are_named(folder: Path) -> None:
    with pytest.raises(ParseError, match=r"types 'O' and 'Oa' stand for the same atoms.*'Oa:Al'"):
        read_force_field(folder)
    with pytest.raises(ParseError, match="there is no type 'X'; the types are O, Oa"):
        read_force_field(folder, framework=["X"])
    with pytest.raises(ParseError, match="'com' stands for no element"):
        read_force_field(folder, framework=["com"])


def test_raspa_molecules(folder: Path) -> None:
    gas = read_gas(folder / "gas.def")
    assert [bead.type for bead in gas.beads] == ["O_g", "C_g", "O_g"]
    assert [bead.charge for bead in gas.beads] == [-0.3, 0.6, -0.3]
    assert np.ptp(gas.positions[:, 2]) == pytest.approx(2.4)
    assert gas.critical_temperature == 304.1
    (folder / "chain.def").write_text(CHAIN)
    with pytest.raises(ParseError, match="neutral"):
        read_gas(folder / "chain.def")
    (folder / "pseudo_atoms.def").write_text(PSEUDO.replace(" 0.6 0.0", " 0.0 0.0"))
    chain = read_gas(folder / "chain.def", temperature=300.0)
    assert chain.is_flexible
    assert np.allclose(np.linalg.norm(np.diff(chain.conformers, axis=1), axis=2), 1.54)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("force_field_mixing_rules.def", "50.0 3.1", "fifty 3.1", r"rules.def:8: expected numbers"),
        ("force_field_mixing_rules.def", "50.0 3.1", "-50 3.1", r"rules.def:8: expected epsilon"),
        ("force_field_mixing_rules.def", "LENNARD_JONES", "BUCKINGHAM", r"rules.def:9: .*others?"),
        ("force_field_mixing_rules.def", "\n6\n", "\n5\n", r"was the number of interactions right"),
        (
            "force_field_mixing_rules.def",
            "\ntruncated\n",
            "\ncut\n",
            r"rules.def:2: expected",
        ),
        ("force_field_mixing_rules.def", "\nyes\n", "\nmaybe\n", r"rules.def:4: expected 'yes'"),
        ("pseudo_atoms.def", "15.9994 -0.4", "heavy -0.4", r"pseudo_atoms.def:4: expected numbers"),
        ("force_field.def", "78.98 3.237", "", r"force_field.def:5: expected 'lennard-jones'"),
        ("force_field.def", "# rules to overwrite\n0", "1", r"overwrite truncation"),
    ],
)
def test_slips_in_raspa_tables(folder: Path, name: str, old: str, new: str, said: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))
    with pytest.raises(ParseError, match=said):
        read_force_field(folder, framework=["O", "Si"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0 C_g\n", "0 Q_g\n", r"there is no 'Q_g' in force_field_mixing_rules.def"),
        ("flexible", "floppy", r"chain.def:6: expected 'rigid' or 'flexible'"),
        ("1 0 0 0 0 0 0 0 0 0 0 0\n", "1 0 0 0 0 0 0 0 0 0 1 0\n", r"only bonds, bends and tors"),
        ("HARMONIC_BEND", "COSINE_BEND", r"chain.def:14: expected 3 atoms, HARMONIC_BEND"),
        ("\n1\nflex", "\n2\nflex", r"several groups"),
        ("4000000.0\n", "", r"chain.def"),
    ],
)
def test_slips_in_molecules(folder: Path, old: str, new: str, said: str) -> None:
    assert old in CHAIN
    (folder / "chain.def").write_text(CHAIN.replace(old, new, 1))
    with pytest.raises(ParseError, match=said):
        read_gas(folder / "chain.def")


def test_a_molecule_needs_its_tables(tmp_path: Path) -> None:
    (tmp_path / "gas.def").write_text(MOLECULE)
    with pytest.raises(ConfigError, match=r"give their folder as tables="):
        read_gas(tmp_path / "gas.def")
