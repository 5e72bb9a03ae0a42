"""Van der Waals and electrostatic energies over exact neighbour lists, compiled.

Lennard-Jones between atoms that are three and more bonds apart, brought to zero by the quintic
switch of the cutoff; charges by the damped shifted force of C. J. Fennell and J. D. Gezelter,
https://doi.org/10.1063/1.2206581.
"""

from __future__ import annotations

import math
from typing import no_type_check

import numba
import numpy as np

_SOFT = 0.5
"""Share of the minimum's distance below which the repulsion goes on as a straight line."""


@numba.njit(cache=True)
@no_type_check
def pairs_within(frac, lattice, reach, start, excluded, capacity):
    """Pairs of atoms within a distance, each once, those with few bonds between them left out."""
    n = len(frac)
    inverse = np.linalg.inv(lattice)
    height = np.empty(3)
    for c in range(3):
        height[c] = 1.0 / np.sqrt(inverse[0, c] ** 2 + inverse[1, c] ** 2 + inverse[2, c] ** 2)
    atoms = np.empty((capacity, 2), dtype=np.int32)
    cells = np.empty((capacity, 3), dtype=np.int16)
    count = 0
    low, high, d, f = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for i in range(n):
        for j in range(i, n):
            empty = False
            for c in range(3):
                f[c] = frac[j, c] - frac[i, c]
                low[c] = math.ceil(-reach / height[c] - f[c])
                high[c] = math.floor(reach / height[c] - f[c])
                if high[c] < low[c]:
                    empty = True
            if empty:
                continue
            for x in range(int(low[0]), int(high[0]) + 1):
                for y in range(int(low[1]), int(high[1]) + 1):
                    for z in range(int(low[2]), int(high[2]) + 1):
                        if i == j and not (x > 0 or (x == 0 and (y > 0 or (y == 0 and z > 0)))):
                            continue
                        square = 0.0
                        for c in range(3):
                            d[c] = (
                                (f[0] + x) * lattice[0, c]
                                + (f[1] + y) * lattice[1, c]
                                + (f[2] + z) * lattice[2, c]
                            )
                            square += d[c] * d[c]
                        if square > reach * reach:
                            continue
                        known = False
                        for e in range(start[i], start[i + 1]):
                            if (
                                excluded[e, 0] == j
                                and excluded[e, 1] == x
                                and excluded[e, 2] == y
                                and excluded[e, 3] == z
                            ):
                                known = True
                                break
                        if known:
                            continue
                        if count < capacity:
                            atoms[count, 0], atoms[count, 1] = i, j
                            cells[count, 0], cells[count, 1], cells[count, 2] = x, y, z
                        count += 1
    return count, atoms, cells


@numba.njit(cache=True)
@no_type_check
def pair_energy(
    cart, lattice, atoms, cells, distances, depths, charges, cutoff, inner, damping,
    coulomb, gradient, virial,
):  # fmt: skip
    energy, charged = 0.0, 0.0
    d = np.empty(3)
    root_pi = np.sqrt(np.pi)
    edge_value = math.erfc(damping * cutoff) / cutoff
    edge_slope = (
        edge_value / cutoff + 2.0 * damping / root_pi * np.exp(-((damping * cutoff) ** 2)) / cutoff
    )
    for t in range(len(atoms)):
        i, j = atoms[t, 0], atoms[t, 1]
        square = 0.0
        for c in range(3):
            d[c] = (
                cart[j, c]
                - cart[i, c]
                + cells[t, 0] * lattice[0, c]
                + cells[t, 1] * lattice[1, c]
                + cells[t, 2] * lattice[2, c]
            )
            square += d[c] * d[c]
        if square >= cutoff * cutoff:
            continue
        r = np.sqrt(square + 1e-12)
        place = np.sqrt(distances[i] * distances[j])
        depth = np.sqrt(depths[i] * depths[j])
        soft = _SOFT * place
        near = max(r, soft)
        six = (place / near) ** 6
        value = depth * six * (six - 2.0)
        slope = -12.0 * depth * six * (six - 1.0) / near
        if r < soft:
            value += slope * (r - soft)
        elif r > inner:
            u = (r - inner) / (cutoff - inner)
            switch = 1.0 - u * u * u * (10.0 - u * (15.0 - 6.0 * u))
            change = -30.0 * u * u * (1.0 - u) ** 2 / (cutoff - inner)
            slope = slope * switch + value * change
            value *= switch
        energy += value
        product = coulomb * charges[i] * charges[j]
        if product != 0.0:
            far = math.erfc(damping * r) / r
            charged += product * (far - edge_value + edge_slope * (r - cutoff))
            slope += product * (
                edge_slope - far / r - 2.0 * damping / root_pi * np.exp(-((damping * r) ** 2)) / r
            )
        slope /= r
        for c in range(3):
            g = slope * d[c]
            gradient[j, c] += g
            gradient[i, c] -= g
            for e in range(3):
                virial[e, c] += d[e] * g
    return energy, charged
