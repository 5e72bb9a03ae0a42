import numpy as np
from made_frameworks import triclinic

from porescope.adsorption.ewald_waves import wave_coefficients, waves_at_points, waves_on_grid

ALPHA, G_MAX = 0.4, 4.0


def slow_waves(lattice: np.ndarray, frac: np.ndarray, charges: np.ndarray, at: np.ndarray):
    """The sum over reciprocal vectors as it stands in the books."""
    rows = 2.0 * np.pi * np.linalg.inv(lattice).T
    index = np.stack(np.meshgrid(*[np.arange(-12, 13)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    g2 = np.sum((index @ rows) ** 2, axis=1)
    index, g2 = index[(g2 > 0.0) & (g2 <= G_MAX**2)], g2[(g2 > 0.0) & (g2 <= G_MAX**2)]
    structure = np.exp(-2j * np.pi * index @ frac.T) @ charges
    weight = 4.0 * np.pi / abs(np.linalg.det(lattice)) * np.exp(-g2 / (4.0 * ALPHA**2)) / g2
    return ((weight * structure) @ np.exp(2j * np.pi * index @ at.T)).real


def test_waves_are_the_sum_over_reciprocal_vectors() -> None:
    crystal = triclinic(6, n_atoms=9)
    charges = np.random.default_rng(6).normal(size=9)
    coefficients = wave_coefficients(
        crystal.lattice, frac=crystal.frac, charges=charges, alpha=ALPHA, g_max=G_MAX
    )
    shape, offset = (5, 4, 7), np.array([0.3, -0.8, 0.11])
    index = np.stack(np.unravel_index(np.arange(140), shape), axis=1)
    at = index / np.array(shape) + offset
    expected = slow_waves(crystal.lattice, crystal.frac, charges, at)
    np.testing.assert_allclose(waves_at_points(coefficients, at), expected, atol=1e-12)
    grid = waves_on_grid(coefficients, shape=shape, offset=offset)
    np.testing.assert_allclose(grid.ravel(), expected, atol=1e-12)


def test_many_charges_are_summed_in_parts() -> None:
    crystal = triclinic(7, n_atoms=700)
    charges = np.random.default_rng(7).normal(size=700)
    coefficients = wave_coefficients(
        crystal.lattice, frac=crystal.frac, charges=charges, alpha=ALPHA, g_max=G_MAX
    )
    at = np.random.default_rng(8).random((10, 3))
    expected = slow_waves(crystal.lattice, crystal.frac, charges, at)
    np.testing.assert_allclose(waves_at_points(coefficients, at), expected, atol=1e-10)
