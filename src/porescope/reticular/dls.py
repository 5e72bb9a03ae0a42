"""Distance least squares: frameworks whose interatomic distances come as near as they can.

W. M. Meier and H. Villiger, Z. Kristallogr. 129 (1969) 411,
https://doi.org/10.1524/zkri.1969.129.16.411. The coordinates that site symmetry leaves free and
the cell parameters that the space group leaves free are refined together against prescribed
distances.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.neighbours import neighbour_list
from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import symmetrised
from porescope.errors import ConfigError

SILICON, OXYGEN = 14, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SilicaTargets:
    """Prescribed distances of a silica framework [Å] and their weights."""

    si_o: float = 1.61
    """Bond length."""
    o_o: float = 2.629
    """Edge of a regular tetrahedron with that bond length."""
    si_si: float = 3.08
    """Distance across an oxygen, for an angle of 146° there."""
    weight_si_o: float = 2.0
    """Weight of a bond."""
    weight_o_o: float = 0.61
    """Weight of an edge."""
    weight_si_si: float = 0.23
    """Weight of a distance across an oxygen."""
    bond_reach: float = 2.1
    """Longest distance that counts as a bond at the start."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Relaxation:
    """A framework after distance least squares."""

    crystal: Crystal
    """The relaxed structure, with its space group."""
    residual: float
    """Weighted root-mean-square deviation from the prescribed distances [Å]."""
    n_steps: int
    """Steps taken."""
    converged: bool
    """Whether the last step was negligible."""


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Distances to be fitted, in terms of the asymmetric unit."""

    first: np.ndarray
    second: np.ndarray
    rotation_first: np.ndarray
    rotation_second: np.ndarray
    shift: np.ndarray
    target: np.ndarray
    weight: np.ndarray


def relax_silica(
    crystal: Crystal,
    *,
    targets: SilicaTargets | None = None,
    max_steps: int = 100,
    tolerance: float = 1e-5,
) -> Relaxation:
    """Relax a silica framework and its cell by distance least squares.

    Parameters
    ----------
    crystal:
        Silicon and oxygen with their space group; each silicon has four oxygen neighbours.
    targets:
        Prescribed distances.
    max_steps:
        Largest number of steps of the damped Gauss-Newton iteration.
    tolerance:
        Largest movement of an atom in the last step [Å].

    Raises
    ------
    ConfigError
        Where there are other elements, or a silicon without four oxygen neighbours.
    """
    targets = targets or SilicaTargets()
    if not set(crystal.numbers.tolist()) <= {SILICON, OXYGEN}:
        raise ConfigError("distance least squares for silica takes silicon and oxygen only")
    start = symmetrised(crystal)
    unit = start.asymmetric_unit()
    pairs = _pairs_of(start, targets)
    sites = _site_basis(start)
    strains = _strain_basis(start)
    n_free = sites.shape[1]
    frac, lattice = unit.frac.copy(), start.lattice.copy()
    error, rows = _linearised(pairs, frac, lattice, sites, strains)
    damping, converged, n_steps = 1e-3, False, 0
    while n_steps < max_steps and not converged:
        n_steps += 1
        normal = rows.T @ rows
        gradient = rows.T @ error
        diagonal = np.diag(normal) + 1e-3 * np.diag(normal).max()
        while damping < 1e8:
            move = -np.linalg.solve(normal + damping * np.diag(diagonal), gradient)
            new_frac = frac + (sites @ move[:n_free]).reshape(-1, 3) @ np.linalg.inv(lattice)
            new_lattice = lattice + lattice @ np.tensordot(move[n_free:], strains, axes=1)
            new_error, new_rows = _linearised(pairs, new_frac, new_lattice, sites, strains)
            if new_error @ new_error <= error @ error:
                break
            damping *= 10.0
        else:
            break
        frac, lattice, error, rows = new_frac, new_lattice, new_error, new_rows
        damping = max(damping * 0.2, 1e-6)
        converged = bool(np.abs(move).max(initial=0.0) < tolerance)
    total = float(pairs.weight @ pairs.weight)
    return Relaxation(
        crystal=_filled(start, frac, lattice),
        residual=float(np.sqrt(error @ error / total)),
        n_steps=n_steps,
        converged=converged,
    )


def _linearised(
    pairs: _Pairs, frac: np.ndarray, lattice: np.ndarray, sites: np.ndarray, strains: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted deviations of the distances, and their derivatives by all free parameters.

    Positions move in Å along the rows that site symmetry leaves free; the cell is strained.
    """
    delta = (
        np.einsum("nij,nj->ni", pairs.rotation_second, frac[pairs.second])
        - np.einsum("nij,nj->ni", pairs.rotation_first, frac[pairs.first])
        + pairs.shift
    )
    cart = delta @ lattice
    distance = np.linalg.norm(cart, axis=1)
    unit = cart / distance[:, None]
    n, n_sites = len(distance), len(frac)
    inverse = np.linalg.inv(lattice)
    by_frac = unit @ lattice.T
    by_site = np.zeros((n, n_sites, 3))
    rows = np.arange(n)
    # d(cart)/d(site in Å): site -> fractions -> rotated -> Å
    to_second = np.einsum("ni,nij->nj", by_frac, pairs.rotation_second) @ inverse.T
    to_first = np.einsum("ni,nij->nj", by_frac, pairs.rotation_first) @ inverse.T
    np.add.at(by_site, (rows, pairs.second), to_second)
    np.add.at(by_site, (rows, pairs.first), -to_first)
    by_strain = np.einsum("ni,kij,nj->nk", cart, strains, unit)
    derivative = np.concatenate([by_site.reshape(n, -1) @ sites, by_strain], axis=1)
    return pairs.weight * (distance - pairs.target), pairs.weight[:, None] * derivative


def _pairs_of(crystal: Crystal, targets: SilicaTargets) -> _Pairs:
    """Bonds, edges and distances across oxygen, each once for the asymmetric unit."""
    unit = crystal.asymmetric_unit()
    orbit = np.arange(crystal.n_atoms) if crystal.orbit is None else crystal.orbit
    near = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=targets.bond_reach)
    bonded = crystal.numbers[near.first] + crystal.numbers[near.second] == SILICON + OXYGEN
    around: dict[int, list[tuple[int, np.ndarray]]] = {i: [] for i in range(crystal.n_atoms)}
    for i in np.flatnonzero(bonded):
        around[int(near.first[i])].append((int(near.second[i]), near.image[i]))
    zero = np.zeros(3, dtype=np.int64)
    ends: list[tuple[int, np.ndarray, int, np.ndarray]] = []
    target: list[float] = []
    weight: list[float] = []

    def add(one: tuple[int, np.ndarray], two: tuple[int, np.ndarray], d: float, w: float) -> None:
        ends.append((*one, *two))
        target.append(d)
        weight.append(w)

    for atom, number, multiplicity in zip(unit.atoms, unit.numbers, unit.multiplicity, strict=True):
        near_by = around[int(atom)]
        root = np.sqrt(multiplicity / unit.multiplicity.min())
        if number == SILICON:
            if len(near_by) != 4:
                raise ConfigError(
                    f"silicon {int(atom)} of {crystal.name} has {len(near_by)} oxygen neighbours "
                    f"within {targets.bond_reach} Å instead of 4"
                )
            for i, one in enumerate(near_by):
                add((int(atom), zero), one, targets.si_o, targets.weight_si_o * root)
                for two in near_by[:i]:
                    add(one, two, targets.o_o, targets.weight_o_o * root)
        elif len(near_by) == 2:
            add(near_by[0], near_by[1], targets.si_si, targets.weight_si_si * root)
    met = {end[0] for end in ends} | {end[2] for end in ends}
    images = {atom: _image_of(crystal, atom, orbit, unit.atoms) for atom in met}
    return _Pairs(
        first=np.array([images[e[0]][0] for e in ends], dtype=np.int64),
        second=np.array([images[e[2]][0] for e in ends], dtype=np.int64),
        rotation_first=np.array([images[e[0]][1] for e in ends], dtype=np.float64),
        rotation_second=np.array([images[e[2]][1] for e in ends], dtype=np.float64),
        shift=np.array([images[e[2]][2] + e[3] - images[e[0]][2] - e[1] for e in ends]),
        target=np.array(target),
        weight=np.array(weight),
    )


def _image_of(
    crystal: Crystal, atom: int, orbit: Int[np.ndarray, "atoms"], sites: Int[np.ndarray, "sites"]
) -> tuple[int, np.ndarray, np.ndarray]:
    """Site of which an atom is the image, and the rotation and translation that make it so."""
    site = int(orbit[atom])
    group = crystal.space_group
    places = group.rotations @ crystal.frac[sites[site]] + group.translations
    delta = crystal.frac[atom] - places
    whole = np.rint(delta)
    best = int(np.argmin(np.sum(((delta - whole) @ crystal.lattice) ** 2, axis=1)))
    return site, group.rotations[best], group.translations[best] + whole[best]


def _site_basis(crystal: Crystal) -> Float[np.ndarray, "coordinates free"]:
    """Directions [Å] in which the sites may move, as columns over all their coordinates."""
    unit = crystal.asymmetric_unit()
    group = crystal.space_group
    inverse = np.linalg.inv(crystal.lattice)
    turned = inverse @ group.rotations.transpose(0, 2, 1) @ crystal.lattice
    columns: list[np.ndarray] = []
    for i, frac in enumerate(unit.frac):
        moved = group.rotations @ frac + group.translations - frac
        moved -= np.rint(moved)
        fixed = np.linalg.norm(moved @ crystal.lattice, axis=1) < 0.02
        values, vectors = np.linalg.eigh(_symmetric(turned[fixed].mean(axis=0)))
        for vector in vectors.T[values > 0.99]:
            column = np.zeros((len(unit.frac), 3))
            column[i] = vector
            columns.append(column.reshape(-1))
    return np.array(columns).reshape(-1, 3 * len(unit.frac)).T


def _strain_basis(crystal: Crystal) -> Float[np.ndarray, "strains 3 3"]:
    """Symmetric strains that keep the space group."""
    inverse = np.linalg.inv(crystal.lattice)
    turned = inverse @ crystal.space_group.rotations.transpose(0, 2, 1) @ crystal.lattice
    found: list[np.ndarray] = []
    for i in range(3):
        for j in range(i, 3):
            trial = np.zeros((3, 3))
            trial[i, j] = trial[j, i] = 1.0
            found.append((turned.transpose(0, 2, 1) @ trial @ turned).mean(axis=0).reshape(-1))
    _, size, rows = np.linalg.svd(np.array(found))
    return rows[: int((size > 1e-6).sum())].reshape(-1, 3, 3)


def _symmetric(matrix: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "3 3"]:
    """The symmetric part."""
    return 0.5 * (matrix + matrix.T)


def _filled(crystal: Crystal, frac: np.ndarray, lattice: np.ndarray) -> Crystal:
    """The whole cell from moved sites."""
    unit = crystal.asymmetric_unit()
    orbit = np.arange(crystal.n_atoms) if crystal.orbit is None else crystal.orbit
    whole = np.empty_like(crystal.frac)
    for atom in range(crystal.n_atoms):
        site, rotation, shift = _image_of(crystal, atom, orbit, unit.atoms)
        whole[atom] = rotation @ frac[site] + shift
    return replace(crystal, frac=whole, lattice=lattice)
