"""Isotherms and mixtures."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.labels.isotherms import crafted_isotherms, cu_btc_mixture
from porescope.errors import ConfigError


@pytest.mark.shared
def test_isotherms_of_crafted(shared_data: Path) -> None:
    found = list(islice(crafted_isotherms(shared_data / "structures"), 48))
    # Eight schemes at three temperatures, for each framework and gas.
    assert len({(i.id, i.gas) for i in found}) == 2
    assert {i.temperature for i in found} == {273.0, 298.0, 323.0}
    assert len({(i.force_field, i.charge_method) for i in found}) == 8
    for isotherm in found:
        assert np.all(np.diff(isotherm.pressure_pa) > 0)
        assert np.all(isotherm.loading_mol_per_kg >= 0)


@pytest.mark.shared
def test_mixtures_in_cu_btc(shared_data: Path) -> None:
    labels = shared_data / "labels"
    table = cu_btc_mixture(labels, "Xe-Kr")
    assert table.gases == ("Xe", "Kr")
    assert table.uptake_as_stated.shape == (2499, 2)
    assert set(table.temperature.tolist()) == {300.0}
    wide = cu_btc_mixture(labels, "CO2-CH4", temperatures=True)
    assert len(set(wide.temperature.tolist())) == 11
    assert len(cu_btc_mixture(labels, "CO2-CH4", training=True).temperature) < 100
    with pytest.raises(ConfigError, match="the pairs are: CO2-CH4, H2S-CO2, Xe-Kr"):
        cu_btc_mixture(labels, "N2-O2")
