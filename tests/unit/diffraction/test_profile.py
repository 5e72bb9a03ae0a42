"""Line profiles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import voigt_profile

from porescope.diffraction.profile import (
    ProfileParameters,
    axial_divergence,
    peak_profile_kernels,
    profile_on_grid,
    pseudo_voigt_from_widths,
    sum_of_peaks,
    tch_widths,
)

GRID = np.linspace(5.0, 55.0, 5001)


def one_peak(position: float, fwhm: float, eta: float, **options) -> np.ndarray:
    return sum_of_peaks(
        GRID,
        position_deg=np.array([position]),
        fwhm_deg=np.array([fwhm]),
        eta=np.array([eta]),
        area=np.ones(1),
        **options,
    )


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
def test_area_and_width(eta: float) -> None:
    peak = one_peak(30.0, 0.2, eta, cut=100.0)
    # a Lorentzian keeps 2/(pi 2 cut) of its area outside of the cut
    assert np.trapezoid(peak, GRID) == pytest.approx(1.0, abs=4e-3)
    above = GRID[peak >= 0.5 * peak.max()]
    assert above[-1] - above[0] == pytest.approx(0.2, abs=0.011)


def test_rows_add_up_to_the_sum() -> None:
    rng = np.random.default_rng(0)
    position, fwhm = rng.uniform(0.0, 60.0, 30), rng.uniform(0.05, 0.5, 30)
    eta, area = rng.uniform(size=30), rng.uniform(size=30)
    rows = peak_profile_kernels(
        GRID, position_deg=position, fwhm_deg=fwhm, eta=eta, cut=15.0, derivatives=False
    )
    assert rows.d_eta.size == 0
    total = np.zeros(len(GRID))
    for i in range(30):
        run = rows.value[rows.offset[i] : rows.offset[i + 1]]
        total[rows.first[i] : rows.first[i] + len(run)] += area[i] * run
    expected = sum_of_peaks(
        GRID, position_deg=position, fwhm_deg=fwhm, eta=eta, area=area, cut=15.0
    )
    np.testing.assert_allclose(total, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("parameter", ["position_deg", "fwhm_deg", "eta"])
def test_derivatives_are_numerical_ones(parameter: str) -> None:
    values = {
        "position_deg": np.array([30.003]),
        "fwhm_deg": np.array([0.23]),
        "eta": np.array([0.4]),
    }
    rows = peak_profile_kernels(GRID, cut=10.0, **values)
    step = 1e-6
    sums = []
    for sign in (1.0, -1.0):
        moved = {**values, parameter: values[parameter] + sign * step}
        sums.append(sum_of_peaks(GRID, area=np.ones(1), cut=10.0, **moved))
    numerical = (sums[0] - sums[1]) / (2.0 * step)
    name = {"position_deg": "d_position", "fwhm_deg": "d_fwhm", "eta": "d_eta"}[parameter]
    found = getattr(rows, name)
    inner = slice(rows.first[0] + 1, rows.first[0] + len(found) - 1)
    np.testing.assert_allclose(found[1:-1], numerical[inner], atol=1e-6 * np.abs(found).max())


def test_peaks_beyond_the_grid_or_without_width_are_harmless() -> None:
    rows = peak_profile_kernels(
        GRID,
        position_deg=np.array([-10.0, np.nan, 30.0, 200.0]),
        fwhm_deg=np.array([0.1, 0.1, 0.0, 0.1]),
        eta=np.full(4, 0.5),
    )
    assert rows.offset.tolist() == [0] * 5


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0, 3.0])
def test_pseudo_voigt_is_near_the_voigt(ratio: float) -> None:
    gauss, lorentz = 0.2, 0.2 * ratio
    fwhm, eta = pseudo_voigt_from_widths(np.array([gauss]), lorentz=np.array([lorentz]))
    found = one_peak(30.0, fwhm[0], eta[0], cut=200.0)
    exact = voigt_profile(GRID - 30.0, gauss / np.sqrt(8.0 * np.log(2.0)), lorentz / 2.0)
    # TCH: the approximation is good to about 1.3 % of the height
    assert np.abs(found - exact).max() < 0.014 * exact.max()


def test_widths_follow_caglioti_and_size() -> None:
    angles = np.array([20.0, 60.0, 120.0])
    theta = np.deg2rad(angles / 2)
    gauss = ProfileParameters(u_deg2=0.02, v_deg2=-0.01, w_deg2=0.01, x_deg=0.0)
    fwhm, eta = tch_widths(angles, profile=gauss)
    expected = np.sqrt(0.02 * np.tan(theta) ** 2 - 0.01 * np.tan(theta) + 0.01)
    np.testing.assert_allclose(fwhm, expected)
    np.testing.assert_allclose(eta, 0.0)
    lorentz = ProfileParameters(w_deg2=0.0, x_deg=0.05, y_deg=0.1)
    fwhm, eta = tch_widths(angles, profile=lorentz)
    np.testing.assert_allclose(fwhm, 0.05 / np.cos(theta) + 0.1 * np.tan(theta))
    np.testing.assert_allclose(eta, 1.0, atol=1e-12)


def test_negative_squares_give_the_smallest_width() -> None:
    bad = ProfileParameters(u_deg2=0.0, v_deg2=-1.0, w_deg2=0.0, x_deg=0.0, min_fwhm_deg=0.01)
    fwhm, eta = tch_widths(np.array([90.0]), profile=bad)
    assert fwhm[0] == 0.01
    assert eta[0] == 0.0


@pytest.mark.parametrize(("fwhm", "eta"), [(0.1, 0.5), (0.3, 0.0), (0.05, 1.0), (0.2, 0.9)])
def test_profile_from_one_width(fwhm: float, eta: float) -> None:
    profile = ProfileParameters.from_fwhm(fwhm, eta=eta)
    found, found_eta = tch_widths(np.array([1e-6]), profile=profile)
    assert found[0] == pytest.approx(fwhm, rel=1e-6)
    assert found_eta[0] == pytest.approx(eta, abs=1e-6)


@pytest.mark.parametrize("two_theta", [4.0, 10.0, 40.0, 100.0])
@pytest.mark.parametrize(("sample", "slit"), [(0.02, 0.02), (0.01, 0.03), (0.03, 0.005)])
def test_axial_divergence_is_that_of_traced_rays(
    two_theta: float, sample: float, slit: float
) -> None:
    """Rays of a cone from all heights of the sample to all heights of the slit."""
    profile = ProfileParameters(s_over_l=sample, h_over_l=slit)
    position, weight = axial_divergence(np.array([two_theta]), profile=profile)
    assert weight.sum() == pytest.approx(1.0)
    azimuth = np.linspace(0.0, np.pi / 2, 200_001)[:-1] + np.pi / 400_000
    sine, cosine = np.sin(np.deg2rad(two_theta)), np.cos(np.deg2rad(two_theta))
    flat = np.sqrt(cosine**2 + (sine * np.cos(azimuth)) ** 2)
    climb = sine * np.sin(azimuth) / flat
    overlap = np.clip(slit + sample - climb, 0.0, 2.0 * min(slit, sample))
    seen = np.rad2deg(np.arccos(np.clip(cosine / flat, -1.0, 1.0)))
    mean = np.average(seen, weights=overlap)
    spread = np.sqrt(np.average((seen - mean) ** 2, weights=overlap))
    found = float((position * weight).sum())
    found_spread = float(np.sqrt((weight * (position - found) ** 2).sum()))
    assert found - two_theta == pytest.approx(mean - two_theta, rel=0.01, abs=1e-5)
    assert found_spread == pytest.approx(spread, rel=0.02, abs=1e-5)
    assert (found < two_theta) == (two_theta < 90.0)


def test_asymmetry_keeps_the_area() -> None:
    position, area = np.array([10.0, 30.0]), np.array([1.0, 2.0])
    plain = ProfileParameters(x_deg=0.0)
    skewed = ProfileParameters(x_deg=0.0, s_over_l=0.02, h_over_l=0.02)
    one, two = (
        profile_on_grid(GRID, position_deg=position, area=area, profile=profile)
        for profile in (plain, skewed)
    )
    assert np.trapezoid(two, GRID) == pytest.approx(np.trapezoid(one, GRID), rel=1e-6)
    assert GRID[two.argmax()] <= GRID[one.argmax()]
