"""Unit cells: parameters, reciprocal and reduced lattices, and what symmetry leaves free."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.space_group import LatticeSystem, SpaceGroup
from porescope.crystal.spglib_calls import call_spglib
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


_TRIES = (1.0, 10.0, 100.0)  # multiples of the tolerance


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
    reduced = None
    for coarser in _TRIES:
        # On the border of two forms the reduction goes in circles where it compares too finely.
        reduced = call_spglib("niggli_reduce", lattice, eps=coarser * tolerance)
        if reduced is not None:
            break
    else:
        raise ConfigError(f"the cell {lattice.tolist()} cannot be reduced; is it degenerate?")
    transform = np.rint(reduced @ np.linalg.inv(lattice)).astype(np.int64)
    if np.linalg.det(transform) < 0.0:
        transform = -transform
    return transform @ lattice, transform


def symmetrised_lattice(
    lattice: Float[np.ndarray, "3 3"], *, space_group: SpaceGroup
) -> Float[np.ndarray, "3 3"]:
    """The nearest cell whose metric all rotations of the group keep.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å], roughly of the right shape.
    space_group:
        Operations in the basis of this cell.

    Returns
    -------
    :
        Cell vectors with a along x and b in the xy plane [Å].
    """
    metric = lattice @ lattice.T
    rotations = space_group.rotations
    mean = np.einsum("oji,jk,okl->il", rotations, metric, rotations) / len(rotations)
    return lattice_from_parameters(*_parameters_from_metric(mean).tolist())


def metric_basis(space_group: SpaceGroup) -> Float[np.ndarray, "dof 3 3"]:
    """Independent metric tensors that all rotations of a group keep.

    Each metric tensor ``lattice @ lattice.T`` of a cell with this symmetry is a combination of
    them: one for a cubic cell, in any setting, and six for a triclinic one.

    Parameters
    ----------
    space_group:
        Operations in the basis of the cell.
    """
    pairs = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
    rotations = np.unique(space_group.rotations, axis=0)
    means = []
    for i, j in pairs:
        unit = np.zeros((3, 3))
        unit[i, j] = unit[j, i] = 1.0
        mean = np.einsum("oji,jk,okl->il", rotations, unit, rotations) / len(rotations)
        means.append([mean[k, m] for k, m in pairs])
    rows = _reduced_rows(np.array(means), tolerance=1e-9)
    basis = np.zeros((len(rows), 3, 3))
    for column, (i, j) in enumerate(pairs):
        basis[:, i, j] = basis[:, j, i] = rows[:, column]
    return basis


def cell_strain_basis(
    lattice: Float[np.ndarray, "3 3"], *, space_group: SpaceGroup
) -> Float[np.ndarray, "dof 6"]:
    """Independent directions in which the cell parameters may change, by the symmetry.

    In the usual settings these are constant: ``a = b = c`` together for a cubic cell, ``a = b``
    and ``c`` for a hexagonal one, the edges and the unique angle for a monoclinic one. In other
    settings, as primitive cells of centred lattices, they are the tangent at this cell.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å]; made to fit the symmetry first.
    space_group:
        Operations in the basis of the cell.

    Returns
    -------
    :
        Changes of a, b, c [Å] and alpha, beta, gamma [°], in reduced row form: the first entry
        of each row that is not zero is 1.
    """
    exact = symmetrised_lattice(lattice, space_group=space_group)
    metric = exact @ exact.T
    edges = np.sqrt(np.diag(metric))
    tangents = []
    for direction in metric_basis(space_group):
        d_edges = np.diag(direction) / (2.0 * edges)
        d_angles = []
        for i, j in ((1, 2), (0, 2), (0, 1)):
            cosine = metric[i, j] / (edges[i] * edges[j])
            d_cosine = direction[i, j] / (edges[i] * edges[j]) - cosine * (
                d_edges[i] / edges[i] + d_edges[j] / edges[j]
            )
            d_angles.append(np.rad2deg(-d_cosine / np.sqrt(1.0 - cosine**2)))
        tangents.append([*d_edges, *d_angles])
    return _reduced_rows(np.array(tangents), tolerance=1e-7)


def _reduced_rows(
    rows: Float[np.ndarray, "rows columns"], *, tolerance: float
) -> Float[np.ndarray, "rank columns"]:
    """Row-reduced form, without rows of zeros."""
    table = rows.copy()
    rank = 0
    for column in range(table.shape[1]):
        if rank == len(table):
            break
        best = rank + int(np.argmax(np.abs(table[rank:, column])))
        if abs(table[best, column]) < tolerance:
            continue
        table[[rank, best]] = table[[best, rank]]
        table[rank] /= table[rank, column]
        others = np.arange(len(table)) != rank
        table[others] -= table[others, column][:, None] * table[rank]
        rank += 1
    reduced = table[:rank]
    reduced[np.abs(reduced) < tolerance] = 0.0
    return reduced


def _parameters_from_metric(metric: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "6"]:
    edges = np.sqrt(np.diag(metric))
    cosines = metric / (edges[:, None] * edges)
    # A right angle stays one to the last bit.
    angles = [
        90.0 if abs(value) < 1e-14 else float(np.rad2deg(np.arccos(np.clip(value, -1.0, 1.0))))
        for value in (cosines[1, 2], cosines[0, 2], cosines[0, 1])
    ]
    return np.array([*edges, *angles])


def lattice_system_of(
    lattice: Float[np.ndarray, "3 3"], *, space_group: SpaceGroup | None = None
) -> LatticeSystem:
    """Lattice system of a cell.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    space_group:
        The symmetry, which decides where it is given: trigonal groups are ``rhombohedral`` on
        rhombohedral axes and ``hexagonal`` on hexagonal ones. Without it, the shape of the
        lattice decides, within 0.01 Å.
    """
    if space_group is None:
        return conventional_lattice(lattice)[1]
    number = space_group.number
    for last, system in ((2, "triclinic"), (15, "monoclinic"), (74, "orthorhombic")):
        if number <= last:
            return system  # pyright: ignore[reportReturnType]
    if number <= 142:
        return "tetragonal"
    if number > 194:
        return "cubic"
    if number > 167:
        return "hexagonal"
    # On rhombohedral axes, the threefold axis permutes the cell vectors.
    permutes = np.abs(space_group.rotations).sum(axis=(1, 2)) == 3
    moves_all = np.all(space_group.rotations[:, range(3), range(3)] == 0, axis=1)
    return "rhombohedral" if bool(np.any(permutes & moves_all)) else "hexagonal"


def conventional_lattice(
    lattice: Float[np.ndarray, "3 3"], *, tolerance: float = 0.01
) -> tuple[Float[np.ndarray, "3 3"], LatticeSystem, str]:
    """Conventional cell of a lattice, by its shape alone.

    Parameters
    ----------
    lattice:
        Vectors of a primitive cell as rows [Å].
    tolerance:
        Largest displacement of a lattice point from its symmetric place [Å].

    Returns
    -------
    :
        The conventional cell [Å], on hexagonal axes for rhombohedral lattices; its system; and
        its centring: P, A, C, F, I or R.

    Raises
    ------
    ConfigError
        Where the cell is degenerate.
    """
    reduced, _ = niggli_lattice(lattice)
    cell = (reduced, [[0.0, 0.0, 0.0]], [1])
    dataset = call_spglib("get_symmetry_dataset", cell, symprec=tolerance)
    if dataset is None:
        return reduced, "triclinic", "P"
    systems: dict[str, LatticeSystem] = {
        "-1": "triclinic",
        "2/m": "monoclinic",
        "mmm": "orthorhombic",
        "4/mmm": "tetragonal",
        "-3m": "rhombohedral",
        "6/mmm": "hexagonal",
        "m-3m": "cubic",
    }
    found = np.asarray(dataset.std_lattice, dtype=np.float64)
    return found, systems[dataset.pointgroup], str(dataset.international)[0]


def lattice_mapping(
    lattice: Float[np.ndarray, "3 3"],
    *,
    onto: Float[np.ndarray, "3 3"],
    length_tolerance: float = 0.01,
    angle_tolerance_deg: float = 1.0,
) -> Int[np.ndarray, "3 3"] | None:
    """How a lattice is the same as another one, up to a rotation and small strains.

    Comparing Niggli cells number by number fails where the reduction jumps; this tries all
    nearly reduced cells of the lattice and so does not.

    Parameters
    ----------
    lattice, onto:
        Cell vectors as rows [Å]; both primitive, or both centred alike.
    length_tolerance:
        Relative tolerance of the edges of the reduced cell.
    angle_tolerance_deg:
        Tolerance of its angles [°].

    Returns
    -------
    :
        T such that ``T @ lattice`` has the edges and angles of ``onto``, with |det T| = 1 and
        the smallest misfit, or ``None``.
    """
    target, to_target = niggli_lattice(onto)
    source, to_source = niggli_lattice(lattice)
    if abs(np.log(abs(np.linalg.det(source) / np.linalg.det(target)))) > 5.0 * length_tolerance + (
        np.deg2rad(3.0 * angle_tolerance_deg)
    ):
        return None
    steps = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    vectors = steps @ source
    lengths = np.linalg.norm(vectors, axis=1)
    edges = np.linalg.norm(target, axis=1)
    rows = [np.flatnonzero(np.abs(lengths - edge) <= length_tolerance * edge) for edge in edges]
    angles = parameters_from_lattice(target)[3:]
    found = _angles_between(vectors, rows, lengths, angles, angle_tolerance_deg)
    if not len(found):
        return None
    determinants = np.rint(np.linalg.det(steps[found].astype(np.float64)))
    found = found[np.abs(determinants) == 1]
    if not len(found):
        return None
    metrics = np.einsum("nij,nkj->nik", vectors[found], vectors[found])
    misfit = np.abs(metrics - target @ target.T).max(axis=(1, 2))
    best = steps[found[int(np.argmin(misfit))]]
    back = np.rint(np.linalg.inv(to_target)).astype(np.int64)
    return back @ best @ to_source


def _angles_between(
    vectors: Float[np.ndarray, "vectors 3"],
    rows: list[np.ndarray],
    lengths: Float[np.ndarray, "vectors"],
    angles: Float[np.ndarray, "3"],
    tolerance_deg: float,
) -> Int[np.ndarray, "triples 3"]:
    """Triples of vectors, one of each list, with the wanted angles."""

    def match(i: int, j: int, angle: float) -> np.ndarray:
        cosines = vectors[rows[i]] @ vectors[rows[j]].T
        cosines /= lengths[rows[i]][:, None] * lengths[rows[j]]
        return np.abs(np.rad2deg(np.arccos(np.clip(cosines, -1.0, 1.0))) - angle) <= tolerance_deg

    with_gamma, with_beta = match(0, 1, angles[2]), match(0, 2, angles[1])
    with_alpha = match(1, 2, angles[0])
    triples = with_gamma[:, :, None] & with_beta[:, None, :] & with_alpha[None, :, :]
    first, second, third = np.nonzero(triples)
    return np.stack([rows[0][first], rows[1][second], rows[2][third]], axis=1)


def same_lattice(
    lattice: Float[np.ndarray, "3 3"],
    *,
    other: Float[np.ndarray, "3 3"],
    length_tolerance: float = 0.01,
    angle_tolerance_deg: float = 1.0,
) -> bool:
    """Whether two cells span the same lattice within tolerances; see :func:`lattice_mapping`."""
    mapping = lattice_mapping(
        lattice,
        onto=other,
        length_tolerance=length_tolerance,
        angle_tolerance_deg=angle_tolerance_deg,
    )
    return mapping is not None
