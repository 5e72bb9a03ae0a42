"""Least-squares fit of overlapping peaks in one stretch of a pattern.

Each peak is a split pseudo-Voigt, repeated for every line of the radiation. Its parameters are
position, height, logarithm of the full width at half maximum, Lorentzian fraction and asymmetry
(relative difference of the left and the right half width). Gaussian priors on all but the height
keep weak and hidden peaks at the trend that the strong ones show.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numba import njit

N_PARAMETERS = 5
"""Parameters of a peak: position [°], height, log FWHM [log °], Lorentz fraction, asymmetry."""

MAX_ASYMMETRY = 0.6
"""Largest relative difference of the half widths."""

_LN2 = float(np.log(2.0))
_GAUSS_AREA = float(0.5 * np.sqrt(np.pi / np.log(2.0)))
_LORENTZ_AREA = float(0.5 * np.pi)


def peak_area(
    parameters: Float[np.ndarray, "peaks 5"], *, line_weights: Float[np.ndarray, "lines"]
) -> Float[np.ndarray, "peaks"]:
    """Integrated intensity of each peak, all lines together.

    Parameters
    ----------
    parameters:
        Peak parameters, see :data:`N_PARAMETERS`.
    line_weights:
        Intensities of the lines relative to the first.

    Returns
    -------
    :
        Areas [intensity × °].
    """
    eta = parameters[:, 3]
    shape = eta * _LORENTZ_AREA + (1.0 - eta) * _GAUSS_AREA
    return parameters[:, 1] * np.exp(parameters[:, 2]) * shape * float(np.sum(line_weights))


def peak_profile(
    two_theta_deg: Float[np.ndarray, "points"],
    *,
    parameters: Float[np.ndarray, "peaks 5"],
    line_ratios: Float[np.ndarray, "lines"],
    line_weights: Float[np.ndarray, "lines"],
    reach: float = 60.0,
) -> Float[np.ndarray, "points"]:
    """Sum of all peaks on a grid.

    Parameters
    ----------
    two_theta_deg:
        Angles [°], increasing.
    parameters:
        Peak parameters, see :data:`N_PARAMETERS`.
    line_ratios:
        Wavelengths of the lines divided by the wavelength of the positions.
    line_weights:
        Intensities of the lines relative to the first.
    reach:
        Half range of a line, in full widths at half maximum; its tails fade out there.

    Returns
    -------
    :
        Calculated net intensity.
    """
    total = np.zeros(len(two_theta_deg))
    for row in parameters:
        _add_peak(two_theta_deg, row, line_ratios, line_weights, reach, total)
    return total


def exchange_peaks(
    two_theta_deg: Float[np.ndarray, "points"],
    *,
    total: Float[np.ndarray, "points"],
    before: Float[np.ndarray, "peaks 5"],
    after: Float[np.ndarray, "peaks 5"],
    line_ratios: Float[np.ndarray, "lines"],
    line_weights: Float[np.ndarray, "lines"],
    reach: float = 60.0,
) -> None:
    """Take peaks out of a sum of profiles and put others in, in place.

    Parameters
    ----------
    two_theta_deg:
        Angles [°], increasing.
    total:
        The sum; changed.
    before:
        Peaks to take out.
    after:
        Peaks to put in.
    line_ratios:
        Wavelengths of the lines divided by the wavelength of the positions.
    line_weights:
        Intensities of the lines relative to the first.
    reach:
        Half range of a line, in full widths at half maximum; its tails fade out there.
    """
    for row in before:
        negative = row.copy()
        negative[1] = -row[1]
        _add_peak(two_theta_deg, negative, line_ratios, line_weights, reach, total)
    for row in after:
        _add_peak(two_theta_deg, row, line_ratios, line_weights, reach, total)


def fit_group(
    two_theta_deg: Float[np.ndarray, "points"],
    *,
    net: Float[np.ndarray, "points"],
    sigma: Float[np.ndarray, "points"],
    start: Float[np.ndarray, "peaks 5"],
    prior: Float[np.ndarray, "peaks 5"],
    prior_sigma: Float[np.ndarray, "peaks 5"],
    offset_sigma: float,
    line_ratios: Float[np.ndarray, "lines"],
    line_weights: Float[np.ndarray, "lines"],
    max_iterations: int = 20,
) -> tuple[Float[np.ndarray, "peaks 5"], Float[np.ndarray, "parameters parameters"], float]:
    """Fit the peaks of one stretch together, with a small straight line beneath them.

    Parameters
    ----------
    two_theta_deg:
        Angles of the stretch [°].
    net:
        Intensities less background and less the peaks of other stretches.
    sigma:
        Standard uncertainties of the intensities.
    start:
        Parameters to begin with, see :data:`N_PARAMETERS`.
    prior:
        Expected parameters.
    prior_sigma:
        Their standard deviations; infinite for no prior.
    offset_sigma:
        Standard deviation of the line beneath the peaks, expected to be zero.
    line_ratios:
        Wavelengths of the lines divided by the wavelength of the positions.
    line_weights:
        Intensities of the lines relative to the first.
    max_iterations:
        Bound on the Levenberg–Marquardt steps.

    Returns
    -------
    :
        Fitted parameters; covariance of all parameters, peak by peak, the line's two last; sum
        of squared weighted residuals of the data.
    """
    return _fit_group(
        two_theta_deg,
        net,
        sigma,
        start.astype(np.float64),
        prior.astype(np.float64),
        prior_sigma.astype(np.float64),
        float(offset_sigma),
        line_ratios,
        line_weights,
        max_iterations,
    )


# The value of a split pseudo-Voigt of height 1 and its derivatives by position, log FWHM, Lorentz
# fraction and asymmetry.
@njit(cache=True, error_model="numpy")
def _shape(dx, width, eta, asymmetry):
    side = 1.0 + asymmetry if dx < 0.0 else 1.0 - asymmetry
    half = 0.5 * width * side
    t = dx / half
    t2 = t * t
    lorentz = 1.0 / (1.0 + t2)
    gauss = np.exp(-_LN2 * t2) if t2 < 60.0 else 0.0
    value = eta * lorentz + (1.0 - eta) * gauss
    # d value / d t
    by_t = -eta * 2.0 * t * lorentz * lorentz - (1.0 - eta) * 2.0 * _LN2 * t * gauss
    by_position = -by_t / half
    by_log_width = -by_t * t
    by_asymmetry = -by_t * t / side * (1.0 if dx < 0.0 else -1.0)
    return value, by_position, by_log_width, lorentz - gauss, by_asymmetry


# Position of one line [°] and its derivative by the position of the first line.
@njit(cache=True, error_model="numpy")
def _line_position(position, ratio):
    if ratio == 1.0:
        return position, 1.0
    half = 0.5 * np.pi / 180.0 * position
    sine = ratio * np.sin(half)
    if sine >= 0.9999:
        return 180.0, 0.0
    other = np.arcsin(sine)
    return other * 360.0 / np.pi, ratio * np.cos(half) / np.cos(other)


@njit(cache=True, error_model="numpy")
def _add_peak(x, row, ratios, weights, reach, total):
    width = np.exp(row[2])
    for k in range(len(ratios)):
        centre, _ = _line_position(row[0], ratios[k])
        low = np.searchsorted(x, centre - reach * width)
        high = np.searchsorted(x, centre + reach * width)
        for i in range(low, high):
            dx = x[i] - centre
            value, _, _, _, _ = _shape(dx, width, row[3], row[4])
            # the tails end smoothly: a cut would look like an edge
            u = 1.0 - (dx / (reach * width)) ** 2
            total[i] += row[1] * weights[k] * value * u * u


@njit(cache=True, error_model="numpy")
def _normal_equations(x, y, inverse, p, line, prior, prior_inv, offset_inv, ratios, weights, full):
    n = p.shape[0]
    m = 5 * n + 2
    matrix = np.zeros((m, m))
    vector = np.zeros(m)
    row = np.zeros(m)
    chi2 = 0.0
    middle = 0.5 * (x[0] + x[-1])
    span = max(0.5 * (x[-1] - x[0]), 1e-9)
    for i in range(len(x)):
        u = (x[i] - middle) / span
        model = line[0] + line[1] * u
        for j in range(n):
            g0 = 0.0
            g1 = 0.0
            g2 = 0.0
            g3 = 0.0
            g4 = 0.0
            width = np.exp(p[j, 2])
            for k in range(len(ratios)):
                centre, slope = _line_position(p[j, 0], ratios[k])
                v, a, b, c, d = _shape(x[i] - centre, width, p[j, 3], p[j, 4])
                g0 += weights[k] * a * slope
                g1 += weights[k] * v
                g2 += weights[k] * b
                g3 += weights[k] * c
                g4 += weights[k] * d
            h = p[j, 1]
            model += h * g1
            row[5 * j] = h * g0
            row[5 * j + 1] = g1
            row[5 * j + 2] = h * g2
            row[5 * j + 3] = h * g3
            row[5 * j + 4] = h * g4
        row[m - 2] = 1.0
        row[m - 1] = u
        residual = y[i] - model
        chi2 += residual * residual * inverse[i]
        if full:
            for a_ in range(m):
                if row[a_] != 0.0:
                    wa = row[a_] * inverse[i]
                    vector[a_] += wa * residual
                    for b_ in range(a_ + 1):
                        matrix[a_, b_] += wa * row[b_]
    penalty = offset_inv * (line[0] * line[0] + line[1] * line[1])
    for j in range(n):
        for k in range(5):
            difference = prior[j, k] - p[j, k]
            penalty += prior_inv[j, k] * difference * difference
            if full:
                vector[5 * j + k] += prior_inv[j, k] * difference
                matrix[5 * j + k, 5 * j + k] += prior_inv[j, k]
    if full:
        for k in range(2):
            vector[m - 2 + k] -= offset_inv * line[k]
            matrix[m - 2 + k, m - 2 + k] += offset_inv
        for a_ in range(m):
            for b_ in range(a_ + 1, m):
                matrix[a_, b_] = matrix[b_, a_]
    return matrix, vector, chi2, penalty


@njit(cache=True, error_model="numpy")
def _bounded(p, step, start, prior):
    n = p.shape[0]
    out = p.copy()
    for j in range(n):
        reach = 0.8 * np.exp(start[j, 2])
        out[j, 0] = min(max(p[j, 0] + step[5 * j], start[j, 0] - reach), start[j, 0] + reach)
        out[j, 1] = max(p[j, 1] + step[5 * j + 1], 0.02 * p[j, 1])
        out[j, 2] = p[j, 2] + min(max(step[5 * j + 2], -0.5), 0.5)
        out[j, 2] = min(max(out[j, 2], prior[j, 2] - 0.9), prior[j, 2] + 0.9)
        out[j, 3] = min(max(p[j, 3] + step[5 * j + 3], 0.0), 1.0)
        low = max(prior[j, 4] - 0.25, -0.6)
        high = min(prior[j, 4] + 0.25, 0.6)
        out[j, 4] = min(max(p[j, 4] + step[5 * j + 4], low), high)
    return out


@njit(cache=True, error_model="numpy")
def _fit_group(x, y, sigma, start, prior, prior_sigma, offset_sigma, ratios, weights, max_iter):
    inverse = 1.0 / (sigma * sigma)
    prior_inv = 1.0 / (prior_sigma * prior_sigma)
    offset_inv = 1.0 / (offset_sigma * offset_sigma)
    p = start.copy()
    line = np.zeros(2)
    damping = 1e-3
    matrix, vector, chi2, penalty = _normal_equations(
        x, y, inverse, p, line, prior, prior_inv, offset_inv, ratios, weights, True
    )
    m = len(vector)
    for _ in range(max_iter):
        trial_matrix = matrix.copy()
        for a in range(m):
            trial_matrix[a, a] += damping * matrix[a, a] + 1e-30
        step = np.linalg.solve(trial_matrix, vector)
        trial = _bounded(p, step, start, prior)
        trial_line = line + step[m - 2 :]
        new_matrix, new_vector, new_chi2, new_penalty = _normal_equations(
            x, y, inverse, trial, trial_line, prior, prior_inv, offset_inv, ratios, weights, True
        )
        gain = (chi2 + penalty) - (new_chi2 + new_penalty)
        if gain >= 0.0:
            p = trial
            line = trial_line
            small = gain < 1e-4 * (chi2 + penalty) + 1e-6
            matrix, vector, chi2, penalty = new_matrix, new_vector, new_chi2, new_penalty
            damping = max(damping * 0.2, 1e-8)
            if small:
                break
        else:
            damping *= 8.0
            if damping > 1e8:
                break
    for a in range(m):
        matrix[a, a] = matrix[a, a] * (1.0 + 1e-12) + 1e-30
    return p, np.linalg.inv(matrix), chi2
