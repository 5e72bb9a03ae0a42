"""The reciprocal metric of a cell under its symmetry: what a fit may change.

With the reciprocal metric tensor G*, ``1/d² = h G* hᵀ`` is linear in its six components. Symmetry
leaves a subspace of them free, and its coordinates are the parameters of a fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.lattice import (
    lattice_from_parameters,
    reciprocal_lattice,
)
from porescope.crystal.space_group import SpaceGroup

_PAIRS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


def metric_vector(lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "6"]:
    """Components 11, 22, 33, 23, 13, 12 of the reciprocal metric tensor [1/Å²]."""
    reciprocal = reciprocal_lattice(lattice)
    tensor = reciprocal @ reciprocal.T
    return np.array([tensor[i, j] for i, j in _PAIRS])


def metric_tensor(vector: Float[np.ndarray, "6"]) -> Float[np.ndarray, "3 3"]:
    """Symmetric tensor of six components in the order 11, 22, 33, 23, 13, 12."""
    tensor = np.empty((3, 3))
    for value, (i, j) in zip(vector, _PAIRS, strict=True):
        tensor[i, j] = tensor[j, i] = value
    return tensor


def index_products(hkl: Int[np.ndarray, "reflections 3"]) -> Float[np.ndarray, "reflections 6"]:
    """Factors of the metric's components in ``1/d²``: hh, kk, ll, 2kl, 2hl, 2hk."""
    h, k, l = hkl.astype(np.float64).T
    return np.column_stack([h * h, k * k, l * l, 2.0 * k * l, 2.0 * h * l, 2.0 * h * k])


def cell_from_metric(vector: Float[np.ndarray, "6"]) -> Float[np.ndarray, "6"]:
    """Cell parameters a, b, c [Å], alpha, beta, gamma [°] of a reciprocal metric [1/Å²]."""
    direct = np.linalg.inv(metric_tensor(vector))
    lengths = np.sqrt(np.diag(direct))
    cosines = [direct[i, j] / (lengths[i] * lengths[j]) for i, j in ((1, 2), (0, 2), (0, 1))]
    return np.array([*lengths, *np.rad2deg(np.arccos(np.clip(cosines, -1.0, 1.0)))])


def lattice_from_metric(
    vector: Float[np.ndarray, "6"], *, like: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "3 3"]:
    """Cell vectors of a reciprocal metric, oriented as close as possible to another cell.

    Parameters
    ----------
    vector:
        Reciprocal metric [1/Å²].
    like:
        Cell whose orientation and handedness are kept [Å].
    """
    lattice = lattice_from_parameters(*cell_from_metric(vector))
    if np.linalg.det(like) < 0.0:
        lattice = -lattice
    u, _, vt = np.linalg.svd(lattice.T @ like)
    rotation = u @ vt
    if np.linalg.det(rotation) < 0.0:
        u[:, -1] *= -1.0
        rotation = u @ vt
    return lattice @ rotation


def is_positive(vector: Float[np.ndarray, "6"]) -> bool:
    """Whether six components make a metric that some cell has."""
    return bool(np.all(np.linalg.eigvalsh(metric_tensor(vector)) > 0.0))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MetricBasis:
    """Directions in which symmetry lets the reciprocal metric change."""

    basis: Float[np.ndarray, "free 6"]
    """Reduced row echelon form: parameter j is the metric's component ``pivots[j]``."""
    pivots: tuple[int, ...]
    """Component that each parameter equals."""

    @property
    def n_free(self) -> int:
        """Number of free parameters, 1 (cubic) to 6 (triclinic)."""
        return len(self.pivots)

    def parameters(self, lattice: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "free"]:
        """Parameters of a cell [1/Å²]."""
        return metric_vector(lattice)[list(self.pivots)]

    def bounds(
        self, lattice: Float[np.ndarray, "3 3"], *, max_strain: float, max_angle_deg: float
    ) -> tuple[Float[np.ndarray, "free"], Float[np.ndarray, "free"]]:
        """Lowest and highest parameters for a largest change of lengths and angles."""
        metric = metric_vector(lattice)
        low, high = [], []
        for pivot in self.pivots:
            i, j = _PAIRS[pivot]
            if i == j:
                low.append(metric[pivot] / (1.0 + max_strain) ** 2)
                high.append(metric[pivot] / (1.0 - max_strain) ** 2)
            else:
                size = np.sqrt(metric[i] * metric[j])
                room = size * (2.0 * max_strain + np.deg2rad(max_angle_deg))
                low.append(metric[pivot] - room)
                high.append(metric[pivot] + room)
        return np.array(low), np.array(high)

    def vector(self, parameters: Float[np.ndarray, "free"]) -> Float[np.ndarray, "6"]:
        """Reciprocal metric of parameters [1/Å²]."""
        return parameters @ self.basis


def metric_basis(space_group: SpaceGroup) -> MetricBasis:
    """Free directions of the reciprocal metric under a space group, in any setting.

    The metric is invariant under every rotation part W: ``W G* Wᵀ = G*``.
    """
    return _invariant(np.unique(space_group.rotations, axis=0).astype(np.float64))


def _invariant(rotations: Float[np.ndarray, "ops 3 3"]) -> MetricBasis:
    """Basis of the metrics that some rotations leave as they are."""
    projector = np.empty((6, 6))
    for column in range(6):
        unit = np.zeros(6)
        unit[column] = 1.0
        mean = np.mean(rotations @ metric_tensor(unit) @ rotations.transpose(0, 2, 1), axis=0)
        projector[column] = [mean[i, j] for i, j in _PAIRS]
    return _row_echelon(projector)


@lru_cache(maxsize=1)
def _small_unimodular() -> Int[np.ndarray, "matrices 3 3"]:
    """All integer matrices of entries -1, 0, 1 and determinant 1 or -1."""
    entries = np.array(list(product((-1, 0, 1), repeat=9))).reshape(-1, 3, 3)
    return entries[np.abs(np.rint(np.linalg.det(entries))) == 1]


def metric_basis_of_shape(
    lattice: Float[np.ndarray, "3 3"], *, tolerance: float = 0.01
) -> MetricBasis:
    """Free directions of the reciprocal metric that keep the symmetry of a cell's shape.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å]; reduced or conventional.
    tolerance:
        Largest relative deviation of the metric's components that still counts as symmetric.
    """
    tensor = metric_tensor(metric_vector(lattice))
    size = np.sqrt(np.diag(tensor))
    matrices = _small_unimodular()
    gap = (matrices @ tensor @ matrices.transpose(0, 2, 1) - tensor) / np.outer(size, size)
    kept = matrices[np.max(np.abs(gap), axis=(1, 2)) < tolerance]
    return _invariant(kept.astype(np.float64))


def _row_echelon(rows: Float[np.ndarray, "6 6"]) -> MetricBasis:
    """Reduced row echelon form of the row space of a matrix of small rational numbers."""
    matrix = rows.copy()
    pivots: list[int] = []
    for column in range(6):
        rank = len(pivots)
        best = rank + int(np.argmax(np.abs(matrix[rank:, column]))) if rank < 6 else rank
        if rank >= 6 or abs(matrix[best, column]) < 1e-9:
            continue
        matrix[[rank, best]] = matrix[[best, rank]]
        matrix[rank] /= matrix[rank, column]
        others = np.arange(6) != rank
        matrix[others] -= np.outer(matrix[others, column], matrix[rank])
        pivots.append(column)
    basis = np.where(np.abs(matrix[: len(pivots)]) < 1e-12, 0.0, matrix[: len(pivots)])
    return MetricBasis(basis=basis, pivots=tuple(pivots))


def cell_uncertainties(
    basis: MetricBasis,
    parameters: Float[np.ndarray, "free"],
    covariance: Float[np.ndarray, "free free"],
) -> Float[np.ndarray, "6"]:
    """Standard uncertainties of the cell parameters [Å, °] from those of the metric."""
    jacobian = np.empty((6, basis.n_free))
    for j, value in enumerate(parameters):
        step = 1e-6 * max(abs(value), 1e-3 * float(np.max(np.abs(parameters))))
        ahead, behind = parameters.copy(), parameters.copy()
        ahead[j] += step
        behind[j] -= step
        jacobian[:, j] = (
            cell_from_metric(basis.vector(ahead)) - cell_from_metric(basis.vector(behind))
        ) / (2.0 * step)
    return np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", jacobian, covariance, jacobian), 0.0))
