"""The same crystal in another cell: supercells, primitive cells, any change of basis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from porescope.crystal.lattice import niggli_lattice
from porescope.crystal.operations import snapped_fractions
from porescope.crystal.orbits import wrapped
from porescope.crystal.space_group import P1, SpaceGroup, space_group_from_matrices
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError

_SAME_ATOM = 0.1
"""Images nearer than this are one atom [Å]."""


def change_of_basis(crystal: Crystal, *, transform: Float[np.ndarray, "3 3"]) -> Crystal:
    """The crystal in the cell ``transform @ lattice``.

    Parameters
    ----------
    crystal:
        A structure.
    transform:
        Rows are the new cell vectors in the old basis: integers for supercells and other
        settings, fractions where the new vectors are centring translations.

    Returns
    -------
    :
        The structure; symmetry operations that the new cell keeps are kept. ``u_aniso`` is
        rewritten for the new axes.

    Raises
    ------
    ConfigError
        Where the new vectors are no translations of the crystal.
    """
    transform = np.asarray(transform, dtype=np.float64)
    ratio = abs(float(np.linalg.det(transform)))
    if ratio < 1e-6:
        raise ConfigError("the new cell vectors span no volume")
    lattice = transform @ crystal.lattice
    to_new = np.linalg.inv(transform)
    points = _points_inside(transform)
    frac = (crystal.frac[:, None, :] + points).reshape(-1, 3) @ to_new
    source = np.repeat(np.arange(crystal.n_atoms), len(points))
    frac = wrapped(np.round(frac, 12))
    keep = _each_once(frac, lattice, source, crystal)
    frac, source = frac[keep], source[keep]
    if len(source) != round(ratio * crystal.n_atoms):
        raise ConfigError(
            "the new cell vectors are no translations of the crystal: "
            f"expected {ratio * crystal.n_atoms:g} atoms, got {len(source)}"
        )
    moved = _taken(crystal, source, lattice=lattice, frac=frac)
    if crystal.u_aniso is not None:
        moved = replace(
            moved, u_aniso=_tensors_in_new_axes(crystal.u_aniso[source], crystal.lattice, lattice)
        )
    group = _group_in_new_basis(crystal.space_group, transform, points)
    if group.n_ops == 1:
        return replace(moved, space_group=P1, orbit=np.arange(moved.n_atoms))
    return replace(moved, space_group=group, orbit=orbits_under(moved, space_group=group))


def supercell(crystal: Crystal, *, repeats: tuple[int, int, int]) -> Crystal:
    """The crystal in a cell that is several times as long.

    Parameters
    ----------
    crystal:
        A structure.
    repeats:
        Number of cells along a, b and c.

    Raises
    ------
    ConfigError
        Where a number is not positive.
    """
    if min(repeats) < 1:
        raise ConfigError(f"expected positive numbers of cells, got {repeats}")
    return change_of_basis(crystal, transform=np.diag(np.array(repeats, dtype=np.float64)))


def primitive_cell(crystal: Crystal) -> Crystal:
    """The crystal in its Niggli-reduced primitive cell, by the centring of its space group.

    Parameters
    ----------
    crystal:
        A structure with its symmetry; see :func:`porescope.crystal.symmetry.find_symmetry`.
    """
    group = crystal.space_group
    centring = np.all(group.rotations == np.eye(3, dtype=np.int64), axis=(1, 2))
    basis = _basis_of(group.translations[centring])
    _, to_reduced = niggli_lattice(basis @ crystal.lattice)
    return change_of_basis(crystal, transform=to_reduced @ basis)


def orbits_under(crystal: Crystal, *, space_group: SpaceGroup) -> Int[np.ndarray, "atoms"]:
    """Which atoms the operations map onto one another.

    Parameters
    ----------
    crystal:
        All atoms of the cell.
    space_group:
        Operations in the basis of the cell.

    Returns
    -------
    :
        Index of each atom's orbit, in the order of first appearance.

    Raises
    ------
    ConfigError
        Where an operation moves an atom to a place without an atom of the same kind.
    """
    n_atoms = crystal.n_atoms
    inside = wrapped(crystal.frac)
    # In fractional coordinates the tree knows the periodicity; distances are checked after.
    tree = KDTree(inside, boxsize=1.0)
    kinds = np.stack([crystal.numbers.astype(np.float64), crystal.occupancy], axis=1)
    rows, columns = [], []
    for rotation, translation in zip(space_group.rotations, space_group.translations, strict=True):
        images = wrapped(inside @ rotation.T + translation)
        _, near = tree.query(images, k=min(4, n_atoms))
        near = np.asarray(near).reshape(n_atoms, -1)
        delta = inside[near] - images[:, None, :]
        delta -= np.rint(delta)
        distance = np.linalg.norm(delta @ crystal.lattice, axis=2)
        distance[np.any(np.abs(kinds[near] - kinds[:, None, :]) > 1e-3, axis=2)] = np.inf
        best = np.argmin(distance, axis=1)
        if np.any(distance[np.arange(n_atoms), best] > 2.0 * _SAME_ATOM):
            raise ConfigError("the operations do not map the atoms onto one another")
        rows.append(np.arange(n_atoms))
        columns.append(near[np.arange(n_atoms), best])
    links = coo_matrix(
        (np.ones(len(rows) * n_atoms), (np.concatenate(rows), np.concatenate(columns))),
        shape=(n_atoms, n_atoms),
    )
    _, component = connected_components(links, directed=False)
    return in_order_of_appearance(component.astype(np.int64))


def in_order_of_appearance(marks: Int[np.ndarray, "atoms"]) -> Int[np.ndarray, "atoms"]:
    """The same partition, numbered 0, 1, 2 … by first members."""
    _, first, inverse = np.unique(marks, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.reshape(-1)]


def _points_inside(transform: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "points 3"]:
    """Lattice points of the old cell that can reach the new cell."""
    corners = np.stack(np.meshgrid(*[[0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    reach = corners @ transform
    low = np.floor(reach.min(axis=0) - 1e-9).astype(int)
    high = np.ceil(reach.max(axis=0) + 1e-9).astype(int)
    if np.prod((high - low + 1).astype(np.float64)) > 1e6:
        raise ConfigError("the new cell is too large")
    axes = [np.arange(low[i], high[i] + 1) for i in range(3)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    # Points that differ by a vector of the new lattice are the same for its cell.
    inside = points @ np.linalg.inv(transform)
    keys = np.rint(inside * 1e6).astype(np.int64) % 1_000_000
    _, first = np.unique(keys, axis=0, return_index=True)
    points = points[np.sort(first)]
    return points.astype(np.float64)


def _each_once(
    frac: Float[np.ndarray, "atoms 3"],
    lattice: Float[np.ndarray, "3 3"],
    source: Int[np.ndarray, "atoms"],
    crystal: Crystal,
) -> Int[np.ndarray, "kept"]:
    """First of all images that are the same atom."""
    n_ops = crystal.space_group.n_ops
    if n_ops == 1 and len(frac) == len(np.unique(np.rint(frac * 1e7), axis=0)):
        return np.arange(len(frac))
    tree = KDTree(frac, boxsize=1.0)
    radius = _SAME_ATOM * float(np.linalg.norm(np.linalg.inv(lattice), axis=0).max())
    pairs = tree.query_pairs(min(radius, 0.49), p=np.inf, output_type="ndarray").reshape(-1, 2)
    delta = frac[pairs[:, 1]] - frac[pairs[:, 0]]
    delta -= np.rint(delta)
    same = np.linalg.norm(delta @ lattice, axis=1) < _SAME_ATOM
    first, second = source[pairs[:, 0]], source[pairs[:, 1]]
    same &= crystal.numbers[first] == crystal.numbers[second]
    same &= np.abs(crystal.occupancy[first] - crystal.occupancy[second]) < 1e-6
    links = coo_matrix(
        (np.ones(int(same.sum())), (pairs[same, 0], pairs[same, 1])), shape=(len(frac), len(frac))
    )
    _, component = connected_components(links, directed=False)
    _, keep = np.unique(component, return_index=True)
    return np.sort(keep)


def _taken(
    crystal: Crystal,
    source: Int[np.ndarray, "new"],
    *,
    lattice: Float[np.ndarray, "3 3"],
    frac: Float[np.ndarray, "new 3"],
) -> Crystal:
    """A crystal whose atoms have the properties of the source's atoms."""
    return replace(
        crystal,
        lattice=lattice,
        frac=frac,
        numbers=crystal.numbers[source],
        occupancy=crystal.occupancy[source],
        u_iso=crystal.u_iso[source],
        u_aniso=None if crystal.u_aniso is None else crystal.u_aniso[source],
        isotopes=None if crystal.isotopes is None else crystal.isotopes[source],
        charges=None if crystal.charges is None else crystal.charges[source],
        labels=tuple(crystal.labels[i] for i in source) if crystal.labels else (),
        space_group=P1,
        orbit=None,
    )


def _tensors_in_new_axes(
    u_aniso: Float[np.ndarray, "atoms 3 3"],
    old: Float[np.ndarray, "3 3"],
    new: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "atoms 3 3"]:
    """CIF tensors U_ij referred to other cell vectors in the same Cartesian frame."""
    old_star = np.linalg.norm(np.linalg.inv(old), axis=0)
    new_star = np.linalg.norm(np.linalg.inv(new), axis=0)
    cartesian = np.einsum(
        "ji,ajk,kl->ail", old * old_star[:, None], u_aniso, old * old_star[:, None]
    )
    to_new = np.linalg.inv(new * new_star[:, None])
    return np.einsum("ji,ajk,kl->ail", to_new, cartesian, to_new)


def _group_in_new_basis(
    group: SpaceGroup, transform: Float[np.ndarray, "3 3"], points: Float[np.ndarray, "points 3"]
) -> SpaceGroup:
    """The operations that map the new lattice onto itself, with its new translations."""
    column = np.linalg.inv(transform).T
    rotations = np.einsum("ij,ojk,kl->oil", column, group.rotations, np.linalg.inv(column))
    whole = np.all(np.abs(rotations - np.rint(rotations)) < 1e-6, axis=(1, 2))
    rotations = np.rint(rotations[whole]).astype(np.int64)
    moved = (group.translations[whole][:, None, :] + points) @ column.T
    moved = moved.reshape(-1, 3) - np.floor(moved.reshape(-1, 3) + 1e-7)
    repeated = np.repeat(rotations, len(points), axis=0)
    keys = np.concatenate(
        [repeated.reshape(-1, 9), np.rint(moved * 1e5).astype(np.int64) % 100000], axis=1
    )
    _, first = np.unique(keys, axis=0, return_index=True)
    # The identity leads, then the operations in their old order.
    first = np.sort(first)
    if len(first) == 1:
        return P1
    exact, _ = snapped_fractions(moved[first], tolerance=1e-6)
    return space_group_from_matrices(repeated[first], translations=exact)


def _basis_of(translations: Float[np.ndarray, "centring 3"]) -> Float[np.ndarray, "3 3"]:
    """Basis of the lattice that unit vectors and centring translations span."""
    scale = 1
    while scale < 1000:
        scaled = translations * scale
        if np.all(np.abs(scaled - np.rint(scaled)) < 1e-4 * scale):
            break
        scale += 1
    rows = np.concatenate([np.rint(translations * scale), scale * np.eye(3)], axis=0).astype(
        np.int64
    )
    basis = []
    for column in range(3):
        # Euclid's algorithm on one column leaves one row that is not zero there.
        while np.count_nonzero(rows[:, column]) > 1:
            filled = np.flatnonzero(rows[:, column])
            pivot = filled[int(np.argmin(np.abs(rows[filled, column])))]
            for row in filled:
                if row != pivot:
                    rows[row] -= (rows[row, column] // rows[pivot, column]) * rows[pivot]
        pivot = int(np.flatnonzero(rows[:, column])[0])
        basis.append(rows[pivot].copy())
        rows = np.delete(rows, pivot, axis=0)
    return np.array(basis, dtype=np.float64) / scale
