"""Lennard-Jones energy of rigid guest molecules with one another in a periodic box."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numba import njit

from porescope.adsorption.force_field import ForceField
from porescope.adsorption.gas import Gas
from porescope.adsorption.interactions import guest_pair_table
from porescope.errors import ConfigError


def guest_energy_k(
    field: ForceField,
    gas: Gas,
    positions: Float[np.ndarray, "molecules beads 3"],
    *,
    lattice: Float[np.ndarray, "3 3"],
) -> float:
    """Lennard-Jones energy of molecules with one another and with their images, no tail [K].

    Every pair of beads of different molecules or images within the cutoff counts once; beads of
    one molecule do not feel one another.

    Parameters
    ----------
    field:
        Force field with cutoff, truncation and mixing.
    gas:
        Guest molecule.
    positions:
        Cartesian positions of the beads of each molecule, molecules whole [Å].
    lattice:
        Vectors of the periodic box as rows [Å].

    Raises
    ------
    ConfigError
        Where the positions are not those of this gas.
    """
    if positions.shape[1] != len(gas.beads):
        raise ConfigError(
            f"expected positions of {len(gas.beads)} beads of {gas.name} for each molecule, "
            f"got {positions.shape[1]}"
        )
    if len(positions) == 0:
        return 0.0
    table = guest_pair_table(field, gas, gas)
    inverse = np.linalg.inv(lattice)
    first = positions[:, 0] @ inverse
    home = positions - (np.floor(first) @ lattice)[:, None, :]
    size = float(np.max(np.linalg.norm(home - home[:, :1], axis=2)))
    # Images of molecules whose first beads lie in the cell, so far as beads may be in range.
    reach = np.ceil((table.cutoff + 2.0 * size) * np.linalg.norm(inverse, axis=0)).astype(np.int64)
    return float(
        _pair_sum(
            np.ascontiguousarray(home),
            lattice,
            reach,
            4.0 * table.epsilon_k * table.sigma**12,
            4.0 * table.epsilon_k * table.sigma**6,
            table.shift_k,
            table.cutoff**2,
            (table.cutoff + 2.0 * size) ** 2,
        )
    )


@njit(cache=True, nogil=True)
def _pair_sum(home, lattice, reach, c12, c6, shift, cut2, far2):
    n, n_beads = home.shape[0], home.shape[1]
    total = 0.0
    for i in range(-reach[0], reach[0] + 1):
        for j in range(-reach[1], reach[1] + 1):
            for k in range(-reach[2], reach[2] + 1):
                move = i * lattice[0] + j * lattice[1] + k * lattice[2]
                at_home = i == 0 and j == 0 and k == 0
                for one in range(n):
                    for two in range(n):
                        if at_home and one == two:
                            continue
                        x = home[two, 0, 0] + move[0] - home[one, 0, 0]
                        y = home[two, 0, 1] + move[1] - home[one, 0, 1]
                        z = home[two, 0, 2] + move[2] - home[one, 0, 2]
                        if x * x + y * y + z * z >= far2:
                            continue
                        for a in range(n_beads):
                            for b in range(n_beads):
                                x = home[two, b, 0] + move[0] - home[one, a, 0]
                                y = home[two, b, 1] + move[1] - home[one, a, 1]
                                z = home[two, b, 2] + move[2] - home[one, a, 2]
                                r2 = x * x + y * y + z * z
                                if r2 < cut2:
                                    s = 1.0 / max(r2, 1e-4) ** 3
                                    total += s * (c12[a, b] * s - c6[a, b]) - shift[a, b]
    return 0.5 * total
