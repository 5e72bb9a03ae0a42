"""Each format, from files made here: the two peaks come back, with radiation and uncertainty."""

from __future__ import annotations

from pathlib import Path

import made_files as made
import numpy as np
import pytest

from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.reader import FORMATS, read_pattern, sniff_format


def read(
    tmp_path: Path, data: bytes, name: str = "scan.any", radiation: Radiation | None = None
) -> Pattern:
    path = tmp_path / name
    path.write_bytes(data)
    return read_pattern(path, radiation=radiation)


_POISSON = np.sqrt(made.COUNTS)
_CASES = {
    "xrdml": (made.xrdml(), 1.54, 2, _POISSON),
    "rasx": (made.rasx(), 1.54, 2, _POISSON),
    "ras": (made.ras(), 1.788965, 2, _POISSON),
    "brml": (made.brml(), 1.54, 2, _POISSON),
    "raw1": (made.raw1(), 1.54, 2, _POISSON),
    "raw2": (made.raw2(), 1.54, 2, _POISSON),
    "raw3": (made.raw3(), 1.54, 2, _POISSON),
    "raw4": (made.raw4(), 1.54, 2, _POISSON),
    "raw4 with wider records": (made.raw4(record=8), 1.54, 2, _POISSON),
    "stoe": (made.stoe(), 1.54056, 1, _POISSON),
    "stoe in 16 bits": (made.stoe(bits=16), 1.54056, 1, _POISSON),
    "uxd": (made.uxd(), 1.5406, 2, _POISSON),
    "uxd without angles": (made.uxd(angles=False), 1.5406, 2, _POISSON),
    "uxd in counts per second": (made.uxd(unit="CPS"), 1.5406, 2, np.sqrt(made.COUNTS * 2) / 2),
    "gsas STD": (made.gsas("STD"), 0.5, 1, np.sqrt(made.COUNTS / 2)),
    "gsas ESD": (made.gsas("ESD"), 0.5, 1, _POISSON),
    "gsas FXYE": (made.gsas("FXYE"), 0.5, 1, _POISSON),
    "gsas FXY": (made.gsas("FXY"), 0.5, 1, None),
    "gsas ALT": (made.gsas("ALT"), 0.5, 1, _POISSON),
    "pdcif": (made.pdcif(), 1.54056, 1, np.round(_POISSON)),
    "pdcif 2theta": (made.pdcif(axis="_pd_proc_2theta_corrected"), 1.54056, 1, None),
    "pdcif d": (made.pdcif(axis="_pd_proc_d_spacing"), 1.54056, 1, None),
    "udf": (made.udf(), 1.78897, 2, _POISSON),
    "mdi": (made.mdi(), 1.54056, 2, None),
    "cpi": (made.cpi(), 1.54056, 2, None),
    "objcryst": (made.objcryst(), 1.5, 1, _POISSON),
    "igor": (made.igor(), 0.0, 0, _POISSON),
    "grid": (made.grid(), 0.0, 0, None),
    "grid with sigma": (made.grid(with_sigma=True), 1.494, 1, _POISSON),
}


@pytest.mark.parametrize("case", _CASES)
def test_format_gives_back_the_pattern(tmp_path: Path, case: str) -> None:
    data, wavelength, n_lines, sigma = _CASES[case]
    pattern = read(tmp_path, data)
    assert pattern.source_format == case.split()[0]
    np.testing.assert_allclose(pattern.two_theta_deg, made.ANGLE, atol=2e-4)
    np.testing.assert_allclose(pattern.intensity, made.COUNTS, rtol=1e-6)
    if sigma is not None:
        np.testing.assert_allclose(pattern.sigma, sigma, rtol=0.05 if "ALT" in case else 2e-3)
    if n_lines:
        assert pattern.radiation is not None
        assert pattern.radiation.wavelength == pytest.approx(wavelength, abs=1e-6)
        assert len(pattern.radiation.wavelengths) == n_lines
    else:
        assert pattern.radiation is None


def test_every_format_has_a_case() -> None:
    covered = {case.split()[0] for case in _CASES} | {"xy"}
    assert {one.name for one in FORMATS} == covered


def test_neutrons_are_recognised(tmp_path: Path) -> None:
    for data in (made.objcryst(), made.grid(with_sigma=True)):
        radiation = read(tmp_path, data).radiation
        assert radiation is not None
        assert radiation.kind == "neutron"


def test_given_radiation_replaces_the_files(tmp_path: Path) -> None:
    given = Radiation(wavelengths=(0.7093,))
    pattern = read(tmp_path, made.xrdml(), radiation=given)
    assert pattern.radiation == given
    assert any("replaces" in note for note in pattern.notes)


def test_xrdml_multiplies_raw_counts_by_the_attenuation_factor(tmp_path: Path) -> None:
    factor = "<commonBeamAttenuationFactor>10.0</commonBeamAttenuationFactor>"
    counts = f'<counts unit="counts">{made.TEXT}</counts>'
    pattern = read(tmp_path, made.xrdml(values=counts, extra=factor))
    np.testing.assert_allclose(pattern.intensity, 10.0 * made.COUNTS)
    np.testing.assert_allclose(pattern.sigma, 10.0 * np.sqrt(made.COUNTS))


def test_xrdml_intensities_of_version_1_are_already_multiplied(tmp_path: Path) -> None:
    factor = "<commonBeamAttenuationFactor>4.0</commonBeamAttenuationFactor>"
    pattern = read(tmp_path, made.xrdml(extra=factor))
    np.testing.assert_allclose(pattern.intensity, made.COUNTS)
    np.testing.assert_allclose(pattern.sigma, 4.0 * np.sqrt(made.COUNTS / 4.0))


def test_xrdml_listed_positions_may_be_uneven(tmp_path: Path) -> None:
    angle = made.ANGLE + 0.01 * np.sin(np.arange(made.N))
    listed = " ".join(f"{x:.6f}" for x in angle)
    data = made.xrdml(positions=f"<listPositions>{listed}</listPositions>")
    np.testing.assert_allclose(read(tmp_path, data).two_theta_deg, angle, atol=1e-6)


def test_xrdml_appended_scans_are_added_up_and_said_so(tmp_path: Path) -> None:
    pattern = read(tmp_path, made.xrdml(scans=3))
    np.testing.assert_allclose(pattern.intensity, 3.0 * made.COUNTS)
    assert any("3 scans over the same angles were added up" in note for note in pattern.notes)


def test_xrdml_k_alpha_1_needs_a_monochromator(tmp_path: Path) -> None:
    plain = read(tmp_path, made.xrdml(intended="K-Alpha 1"))
    assert plain.radiation is not None
    assert plain.radiation.weights == (1.0, 0.4)
    assert any("no monochromator" in note for note in plain.notes)
    crystal = read(tmp_path, made.xrdml(intended="K-Alpha 1", optics="<monochromator/>"))
    assert crystal.radiation is not None
    assert crystal.radiation.wavelengths == (1.54,)
    assert crystal.radiation.name == "CuKa1"


def test_k_beta_is_taken_where_the_file_says_so(tmp_path: Path) -> None:
    radiation = read(tmp_path, made.xrdml(intended="K-Beta")).radiation
    assert radiation is not None
    assert radiation.wavelengths == (1.39,)


def test_rasx_attenuation_and_k_alpha_1(tmp_path: Path) -> None:
    pattern = read(tmp_path, made.rasx(factor="5", wave="Ka1"))
    np.testing.assert_allclose(pattern.intensity, 5.0 * made.COUNTS)
    np.testing.assert_allclose(pattern.sigma, 5.0 * np.sqrt(made.COUNTS))
    assert pattern.radiation is not None
    assert pattern.radiation.wavelengths == (1.54,)


def test_ranges_that_follow_each_other_are_joined(tmp_path: Path) -> None:
    pattern = read(tmp_path, made.raw3(ranges=2, shift=5.0))
    assert pattern.n_points == 2 * made.N
    assert any("2 ranges were joined" in note for note in pattern.notes)
    assert read(tmp_path, made.raw1(ranges=2)).n_points == 2 * made.N


def test_a_series_is_not_added_up(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="series of 60 scans"):
        read(tmp_path, made.raw3(ranges=60))


def test_overlapping_ranges_leave_one_and_say_so(tmp_path: Path) -> None:
    pattern = read(tmp_path, made.raw3(ranges=2, shift=1.0))
    assert pattern.n_points == made.N
    assert any("overlap" in note for note in pattern.notes)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (made.xrdml(axis="Omega"), "no θ–2θ powder scan but a scan along Omega"),
        (made.xrdml(kind="Area measurement"), "measurement of type 'Area measurement'"),
        (
            made.xrdml(axis="2Theta", positions="<commonPosition>30</commonPosition>"),
            "2θ stands still",
        ),
        (made.rasx(axis="Phi"), "scan along Phi"),
        (made.ras(axis="Omega"), "scan along Omega"),
        (made.ras(ended=False), "cut off"),
        (made.brml(axis="Chi", name="Chi scan"), "Chi scan along Chi, Theta"),
        (made.brml(data=False), "frames of an area detector"),
        (made.raw3(kind=3), "rocking curve"),
        (made.raw3(kind=5, ranges=4), r"phi scan \(4 of them"),
        (made.raw3(kind=77), "scan of type 77"),
        (made.raw4(kind=b"Rocking Curve"), "Rocking Curve"),
        (made.raw4(drive=5.0), "contradicts itself"),
        (made.raw4(record=7), "not plausible"),
        (made.raw4()[:-4], "cut off"),
        (made.stoe(step=0.0), "2θ stands still"),
        (made.stoe(step=0.06), "contradicts itself"),
        (made.stoe()[:-600], "cut off|between"),
        (made.uxd(drive="KHI"), "scan along KHI"),
        (made.gsas("FXYE").replace(b"CONST", b"SLOG "), "time-of-flight"),
        (made.gsas("STD")[:-200], "cut off"),
        (made.objcryst(spectrum="Time Of Flight"), "time-of-flight"),
        (made.grid()[:-60], "cut off"),
        (made.udf()[:-60], "cut off"),
        (made.mdi()[:-60], "cut off"),
        (made.cpi()[:-60], "cut off"),
        (b"FI\x00" + bytes(500), "Rigaku binary raw"),
        (b"V5RD" + bytes(500), "Philips RD"),
        (b"data_x\n_cell_length_a 10\nloop_\n_atom_site_label\nSi1\n", "without observed"),
        (b"data_x\nloop_\n_pd_meas_counts_total\n" + b"5\n" * 30, "angles"),
    ],
)
def test_other_scans_and_cut_files_are_refused_by_name(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    with pytest.raises(ParseError, match=reason):
        read(tmp_path, data)


def test_weights_that_are_sigmas_are_recognised(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(made.COUNTS)
    rows = "\n".join(
        f"{x:.3f} {y} {np.sqrt(y):.3f}" for x, y in zip(made.ANGLE, counts, strict=True)
    )
    head = "data_a\nloop_\n_pd_meas_2theta_scan\n_pd_proc_intensity_total\n_pd_proc_ls_weight\n"
    pattern = read(tmp_path, (head + rows).encode())
    np.testing.assert_allclose(pattern.sigma, np.sqrt(counts), atol=1e-3)
    assert any("weights are σ" in note for note in pattern.notes)


def test_sniffing_looks_at_the_content_and_not_at_the_name(tmp_path: Path) -> None:
    path = tmp_path / "scan.xy"
    path.write_bytes(made.raw3())
    assert sniff_format(path) == "raw3"


def test_the_documentation_names_every_format() -> None:
    text = (Path(__file__).parents[4] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert [one.name for one in FORMATS if f"`{one.name}`" not in text] == []
