"""Structures in VESTA files."""

import numpy as np
import pytest

from porescope.datasets.archives.vesta import crystal_from_vesta_text
from porescope.errors import ParseError

TEXT = """#VESTA_FORMAT_VERSION 3.5.4

CRYSTAL

GROUP
{group} 1 P 1
SYMOP
 0.0 0.0 0.0  1  0  0   0  1  0   0  0  1   1
CELLP
 10.0 11.0 12.0 90.0 90.0 120.0
  0.0 0.0 0.0 0.0 0.0 0.0
STRUC
  1 Si        Si1  1.0000   0.835900   0.238220   0.728940    1a       1
                            0.000000   0.000000   0.000000  0.00
  2 O         O1   0.5000   0.25       -0.5       0.0         1a       1
                            0.000000   0.000000   0.000000  0.00
  0 0 0 0 0 0 0
THERI 0
  1        Si1  1.000000
"""


def test_cell_and_atoms() -> None:
    crystal = crystal_from_vesta_text(TEXT.format(group=1), name="x")
    np.testing.assert_allclose(crystal.parameters, [10, 11, 12, 90, 90, 120])
    np.testing.assert_allclose(crystal.frac, [[0.8359, 0.23822, 0.72894], [0.25, -0.5, 0.0]])
    assert crystal.numbers.tolist() == [14, 8]
    assert crystal.occupancy.tolist() == [1.0, 0.5]
    assert crystal.labels == ("Si1", "O1")


def test_symmetry_and_other_text_are_refused() -> None:
    with pytest.raises(ParseError, match="in P1, got group 62"):
        crystal_from_vesta_text(TEXT.format(group=62))
    with pytest.raises(ParseError, match="CELLP and STRUC"):
        crystal_from_vesta_text("data_x")
