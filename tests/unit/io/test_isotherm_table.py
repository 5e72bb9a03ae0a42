"""Isotherms read from tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from porescope.errors import ParseError
from porescope.io.isotherm_table import read_isotherm_table


def written(folder: Path, text: str) -> Path:
    path = folder / "isotherm.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "row", "pascals", "mol_per_kg"),
    [
        ("pressure [bar], loading [mol/kg]", "0.5, 2.0", 5e4, 2.0),
        ("Pressure(Pa),Loading(mmol/g)", "100,0.2", 100.0, 0.2),
        ("pressure_pa,absolute_mol_per_kg", "100,0.2", 100.0, 0.2),
        ("p [kPa];uptake [cm3(STP)/g]", "10;22.413969545", 1e4, 1.0),
        ("pressure [atm]\tloading [mg/g]", "1\t44", 101325.0, 1.0),
    ],
)
def test_units_of_the_header_count(
    tmp_path: Path, header: str, row: str, pascals: float, mol_per_kg: float
) -> None:
    table = read_isotherm_table(written(tmp_path, f"{header}\n{row}\n"), molar_mass=44.0)
    assert table.pressures_pa == pytest.approx([pascals])
    assert table.loadings_mol_per_kg == pytest.approx([mol_per_kg])


def test_rows_come_by_rising_pressure_with_their_errors(tmp_path: Path) -> None:
    text = "# note\nPressure(Pa),Loading(mmol/g),Mean_Error(mmol/g),Temp(K)\n"
    text += "200,2,0.2,298\n100,1,0.1,298\n100,9,0.9,273\n"
    table = read_isotherm_table(written(tmp_path, text), temperature=298.0)
    np.testing.assert_allclose(table.pressures_pa, [100.0, 200.0])
    np.testing.assert_allclose(table.loadings_mol_per_kg, [1.0, 2.0])
    assert table.errors_mol_per_kg is not None
    np.testing.assert_allclose(table.errors_mol_per_kg, [0.1, 0.2])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("a,b\n1,2\n", "pressure"),
        ("pressure [bar],b\n1,2\n", "loading"),
        ("pressure [furlong],loading [mol/kg]\n1,2\n", "furlong"),
        ("pressure,loading [mol/kg]\n1,2\n", "missing"),
        ("pressure [bar],loading [spoons]\n1,2\n", "spoons"),
        ("pressure [bar],loading [g/L]\n1,2\n", "density"),
        ("pressure [bar],loading [mg/g]\n1,2\n", "--gas"),
        ("pressure [bar],loading [mol/kg]\n1,x\n", "'x'"),
        ("pressure [bar],loading [mol/kg]\n", "no rows"),
        ("pressure [bar],loading [mol/kg],T [K]\n1,1,298\n1,1,313\n", "298, 313 K"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ParseError, match=r"isotherm\.csv") as caught:
        read_isotherm_table(written(tmp_path, text))
    assert said in str(caught.value)
