"""Models of gases as text."""

from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.gas_text import gas_model_from_text
from porescope.errors import ParseError

HEAD = (
    "# format = 1\n# gas = AB\n# model = mine\n# source = me\n# critical_temperature = 300\n"
    "# critical_pressure_pa = 4e6\n# acentric_factor = 0.1\n"
)
COLUMNS = "type,element,epsilon_k,sigma,charge,mass,x,y,z,source\n"
RIGID = "A,C,50,3,0.5,12,0,0,0,s\nB,O,60,3,-0.5,16,0,0,1.1,s\n"
CHAIN = "A,C,50,3,0,12,,,,s\nB,O,60,3,0,16,,,,s\nC,,60,3,0,16,,,,s\n"


def test_a_rigid_and_a_flexible_molecule() -> None:
    rigid = gas_model_from_text(HEAD + COLUMNS + RIGID)
    assert rigid.positions is not None
    assert [bead.number for bead in rigid.beads] == [6, 8]
    chain = gas_model_from_text(
        HEAD + "# bond = 1-2 1.5\n# bond = 2-3 1.4\n# bend = 1-2-3 120 60000\n" + COLUMNS + CHAIN
    )
    assert chain.positions is None
    assert chain.bonds[1].atoms == (1, 2)
    assert chain.bends[0].rest == pytest.approx(2.0 * np.pi / 3.0)
    assert chain.beads[2].number == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + COLUMNS, "one row per bead"),
        (HEAD + COLUMNS + RIGID.replace("-0.5", "-0.4"), "neutral molecule"),
        (HEAD + COLUMNS + RIGID.replace(",O,", ",Oo,"), r"g.csv:10: expected the symbol"),
        (HEAD + COLUMNS + RIGID.replace("1.1", ""), r"g.csv:10: expected a number for z"),
        (HEAD + COLUMNS + RIGID.replace(",12,", ",-12,"), r"g.csv:9: expected a mass"),
        (HEAD.replace("300", "-3") + COLUMNS + RIGID, "above zero"),
        (HEAD + "# bond = 1-9 1.5\n" + COLUMNS + CHAIN, r"g.csv:8: expected beads between 1 and 3"),
        (HEAD + "# bond = 1-2 1.1\n" + COLUMNS + RIGID, r"g.csv:10: expected no positions"),
        (HEAD + "# bond = 1-2\n" + COLUMNS + CHAIN, r"g.csv:8: expected 2 beads"),
    ],
)
def test_slips_are_errors_with_the_line(text: str, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        gas_model_from_text(text, path=Path("g.csv"))
