"""How one linker takes the place of another: which of its ends go where, and how it is turned."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment

from porescope.reticular.block import Block
from porescope.reticular.placing_turns import rotations_about

SiteKind = tuple[int, bool]
"""Atomic number of a site's atom, and for carbon whether the cut bond is a long one (C-P, C-S)."""

_LONG = 1.65
"""Bonds of carbon longer than this are not to carbon [Å]."""
_DIRECTION = 0.6
"""Weight of a unit direction beside positions, as a share of the linker's size."""
_SEEDS = 3
"""Sites by which trial rotations are made."""
_TRIALS = 12
"""Trial rotations that are followed up."""
_GOOD = 0.03
"""Misfit at which no better way is looked for."""
_LINEAR = 0.12
"""Smallest share of the second singular value of sites that are not on one line."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LinkerSites:
    """The atoms of a block that are bound to other blocks."""

    atoms: Int[np.ndarray, "sites"]
    """Atoms of the block."""
    kinds: tuple[SiteKind, ...]
    """What sort of end each is."""
    positions: Float[np.ndarray, "sites 3"]
    """Cartesian coordinates in the block's frame [Å]."""
    directions: Float[np.ndarray, "sites 3"]
    """Unit vectors outwards: the mean of a site's ports."""
    normals: Float[np.ndarray, "sites 3"]
    """Normals of the planes of flat sites, zeros elsewhere."""

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self.atoms)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LinkerMatch:
    """One linker laid over another."""

    sites: Int[np.ndarray, "sites"]
    """Site of the new linker for each site of the old one."""
    rotation: Float[np.ndarray, "3 3"]
    """Turns the new block's frame into the old one's; a determinant of -1 is a mirror image."""
    shift: Float[np.ndarray, "3"]
    """Place of the new block's origin in the old one's frame [Å]."""
    scale: float
    """Size of the new linker over that of the old one."""
    misfit: float
    """Root mean square of positions and directions after scaling, as a share of the size."""


def linker_sites(block: Block) -> LinkerSites:
    """Ports grouped by the atom at which they start.

    Parameters
    ----------
    block:
        A linker.
    """
    atoms = np.unique(block.port_atoms)
    kinds: list[SiteKind] = []
    directions = np.zeros((len(atoms), 3))
    normals = np.zeros((len(atoms), 3))
    for row, atom in enumerate(atoms.tolist()):
        vectors = block.port_vectors[block.port_atoms == atom]
        lengths = np.linalg.norm(vectors, axis=1)
        unit = (vectors / np.maximum(lengths, 1e-9)[:, None]).sum(axis=0)
        directions[row] = unit / max(float(np.linalg.norm(unit)), 1e-9)
        number = int(block.numbers[atom])
        kinds.append((number, number == 6 and float(lengths.mean()) > _LONG))
        normals[row] = _normal(block, atom)
    return LinkerSites(
        atoms=atoms,
        kinds=tuple(kinds),
        positions=block.positions[atoms],
        directions=directions,
        normals=normals,
    )


def _normal(block: Block, atom: int) -> Float[np.ndarray, "3"]:
    """Normal of the plane through an atom and two of its neighbours in the block."""
    inner = block.bonds[np.any(block.bonds == atom, axis=1)]
    others = inner[inner != atom]
    if len(others) != 2:
        return np.zeros(3)
    one, other = block.positions[others] - block.positions[atom]
    normal = np.cross(one, other)
    size = float(np.linalg.norm(normal))
    return normal / size if size > 0.3 else np.zeros(3)


def match_linker(new: LinkerSites, old: LinkerSites) -> LinkerMatch | None:
    """Lay a linker over another so that ends of one kind lie on one another and point alike.

    The new linker may be of another length; it may have ends that stay free where they are donor
    atoms, but all its cut carboxylates must be used.

    Parameters
    ----------
    new, old:
        Sites of both linkers.

    Returns
    -------
    :
        The best way, or ``None`` where the kinds of the ends do not agree.
    """
    found = linker_matches(new, old, most=1)
    return found[0] if found else None


def linker_matches(
    new: LinkerSites,
    old: LinkerSites,
    *,
    most: int,
    alike: Int[np.ndarray, "sites"] | None = None,
) -> list[LinkerMatch]:
    """The ways to lay a linker over another that bind different atoms, the best first.

    Parameters
    ----------
    new, old:
        Sites of both linkers.
    most:
        Number of ways.
    alike:
        Equal for sites of the new linker that its symmetry exchanges; they count as one.
    """
    if not old.n_sites or not kinds_agree(new.kinds, old.kinds):
        return []
    size_new, size_old = _size(new, old), _size(old, old)
    p, q = new.positions / size_new, old.positions / size_old
    allowed = np.array([[a == b for b in new.kinds] for a in old.kinds], dtype=bool)
    classes = np.arange(new.n_sites) if alike is None else alike
    best: dict[tuple[int, ...], tuple[float, np.ndarray, np.ndarray]] = {}
    for rotation in _trial_rotations(new, old, p, q, allowed):
        found = _assigned(new, old, p, q, allowed, rotation)
        if found is None:
            continue
        bound = tuple(classes[found[1]].tolist()) if most > 1 else ()
        if bound not in best or found[0] < best[bound][0] - 1e-9:
            best[bound] = found
            if most == 1 and found[0] < _GOOD:
                break
    ranked = sorted(best.values(), key=lambda row: row[0])
    return [_match(new, old, *row) for row in ranked[:most]]


def _match(
    new: LinkerSites, old: LinkerSites, misfit: float, chosen: np.ndarray, rotation: np.ndarray
) -> LinkerMatch:
    rotation = _turned_flat(new, old, chosen, rotation)
    shift = old.positions.mean(axis=0) - rotation @ new.positions[chosen].mean(axis=0)
    return LinkerMatch(
        sites=chosen, rotation=rotation, shift=shift, scale=_ratio(new, old, chosen), misfit=misfit
    )


def sites_alike(block: Block, sites: LinkerSites) -> Int[np.ndarray, "sites"]:
    """Equal numbers for sites whose atoms a linker's bonds cannot tell apart.

    Parameters
    ----------
    block:
        The linker.
    sites:
        Its sites.
    """
    _, colours = np.unique(block.numbers, return_inverse=True)
    pairs = np.concatenate([block.bonds, block.bonds[:, ::-1]])
    for _ in range(min(block.n_atoms, 16)):
        near: list[list[int]] = [[] for _ in range(block.n_atoms)]
        for one, other in pairs.tolist():
            near[one].append(int(colours[other]))
        seen: dict[tuple[int, ...], int] = {}
        fresh = np.array(
            [
                seen.setdefault((int(colour), *sorted(beside)), len(seen))
                for colour, beside in zip(colours.tolist(), near, strict=True)
            ],
            dtype=np.int64,
        )
        if len(seen) == len(np.unique(colours)):
            break
        colours = fresh
    return colours[sites.atoms].astype(np.int64)


def kinds_agree(new: tuple[SiteKind, ...], old: tuple[SiteKind, ...]) -> bool:
    """Whether a linker has the ends that another one binds with, and no acid beyond them.

    Parameters
    ----------
    new, old:
        Kinds of the ends of both.
    """
    for kind in set(new) | set(old):
        have, want = new.count(kind), old.count(kind)
        if have < want or (kind[0] == 6 and have != want):
            return False
    return True


def _size(sites: LinkerSites, other: LinkerSites) -> float:
    """Root mean square distance of the sites from their centre [Å], at least a bond's length."""
    used = [i for i, k in enumerate(sites.kinds) if k in other.kinds]
    points = sites.positions[used]
    return max(float(np.sqrt(np.mean(np.sum((points - points.mean(axis=0)) ** 2, axis=1)))), 0.7)


def _ratio(new: LinkerSites, old: LinkerSites, chosen: np.ndarray) -> float:
    def spread(points: np.ndarray) -> float:
        return float(np.sqrt(np.mean(np.sum((points - points.mean(axis=0)) ** 2, axis=1))))

    return max(spread(new.positions[chosen]), 0.7) / max(spread(old.positions), 0.7)


def _trial_rotations(
    new: LinkerSites,
    old: LinkerSites,
    p: np.ndarray,
    q: np.ndarray,
    allowed: np.ndarray,
) -> Float[np.ndarray, "trials 3 3"]:
    """Rotations and mirror images that lay a few sites over one another, best first."""
    seeds = _spread_sites(q)
    ways = [
        way
        for way in permutations(range(new.n_sites), len(seeds))
        if all(allowed[s, w] for s, w in zip(seeds, way, strict=True))
    ]
    if not ways:
        return np.zeros((0, 3, 3))
    picked = np.array(ways[:5000])
    source = p[picked] - p[picked].mean(axis=1, keepdims=True)
    target = np.broadcast_to(q[seeds] - q[seeds].mean(axis=0), source.shape)
    source = np.concatenate([source, _DIRECTION * new.directions[picked]], axis=1)
    target = np.concatenate(
        [
            target,
            np.broadcast_to(_DIRECTION * old.directions[seeds], (len(ways[:5000]), len(seeds), 3)),
        ],
        axis=1,
    )
    rotations, misses = [], []
    for mirror in (1.0, -1.0):
        turned = _kabsch(source, target, mirror)
        rotations.append(turned)
        misses.append(
            np.sum((np.einsum("wij,wsj->wsi", turned, source) - target) ** 2, axis=(1, 2))
        )
    # proper rotations win ties: a mirror image is needed only by chiral linkers
    misses[1] = misses[1] + 1e-6
    order = np.argsort(np.concatenate(misses), kind="stable")[:_TRIALS]
    return np.concatenate(rotations)[order]


def _spread_sites(q: np.ndarray) -> list[int]:
    """Up to three sites, far from one another."""
    chosen = [int(np.argmax(np.linalg.norm(q - q.mean(axis=0), axis=1)))]
    while len(chosen) < min(_SEEDS, len(q)):
        distance = np.min(np.linalg.norm(q[:, None] - q[chosen][None], axis=2), axis=1)
        chosen.append(int(np.argmax(distance)))
    return chosen


def _kabsch(source: np.ndarray, target: np.ndarray, mirror: float) -> np.ndarray:
    """Orthogonal matrices of a given determinant that lay sources over targets."""
    covariance = np.einsum("wsi,wsj->wij", target, source)
    left, _, right = np.linalg.svd(covariance)
    sign = np.sign(np.linalg.det(left @ right)) * mirror
    left = left.copy()
    left[:, :, 2] *= sign[:, None]
    return left @ right


def _assigned(
    new: LinkerSites,
    old: LinkerSites,
    p: np.ndarray,
    q: np.ndarray,
    allowed: np.ndarray,
    rotation: np.ndarray,
) -> tuple[float, np.ndarray, np.ndarray] | None:
    """Misfit, sites and rotation after two rounds of assignment and superposition."""
    chosen = np.zeros(old.n_sites, dtype=np.int64)
    middle = p.mean(axis=0)
    mirror = float(np.sign(np.linalg.det(rotation)))
    misfit = np.inf
    for _ in range(2):
        placed = (p - middle) @ rotation.T + q.mean(axis=0)
        cost = np.sum((placed[None] - q[:, None]) ** 2, axis=2)
        turned = new.directions @ rotation.T
        cost += _DIRECTION**2 * np.sum((turned[None] - old.directions[:, None]) ** 2, axis=2)
        rows, columns = linear_sum_assignment(np.where(allowed, cost, 1e6))
        if not np.all(allowed[rows, columns]):
            return None
        chosen = columns
        middle = p[chosen].mean(axis=0)
        source = np.concatenate([p[chosen] - middle, _DIRECTION * new.directions[chosen]])
        target = np.concatenate([q - q.mean(axis=0), _DIRECTION * old.directions])
        rotation = _kabsch(source[None], target[None], mirror)[0]
        misfit = float(np.sqrt(np.mean(np.sum((source @ rotation.T - target) ** 2, axis=1))))
    return misfit, chosen, rotation


def _turned_flat(
    new: LinkerSites, old: LinkerSites, chosen: np.ndarray, rotation: np.ndarray
) -> np.ndarray:
    """Where all ends lie on one line, the turn about it that lays flat ends in one plane."""
    centred = old.positions - old.positions.mean(axis=0)
    spread = np.linalg.svd(np.concatenate([centred, old.directions]), compute_uv=False)
    if spread[1] > _LINEAR * spread[0]:
        return rotation
    axis = np.linalg.svd(np.concatenate([centred, old.directions]))[2][0]
    here, there = new.normals[chosen] @ rotation.T, old.normals
    flat = np.any(here != 0.0, axis=1) & np.any(there != 0.0, axis=1)
    if not np.any(flat):
        return rotation
    # the sum of squared cosines is a wave of twice the angle: its crest is known at once
    first, second = here[flat], np.cross(axis, here[flat])
    along, across = np.sum(first * there[flat], axis=1), np.sum(second * there[flat], axis=1)
    angle = 0.5 * np.arctan2(2.0 * np.sum(along * across), np.sum(along**2 - across**2))
    return rotations_about(axis, np.array([angle]))[0] @ rotation
