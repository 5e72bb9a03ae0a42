"""Unit cells: parameters, reciprocal and reduced lattices, and what symmetry leaves free."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from porescope.errors import ConfigError


def lattice_from_parameters(
    a: float, b: float, c: float, alpha: float, beta: float, gamma: float
) -> Float[np.ndarray, "3 3"]:
    """Cell vectors as rows, with a along x and b in the xy plane.

    Parameters
    ----------
    a, b, c:
        Edge lengths [Å].
    alpha, beta, gamma:
        Angles between b and c, a and c, a and b [°].

    Raises
    ------
    ConfigError
        Where no cell has these parameters.
    """
    lengths = np.array([a, b, c], dtype=np.float64)
    angles = np.array([alpha, beta, gamma], dtype=np.float64)
    if not (np.all(np.isfinite(lengths)) and np.all(lengths > 0.0)):
        raise ConfigError(f"cell edges must be positive lengths in Å, got {a}, {b}, {c}")
    if not (np.all(angles > 0.0) and np.all(angles < 180.0)):
        raise ConfigError(f"cell angles must lie between 0° and 180°, got {alpha}, {beta}, {gamma}")
    # Exact zeros at right angles keep orthogonal cells orthogonal to the last bit.
    cosines = np.where(angles == 90.0, 0.0, np.cos(np.deg2rad(angles)))
    cosines = np.where(angles == 120.0, -0.5, np.where(angles == 60.0, 0.5, cosines))
    cos_alpha, cos_beta, cos_gamma = cosines
    sin_gamma = np.sqrt(1.0 - cos_gamma**2)
    c_y = (cos_alpha - cos_beta * cos_gamma) / sin_gamma
    c_z_squared = 1.0 - cos_beta**2 - c_y**2
    if c_z_squared <= 1e-12:
        raise ConfigError(
            f"the cell angles {alpha}, {beta}, {gamma} enclose no volume; "
            "each must be smaller than the sum of the two others, and their sum below 360°"
        )
    return np.array(
        [
            [a, 0.0, 0.0],
            [b * cos_gamma, b * sin_gamma, 0.0],
            [c * cos_beta, c * c_y, c * np.sqrt(c_z_squared)],
        ]
    )


def parameters_from_lattice(lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "6"]:
    """Edges and angles of a cell.

    Returns
    -------
    :
        a, b, c [Å], alpha, beta, gamma [°].
    """
    lengths = np.linalg.norm(lattice, axis=1)
    unit = lattice / lengths[:, None]
    angles = [
        np.rad2deg(2.0 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)))
        for u, v in ((unit[1], unit[2]), (unit[0], unit[2]), (unit[0], unit[1]))
    ]
    return np.array([*lengths, *angles])


def reciprocal_lattice(lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """Reciprocal cell vectors a*, b*, c* as rows [1/Å], without the factor 2π.

    The spacing of a reflection is ``1 / norm(hkl @ reciprocal_lattice(lattice))``.
    """
    return np.ascontiguousarray(np.linalg.inv(lattice).T)


def niggli_lattice(
    lattice: Float[np.ndarray, "3 3"], *, tolerance: float = 1e-5
) -> tuple[Float[np.ndarray, "3 3"], Int[np.ndarray, "3 3"]]:
    """Niggli-reduced cell, the same for every choice of primitive cell of a lattice.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å]; a centred cell counts as its own lattice.
    tolerance:
        Tolerance of the reduction's comparisons.

    Returns
    -------
    :
        The reduced cell [Å] and the integer matrix T with ``reduced = T @ lattice``, det T = 1.

    Raises
    ------
    ConfigError
        Where the cell is degenerate.
    """
    import spglib

    try:
        reduced = spglib.niggli_reduce(lattice, eps=tolerance)
    except spglib.SpglibError:
        reduced = None
    if reduced is None:
        raise ConfigError(f"the cell {lattice.tolist()} cannot be reduced; is it degenerate?")
    transform = np.rint(reduced @ np.linalg.inv(lattice)).astype(np.int64)
    if np.linalg.det(transform) < 0.0:
        transform = -transform
    return transform @ lattice, transform
