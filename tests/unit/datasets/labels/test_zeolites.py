"""Label tables of zeolites."""

from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.labels.zeolites import aluminium_placements, iza_argon, iza_hydrogen
from porescope.errors import ConfigError


@pytest.mark.shared
def test_argon(shared_data: Path) -> None:
    table = iza_argon(shared_data / "labels")
    assert len(table.rows) == 205
    row = table.rows["ABW"]
    assert row["argon_87k_1atm_mol_per_kg"] == pytest.approx(8.3216414271)
    assert row["silica"] == 1.0
    assert table.rows["CLO"]["silica"] == 0.0
    assert not [name for name in table.columns if "heat" in name or "dH" in name]


@pytest.mark.shared
def test_hydrogen_at_every_state_point(shared_data: Path) -> None:
    table = iza_hydrogen(shared_data / "labels")
    assert len(table.rows) == 173
    points = [name for name in table.columns if name.endswith("k_1bar_mol_per_kg")]
    assert len(points) == 8
    row = table.rows["ABW"]
    # 151.83 molecules in 144 cells of ABW: 4 x 60.0843 g/mol of silica each.
    by_hand = 151.8313097350429 / 144 / (8 * 60.0843e-3)
    assert row["h2_77k_1bar_mol_per_kg"] == pytest.approx(by_hand, rel=1e-3)
    assert row["h2_77k_403.4bar_g_per_l"] > row["h2_77k_1bar_g_per_l"]


@pytest.mark.shared
def test_aluminium(shared_data: Path) -> None:
    labels = shared_data / "labels"
    n_rows = {"ITW": 762, "MFI": 3296, "MOR": 5011, "RHO": 1212}
    for code, n in n_rows.items():
        found = aluminium_placements(labels, code)
        assert found.aluminium.shape == (n, len(found.t_sites))
        np.testing.assert_array_equal(found.neighbours.sum(axis=1), 4)
        np.testing.assert_array_equal(found.neighbours, found.neighbours.T)
    with pytest.raises(ConfigError, match="'LTA'"):
        aluminium_placements(labels, "LTA")
