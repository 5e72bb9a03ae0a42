"""Peaks are found where they are, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from porescope.diffraction.background import estimate_background
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.peak_shapes import peak_area, peak_profile
from porescope.diffraction.peaks import PeakConfig, PeakList, find_peaks, radiation_lines
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError

CU_KA = Radiation(wavelengths=(1.5405929, 1.5444274), weights=(1.0, 0.5), name="CuKa")
CU_KA1 = Radiation(wavelengths=(1.5405929,), name="CuKa1")


def _simulate(
    rng: np.random.Generator,
    *,
    n_peaks: int = 0,
    level: float = 100.0,
    fwhm: float = 0.1,
    step: float = 0.02,
    radiation: Radiation = CU_KA,
    top: float = 30.0,
) -> tuple[Pattern, np.ndarray]:
    """Random peaks on air scatter and a hump, counted; parameters of the peaks."""
    x = np.arange(4.0, 60.0, step)
    base = level * (1.0 + 6.0 * np.exp(-x / 4.0) + np.exp(-0.5 * ((x - 22.0) / 5.0) ** 2))
    rows = np.empty((n_peaks, 5))
    rows[:, 0] = np.sort(rng.uniform(5.0, 59.0, n_peaks))
    rows[:, 1] = level * 10.0 ** rng.uniform(-0.3, np.log10(top), n_peaks)
    rows[:, 2] = np.log(fwhm * (1.0 + 0.005 * rows[:, 0]))
    rows[:, 3] = rng.uniform(0.3, 0.7, n_peaks)
    rows[:, 4] = np.clip(0.02 / np.tan(np.deg2rad(rows[:, 0])), 0.0, 0.3)
    ratios, weights = radiation_lines(radiation)
    true = base + peak_profile(x, parameters=rows, line_ratios=ratios, line_weights=weights)
    counts = rng.poisson(true).astype(float)
    pattern = Pattern(
        two_theta_deg=x,
        intensity=counts,
        sigma=np.sqrt(np.maximum(counts, 1.0)),
        radiation=radiation,
    )
    return pattern, rows


def _isolated(rows: np.ndarray, *, widths: float = 4.0) -> np.ndarray:
    gap = np.diff(rows[:, 0], prepend=-99.0, append=999.0)
    return np.minimum(gap[:-1], gap[1:]) > widths * np.exp(rows[:, 2])


@pytest.mark.parametrize("level", [5.0, 100.0, 10_000.0])
def test_pure_background_has_no_peaks(level: float) -> None:
    rng = np.random.default_rng(11)
    counts = [find_peaks(_simulate(rng, level=level)[0]).n_peaks for _ in range(6)]
    assert np.mean(counts) < 1.0


@pytest.mark.parametrize(
    ("fwhm", "step", "radiation"),
    [(0.1, 0.02, CU_KA), (0.1, 0.02, CU_KA1), (0.4, 0.02, CU_KA), (0.02, 0.004, CU_KA1)],
)
def test_isolated_peaks_are_found_and_none_is_invented(
    fwhm: float, step: float, radiation: Radiation
) -> None:
    rng = np.random.default_rng(12)
    n_peaks = 30 if fwhm < 0.3 else 12
    expected = recalled = invented = 0
    errors: list[float] = []
    pulls: list[float] = []
    for _ in range(5):
        pattern, rows = _simulate(rng, n_peaks=n_peaks, fwhm=fwhm, step=step, radiation=radiation)
        found = find_peaks(pattern)
        distance = np.abs(found.two_theta_deg[:, None] - rows[None, :, 0])
        width = np.exp(rows[:, 2])
        for k in np.flatnonzero(_isolated(rows)):
            expected += 1
            nearest = int(np.argmin(distance[:, k]))
            if distance[nearest, k] < 0.5 * width[k]:
                recalled += 1
                errors.append(found.two_theta_deg[nearest] - rows[k, 0])
                pulls.append(errors[-1] / found.sigma_two_theta_deg[nearest])
        invented += int(np.sum(distance.min(axis=1) > 1.2 * width[distance.argmin(axis=1)]))
    assert recalled >= 0.97 * expected
    assert invented <= 2
    assert np.median(np.abs(errors)) < 0.05 * fwhm
    # uncertainties mean what they say, within the error of the shape
    assert 0.3 < 1.4826 * np.median(np.abs(pulls)) < 1.6


def test_doublets_make_one_peak_with_the_area_of_both() -> None:
    x = np.arange(50.0, 90.0, 0.02)
    rows = np.array(
        [[60.0, 4_000.0, np.log(0.12), 0.5, 0.0], [80.0, 3_000.0, np.log(0.12), 0.5, 0.0]]
    )
    ratios, weights = radiation_lines(CU_KA)
    true = 100.0 + peak_profile(x, parameters=rows, line_ratios=ratios, line_weights=weights)
    counts = np.random.default_rng(13).poisson(true).astype(float)
    pattern = Pattern(
        two_theta_deg=x, intensity=counts, sigma=np.sqrt(np.maximum(counts, 1.0)), radiation=CU_KA
    )
    found = find_peaks(pattern)
    assert found.two_theta_deg == pytest.approx([60.0, 80.0], abs=0.003)
    assert found.area == pytest.approx(peak_area(rows, line_weights=weights), rel=0.03)
    assert found.fwhm_deg == pytest.approx([0.12, 0.12], rel=0.06)
    assert found.wavelength == CU_KA.wavelength
    assert found.width_trend is not None
    alone = found.width_trend.fwhm_deg(np.array([60.0]))
    assert alone == pytest.approx([0.12], rel=0.15)


def test_overlapping_peaks_are_separated() -> None:
    x = np.arange(20.0, 40.0, 0.02)
    centres = [22.0, 25.0, 28.0, 30.0, 30.12, 34.0, 37.0]
    rows = np.array([[c, 5_000.0, np.log(0.1), 0.5, 0.0] for c in centres])
    one = np.ones(1)
    true = 100.0 + peak_profile(x, parameters=rows, line_ratios=one, line_weights=one)
    counts = np.random.default_rng(14).poisson(true).astype(float)
    pattern = Pattern(
        two_theta_deg=x, intensity=counts, sigma=np.sqrt(np.maximum(counts, 1.0)), radiation=CU_KA1
    )
    found = find_peaks(pattern)
    assert found.two_theta_deg == pytest.approx(centres, abs=0.006)


def test_mean_wavelength_of_copper_stands_for_both_lines() -> None:
    ratios, weights = radiation_lines(Radiation(wavelengths=(1.5418,)))
    assert len(ratios) == 2
    assert weights.tolist() == [1.0, 0.5]
    assert np.average(ratios, weights=weights) == pytest.approx(1.0, abs=2e-4)
    assert len(radiation_lines(Radiation(wavelengths=(1.5418,), kind="neutron"))[0]) == 1


def test_scale_of_the_intensities_does_not_matter() -> None:
    pattern, _ = _simulate(np.random.default_rng(15), n_peaks=20)
    scaled = Pattern(
        two_theta_deg=pattern.two_theta_deg,
        intensity=pattern.intensity * 1e-4,
        sigma=pattern.sigma * 1e-4,
        radiation=pattern.radiation,
    )
    one, other = find_peaks(pattern), find_peaks(scaled)
    assert other.two_theta_deg == pytest.approx(one.two_theta_deg, abs=1e-3)
    assert other.area == pytest.approx(one.area * 1e-4, rel=0.02)


def test_given_background_stands_and_config_is_obeyed() -> None:
    pattern, _ = _simulate(np.random.default_rng(16), n_peaks=20)
    every = find_peaks(pattern, background=estimate_background(pattern))
    high = find_peaks(pattern, config=PeakConfig(min_relative_height=0.2))
    assert 0 < high.n_peaks < every.n_peaks
    assert high.height.min() >= 0.2 * high.height.max()
    few = find_peaks(pattern, config=PeakConfig(max_peaks=5))
    assert few.n_peaks <= 5
    with pytest.raises(ConfigError, match="positive"):
        PeakConfig(min_signal_to_noise=0.0)
    with pytest.raises(ConfigError, match="positive"):
        PeakConfig(fwhm_deg=-1.0)


def test_unknown_wavelength_is_an_error() -> None:
    pattern = Pattern(
        two_theta_deg=np.arange(5.0, 9.0, 0.1), intensity=np.ones(40), sigma=np.ones(40)
    )
    with pytest.raises(ConfigError, match="wavelength"):
        find_peaks(pattern)


@pytest.mark.parametrize("intensity", [np.zeros(200), np.ones(200), np.arange(200.0)])
def test_featureless_data_have_no_peaks(intensity: np.ndarray) -> None:
    pattern = Pattern(
        two_theta_deg=np.linspace(5.0, 25.0, 200),
        intensity=intensity,
        sigma=np.sqrt(np.maximum(intensity, 1.0)),
        radiation=CU_KA1,
    )
    assert find_peaks(pattern).n_peaks == 0


def test_selection_keeps_all_columns() -> None:
    pattern, _ = _simulate(np.random.default_rng(17), n_peaks=15)
    found = find_peaks(pattern)
    few = found.strongest(4)
    assert few.n_peaks == 4
    assert np.all(np.diff(few.two_theta_deg) > 0.0)
    assert few.area.min() >= np.sort(found.area)[-4]
    assert few.eta is not None
    assert few.sigma_fwhm_deg is not None
    assert few.signal_to_noise.shape == (4,)
    assert few.d == pytest.approx(2.0 * np.pi / few.q)


def _measured(path: Path, radiation: Radiation) -> PeakList:
    x, y = np.loadtxt(path, unpack=True)
    return find_peaks(
        Pattern(
            two_theta_deg=x, intensity=y, sigma=np.sqrt(np.maximum(y, 1.0)), radiation=radiation
        )
    )


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "radiation", "cell", "n_first"),
    [
        # cubic I cells of about 17 Å (Park et al., https://doi.org/10.1073/pnas.0602439103)
        ("ZIF-8", CU_KA, 16.99, 12),
        ("ZIF-67", Radiation(wavelengths=(1.5418,)), 16.96, 10),
    ],
)
def test_measured_cubic_frameworks(
    shared_data: Path, name: str, radiation: Radiation, cell: float, n_first: int
) -> None:
    found = _measured(shared_data / "measured" / "porous" / name / "pattern.xy", radiation)
    strong = found.select((found.two_theta_deg < 40.0) & (found.signal_to_noise > 6.0))
    assert strong.n_peaks >= n_first
    sums = np.array([n for n in range(2, 120, 2) if _is_three_squares(n)])
    lines = np.rad2deg(2.0 * np.arcsin(0.5 * radiation.wavelength * np.sqrt(sums) / cell))
    angle = strong.two_theta_deg
    rest = np.array([lines[np.argmin(np.abs(lines - a))] - a for a in angle])
    # the cell and the sample's height make a smooth drift; what is left is the peaks' own error
    drift = np.polynomial.Polynomial.fit(angle, rest, 1)
    assert np.max(np.abs(drift(angle))) < 0.3
    assert np.quantile(np.abs(rest - drift(angle)), 0.9) < 0.015


def _is_three_squares(n: int) -> bool:
    return any(
        h * h + k * k + m * m == n for h in range(12) for k in range(h + 1) for m in range(k + 1)
    )


@pytest.mark.shared
def test_published_list_of_cimetidine(shared_data: Path) -> None:
    """The list that McMaille indexes cimetidine from agrees with the peaks found here."""
    listed = []
    for line in (shared_data / "reference/indexing/cim.dat").read_text().splitlines():
        words = line.replace(",", ".").split()
        if len(words) == 4 and not line.startswith("!"):
            listed.append(float(words[0]))
    words = (shared_data / "measured/other/cimetidine_FOX/cime.dat").read_text().split()
    counts = np.array(words[3:], dtype=float)
    pattern = Pattern(
        two_theta_deg=float(words[0]) + float(words[1]) * np.arange(len(counts)),
        intensity=counts,
        sigma=np.sqrt(np.maximum(counts, 1.0)),
        radiation=Radiation(wavelengths=(1.52904,)),
    )
    found = find_peaks(pattern).two_theta_deg
    rest = np.array([found[np.argmin(np.abs(found - angle))] - angle for angle in listed])
    assert len(listed) >= 20
    assert np.quantile(np.abs(rest - np.median(rest)), 0.9) < 0.01
    assert abs(np.median(rest)) < 0.02
