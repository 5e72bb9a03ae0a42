import pytest

from porescope.units import is_unit


@pytest.mark.parametrize(
    "text",
    ["mol/kg", "cm³(STP)/cm³", "1", "mol/(kg Pa)", "eV", "kJ/mol", "g/cm3", "m²/g", "1/cell",
     "%", "mg g^-1", "W/(m K)", "Å", "e", "per cell", "meV/atom"],
)  # fmt: skip
def test_units_of_the_field(text: str) -> None:
    assert is_unit(text)


@pytest.mark.parametrize("text", ["mol/kgg", "uptake", "", "2", "mol/foo"])
def test_what_is_none(text: str) -> None:
    assert not is_unit(text)
