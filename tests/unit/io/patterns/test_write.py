"""What is written is read back."""

from __future__ import annotations

from pathlib import Path

import made_files as made
import numpy as np
import pytest

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation, radiation_from_name
from porescope.io.patterns.reader import read_pattern
from porescope.io.patterns.write import write_pattern_csv, write_pattern_xye

_RADIATIONS = [
    None,
    radiation_from_name("CuKa"),
    radiation_from_name("CuKa1"),
    radiation_from_name("MoKa"),
    Radiation(wavelengths=(0.41,)),
    Radiation(kind="neutron", wavelengths=(1.594,)),
]


@pytest.mark.parametrize("radiation", _RADIATIONS)
def test_round_trip(tmp_path: Path, radiation: Radiation | None) -> None:
    pattern = Pattern(
        two_theta_deg=made.ANGLE,
        intensity=made.COUNTS,
        sigma=np.sqrt(made.COUNTS),
        radiation=radiation,
        name="a made pattern",
    )
    write_pattern_xye(pattern, tmp_path / "out.xye")
    write_pattern_csv(pattern, tmp_path / "out.csv")
    for name in ("out.xye", "out.csv"):
        again = read_pattern(tmp_path / name)
        np.testing.assert_allclose(again.two_theta_deg, made.ANGLE, rtol=1e-9)
        np.testing.assert_allclose(again.intensity, made.COUNTS)
        np.testing.assert_allclose(again.sigma, np.sqrt(made.COUNTS), rtol=1e-5)
    found = read_pattern(tmp_path / "out.xye").radiation
    if radiation is None:
        assert found is None
    else:
        assert found is not None
        assert found.kind == radiation.kind
        assert found.wavelengths == pytest.approx(radiation.wavelengths, abs=1e-6)
    assert {path.name for path in tmp_path.iterdir()} == {"out.xye", "out.csv"}


def test_nothing_is_left_where_the_folder_is_missing(tmp_path: Path) -> None:
    pattern = Pattern(two_theta_deg=made.ANGLE, intensity=made.COUNTS, sigma=np.sqrt(made.COUNTS))
    with pytest.raises(OSError, match="No such file"):
        write_pattern_xye(pattern, tmp_path / "missing" / "out.xye")
