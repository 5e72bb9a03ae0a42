"""Shapes of flexible molecules, drawn from their ideal gas.

Bonds are rigid. The bends and torsions of the small molecules meant here are independent of one
another in a chain, so that each is drawn from its own Boltzmann weight; about a branching atom the
bends are coupled, and directions are drawn together by rejection. Torsions about a bond to a
branching atom do not act back on its bends.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from porescope.adsorption.gas_text import Bend, GasModel, Torsion
from porescope.errors import ConfigError

N_SHAPES = 64
"""Shapes of a flexible gas."""
_SEED = 20240229
_TABLE = 20_001


def conformers(
    model: GasModel, *, temperature: float, n_shapes: int = N_SHAPES, seed: int = _SEED
) -> Float[np.ndarray, "shapes beads 3"]:
    """Shapes of a flexible molecule in the ideal gas [Å].

    Parameters
    ----------
    model:
        The molecule, with bonds that form a tree.
    temperature:
        Temperature [K].
    n_shapes:
        Number of shapes.
    seed:
        Start of the random numbers; the same shapes come back for the same seed.

    Raises
    ------
    ConfigError
        Where the temperature is not positive, or the bonds do not form a tree.
    """
    if not (np.isfinite(temperature) and temperature > 0.0):
        raise ConfigError(f"expected a temperature above zero, got {temperature} K")
    order, parent = _tree(model)
    rng = np.random.default_rng(seed)
    lengths = {frozenset(bond.atoms): bond.length for bond in model.bonds}
    shapes = np.zeros((n_shapes, len(model.beads), 3))
    groups = _siblings(order, parent)
    for centre, beads in groups:
        before = parent.get(centre)
        directions = _directions(
            model, centre=centre, before=before, beads=beads, temperature=temperature,
            n_shapes=n_shapes, rng=rng,
        )  # fmt: skip
        grand = None if before is None else parent.get(before)
        axes = _frames(shapes, centre=centre, before=before, grand=grand)
        if before is not None:
            turn = _turns(
                model, bond=(before, centre), beads=beads, directions=directions,
                behind=_azimuths(shapes, before=before, parent=parent, axes=axes, but=centre),
                temperature=temperature, rng=rng,
            )  # fmt: skip
            directions = _turned(directions, turn)
        for column, bead in enumerate(beads):
            step = np.einsum("sx,sxy->sy", directions[:, column], axes)
            shapes[:, bead] = shapes[:, centre] + lengths[frozenset((centre, bead))] * step
    return shapes


def _tree(model: GasModel) -> tuple[list[int], dict[int, int]]:
    """Beads from an end of the molecule outwards, and the bead before each."""
    n_beads = len(model.beads)
    linked: dict[int, list[int]] = {bead: [] for bead in range(n_beads)}
    for bond in model.bonds:
        linked[bond.atoms[0]].append(bond.atoms[1])
        linked[bond.atoms[1]].append(bond.atoms[0])
    start = min(linked, key=lambda bead: (len(linked[bead]), bead))
    order, parent = [start], dict[int, int]()
    for bead in order:
        for other in linked[bead]:
            if other != parent.get(bead):
                if other in order:
                    raise ConfigError(
                        f"the bonds of {model.gas} {model.model} form a ring; flexible rings are "
                        "not supported, give the molecule as a rigid one"
                    )
                order.append(other)
                parent[other] = bead
    if len(order) != n_beads:
        raise ConfigError(f"the bonds of {model.gas} {model.model} do not join all of its beads")
    return order, parent


def _siblings(order: list[int], parent: dict[int, int]) -> list[tuple[int, list[int]]]:
    """Beads that are bonded to the same bead and placed together."""
    groups: dict[int, list[int]] = {}
    for bead in order[1:]:
        groups.setdefault(parent[bead], []).append(bead)
    return list(groups.items())


def _bend(model: GasModel, ends: frozenset[int], centre: int) -> Bend | None:
    for bend in model.bends:
        if bend.atoms[1] == centre and frozenset((bend.atoms[0], bend.atoms[2])) == ends:
            return bend
    return None


def _directions(
    model: GasModel,
    *,
    centre: int,
    before: int | None,
    beads: list[int],
    temperature: float,
    n_shapes: int,
    rng: np.random.Generator,
) -> Float[np.ndarray, "shapes siblings 3"]:
    """Directions of bonds about a bead, with the bond to the bead before it along -z."""
    known = [] if before is None else [before]
    if len(known) + len(beads) == 1:
        return np.tile([0.0, 0.0, 1.0], (n_shapes, 1, 1))
    found = np.zeros((0, len(beads), 3))
    while len(found) < n_shapes:
        trial = _trial_directions(
            model, centre=centre, before=before, beads=beads, temperature=temperature,
            n_shapes=64 * n_shapes, rng=rng,
        )  # fmt: skip
        energy = np.zeros(len(trial))
        for first in range(len(beads)):
            for second in range(first):
                bend = _bend(model, frozenset((beads[first], beads[second])), centre)
                if bend is not None:
                    cosine = np.einsum("sx,sx->s", trial[:, first], trial[:, second])
                    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
                    energy += 0.5 * bend.force_k * (angle - bend.rest) ** 2
        keep = rng.random(len(trial)) < np.exp(-energy / temperature)
        found = np.concatenate([found, trial[keep]])
    return found[:n_shapes]


def _trial_directions(
    model: GasModel,
    *,
    centre: int,
    before: int | None,
    beads: list[int],
    temperature: float,
    n_shapes: int,
    rng: np.random.Generator,
) -> Float[np.ndarray, "shapes siblings 3"]:
    """Directions with the right weight of the bends to the bead before; the rest is uniform."""
    trial = np.zeros((n_shapes, len(beads), 3))
    for column, bead in enumerate(beads):
        bend = None if before is None else _bend(model, frozenset((before, bead)), centre)
        angle = _bend_angles(bend, temperature=temperature, n_shapes=n_shapes, rng=rng)
        # The bead before lies along -z, so that an angle of 180° points along +z.
        turn = rng.uniform(0.0, 2.0 * np.pi, n_shapes)
        trial[:, column, 0] = np.sin(angle) * np.cos(turn)
        trial[:, column, 1] = np.sin(angle) * np.sin(turn)
        trial[:, column, 2] = -np.cos(angle)
    return trial


def _bend_angles(
    bend: Bend | None, *, temperature: float, n_shapes: int, rng: np.random.Generator
) -> Float[np.ndarray, "shapes"]:
    """Angles with the weight sin(angle) exp(-energy/kT)."""
    angle = np.linspace(0.0, np.pi, _TABLE)
    weight = np.sin(angle)
    if bend is not None:
        weight = weight * np.exp(-0.5 * bend.force_k * (angle - bend.rest) ** 2 / temperature)
    return _drawn(angle, weight, n_shapes=n_shapes, rng=rng)


def torsion_energy_k(
    torsion: Torsion, angle: Float[np.ndarray, "angles"]
) -> Float[np.ndarray, "angles"]:
    """Energy of a torsion over Boltzmann's constant [K]; 180° is trans."""
    c0, c1, c2, c3 = torsion.constants_k
    return (
        c0
        + c1 * (1.0 + np.cos(angle))
        + c2 * (1.0 - np.cos(2.0 * angle))
        + c3 * (1.0 + np.cos(3.0 * angle))
    )


def _azimuths(
    shapes: Float[np.ndarray, "shapes beads 3"],
    *,
    before: int,
    parent: dict[int, int],
    axes: Float[np.ndarray, "shapes 3 3"],
    but: int,
) -> dict[int, Float[np.ndarray, "shapes"]]:
    """Azimuth about the bond of the beads at its near end, in the frame of the bond [rad]."""
    near = [bead for bead, its in parent.items() if its == before and bead != but]
    if before in parent:
        near.append(parent[before])
    found = {}
    for bead in near:
        step = np.einsum("sxy,sy->sx", axes, shapes[:, bead] - shapes[:, before])
        found[bead] = np.arctan2(step[:, 1], step[:, 0])
    return found


def _turns(
    model: GasModel,
    *,
    bond: tuple[int, int],
    beads: list[int],
    directions: Float[np.ndarray, "shapes siblings 3"],
    behind: dict[int, Float[np.ndarray, "shapes"]],
    temperature: float,
    rng: np.random.Generator,
) -> Float[np.ndarray, "shapes"]:
    """Turns about a bond, with the weight of all torsions about it [rad]."""
    n_shapes = len(directions)
    angle = np.linspace(0.0, 2.0 * np.pi, 1441)
    azimuth = np.arctan2(directions[:, :, 1], directions[:, :, 0])
    terms = []
    for column, bead in enumerate(beads):
        for start, its in behind.items():
            ways = ((start, *bond, bead), (bead, *bond[::-1], start))
            terms += [
                (torsion, azimuth[:, column] - its)
                for torsion in model.torsions
                if torsion.atoms in ways
            ]
    if not terms:
        return np.zeros(n_shapes)
    # One torsion has one table for all shapes; several have one table for each.
    common = terms[0][1]
    rows = [slice(None)] if len(terms) == 1 else [slice(row, row + 1) for row in range(n_shapes)]
    turns = np.zeros(n_shapes)
    for row in rows:
        energy = np.zeros(len(angle))
        for torsion, offset in terms:
            energy += torsion_energy_k(torsion, float((offset - common)[row][0]) + angle)
        weight = np.exp(-(energy - energy.min()) / temperature)
        turns[row] = _drawn(angle, weight, n_shapes=len(turns[row]), rng=rng)
    return turns - common


def _drawn(
    values: Float[np.ndarray, "table"],
    weight: Float[np.ndarray, "table"],
    *,
    n_shapes: int,
    rng: np.random.Generator,
) -> Float[np.ndarray, "shapes"]:
    """Values drawn from a tabulated weight."""
    sums = np.concatenate([[0.0], np.cumsum(0.5 * (weight[1:] + weight[:-1]))])
    return np.interp(rng.random(n_shapes) * sums[-1], sums, values)


def _turned(
    directions: Float[np.ndarray, "shapes siblings 3"], turn: Float[np.ndarray, "shapes"]
) -> Float[np.ndarray, "shapes siblings 3"]:
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    x, y, z = directions[..., 0], directions[..., 1], directions[..., 2]
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=-1)


def _frames(
    shapes: Float[np.ndarray, "shapes beads 3"],
    *,
    centre: int,
    before: int | None,
    grand: int | None,
) -> Float[np.ndarray, "shapes 3 3"]:
    """Axes as rows: z from the bead before to the centre, x towards the bead before that one."""
    n_shapes = len(shapes)
    if before is None:
        return np.tile(np.eye(3), (n_shapes, 1, 1))
    z = shapes[:, centre] - shapes[:, before]
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    reference = np.tile([1.0, 0.0, 0.0], (n_shapes, 1))
    if grand is not None:
        reference = shapes[:, grand] - shapes[:, before]
    else:
        along = np.abs(z[:, 0]) > 0.9
        reference[along] = [0.0, 1.0, 0.0]
    x = reference - np.einsum("sx,sx->s", reference, z)[:, None] * z
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return np.stack([x, np.cross(z, x), z], axis=1)
