"""Label tables of metal-organic frameworks."""

from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.labels.mofs import (
    core_co2_ch4,
    core_mof_geometry,
    core_n2,
    hmof_gas_uptake,
    qmof_band_gap,
)
from porescope.errors import ParseError


@pytest.mark.shared
def test_sizes_and_values(shared_data: Path) -> None:
    labels = shared_data / "labels"
    gaps = qmof_band_gap(labels).values("band_gap_pbe_ev")
    assert len(gaps) == 19635
    assert gaps["qmof-019ba28"] == pytest.approx(1.134232)
    nitrogen = core_n2(labels)
    assert len(nitrogen.rows) == 2690
    assert nitrogen.rows["ABAYOU"]["n2_298k_1bar_mol_per_kg"] == pytest.approx(0.304545299)
    assert len(core_co2_ch4(labels).rows) == 1910
    uptake = hmof_gas_uptake(labels)
    assert len(uptake.rows) == 430
    assert uptake.rows["hMOF-1000366"]["co2_2.5bar_mol_per_kg"] == pytest.approx(4.72208)


@pytest.mark.shared
def test_the_density_of_core_is_a_density(shared_data: Path) -> None:
    table = core_mof_geometry(shared_data / "labels")
    assert len(table.rows) == 11479
    by_mass = table.values("accessible_volume_cm3_per_g")
    by_volume = table.values("accessible_void_fraction")
    density = table.values("density_g_per_cm3")
    ratio = np.array([by_volume[i] / by_mass[i] / density[i] for i in density])
    np.testing.assert_allclose(ratio, 1.0, atol=2e-5)
    assert table.rows["ACECIV_ion_b"]["metals"] == "Pb,K"
    assert table.rows["ACECIV_ion_b"]["has_open_metal_site"] == 1.0


@pytest.mark.shared
def test_nitrogen_at_low_pressure_follows_henry(shared_data: Path) -> None:
    table = core_n2(shared_data / "labels")
    henry = table.values("henry_n2_298k_mol_per_kg_pa")
    low = table.values("n2_298k_0.01bar_mol_per_kg")
    ratio = np.array([low[i] / (henry[i] * 1e3) for i in henry if henry[i] > 1e-6])
    assert 0.95 < np.median(ratio) < 1.05


def test_two_different_rows_for_one_structure_are_an_error(tmp_path: Path) -> None:
    table = tmp_path / "qmof_band_gap.csv"
    table.write_text("qmof_id,band_gap_pbe_ev\na,1\na,1\n")
    assert qmof_band_gap(tmp_path).values("band_gap_pbe_ev") == {"a": 1.0}
    table.write_text("qmof_id,band_gap_pbe_ev\na,1\na,2\n")
    with pytest.raises(ParseError, match="two different rows for a"):
        qmof_band_gap(tmp_path)
