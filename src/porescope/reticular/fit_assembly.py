"""Closing the links: rigid blocks move and the cell strains until ports meet their partners.

Each link wants its two atoms where each side's port points. The sum of the squared misses is
minimised over the places and turns of all pieces and the six strains of the cell by damped
Gauss-Newton steps. Carboxylates on flat rings also want to lie in the plane of the ring.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg.lapack import dposv  # pyright: ignore[reportAttributeAccessIssue]

from porescope.errors import ConfigError
from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block
from porescope.reticular.single_thread import single_threaded

_FLAT = 0.25
"""Sine of the angle by which a bond may leave the plane of a flat atom."""
_LEAST_DAMPING = 0.01
"""What holds back motions that open no link: rotations about an axis, chains that slide."""
_BOUND = 0.3
"""Largest turn [rad] and strain in one step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssemblyFitConfig:
    """How links are closed."""

    max_steps: int = 20
    """Most Gauss-Newton steps in each of the two rounds."""
    give_up: float = float("inf")
    """Root mean square of the misses after the first round beyond which there is no second [Å]."""
    plane_weight: float = 0.3
    """Weight of flat carboxylates beside the misses [Å]; 0 leaves them free."""
    tolerance: float = 1e-3
    """Relative fall of the sum of squares that ends the fit."""
    strain: bool = True
    """Let the cell change."""
    hold: float = 1.0
    """What a strain of one costs beside the misses, for six links [Å]: it keeps directions in which
    nothing is linked, as between chains, where they are."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AssemblyFit:
    """A closed assembly and how well it closed."""

    assembly: Assembly
    """The blocks where they fit best."""
    rms_gap: float
    """Root mean square of the misses at the ports [Å]."""
    largest_gap: float
    """Largest miss at a port [Å]."""
    n_steps: int
    """Steps that were made."""
    converged: bool
    """Whether the sum of squares stopped falling."""


_State = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Lattice, origins and rotations."""


@dataclass(frozen=True, slots=True, eq=False)
class _Links:
    """Links as arrays for the kernels."""

    pieces: np.ndarray
    """[links 2]"""
    cells: np.ndarray
    """[links 3]"""
    anchors: np.ndarray
    """Port atoms in the blocks' frames [links 2 3]."""
    vectors: np.ndarray
    """Port vectors in the blocks' frames [links 2 3]."""
    normals: np.ndarray
    """Normals of flat port atoms that want to be parallel, or zeros [links 2 3]."""


@single_threaded
def fit_assembly(assembly: Assembly, *, config: AssemblyFitConfig | None = None) -> AssemblyFit:
    """Close the links of an assembly.

    Parameters
    ----------
    assembly:
        A start; pieces may be far off, but each on its side of its neighbours.
    config:
        Limits and weights.

    Raises
    ------
    ConfigError
        Where the assembly has no links.
    """
    config = config or AssemblyFitConfig()
    if not len(assembly.links):
        raise ConfigError("an assembly without links cannot be closed; give blocks with ports")
    links = _links_of(assembly)
    lattice = assembly.lattice.astype(np.float64)
    origins = assembly.origins.astype(np.float64)
    turns = assembly.rotations.astype(np.float64)
    state: _State = (lattice, origins, turns)
    n_steps, converged = 0, False
    # the second round starts from where the first one ended, and so takes off what holding biased
    for _ in range(2 if config.strain and config.hold else 1):
        state, made, converged = _descended(state, links, config=config)
        n_steps += made
        if float(np.sqrt(np.mean(_port_misses(*state, links) ** 2))) > config.give_up:
            break
    lattice, origins, turns = state
    closed = replace(assembly, lattice=lattice, origins=origins, rotations=_orthogonal(turns))
    gaps = _port_misses(lattice, origins, turns, links)
    return AssemblyFit(
        assembly=closed,
        rms_gap=float(np.sqrt(np.mean(gaps**2))),
        largest_gap=float(gaps.max()),
        n_steps=n_steps,
        converged=converged,
    )


def _descended(
    state: _State, links: _Links, *, config: AssemblyFitConfig
) -> tuple[_State, int, bool]:
    """Damped steps to the nearest minimum: where it is, their number, whether they ended."""
    reference, weight = np.linalg.inv(state[0]), config.plane_weight
    stiffness = config.hold**2 * max(1.0, len(links.pieces) / 6.0) if config.strain else 0.0

    def cost(at: _State) -> float:
        return _misses(*at, links, weight) + stiffness * float(np.sum(_strain(reference, at) ** 2))

    value = cost(state)
    damping, steps, converged = 1e-3, 0, False
    while steps < config.max_steps and not converged:
        steps += 1
        normal, gradient = _normal_equations(*state, links, weight)
        last = np.arange(len(gradient) - 6, len(gradient))
        normal[last, last] += stiffness
        gradient[last] += stiffness * _strain(reference, state)
        before = value
        for _ in range(8):
            trial = _stepped(*state, normal, gradient, damping=damping, strain=config.strain)
            reached = cost(trial)
            if reached <= value:
                state, value = trial, reached
                damping = max(damping / 5.0, _LEAST_DAMPING)
                break
            damping *= 8.0
        converged = before - value <= config.tolerance * value + 1e-9
    return state, steps, converged


def _strain(reference: np.ndarray, state: _State) -> Float[np.ndarray, "6"]:
    """Strain of the cell since the start: xx, yy, zz, yz, xz, xy."""
    change = reference @ state[0]
    change = 0.5 * (change + change.T) - np.eye(3)
    return np.array(
        [change[0, 0], change[1, 1], change[2, 2], change[1, 2], change[0, 2], change[0, 1]]
    )


def _links_of(assembly: Assembly) -> _Links:
    """Ports of all links in contiguous arrays."""
    rows = assembly.links
    pieces = np.ascontiguousarray(rows[:, [0, 2]])
    ports = rows[:, [1, 3]]
    shape = (len(rows), 2, 3)
    anchors, vectors, normals = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    flat = [_flat_normals(block) for block in assembly.blocks]
    kinds = assembly.kinds[pieces]
    for index in range(len(rows)):
        for side in range(2):
            kind, port = int(kinds[index, side]), int(ports[index, side])
            block = assembly.blocks[kind]
            anchors[index, side] = block.positions[block.port_atoms[port]]
            vectors[index, side] = block.port_vectors[port]
        ends = [
            int(assembly.blocks[int(k)].numbers[assembly.blocks[int(k)].port_atoms[int(p)]])
            for k, p in zip(kinds[index], ports[index], strict=True)
        ]
        if ends == [6, 6]:
            pair = [flat[int(k)][int(p)] for k, p in zip(kinds[index], ports[index], strict=True)]
            if all(np.any(n) for n in pair):
                normals[index] = pair
    return _Links(
        pieces=pieces.astype(np.int64),
        cells=np.ascontiguousarray(rows[:, 4:7]).astype(np.float64),
        anchors=anchors,
        vectors=vectors,
        normals=normals,
    )


def _flat_normals(block: Block) -> Float[np.ndarray, "ports 3"]:
    """Normal of the plane at each port's atom, zeros where it is not flat with two neighbours."""
    result = np.zeros((block.n_ports, 3))
    for port, (atom, vector) in enumerate(
        zip(block.port_atoms.tolist(), block.port_vectors, strict=True)
    ):
        inner = block.bonds[np.any(block.bonds == atom, axis=1)]
        others = inner[inner != atom]
        if len(others) != 2:
            continue
        one, other = block.positions[others] - block.positions[atom]
        normal = np.cross(one, other)
        size = np.linalg.norm(normal)
        if size < 0.3:
            continue
        normal /= size
        if abs(vector @ normal) < _FLAT * np.linalg.norm(vector):
            result[port] = normal
    return result


def _misses(
    lattice: np.ndarray, origins: np.ndarray, turns: np.ndarray, links: _Links, weight: float
) -> float:
    """Sum of squares."""
    gaps = _port_misses(lattice, origins, turns, links)
    total = float(np.sum(gaps**2))
    if weight > 0.0:
        turned = np.einsum("lsij,lsj->lsi", turns[links.pieces], links.normals)
        flat: Bool[np.ndarray, "links"] = np.any(links.normals[:, 0] != 0.0, axis=1)
        cosine = np.abs(np.sum(turned[flat, 0] * turned[flat, 1], axis=1))
        total += float(weight**2 * np.sum(2.0 - 2.0 * cosine))
    return total


def _port_misses(
    lattice: np.ndarray, origins: np.ndarray, turns: np.ndarray, links: _Links
) -> Float[np.ndarray, "links 2"]:
    """Distance between where each port points and where its partner is [Å]."""
    turned = turns[links.pieces]
    places = origins[links.pieces] + np.einsum("lsij,lsj->lsi", turned, links.anchors)
    vectors = np.einsum("lsij,lsj->lsi", turned, links.vectors)
    between = places[:, 1] + links.cells @ lattice - places[:, 0]
    return np.stack(
        [
            np.linalg.norm(between - vectors[:, 0], axis=1),
            np.linalg.norm(between + vectors[:, 1], axis=1),
        ],
        axis=1,
    )


def _normal_equations(
    lattice: np.ndarray, origins: np.ndarray, turns: np.ndarray, links: _Links, weight: float
) -> tuple[np.ndarray, np.ndarray]:
    """Normal matrix and gradient: six numbers a piece (shift, turn), then six strains."""
    return _equations_kernel(
        lattice,
        origins,
        turns,
        links.pieces,
        links.cells,
        links.anchors,
        links.vectors,
        links.normals,
        weight,
    )


def _stepped(
    lattice: np.ndarray,
    origins: np.ndarray,
    turns: np.ndarray,
    normal: np.ndarray,
    gradient: np.ndarray,
    *,
    damping: float,
    strain: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The state after one damped step."""
    matrix = normal.copy()
    diagonal = np.diag_indices(len(matrix))
    matrix[diagonal] += damping * (1.0 + matrix[diagonal])
    if not strain:
        matrix[-6:, :] = matrix[:, -6:] = 0.0
        matrix[diagonal[0][-6:], diagonal[1][-6:]] = 1.0
        gradient = gradient.copy()
        gradient[-6:] = 0.0
    _, solution, failed = dposv(matrix, gradient)
    step = -solution if not failed else -gradient / matrix[diagonal]
    n = len(origins)
    moves = step[: 6 * n].reshape(n, 6)
    xx, yy, zz, yz, xz, xy = step[6 * n :]
    stretch = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    largest = max(float(np.abs(stretch).max()), float(np.abs(moves[:, 3:]).max()) / 2.0)
    scale = min(1.0, _BOUND / max(largest, 1e-30))
    deform = np.eye(3) + scale * stretch
    return (
        lattice @ deform,
        origins @ deform + scale * moves[:, :3],
        _rotations(scale * moves[:, 3:]) @ turns,
    )


def _rotations(vectors: Float[np.ndarray, "pieces 3"]) -> Float[np.ndarray, "pieces 3 3"]:
    """Rotation matrices of rotation vectors [rad]."""
    angle = np.linalg.norm(vectors, axis=1)
    safe = np.maximum(angle, 1e-12)
    x, y, z = (vectors / safe[:, None]).T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.eye(3) + sine * cross + (1.0 - cosine) * (cross @ cross)


def _orthogonal(turns: Float[np.ndarray, "pieces 3 3"]) -> Float[np.ndarray, "pieces 3 3"]:
    """The nearest orthogonal matrices: rounding of many steps taken off."""
    left, _, right = np.linalg.svd(turns)
    return left @ right


@numba.njit(cache=True)
@no_type_check
def _equations_kernel(
    lattice, origins, turns, pieces, cells, anchors, vectors, normals, weight
):  # the six residuals of a link, then three of its planes, depend on 18 numbers
    n = len(origins)
    size = 6 * n + 6
    matrix = np.zeros((size, size))
    gradient = np.zeros(size)
    rows = np.zeros((9, 18))
    residual = np.zeros(9)
    columns = np.zeros(18, dtype=np.int64)
    arm = np.zeros((2, 3))
    port = np.zeros((2, 3))
    plane = np.zeros((2, 3))
    between = np.zeros(3)
    frame = np.zeros(3)
    for link in range(len(pieces)):
        rows[:] = 0.0
        residual[:] = 0.0
        for side in range(2):
            turn = turns[pieces[link, side]]
            for i in range(3):
                arm[side, i] = 0.0
                port[side, i] = 0.0
                plane[side, i] = 0.0
                for j in range(3):
                    arm[side, i] += turn[i, j] * anchors[link, side, j]
                    port[side, i] += turn[i, j] * vectors[link, side, j]
                    plane[side, i] += turn[i, j] * normals[link, side, j]
        for i in range(3):
            shift = 0.0
            for j in range(3):
                shift += cells[link, j] * lattice[j, i]
            frame[i] = origins[pieces[link, 1], i] + shift - origins[pieces[link, 0], i]
            between[i] = frame[i] + arm[1, i] - arm[0, i]
        for i in range(3):
            residual[i] = between[i] - port[0, i]
            residual[3 + i] = between[i] + port[1, i]
        for i in range(3):
            for half in range(2):
                row = 3 * half + i
                rows[row, i] = -1.0
                rows[row, 6 + i] = 1.0
            # turn of the first piece moves -arm (and its port), of the second arm (and its port)
            for k in range(3):
                for j in range(3):
                    sign = _epsilon(i, k, j)
                    if sign == 0.0:
                        continue
                    rows[i, 3 + k] -= sign * (arm[0, j] + port[0, j])
                    rows[3 + i, 3 + k] -= sign * arm[0, j]
                    rows[i, 9 + k] += sign * arm[1, j]
                    rows[3 + i, 9 + k] += sign * (arm[1, j] + port[1, j])
            for half in range(2):
                row = 3 * half + i
                rows[row, 12 + i] = frame[i]
            # strains yz, xz, xy
            a, b = (i + 1) % 3, (i + 2) % 3
            for half in range(2):
                rows[3 * half + a, 15 + i] += frame[b]
                rows[3 * half + b, 15 + i] += frame[a]
        n_rows = 6
        flat = normals[link, 0, 0] != 0.0 or normals[link, 0, 1] != 0.0
        flat = flat or normals[link, 0, 2] != 0.0
        if weight > 0.0 and flat:
            n_rows = 9
            dot = plane[0, 0] * plane[1, 0] + plane[0, 1] * plane[1, 1] + plane[0, 2] * plane[1, 2]
            side_sign = 1.0 if dot >= 0.0 else -1.0
            for i in range(3):
                residual[6 + i] = weight * (plane[0, i] - side_sign * plane[1, i])
                for k in range(3):
                    for j in range(3):
                        sign = _epsilon(i, k, j)
                        rows[6 + i, 3 + k] += weight * sign * plane[0, j]
                        rows[6 + i, 9 + k] -= weight * side_sign * sign * plane[1, j]
        for k in range(6):
            columns[k] = 6 * pieces[link, 0] + k
            columns[6 + k] = 6 * pieces[link, 1] + k
            columns[12 + k] = 6 * n + k
        for i in range(18):
            for row in range(n_rows):
                gradient[columns[i]] += rows[row, i] * residual[row]
            for j in range(18):
                total = 0.0
                for row in range(n_rows):
                    total += rows[row, i] * rows[row, j]
                matrix[columns[i], columns[j]] += total
    return matrix, gradient


@numba.njit(cache=True, inline="always")
@no_type_check
def _epsilon(i, k, j):
    # component i of (unit vector k) x (vector j)
    if i in (k, j) or k == j:
        return 0.0
    return 1.0 if (k - i) % 3 == 1 and (j - k) % 3 == 1 else -1.0
