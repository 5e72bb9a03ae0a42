"""Force fields as text: rows become types and pairs, slips are errors with the line."""

from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.field_text import field_from_text
from porescope.errors import ConfigError, ParseError

HEAD = (
    "# format = 1\n# name = mine\n# citation = me\n# mixing = geometric\n# cutoff = 13\n"
    "# truncation = truncated\n# tail_correction = yes\n# gas_model = CH4 TraPPE\n"
    "kind,type,element,neighbours_or_second,epsilon_k,sigma,source\n"
)
ROWS = "atom,O,O,,50,3.1,s\natom,O_Al,O,Al Si,60,3.2,s\natom,Na,Na,,,,s\npair,Na,,CH4,500,2.7,s\n"


def test_rows_become_types_and_pairs() -> None:
    field = field_from_text(HEAD + ROWS)
    assert field.describe() == "mine, geometric mixing, truncated at 13 Å, with tail correction"
    assert field.gas_models == (("CH4", "TraPPE"),)
    assert [each.neighbours for each in field.types] == [(), ("Al", "Si"), ()]
    assert np.isnan(field.types[2].epsilon_k)
    assert field.mixed(("Na", np.nan, np.nan), ("CH4", 148.0, 3.73)) == (500.0, 2.7)
    assert field.mixed(("O", 50.0, 3.0), ("X", 2.0, 12.0)) == pytest.approx((10.0, 6.0))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("atom,O,Oo,,50,3.1,s\n", r"f.csv:10: expected the symbol of an element, got 'Oo'"),
        ("atom,O,O,,50,3.1,\n", r"f.csv:10: expected the source"),
        ("bond,O,O,,50,3.1,s\n", r"expected the kind 'atom' or 'pair', got 'bond'"),
        ("atom,O,O,,-5,3.1,s\n", r"expected epsilon between 0"),
        ("atom,O,O,,50,31,s\n", r"expected sigma between"),
        ("atom,O,O,,50,,s\n", r"expected a number for sigma"),
        ("atom,O,O,,50,3.1,s\natom,O,O,Si,50,3.1,s\n", r"a name of its own"),
        ("atom,O,O,,50,3.1,s\natom,P,O,,50,3.1,s\n", r"stand for the same atoms"),
        ("pair,O,,CH4,50,3,s\n", r"expected rows of kind 'atom'"),
        (ROWS + "pair,CH4,,Na,500,2.7,s\n", r"stands there twice"),
    ],
)
def test_slips_are_errors_with_the_line(rows: str, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        field_from_text(HEAD + rows, path=Path("f.csv"))


def test_options_are_checked() -> None:
    with pytest.raises(ParseError, match="expected mixing to be one of"):
        field_from_text(HEAD.replace("geometric", "kong") + ROWS)
    with pytest.raises(ConfigError, match="shifted potential has no tail"):
        field_from_text(HEAD.replace("= truncated", "= shifted") + ROWS)
    with pytest.raises(ConfigError, match="cutoff between 5 and 40"):
        field_from_text(HEAD.replace("= 13", "= 1.3") + ROWS)
