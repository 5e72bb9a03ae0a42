"""Rigid groups of atoms: position, orientation and torsions instead of free coordinates.

A pattern to 30° holds too little to place single atoms; a linker as one body has six degrees of
freedom and one more for each bond that turns. The pose of a group is the vector

``(x, y, z, wx, wy, wz, torsion 1, torsion 2, ...)``

of the origin [Å], a rotation vector [rad] and the torsion angles [rad]. Torsions act first, then
the rotation about the origin, then the shift.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.structure import Crystal
from porescope.diffraction.radiation import Radiation
from porescope.diffraction.scattering import scattering_factors
from porescope.diffraction.structure_factors import DEFAULT_U_ISO
from porescope.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Torsion:
    """Rotation of some atoms of a group about a bond of the group."""

    axis: tuple[int, int]
    """Positions within the group of the two atoms of the bond."""
    moves: Int[np.ndarray, "moved"]
    """Positions within the group of the atoms that turn."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RigidGroup:
    """Atoms that move together."""

    atoms: Int[np.ndarray, "group"]
    """Indices in the crystal, one representative of each orbit."""
    local: Float[np.ndarray, "group 3"]
    """Cartesian coordinates relative to the origin of the group [Å]."""
    torsions: tuple[Torsion, ...] = ()
    """Bonds that turn, those nearer to the group's body first."""

    @property
    def n_parameters(self) -> int:
        """Length of the pose: six and one for each torsion."""
        return 6 + len(self.torsions)


def rigid_group(
    crystal: Crystal,
    atoms: Int[np.ndarray, "group"],
    *,
    torsions: tuple[Torsion, ...] = (),
) -> tuple[RigidGroup, Float[np.ndarray, "pose"]]:
    """A group made of a crystal's atoms as they stand, and its pose.

    Parameters
    ----------
    crystal:
        The structure.
    atoms:
        Indices of the atoms; each is taken in the image nearest to the one before it.
    torsions:
        Bonds that turn.

    Raises
    ------
    ConfigError
        Where an atom lies on a special position, which no free motion keeps: expand the crystal
        with ``without_symmetry()`` first.
    """
    _images(crystal, atoms)
    frac = crystal.frac[atoms].copy()
    for i in range(1, len(frac)):
        frac[i] -= np.rint(frac[i] - frac[i - 1])
    cart = frac @ crystal.lattice
    origin = np.mean(cart, axis=0)
    group = RigidGroup(atoms=atoms, local=cart - origin, torsions=torsions)
    return group, np.concatenate([origin, np.zeros(3 + len(torsions))])


def group_coordinates(
    group: RigidGroup, pose: Float[np.ndarray, "pose"]
) -> tuple[Float[np.ndarray, "group 3"], Float[np.ndarray, "pose group 3"]]:
    """Cartesian coordinates of a posed group [Å] and their derivatives by the pose.

    Parameters
    ----------
    group:
        The group.
    pose:
        Origin [Å], rotation vector and torsions [rad].
    """
    if len(pose) != group.n_parameters:
        raise ConfigError(
            f"the pose needs {group.n_parameters} numbers (origin, rotation vector, torsions), "
            f"got {len(pose)}"
        )
    points = group.local.astype(np.float64)
    for index, torsion in enumerate(group.torsions):
        _check_order(group.torsions[:index], torsion)
        pivot, axis = _bond(points, torsion)
        turn = _rotation(axis * pose[6 + index])
        points[torsion.moves] = pivot + (points[torsion.moves] - pivot) @ turn.T
    rotated = points @ _rotation(pose[3:6]).T
    slopes = np.zeros((group.n_parameters, len(points), 3))
    slopes[0:3] = np.eye(3)[:, None, :]
    for index, spin in enumerate(_left_jacobian(pose[3:6]).T):
        slopes[3 + index] = np.cross(spin, rotated)
    # Torsions nearer to the body are never moved by later ones, so each is a plain rotation about
    # the bond where it finally stands.
    for index, torsion in enumerate(group.torsions):
        pivot, axis = _bond(rotated, torsion)
        slopes[6 + index][torsion.moves] = np.cross(axis, rotated[torsion.moves] - pivot)
    return rotated + pose[:3], slopes


def place_groups(
    crystal: Crystal,
    groups: tuple[RigidGroup, ...],
    poses: tuple[Float[np.ndarray, "_"], ...],
) -> Crystal:
    """The crystal with its groups, and all their images, in the given poses."""
    frac = crystal.frac.copy()
    inverse = np.linalg.inv(crystal.lattice)
    for group, pose in zip(groups, poses, strict=True):
        cart, _ = group_coordinates(group, pose)
        for which, images in enumerate(_images(crystal, group.atoms)):
            for atom, rotation, translation in images:
                frac[atom] = rotation @ (cart[which] @ inverse) + translation
    return replace(crystal, frac=frac)


def f_squared_of_poses(
    crystal: Crystal,
    groups: tuple[RigidGroup, ...],
    poses: tuple[Float[np.ndarray, "_"], ...],
    *,
    hkl: Int[np.ndarray, "reflections 3"],
    radiation: Radiation,
    default_u_iso: float = DEFAULT_U_ISO,
) -> tuple[Float[np.ndarray, "reflections"], Float[np.ndarray, "poses reflections"]]:
    """Squared structure factors of a crystal with posed groups, and their derivatives.

    Isotropic displacements, no anomalous terms.

    Parameters
    ----------
    crystal:
        Atoms outside the groups stay where they are.
    groups, poses:
        Bodies that move.
    hkl:
        Miller indices.
    radiation:
        X-rays or neutrons.
    default_u_iso:
        Displacement of atoms whose U is unknown [Å²].

    Returns
    -------
    :
        |F|² [electrons² or fm²], and its derivatives by all poses, one group after the other
        [per Å or per rad].
    """
    placed = place_groups(crystal, groups, poses)
    inverse = np.linalg.inv(crystal.lattice)
    s_squared = 0.25 * np.sum((hkl @ inverse.T) ** 2, axis=1)
    kinds, kind = np.unique(crystal.numbers, return_inverse=True)
    isotopes = np.zeros(len(kinds), dtype=np.int64)
    factors, _ = scattering_factors(
        kinds, isotopes=isotopes, s_squared=s_squared, radiation=radiation
    )
    u_iso = np.where(np.isnan(crystal.u_iso), default_u_iso, crystal.u_iso)
    amplitude = factors[kind] * crystal.occupancy[:, None]
    amplitude = amplitude * np.exp(-8.0 * np.pi**2 * u_iso[:, None] * s_squared)
    wave = amplitude * np.exp(2j * np.pi * (placed.frac @ hkl.T))
    total = np.sum(wave, axis=0)
    rows = []
    for group, pose in zip(groups, poses, strict=True):
        _, slopes = group_coordinates(group, pose)
        by_pose = np.zeros((group.n_parameters, len(hkl)), dtype=np.complex128)
        for which, images in enumerate(_images(crystal, group.atoms)):
            for atom, rotation, _ in images:
                moved = slopes[:, which] @ inverse @ rotation.T
                by_pose += 2j * np.pi * (moved @ hkl.T) * wave[atom]
        rows.append(2.0 * np.real(np.conj(total) * by_pose))
    return np.abs(total) ** 2, np.concatenate(rows)


def _images(
    crystal: Crystal, atoms: Int[np.ndarray, "group"]
) -> list[list[tuple[int, Int[np.ndarray, "3 3"], Float[np.ndarray, "3"]]]]:
    """For each atom of a group: its images, with an operation and lattice shift that makes each."""
    orbit = np.arange(crystal.n_atoms) if crystal.orbit is None else crystal.orbit
    group = crystal.space_group
    out = []
    for atom in atoms.tolist():
        images = []
        for other in np.flatnonzero(orbit == orbit[atom]).tolist():
            reached = group.rotations @ crystal.frac[atom] + group.translations
            gap = reached - crystal.frac[other]
            distance = np.linalg.norm((gap - np.rint(gap)) @ crystal.lattice, axis=1)
            matches = np.flatnonzero(distance < 0.05)
            if len(matches) != 1:
                raise ConfigError(
                    f"atom {atom} of {crystal.name or 'the crystal'} lies on a special position, "
                    "which a rigid group would leave; expand the crystal with without_symmetry()"
                )
            best = int(matches[0])
            shift = group.translations[best] - np.rint(gap[best])
            images.append((other, group.rotations[best], shift))
        out.append(images)
    return out


def _bond(
    points: Float[np.ndarray, "group 3"], torsion: Torsion
) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """Start and direction of a torsion's bond."""
    start, end = torsion.axis
    vector = points[end] - points[start]
    return points[start].copy(), vector / np.linalg.norm(vector)


def _check_order(earlier: tuple[Torsion, ...], torsion: Torsion) -> None:
    """A torsion must not move the bond of an earlier one, nor tear its moving part."""
    mine = set(torsion.moves.tolist()) - set(torsion.axis)
    for other in earlier:
        theirs = set(other.moves.tolist())
        if mine & set(other.axis) or (mine & theirs and not mine <= theirs):
            raise ConfigError(
                "torsions must be listed from the body of a group outwards: "
                f"the one about {torsion.axis} moves the bond {other.axis} that came before it"
            )


def _rotation(vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    """Rotation matrix of a rotation vector [rad] (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    cross = _cross_matrix(vector)
    if angle < 1e-8:
        return np.eye(3) + cross + 0.5 * cross @ cross
    return (
        np.eye(3) + np.sin(angle) / angle * cross + (1.0 - np.cos(angle)) / angle**2 * cross @ cross
    )


def _left_jacobian(vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    """Spin of the rotated frame for a change of the rotation vector; columns are components."""
    angle = float(np.linalg.norm(vector))
    cross = _cross_matrix(vector)
    if angle < 1e-4:
        return np.eye(3) + 0.5 * cross + cross @ cross / 6.0
    return (
        np.eye(3)
        + (1.0 - np.cos(angle)) / angle**2 * cross
        + (angle - np.sin(angle)) / angle**3 * cross @ cross
    )


def _cross_matrix(vector: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    """Matrix of the cross product from the left."""
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
