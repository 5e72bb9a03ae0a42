"""The relaxed silica frameworks of the package."""

import numpy as np
import pytest

from porescope.errors import ConfigError
from porescope.reticular.silica import (
    crystal_of_entry,
    silica_entries,
    silica_framework,
    silica_geometry,
)

ENTRIES = silica_entries()
SAMPLE = sorted(ENTRIES)[::12]


def test_how_many_there_are() -> None:
    assert len(ENTRIES) > 240
    assert {"CHA", "MFI", "FAU", "LTA", "SOD", "ANA", "BEA", "MOR"} <= set(ENTRIES)


@pytest.mark.parametrize("code", SAMPLE)
def test_bonds_and_angles_are_those_of_silica(code: str) -> None:
    crystal = crystal_of_entry(ENTRIES[code])
    geometry = silica_geometry(crystal)
    assert geometry.si_o[0] > 1.57
    assert geometry.si_o[1] < 1.63
    # strained four-rings of a few frameworks reach 10° from the tetrahedral angle
    assert geometry.o_si_o[0] > 99.0
    assert geometry.o_si_o[1] < 120.0
    silicon = int((crystal.numbers == 14).sum())
    assert crystal.n_atoms - silicon >= 2 * silicon


def test_cells_stay_near_those_of_the_database() -> None:
    change = np.array([entry.volume_ratio for entry in ENTRIES.values()]) - 1.0
    assert np.mean(np.abs(change) < 0.03) > 0.9
    assert np.abs(np.median(change)) < 0.005


def test_codes_are_found_in_any_case() -> None:
    crystal = silica_framework("cha")
    assert crystal.name == "CHA"
    assert crystal.formula == "O2Si"
    assert crystal.n_atoms == 108
    with pytest.raises(ConfigError, match="XYZ"):
        silica_framework("XYZ")
