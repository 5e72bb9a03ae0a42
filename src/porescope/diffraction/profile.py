"""Shapes of powder lines: pseudo-Voigts, their widths against angle, and sums on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from porescope.diffraction.profile_kernels import _add_peaks, _axial_nodes, _peak_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileParameters:
    """Widths and asymmetry of lines against angle (Thompson–Cox–Hastings pseudo-Voigt).

    The Gaussian and the Lorentzian full widths at half maximum [°] are

    ``Γ_G² = u tan²θ + v tanθ + w + p/cos²θ`` (Caglioti), ``Γ_L = x/cosθ + y tanθ``,

    where x stands for crystallite size and y for strain, as in GSAS. P. Thompson, D. E. Cox and
    J. B. Hastings, J. Appl. Cryst. 20 (1987) 79, https://doi.org/10.1107/S0021889887087090.
    """

    u_deg2: float = 0.0
    """Caglioti U [°²]."""
    v_deg2: float = 0.0
    """Caglioti V [°²]."""
    w_deg2: float = 0.0064
    """Caglioti W [°²]; the default is a Gaussian width of 0.08°."""
    p_deg2: float = 0.0
    """Gaussian part of the size broadening [°²]."""
    x_deg: float = 0.04
    """Lorentzian size broadening [°]."""
    y_deg: float = 0.0
    """Lorentzian strain broadening [°]."""
    s_over_l: float = 0.0
    """Half height of the sample over the radius of the diffractometer; axial divergence."""
    h_over_l: float = 0.0
    """Half height of the detector slit over the radius of the diffractometer."""
    min_fwhm_deg: float = 0.005
    """Smallest full width that is let through [°], where the polynomials fall below it."""

    @classmethod
    def from_fwhm(cls, fwhm_deg: float, *, eta: float = 0.5) -> ProfileParameters:
        """Lines of one width and shape at all angles, up to the 1/cosθ of the Lorentzian.

        Parameters
        ----------
        fwhm_deg:
            Full width at half maximum [°].
        eta:
            Lorentzian fraction, 0 to 1.
        """
        ratio = _lorentz_ratio_from_eta(eta)
        lorentz = ratio * fwhm_deg
        gauss = _gauss_from_total(fwhm_deg, lorentz=lorentz)
        return cls(w_deg2=gauss**2, x_deg=lorentz)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PeakProfiles:
    """Values of unit-area lines on a grid, and their derivatives, one run of points per line.

    Line i covers grid points ``first[i]`` to ``first[i] + offset[i+1] - offset[i] - 1``; its
    values are ``value[offset[i]:offset[i+1]]``.
    """

    first: Int[np.ndarray, "peaks"]
    """First grid point of each line."""
    offset: Int[np.ndarray, "peaks_and_one"]
    """Where each line's run begins in the flat arrays."""
    value: Float[np.ndarray, "flat"]
    """Profile [1/°]."""
    d_position: Float[np.ndarray, "slopes"]
    """Derivative by the position [1/°²]; empty where derivatives were not asked for."""
    d_fwhm: Float[np.ndarray, "slopes"]
    """Derivative by the full width [1/°²]."""
    d_eta: Float[np.ndarray, "slopes"]
    """Derivative by the Lorentzian fraction [1/°]."""


def peak_profile_kernels(
    two_theta_deg: Float[np.ndarray, "points"],
    *,
    position_deg: Float[np.ndarray, "peaks"],
    fwhm_deg: Float[np.ndarray, "peaks"],
    eta: Float[np.ndarray, "peaks"],
    cut: float = 20.0,
    derivatives: bool = True,
) -> PeakProfiles:
    r"""Each line's pseudo-Voigt of unit area on the points near it, with derivatives.

    .. math:: \phi = \eta \frac{2/(\pi\Gamma)}{1 + 4 x^2}
              + (1 - \eta) \frac{2\sqrt{\ln 2/\pi}}{\Gamma} e^{-4 \ln 2\, x^2},
              \quad x = (2\theta - 2\theta_0)/\Gamma

    Parameters
    ----------
    two_theta_deg:
        Grid [°], rising, of any spacing.
    position_deg, fwhm_deg, eta:
        Position [°], full width at half maximum [°] and Lorentzian fraction of each line.
    cut:
        Lines end this many full widths from their middle.
    derivatives:
        Whether to fill the derivatives; empty arrays otherwise.
    """
    first, offset, value, d_position, d_fwhm, d_eta = _peak_rows(
        two_theta_deg, position_deg, fwhm_deg, eta, cut, derivatives
    )
    return PeakProfiles(
        first=first,
        offset=offset,
        value=value,
        d_position=d_position,
        d_fwhm=d_fwhm,
        d_eta=d_eta,
    )


def sum_of_peaks(
    two_theta_deg: Float[np.ndarray, "points"],
    *,
    position_deg: Float[np.ndarray, "peaks"],
    fwhm_deg: Float[np.ndarray, "peaks"],
    eta: Float[np.ndarray, "peaks"],
    area: Float[np.ndarray, "peaks"],
    cut: float = 20.0,
) -> Float[np.ndarray, "points"]:
    """Sum of pseudo-Voigt lines on a grid.

    Parameters
    ----------
    two_theta_deg:
        Grid [°], rising, of any spacing.
    position_deg, fwhm_deg, eta, area:
        Position [°], full width [°], Lorentzian fraction and area of each line.
    cut:
        Lines end this many full widths from their middle.
    """
    return _add_peaks(two_theta_deg, position_deg, fwhm_deg, eta, area, cut)


def tch_widths(
    two_theta_deg: Float[np.ndarray, "peaks"], *, profile: ProfileParameters
) -> tuple[Float[np.ndarray, "peaks"], Float[np.ndarray, "peaks"]]:
    """Full widths [°] and Lorentzian fractions of lines by Thompson, Cox and Hastings.

    Parameters
    ----------
    two_theta_deg:
        Positions of the lines [°].
    profile:
        Width parameters.
    """
    theta = 0.5 * np.deg2rad(two_theta_deg)
    tan, cos = np.tan(theta), np.cos(theta)
    square = profile.u_deg2 * tan**2 + profile.v_deg2 * tan + profile.w_deg2
    square = square + profile.p_deg2 / cos**2
    gauss = np.sqrt(np.maximum(square, 0.0))
    lorentz = np.maximum(profile.x_deg / cos + profile.y_deg * tan, 0.0)
    return pseudo_voigt_from_widths(gauss, lorentz=lorentz, smallest=profile.min_fwhm_deg)


def pseudo_voigt_from_widths(
    gauss: Float[np.ndarray, "peaks"],
    *,
    lorentz: Float[np.ndarray, "peaks"],
    smallest: float = 0.0,
) -> tuple[Float[np.ndarray, "peaks"], Float[np.ndarray, "peaks"]]:
    """Full width and Lorentzian fraction of the pseudo-Voigt nearest to a Voigt function.

    Thompson, Cox and Hastings (1987), equations 4 and 5.

    Parameters
    ----------
    gauss, lorentz:
        Full widths of the Gaussian and the Lorentzian part, same unit.
    smallest:
        Least full width.
    """
    total = (
        gauss**5
        + 2.69269 * gauss**4 * lorentz
        + 2.42843 * gauss**3 * lorentz**2
        + 4.47163 * gauss**2 * lorentz**3
        + 0.07842 * gauss * lorentz**4
        + lorentz**5
    ) ** 0.2
    fwhm = np.maximum(total, max(smallest, 1e-12))
    ratio = np.minimum(lorentz / fwhm, 1.0)
    eta = 1.36603 * ratio - 0.47719 * ratio**2 + 0.11116 * ratio**3
    return fwhm, np.clip(eta, 0.0, 1.0)


def axial_divergence(
    position_deg: Float[np.ndarray, "peaks"],
    *,
    profile: ProfileParameters,
    n_nodes: int = 16,
) -> tuple[Float[np.ndarray, "peaks nodes"], Float[np.ndarray, "peaks nodes"]]:
    """Positions and weights of symmetric lines that add up to the asymmetric one.

    The model of L. W. Finger, D. E. Cox and A. P. Jephcoat, J. Appl. Cryst. 27 (1994) 892,
    https://doi.org/10.1107/S0021889894004218: sample and detector slit of finite height see a
    cone's ring bent, so intensity moves to the low-angle side below 90° and to the high-angle
    side above. Their weight function is integrated by Gauss–Legendre nodes; each node is one
    line of the same width.

    Parameters
    ----------
    position_deg:
        Positions without divergence [°].
    profile:
        ``s_over_l`` and ``h_over_l`` are used.
    n_nodes:
        Number of nodes, even.

    Returns
    -------
    :
        Positions [°] and weights (each row adds up to 1).
    """
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes // 2)
    return _axial_nodes(position_deg, profile.s_over_l, profile.h_over_l, nodes, weights)


def profile_on_grid(
    two_theta_deg: Float[np.ndarray, "points"],
    *,
    position_deg: Float[np.ndarray, "peaks"],
    area: Float[np.ndarray, "peaks"],
    profile: ProfileParameters,
    cut: float = 20.0,
) -> Float[np.ndarray, "points"]:
    """Sum of lines with the widths and the asymmetry of a profile.

    Parameters
    ----------
    two_theta_deg:
        Grid [°], rising, of any spacing.
    position_deg, area:
        Position [°] and area of each line.
    profile:
        Widths and asymmetry.
    cut:
        Lines end this many full widths from their middle.
    """
    fwhm, eta = tch_widths(position_deg, profile=profile)
    if profile.s_over_l > 0.0 and profile.h_over_l > 0.0:
        positions, weights = axial_divergence(position_deg, profile=profile)
        n_nodes = positions.shape[1]
        position_deg = positions.reshape(-1)
        area = (weights * area[:, None]).reshape(-1)
        fwhm, eta = np.repeat(fwhm, n_nodes), np.repeat(eta, n_nodes)
    return sum_of_peaks(
        two_theta_deg, position_deg=position_deg, fwhm_deg=fwhm, eta=eta, area=area, cut=cut
    )


def _lorentz_ratio_from_eta(eta: float) -> float:
    """Γ_L/Γ that gives a Lorentzian fraction: the real root of the cubic of TCH in 0 to 1."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if 1.36603 * middle - 0.47719 * middle**2 + 0.11116 * middle**3 < eta:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _gauss_from_total(fwhm: float, *, lorentz: float) -> float:
    """Gaussian width that, with a Lorentzian width, has a given total width."""
    low, high = 0.0, fwhm
    for _ in range(60):
        middle = 0.5 * (low + high)
        total, _ = pseudo_voigt_from_widths(np.array([middle]), lorentz=np.array([lorentz]))
        if total[0] < fwhm:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
