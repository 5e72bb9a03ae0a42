"""Sets of orientations over which a rigid molecule is averaged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from porescope.adsorption.gas import Gas
from porescope.errors import ConfigError

_SUPER_FIBONACCI = 1.533751168755204288118041


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Orientations:
    """Positions of a molecule's beads about its centre of mass, turned in many ways."""

    positions: Float[np.ndarray, "orientations beads 3"]
    """Cartesian positions about the centre of mass [Å]."""
    weights: Float[np.ndarray, "orientations"]
    """Weights that add up to one."""


def orientations_of(gas: Gas, *, n_orientations: int) -> Orientations:
    """Orientations of a molecule for a quadrature over all of them.

    A linear molecule takes a Gauss-Legendre rule in cos θ times equal steps in φ, over half the
    sphere where its ends are alike. Any other takes the super-Fibonacci spiral on the quaternions
    (Alexa, CVPR 2022, https://doi.org/10.1109/CVPR52688.2022.00811), and of a flexible one each
    orientation is another shape.

    Parameters
    ----------
    gas:
        Guest molecule.
    n_orientations:
        At least so many are taken; a gas of one site has one.

    Raises
    ------
    ConfigError
        Where the number is not positive.
    """
    if n_orientations < 1:
        raise ConfigError(f"expected at least one orientation, got {n_orientations}")
    if len(gas.beads) == 1 and not gas.is_flexible:
        return Orientations(positions=gas.conformers, weights=np.ones(1))
    along = None if gas.is_flexible else _places_along_line(gas.positions)
    if along is None:
        n = max(n_orientations, len(gas.conformers))
        shapes = gas.conformers[np.arange(n) % len(gas.conformers)]
        turned = np.einsum("oij,obj->obi", super_fibonacci(n), shapes)
        return Orientations(positions=turned, weights=np.full(n, 1.0 / n))
    directions, weights = sphere_rule(n_orientations, half=_ends_are_alike(gas, along))
    return Orientations(positions=directions[:, None, :] * along[:, None], weights=weights)


def sphere_rule(
    n: int, *, half: bool
) -> tuple[Float[np.ndarray, "directions 3"], Float[np.ndarray, "directions"]]:
    """Directions and weights of a product rule on the sphere, or on half of it.

    Parameters
    ----------
    n:
        At least so many directions.
    half:
        Whether a direction and its opposite count as one.
    """
    n_theta = int(np.ceil(np.sqrt(n if half else 0.5 * n)))
    n_theta += n_theta % 2 if half else 0
    nodes, weights = np.polynomial.legendre.leggauss(n_theta)
    n_phi = 2 * n_theta
    phi = (np.arange(n_phi) + 0.5) * 2.0 * np.pi / n_phi
    if half:
        nodes, weights = nodes[n_theta // 2 :], weights[n_theta // 2 :]
    sine = np.sqrt(1.0 - nodes**2)
    directions = np.stack(
        [
            np.outer(sine, np.cos(phi)),
            np.outer(sine, np.sin(phi)),
            np.outer(nodes, np.ones(n_phi)),
        ],
        axis=-1,
    ).reshape(-1, 3)
    each = np.repeat(weights, n_phi)
    return directions, each / each.sum()


def super_fibonacci(n: int) -> Float[np.ndarray, "orientations 3 3"]:
    """Rotations spread evenly over all rotations; the first of one is the identity."""
    if n == 1:
        return np.eye(3)[None]
    s = np.arange(n) + 0.5
    small, large = np.sqrt(s / n), np.sqrt(1.0 - s / n)
    alpha, beta = 2.0 * np.pi * s / np.sqrt(2.0), 2.0 * np.pi * s / _SUPER_FIBONACCI
    quaternions = np.stack(
        [small * np.sin(alpha), small * np.cos(alpha), large * np.sin(beta), large * np.cos(beta)],
        axis=1,
    )
    return Rotation.from_quat(quaternions).as_matrix()


def _places_along_line(
    positions: Float[np.ndarray, "beads 3"],
) -> Float[np.ndarray, "beads"] | None:
    """Coordinates along the axis of a linear molecule; ``None`` where it is not linear."""
    far = positions[np.argmax(np.sum(positions**2, axis=1))]
    length = float(np.linalg.norm(far))
    if length < 1e-9:
        return np.zeros(len(positions))
    along = positions @ far / length
    off = positions - along[:, None] * far / length
    return along if np.max(np.abs(off)) < 1e-6 else None


def _ends_are_alike(gas: Gas, along: Float[np.ndarray, "beads"]) -> bool:
    kinds = [(b.type, b.charge) for b in gas.beads]
    return all(
        any(abs(x + y) < 1e-6 and kind == other for y, other in zip(along, kinds, strict=True))
        for x, kind in zip(along, kinds, strict=True)
    )
