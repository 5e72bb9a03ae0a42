"""Small crystals whose pieces are known because they were put together by hand."""

from __future__ import annotations

import numpy as np

from porescope.crystal.structure import Crystal

_RING = 1.39
_TO_METAL = 2.05
_PYRAZINE = (
    (7, 0.0),
    (6, 60.0),
    (6, 120.0),
    (7, 180.0),
    (6, 240.0),
    (6, 300.0),
)


def crystal_of(lattice: np.ndarray, numbers: list[int], cart: np.ndarray) -> Crystal:
    """A crystal in P1 from Cartesian coordinates [Å]."""
    return Crystal(
        lattice=lattice,
        frac=cart @ np.linalg.inv(lattice),
        numbers=np.array(numbers, dtype=np.int64),
        occupancy=np.ones(len(numbers)),
        u_iso=np.full(len(numbers), np.nan),
        name="made",
    )


def pyrazine(along: int, across: int) -> tuple[list[int], np.ndarray]:
    """Pyrazine about the origin, nitrogen atoms on one axis, in the plane of another one."""
    numbers, places = [], []
    for z, angle in _PYRAZINE:
        way = np.zeros(3)
        way[along], way[across] = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        numbers.append(z)
        places.append(_RING * way)
        if z == 6:
            numbers.append(1)
            places.append((_RING + 1.08) * way)
    return numbers, np.array(places)


def pyrazine_net(dimension: int, *, metal: int = 46) -> Crystal:
    """A chain, square grid or cubic net of metals joined by pyrazine."""
    length = 2.0 * (_RING + _TO_METAL)
    lattice = np.diag([length if axis < dimension else 12.0 for axis in range(3)])
    numbers, places = [metal], [np.zeros((1, 3))]
    for axis in range(dimension):
        ring, cart = pyrazine(axis, 2 if axis != 2 else 0)
        middle = np.zeros(3)
        middle[axis] = length / 2.0
        # Turned out of the plane of the axes, so that rings do not touch.
        turn = np.radians(45.0)
        others = [k for k in range(3) if k != axis]
        spin = np.eye(3)
        spin[others[0], others[0]] = spin[others[1], others[1]] = np.cos(turn)
        spin[others[0], others[1]], spin[others[1], others[0]] = -np.sin(turn), np.sin(turn)
        numbers += ring
        places.append(cart @ spin.T + middle)
    return crystal_of(lattice, numbers, np.concatenate(places))


def cyanogen_net(copies: int = 1) -> Crystal:
    """Cubic nets of copper joined by cyanogen, N#C-C#N, one in the other."""
    places = np.array([2.0, 3.15, 4.53, 5.68])
    length = 7.68
    numbers, cart = [29], [np.zeros((1, 3))]
    for axis in range(3):
        arm = np.zeros((4, 3))
        arm[:, axis] = places
        numbers += [7, 6, 6, 7]
        cart.append(arm)
    one = np.concatenate(cart)
    every = [one + length * k / copies for k in range(copies)]
    return crystal_of(np.eye(3) * length, numbers * copies, np.concatenate(every))
