"""Every real file is read as an independent look at its bytes says, or refused by name.

``patterns_read.csv`` is made by ``make_patterns_read.py``, without porescope.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.reader import read_pattern, sniff_format

pytestmark = pytest.mark.shared

_TABLE = Path(__file__).parent / "patterns_read.csv"
_ROWS = list(csv.DictReader(_TABLE.read_text(encoding="utf-8").splitlines()))
_REFUSED = {
    "formats/TwoTheta_scan_scrambled.raw": "scrambled",
    "formats/bruker.UXD": "scan along PHI .68 of them: a texture or map",
    "formats/cod_9004112.cif": "CIF without observed powder intensities",
    "measured/porous/ZIF-67/671073.cif": "CIF without observed powder intensities",
    "measured/other/conograph_cimetidine_CuKa/Cimetidine-CuKa.inp.xml": "XML",
    "measured/other/DASH_cimetidine/Tutorial_03-cis.mol2": "mol2",
    "measured/other/NAC_11BM/meta.json": "JSON",
    "measured/other/sucrose/11bmb_8716.prm": "without columns of numbers",
}


def _as_text(radiation: Radiation | None) -> str:
    if radiation is None:
        return "none"
    return " ".join([radiation.kind, *(f"{one:g}" for one in radiation.wavelengths)])


@pytest.mark.parametrize("row", _ROWS, ids=[row["file"] for row in _ROWS])
def test_file_reads_as_its_bytes_say(shared_data: Path, row: dict[str, str]) -> None:
    path = shared_data / row["file"]
    pattern = read_pattern(path)
    assert pattern.source_format == row["format"]
    assert pattern.n_points == int(row["n_points"])
    # The table has eight digits; UXD rows have four, and the header's start and step are finer.
    tolerance = 6e-3 if row["format"] == "uxd" else 1e-5
    assert pattern.two_theta_deg[0] == pytest.approx(float(row["first_deg"]), abs=tolerance)
    assert pattern.two_theta_deg[-1] == pytest.approx(float(row["last_deg"]), abs=tolerance)
    step = np.ptp(pattern.two_theta_deg) / (pattern.n_points - 1)
    assert step == pytest.approx(
        float(row["mean_step_deg"]), rel=1e-4 if row["format"] == "uxd" else 1e-5
    )
    assert pattern.intensity.sum() == pytest.approx(float(row["sum"]), rel=1e-7)
    assert _as_text(pattern.radiation) == row["radiation"]


@pytest.mark.parametrize(("name", "reason"), _REFUSED.items())
def test_what_is_no_pattern_is_refused_by_name(shared_data: Path, name: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason) as caught:
        read_pattern(shared_data / name)
    assert "\n" not in str(caught.value)


def test_no_file_is_forgotten(shared_data: Path) -> None:
    known = {row["file"] for row in _ROWS} | set(_REFUSED)
    others = {".json", ".zmatrix", ".mol2", ".sdi", ".fcf", ".out", ".xyz", ".prm", ".instprm"}
    for folder in ("formats", "measured"):
        for path in sorted((shared_data / folder).rglob("*")):
            name = path.relative_to(shared_data).as_posix()
            if path.is_file() and name not in known and path.suffix not in others:
                with pytest.raises(ParseError):
                    read_pattern(path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("formats/BT86.raw", "formats/BT86_.UXD"),
        ("measured/porous/ZIF-8/JO_KL_16_ZF_3_60deg.rasx", "measured/porous/ZIF-8/pattern.xy"),
        (
            "measured/porous/ZIF-8_Cl/1860457_pdcif_original.cif",
            "measured/porous/ZIF-8_Cl/pattern.xy",
        ),
        (
            "measured/porous/Zn-MOF-74_neutron/1517474.cif",
            "measured/porous/Zn-MOF-74_neutron/pattern.xy",
        ),
        ("measured/porous/ZIF-67/data.csv", "measured/porous/ZIF-67/pattern.xy"),
        (
            "measured/other/cimetidine_FOX/Cimetidine-powder.xml",
            "measured/other/cimetidine_FOX/cime.dat",
        ),
        (
            "measured/other/crystalyze_LuOF/LuOF.cif",
            "measured/other/crystalyze_LuOF/Lu_O_F_raw.xy",
        ),
        (
            "measured/other/iucr_wm2446Isup2/wm2446Isup2.rtv.combined.cif",
            "measured/other/iucr_wm2446Isup2/pattern.xy",
        ),
    ],
)
def test_one_scan_in_two_formats(shared_data: Path, one: str, other: str) -> None:
    first, second = read_pattern(shared_data / one), read_pattern(shared_data / other)
    assert first.source_format != second.source_format
    # Text exports have three to five decimals.
    np.testing.assert_allclose(first.two_theta_deg, second.two_theta_deg, atol=6e-4)
    np.testing.assert_allclose(first.intensity, second.intensity, rtol=1e-6, atol=1e-3)
    if first.radiation is not None and second.radiation is not None:
        assert first.radiation.kind == second.radiation.kind
        assert first.radiation.wavelength == pytest.approx(second.radiation.wavelength, abs=1e-5)


def test_uncertainties_of_neutrons_come_from_the_parentheses(shared_data: Path) -> None:
    pattern = read_pattern(shared_data / "formats/1517474.cif")
    np.testing.assert_allclose(pattern.sigma[:3], [160.0, 140.0, 130.0])


def test_uncertainties_from_the_second_half_of_a_neutron_file(shared_data: Path) -> None:
    pattern = read_pattern(shared_data / "formats/PSI_DMC.dat")
    np.testing.assert_allclose(pattern.sigma[:3], [81.5, 82.5, 90.0])
    np.testing.assert_allclose(pattern.sigma[-2:], [89.5, 89.7])


def test_detector_scans_say_that_they_are_no_bragg_brentano_scans(shared_data: Path) -> None:
    for name in ("formats/empyrean.xrdml", "formats/TwoTheta_scan_powder.rasx"):
        notes = " ".join(read_pattern(shared_data / name).notes)
        assert "detector scan at the fixed incidence" in notes


def test_ranges_with_different_times_come_on_one_scale(shared_data: Path) -> None:
    pattern = read_pattern(shared_data / "formats/format1.raw")
    # 0.1 s a step: ten counts are a hundred counts a second, uncertain by sqrt(10) / 0.1.
    assert pattern.intensity[0] == pytest.approx(100.0, rel=1e-6)
    assert pattern.sigma[0] == pytest.approx(31.6228, rel=1e-5)
    assert any("different times" in note for note in pattern.notes)


def test_sniffing_agrees_with_reading(shared_data: Path) -> None:
    for row in _ROWS:
        found = sniff_format(shared_data / row["file"])
        assert found == {"xye": "xy", "csv": "xy"}.get(row["format"], row["format"])
