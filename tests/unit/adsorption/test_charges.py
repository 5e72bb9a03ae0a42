"""Where charges come from, and that they are neutral."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.charges import (
    charge_table_from_text,
    charge_table_named,
    charge_table_names,
    framework_charges,
    neutral,
)
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, ParseError


def _pairs(charges: np.ndarray | None = None) -> Crystal:
    """Two silicon and four oxygen atoms, Si - O bonded."""
    return Crystal(
        lattice=np.eye(3) * 12.0,
        frac=np.array(
            [[0, 0, 0], [0.13, 0, 0], [-0.13, 0, 0], [0.5, 0.5, 0.5], [0.63, 0.5, 0.5],
             [0.37, 0.5, 0.5]]
        ),
        numbers=np.array([14, 8, 8, 14, 8, 8]),
        occupancy=np.ones(6),
        u_iso=np.full(6, np.nan),
        charges=charges,
        labels=("Si1", "O1", "O2", "Si2", "O3", "O4"),
        name="pair",
    )  # fmt: skip


def _charges(crystal: Crystal, charges, *, needed: bool = True, field: str = "UFF"):
    return framework_charges(crystal, charges=charges, needs_charges=needed, field_name=field)


OWN = np.array([2.0, -1.0, -1.0, 1.0, -0.5, -0.5])


def test_auto_takes_the_cif_then_the_fields_table_then_none() -> None:
    found, source = _charges(_pairs(OWN), "auto")
    assert np.array_equal(found, OWN)
    assert source == "CIF"
    found, source = _charges(_pairs(), "auto", field="TraPPE-zeo")
    assert found.tolist() == [1.5, -0.75, -0.75, 1.5, -0.75, -0.75]
    assert source == "table TraPPE-zeo"
    # An uncharged gas takes no charges that the file does not state.
    assert _charges(_pairs(), "auto", needed=False, field="TraPPE-zeo")[1] == "none"
    assert _charges(_pairs(np.zeros(6)), "auto", needed=False)[1] == "none"


def test_each_way_names_its_source() -> None:
    crystal = _pairs(OWN)
    assert _charges(crystal, "cif")[1] == "CIF"
    assert _charges(crystal, "CO2 in zeolites")[0][0] == 0.78598
    assert _charges(crystal, charge_table_named("sodium zeolites"))[0][1] == -1.025
    assert _charges(crystal, OWN / 2.0)[1] == "given by atom"
    found, source = _charges(crystal, {"Si": 1.0, "O": -0.5, "O1": -0.4, "O2": -0.6})
    assert found.tolist() == [1.0, -0.4, -0.6, 1.0, -0.5, -0.5]
    assert source == "given by label or element"
    found, source = _charges(crystal, "EQeq")
    assert source.startswith("EQeq")
    assert found[0] > 0.0 > found[1]


def test_a_model_is_a_function_of_the_crystal() -> None:
    class Model:
        name = "learned, version 3"

        def __call__(self, crystal: Crystal) -> np.ndarray:
            return np.where(crystal.numbers == 14, 0.8, -0.4)

    found, source = _charges(_pairs(), Model())
    assert source.startswith("learned, version 3")
    assert found[0] == pytest.approx(0.8)

    def by_hand(crystal: Crystal) -> np.ndarray:
        return np.zeros(crystal.n_atoms)

    assert _charges(_pairs(), by_hand)[1] == "by_hand"


def test_missing_charges_say_how_to_give_them() -> None:
    with pytest.raises(ConfigError, match=r"the gas has charges and pair has none; give .*'eqeq'"):
        _charges(_pairs(), "auto")
    with pytest.raises(ConfigError, match="has none"):
        _charges(_pairs(OWN), "none")
    with pytest.raises(ConfigError, match="states no charges"):
        _charges(_pairs(), "cif")
    with pytest.raises(ConfigError, match=r"no charge for O1 \(O, atom 1\)"):
        _charges(_pairs(), {"Si": 1.0})
    with pytest.raises(ConfigError, match=r"no charge table 'ddec'; expected 'auto'.*TraPPE-zeo"):
        _charges(_pairs(), "ddec")
    germanium = replace(_pairs(), numbers=np.array([32, 8, 8, 14, 8, 8]))
    with pytest.raises(ConfigError, match=r"TraPPE-zeo has no charge for Si1 \(Ge, atom 0\)"):
        _charges(germanium, "TraPPE-zeo")


def test_a_charged_cell_is_refused_with_its_total() -> None:
    crystal = _pairs()
    with pytest.raises(ConfigError, match=r"add up to \+0\.0200 e per cell"):
        neutral(crystal, OWN + 0.02 / 6.0, source="CIF")
    with pytest.raises(ConfigError, match="one charge for each of the 6 atoms"):
        neutral(crystal, OWN[:5], source="CIF")
    bad = OWN.copy()
    bad[2] = np.nan
    with pytest.raises(ConfigError, match=r"charge of O2 \(O, atom 2\) from CIF is no number"):
        neutral(crystal, bad, source="CIF")


def test_charges_that_nobody_needs_do_not_stand_in_the_way() -> None:
    charged = _pairs(OWN + 1.0)
    found, source = _charges(charged, "auto", needed=False)
    assert not np.any(found)
    assert source == "none (those of the CIF add up to +6.0000 e and are not needed)"
    for needed, word in ((True, "auto"), (False, "cif")):
        with pytest.raises(ConfigError, match=r"add up to \+6\.0000 e"):
            _charges(charged, word, needed=needed)


def test_rounding_is_spread_and_said() -> None:
    found, source = neutral(_pairs(), OWN + 0.001, source="CIF")
    assert found.sum() == pytest.approx(0.0, abs=1e-12)
    assert np.allclose(found, OWN)
    assert source == "CIF; +6.0e-03 e per cell spread evenly"


def test_packaged_tables_are_neutral_for_their_compositions() -> None:
    assert set(charge_table_names()) == {"TraPPE-zeo", "CO2 in zeolites", "sodium zeolites"}
    for name in charge_table_names():
        table = charge_table_named(name)
        charge = dict(zip(table.types, table.charges, strict=True))
        assert charge["Si"] + 2.0 * charge["O"] == pytest.approx(0.0, abs=1e-9)
        assert table.citation
        if "Al" in charge:
            # One silicon and its four oxygen neighbours changed for one sodium.
            change = charge["Al"] - charge["Si"] + 4.0 * (charge["O_Al"] - charge["O"])
            assert change + charge["Na"] == pytest.approx(0.0, abs=1e-4)


def test_slips_in_a_table_are_errors_with_the_line() -> None:
    text = "# format = 1\n# name = x\n# citation = y\ntype,element,neighbours,charge,source\n"
    with pytest.raises(ParseError, match=r"c.csv:5: expected the symbol of an element, got 'Q'"):
        charge_table_from_text(text + "Q,Q,,1,s\n", path=Path("c.csv"))
    with pytest.raises(ParseError, match=r"c.csv:5: expected the source"):
        charge_table_from_text(text + "O,O,,1,\n", path=Path("c.csv"))
