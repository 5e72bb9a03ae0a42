"""Columns of text in every usual dress."""

from __future__ import annotations

from pathlib import Path

import made_files as made
import numpy as np
import pytest

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.reader import read_pattern


def read(
    tmp_path: Path,
    data: bytes | str,
    name: str = "scan.txt",
    radiation: Radiation | None = None,
) -> Pattern:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_pattern(path, radiation=radiation)


@pytest.mark.parametrize(
    "data",
    [
        made.table(" "),
        made.table("   "),
        made.table(","),
        made.table(", "),
        made.table(";"),
        made.table("\t"),
        made.table(" ", comma=True),
        made.table(";", comma=True),
        made.table("\t", comma=True),
        made.table(",", head="2theta,intensity\n"),
        made.table(";", head="Angle;Counts\n"),
        made.table("\t", head="# a comment\n! another\n2Theta\tI(obs)\n"),
        made.table(",").replace(b"\n", b"\r\n"),
        made.table(",").replace(b"\n", b",\n"),
        b"\xef\xbb\xbf" + made.table(","),
        made.table(",").decode().encode("utf-16"),
        made.table(" ").replace(b".000 ", b".000E+00 "),
        made.table("\t", head="[Measurement conditions]\nTime per step,2\n[Scan points]\n"),
        made.table(" ") + b"\x1a",
    ],
)
def test_separators_decimals_and_encodings(tmp_path: Path, data: bytes) -> None:
    pattern = read(tmp_path, data)
    np.testing.assert_allclose(pattern.two_theta_deg, made.ANGLE, atol=1e-3)
    np.testing.assert_allclose(pattern.intensity, made.COUNTS)
    assert pattern.radiation is None


def test_third_column_of_uncertainties(tmp_path: Path) -> None:
    pattern = read(tmp_path, made.table(" ", sigma=True), "scan.xye")
    np.testing.assert_allclose(pattern.sigma, np.sqrt(made.COUNTS), atol=1e-3)
    named = read(tmp_path, made.table(",", sigma=True, head="tth,I,esd\n"))
    np.testing.assert_allclose(named.sigma, np.sqrt(made.COUNTS), atol=1e-3)


def test_third_column_that_is_a_background_is_left_out(tmp_path: Path) -> None:
    rows = "\n".join(f"{x:.3f} {y:.0f} 9000" for x, y in zip(made.ANGLE, made.COUNTS, strict=True))
    pattern = read(tmp_path, rows)
    assert pattern.sigma.max() < 1000
    assert any("does not look like" in note for note in pattern.notes)


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    rows = "\n".join(
        f"{i},{y:.0f},{x:.3f}" for i, (x, y) in enumerate(zip(made.ANGLE, made.COUNTS, strict=True))
    )
    pattern = read(tmp_path, f"no,intensity,2theta\n{rows}\n")
    np.testing.assert_allclose(pattern.two_theta_deg, made.ANGLE)
    np.testing.assert_allclose(pattern.intensity, made.COUNTS)


def test_further_samples_are_left_out_and_said_so(tmp_path: Path) -> None:
    pairs = zip(made.ANGLE, made.COUNTS, strict=True)
    rows = "\n".join(f"{x:.3f},{y:.0f},{2 * y:.0f}" for x, y in pairs)
    pattern = read(tmp_path, f"2theta,sample A,sample B\n{rows}\n")
    np.testing.assert_allclose(pattern.intensity, made.COUNTS)
    assert any("'sample B' left out" in note for note in pattern.notes)


def test_row_numbers_are_skipped(tmp_path: Path) -> None:
    pairs = zip(made.ANGLE, made.COUNTS, strict=True)
    rows = "\n".join(f"{i} {x:.3f} {y:.0f}" for i, (x, y) in enumerate(pairs, start=1))
    pattern = read(tmp_path, rows)
    np.testing.assert_allclose(pattern.two_theta_deg, made.ANGLE)
    assert any("counts the rows" in note for note in pattern.notes)


@pytest.mark.parametrize("head", ["theta,intensity", "theta (deg),I", "Θ,counts"])
def test_theta_is_taken_as_two_theta_and_said_so(tmp_path: Path, head: str) -> None:
    pattern = read(tmp_path, made.table(",", head=f"{head}\n"))
    np.testing.assert_allclose(pattern.two_theta_deg, made.ANGLE)
    assert any("taken as 2θ" in note for note in pattern.notes)


def test_half_angles_are_doubled_where_the_header_is_clear(tmp_path: Path) -> None:
    pattern = read(tmp_path, made.table(",", head="Bragg angle,intensity\n"))
    np.testing.assert_allclose(pattern.two_theta_deg, 2.0 * made.ANGLE)


def test_radians_by_their_header(tmp_path: Path) -> None:
    pairs = zip(np.radians(made.ANGLE), made.COUNTS, strict=True)
    rows = "\n".join(f"{x:.8f},{y:.0f}" for x, y in pairs)
    pattern = read(tmp_path, f"2theta_rad,intensity\n{rows}\n")
    np.testing.assert_allclose(pattern.two_theta_deg, made.ANGLE, atol=1e-5)


@pytest.mark.parametrize(
    ("head", "scale"), [("q,I", 1.0), ("Q (1/A),intensity", 1.0), ("q_nm-1,intensity", 10.0)]
)
def test_q_axis_needs_the_wavelength(tmp_path: Path, head: str, scale: float) -> None:
    wavelength = 1.5406
    q = scale * 4.0 * np.pi * np.sin(np.radians(made.ANGLE / 2.0)) / wavelength
    rows = "\n".join(f"{x:.8f},{y:.0f}" for x, y in zip(q, made.COUNTS, strict=True))
    with pytest.raises(ParseError, match=r"the axis is Q.*--wavelength"):
        read(tmp_path, f"{head}\n{rows}\n")
    given = Radiation(wavelengths=(wavelength,))
    pattern = read(tmp_path, f"{head}\n{rows}\n", radiation=given)
    np.testing.assert_allclose(pattern.two_theta_deg, made.ANGLE, atol=1e-5)


def test_d_axis_is_turned_round(tmp_path: Path) -> None:
    d = 1.5406 / 2.0 / np.sin(np.radians(made.ANGLE / 2.0))
    rows = "\n".join(f"{x:.8f} {y:.0f}" for x, y in zip(d, made.COUNTS, strict=True))
    data = f"# wavelength 1.5406\nd-spacing intensity\n{rows}\n"
    pattern = read(tmp_path, data)
    np.testing.assert_allclose(pattern.two_theta_deg, made.ANGLE, atol=1e-4)
    np.testing.assert_allclose(pattern.intensity, made.COUNTS)
    short = Radiation(wavelengths=(18.0,))
    with pytest.raises(ParseError, match="cannot reach"):
        read(tmp_path, data, radiation=short)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("Raman shift,intensity", "optical spectrum"),
        ("wavenumber,intensity", "optical spectrum"),
        ("energy,counts", "energy-dispersive"),
        ("tof,counts", "time-of-flight"),
        ("chi,counts", "texture"),
        ("omega,counts", "rocking curve"),
        ("pressure,counts", "isotherm"),
        ("temperature,counts", "temperature"),
    ],
)
def test_other_measurements_are_refused_by_name(tmp_path: Path, head: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        read(tmp_path, made.table(",", head=f"{head}\n"))


@pytest.mark.parametrize(
    ("head", "wavelengths"),
    [
        ("1.5285\n", (1.5285,)),
        ("# Calibrated wavelength = 0.414581\n", (0.414581,)),
        ("# lambda: 0.7093 A\n", (0.7093,)),
        ("# wavelength 1.5406/1.5444 (Cu Ka) A\n", (1.5406, 1.5444)),
        ('\'Anode: "Cu" Scantype: "Coupled"\n', (1.54059, 1.54443)),
        ("Anode material,Mo\nK-Alpha1 wavelength,0.70932\n", (0.70932, 0.71361)),
        ("# CuKa1 radiation\n", (1.54059,)),
        ("# == pyFAI calibration ==\n# wavelength: 4.1327e-11\n", (0.41327,)),
        ("# Wavelength: 4.1327e-11 m\n", (0.41327,)),
        ("# wavelength (nm): 0.15406\n", (1.5406,)),
        ("# wavelength = 0.070932 nm\n", (0.70932,)),
        ("# Wavelength=154.06 pm\n", (1.5406,)),
        ("# beam energy = 60.0 keV\n", (0.206640,)),
        ("# PHD energy window 4.02 keV\n", None),
        ("# Cu Ka; compare with the neutron pattern\n", (1.54059, 1.54443)),
        ("# K-Alpha1 [Å],1.5406\n# K-Alpha2 [Å],1.5444\n", (1.5406, 1.5444)),
        ("# Cu K-beta\n", (1.39223,)),
        ("# Cobalt anode\n", None),
        ("# a sample of Cu with K\n", None),
        ("# temperature 1.5406\n", None),
    ],
)
def test_radiation_from_the_header(
    tmp_path: Path, head: str, wavelengths: tuple[float, ...] | None
) -> None:
    radiation = read(tmp_path, made.table(" ", head=head)).radiation
    if wavelengths is None:
        assert radiation is None
    else:
        assert radiation is not None
        assert radiation.wavelengths == pytest.approx(wavelengths, abs=2e-5)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    lines = made.table(" ").splitlines()
    lines[40] = b"here the export broke"
    with pytest.raises(ParseError, match="here the export") as caught:
        read(tmp_path, b"\n".join(lines))
    assert caught.value.line == 41


def test_a_footer_is_left_out_and_said_so(tmp_path: Path) -> None:
    pattern = read(tmp_path, made.table(" ") + b"end of the measurement\n")
    assert pattern.n_points == made.N
    assert any("left out" in note for note in pattern.notes)
