"""The smooth part of Ewald sums: waves in reciprocal space, at points and on grids."""

from __future__ import annotations

import numpy as np
from jaxtyping import Complex, Float

from porescope.adsorption.ewald_kernels import (
    planes_of_rows,
    rows_of_waves,
    structure_factors,
    wave_sums,
)
from porescope.adsorption.lennard_jones import over_blocks


def wave_coefficients(
    lattice: Float[np.ndarray, "3 3"],
    *,
    frac: Float[np.ndarray, "atoms 3"],
    charges: Float[np.ndarray, "atoms"],
    alpha: float,
    g_max: float,
) -> Complex[np.ndarray, "h k l"]:
    """Fourier coefficients of the smooth part of the potential [e/Å].

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    frac:
        Fractional coordinates of the charges.
    charges:
        Charges [e].
    alpha:
        Width of the split between the sums [1/Å].
    g_max:
        Length of the last wave vector [1/Å].

    Returns
    -------
    :
        Axes h from 0, k and l from negative to positive; those with h > 0 count for their
        conjugates too.
    """
    h_max, k_max, l_max = (int(n) for n in g_max * np.linalg.norm(lattice, axis=1) / (2.0 * np.pi))
    out = np.zeros((h_max + 1, 2 * k_max + 1, 2 * l_max + 1), dtype=np.complex128)
    frac = np.ascontiguousarray(frac)

    def some_planes(first: int, last: int, _: int) -> bool:
        structure_factors(frac, charges, h_max, k_max, l_max, first, last, out)
        return True

    over_blocks(some_planes, n_blocks=h_max + 1, n_images=0)
    h = np.arange(h_max + 1)[:, None, None, None]
    k = np.arange(-k_max, k_max + 1)[:, None, None]
    l = np.arange(-l_max, l_max + 1)[:, None]
    rows = 2.0 * np.pi * np.linalg.inv(lattice).T
    g2 = np.sum((h * rows[0] + k * rows[1] + l * rows[2]) ** 2, axis=-1)
    volume = abs(float(np.linalg.det(lattice)))
    inside = (g2 > 1e-12) & (g2 <= g_max**2)
    weight = np.zeros_like(g2)
    weight[inside] = 4.0 * np.pi / volume * np.exp(-g2[inside] / (4.0 * alpha**2)) / g2[inside]
    weight[1:] *= 2.0
    return out * weight


def waves_at_points(
    coefficients: Complex[np.ndarray, "h k l"], frac: Float[np.ndarray, "points 3"]
) -> Float[np.ndarray, "points"]:
    """Sum in reciprocal space at points given by fractions of the cell [e/Å]."""
    out = np.empty(len(frac))
    h_max, k_max, l_max = (
        coefficients.shape[0] - 1,
        coefficients.shape[1] // 2,
        coefficients.shape[2] // 2,
    )

    def some_points(first: int, last: int, _: int) -> bool:
        end = min(64 * last, len(frac))
        wave_sums(frac, coefficients, h_max, k_max, l_max, 64 * first, end, out)
        return True

    over_blocks(some_points, n_blocks=-(-len(frac) // 64), n_images=0)
    return out


def waves_on_grid(
    coefficients: Complex[np.ndarray, "h k l"],
    *,
    shape: tuple[int, int, int],
    offset: Float[np.ndarray, "3"],
) -> Float[np.ndarray, "na nb nc"]:
    """Sum in reciprocal space at the points of a grid shifted by ``offset`` in fractions [e/Å].

    The waves are products of one factor along each axis, so one axis after another is summed.
    """
    n_h, n_k, n_l = coefficients.shape
    waves = np.arange(n_h), np.arange(n_k) - n_k // 2, np.arange(n_l) - n_l // 2
    along_a, along_b, along_c = (
        np.exp(2j * np.pi * np.outer(np.arange(n) / n + x, wave))
        for n, x, wave in zip(shape, offset, waves, strict=True)
    )
    parts = _parts_of(coefficients), _parts_of(along_b), _parts_of(along_c.T)
    rows = np.zeros((2, n_h, shape[1] * shape[2]))

    def some_rows(first: int, last: int, _: int) -> bool:
        rows_of_waves(*parts[0], *parts[1], *parts[2], first, last, rows[0], rows[1])
        return True

    over_blocks(some_rows, n_blocks=n_h, n_images=0)
    out = np.zeros((shape[0], shape[1] * shape[2]))
    lead = _parts_of(along_a)

    def some_planes(first: int, last: int, _: int) -> bool:
        planes_of_rows(*lead, rows[0], rows[1], first, last, out)
        return True

    over_blocks(some_planes, n_blocks=shape[0], n_images=0)
    return out.reshape(shape)


def _parts_of(
    values: Complex[np.ndarray, "*any"],
) -> tuple[Float[np.ndarray, "*any"], Float[np.ndarray, "*any"]]:
    """Real and imaginary parts, each contiguous."""
    return np.ascontiguousarray(np.real(values)), np.ascontiguousarray(np.imag(values))
