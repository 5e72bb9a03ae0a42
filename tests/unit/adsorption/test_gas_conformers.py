"""Shapes of flexible molecules: bonds that form no tree are refused."""

from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.gas_conformers import conformers
from porescope.adsorption.gas_text import gas_model_from_text
from porescope.errors import ConfigError

HEAD = (
    "# format = 1\n# gas = ABC\n# model = mine\n# source = me\n# critical_temperature = 300\n"
    "# critical_pressure_pa = 4e6\n# acentric_factor = 0.1\n"
)
ROWS = "type,element,epsilon_k,sigma,charge,mass,x,y,z,source\n" + "A,C,50,3,0,12,,,,s\n" * 3


def test_rings_and_loose_beads_are_refused() -> None:
    ring = "# bond = 1-2 1.5\n# bond = 2-3 1.5\n# bond = 1-3 1.5\n"
    with pytest.raises(ConfigError, match="form a ring"):
        conformers(gas_model_from_text(HEAD + ring + ROWS, path=Path("g")), temperature=300.0)
    with pytest.raises(ConfigError, match="do not join all"):
        conformers(gas_model_from_text(HEAD + "# bond = 1-2 1.5\n" + ROWS), temperature=300.0)


def test_an_angle_without_a_bend_is_free() -> None:
    free = "# bond = 1-2 1.5\n# bond = 2-3 1.4\n"
    shapes = conformers(gas_model_from_text(HEAD + free + ROWS), temperature=300.0, n_shapes=4000)
    one, other = shapes[:, 0] - shapes[:, 1], shapes[:, 2] - shapes[:, 1]
    cosine = np.einsum("sx,sx->s", one, other) / 1.5 / 1.4
    # The cosine of a free angle is uniform: mean 0, mean square 1/3.
    assert cosine.mean() == pytest.approx(0.0, abs=4.0 / np.sqrt(3 * 4000))
    assert np.mean(cosine**2) == pytest.approx(1.0 / 3.0, abs=0.02)
