"""How the pieces of an assembly may move together without breaking its symmetry.

Each piece has six small motions: a shift and a turn about its centre. An operation of the space
group maps pieces on pieces and their motions with them; the motions that every operation leaves as
they are form a subspace, and its coordinates are what a fit may change. A linker on a mirror plane
keeps the one turn that the plane allows; nothing needs to be said about special positions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.orbits import wrapped
from porescope.crystal.structure import Crystal
from porescope.reticular.assembly import Assembly

_NEAR = 0.6
"""Largest distance between an atom's image and the atom that it is taken for [Å]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Motion:
    """Independent motions of all pieces."""

    modes: Float[np.ndarray, "modes pieces 6"]
    """Shift [Å] and turn [Å at the piece's radius] of each piece in each mode; orthonormal."""
    centres: Float[np.ndarray, "pieces 3"]
    """Cartesian centres about which the pieces turn [Å]."""
    radii: Float[np.ndarray, "pieces"]
    """Root mean square distances of the pieces' atoms from their centres [Å]."""

    @property
    def n_modes(self) -> int:
        """Number of independent motions."""
        return len(self.modes)

    def steps(
        self, amounts: Float[np.ndarray, "modes"]
    ) -> tuple[Float[np.ndarray, "pieces 3"], Float[np.ndarray, "pieces 3"]]:
        """Shifts [Å] and rotation vectors [rad] of all pieces."""
        moved = np.tensordot(amounts, self.modes, axes=1)
        return moved[:, :3], moved[:, 3:] / self.radii[:, None]


def symmetric_motion(assembly: Assembly, crystal: Crystal) -> Motion:
    """The motions of an assembly's pieces that keep a space group.

    Parameters
    ----------
    assembly:
        Posed blocks.
    crystal:
        The same atoms in the same order with their space group. Operations under which some piece
        has no image among the pieces are passed over.
    """
    centres, radii = _centres(assembly)
    group = crystal.space_group
    projector = np.zeros((6 * assembly.n_pieces,) * 2)
    n_used = 0
    for rotation, translation in zip(group.rotations, group.translations, strict=True):
        images = _piece_images(assembly, crystal, rotation, translation)
        if images is None:
            continue
        n_used += 1
        turn = crystal.lattice.T @ rotation @ np.linalg.inv(crystal.lattice.T)
        axial = np.linalg.det(turn) * turn
        for piece, image in enumerate(images.tolist()):
            projector[6 * image : 6 * image + 3, 6 * piece : 6 * piece + 3] += turn
            projector[6 * image + 3 : 6 * image + 6, 6 * piece + 3 : 6 * piece + 6] += axial
    projector /= max(n_used, 1)
    values, vectors = np.linalg.eigh(0.5 * (projector + projector.T))
    free = vectors[:, values > 0.9].T.reshape(-1, assembly.n_pieces, 6).copy()
    # a single atom does not turn
    free[:, radii < 0.05, 3:] = 0.0
    size = np.linalg.norm(free.reshape(-1, 6 * assembly.n_pieces), axis=1)
    free = free[size > 0.05]
    return Motion(modes=free, centres=centres, radii=np.maximum(radii, 0.5))


def _centres(
    assembly: Assembly,
) -> tuple[Float[np.ndarray, "pieces 3"], Float[np.ndarray, "pieces"]]:
    """Mean places of the pieces' atoms, and their spread."""
    places = [assembly.piece_positions(i) for i in range(assembly.n_pieces)]
    centres = np.array([p.mean(axis=0) for p in places]).reshape(-1, 3)
    radii = np.array(
        [
            np.sqrt(np.mean(np.sum((p - c) ** 2, axis=1)))
            for p, c in zip(places, centres, strict=True)
        ]
    )
    return centres, radii


def _piece_images(
    assembly: Assembly,
    crystal: Crystal,
    rotation: Int[np.ndarray, "3 3"],
    translation: Float[np.ndarray, "3"],
) -> Int[np.ndarray, "pieces"] | None:
    """Piece that each piece is mapped on by an operation; ``None`` where one is cut in two."""
    from scipy.spatial import KDTree

    edges = np.linalg.norm(crystal.lattice, axis=1)
    inside = np.minimum(wrapped(crystal.frac), 1.0 - 1e-12)
    images = np.minimum(wrapped(crystal.frac @ rotation.T + translation), 1.0 - 1e-12)
    tree = KDTree(inside * edges, boxsize=edges)
    _, near = tree.query(images * edges, k=min(4, crystal.n_atoms))
    near = np.asarray(near).reshape(crystal.n_atoms, -1)
    delta = inside[near] - images[:, None, :]
    delta -= np.rint(delta)
    distance = np.linalg.norm(delta @ crystal.lattice, axis=2)
    distance[crystal.numbers[near] != crystal.numbers[:, None]] = np.inf
    best = np.argmin(distance, axis=1)
    rows = np.arange(crystal.n_atoms)
    if distance[rows, best].max() > _NEAR:
        return None
    partner = near[rows, best]
    offsets = assembly.atom_offsets()
    owner = np.repeat(np.arange(assembly.n_pieces), np.diff(offsets))
    first = owner[partner[offsets[:-1]]]
    if not np.array_equal(owner[partner], first[owner]):
        return None
    return first


def moved_pieces(
    assembly: Assembly, motion: Motion, amounts: Float[np.ndarray, "modes"]
) -> Assembly:
    """The assembly after a step along the modes; turns are finite rotations about the centres.

    Parameters
    ----------
    assembly:
        Posed blocks.
    motion:
        Its modes.
    amounts:
        Step along each mode [Å].
    """
    shifts, turns = motion.steps(amounts)
    matrices = rotation_matrices(turns)
    arm = assembly.origins - motion.centres
    return replace(
        assembly,
        origins=motion.centres + shifts + np.einsum("pij,pj->pi", matrices, arm),
        rotations=matrices @ assembly.rotations,
    )


def rotation_matrices(
    vectors: Float[np.ndarray, "pieces 3"],
) -> Float[np.ndarray, "pieces 3 3"]:
    """Rotation matrices of rotation vectors [rad]."""
    angle = np.linalg.norm(vectors, axis=1)
    x, y, z = (vectors / np.maximum(angle, 1e-12)[:, None]).T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.eye(3) + sine * cross + (1.0 - cosine) * (cross @ cross)


def atom_slopes(
    assembly: Assembly, motion: Motion, cart: Float[np.ndarray, "atoms 3"]
) -> Float[np.ndarray, "modes atoms 3"]:
    """Velocities of all atoms along the modes.

    Parameters
    ----------
    assembly:
        Posed blocks, where ``motion`` has its centres.
    motion:
        Its modes.
    cart:
        Cartesian coordinates of the atoms, piece after piece, unfolded [Å].
    """
    offsets = assembly.atom_offsets()
    owner = np.repeat(np.arange(assembly.n_pieces), np.diff(offsets))
    arm = cart - motion.centres[owner]
    shift = motion.modes[:, owner, :3]
    turn = motion.modes[:, owner, 3:] / motion.radii[owner][:, None]
    return shift + np.cross(turn, arm)
