"""From a crystal to its spherical windows."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float

from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError
from porescope.models.property_inputs import Windows
from porescope.models.surroundings import atoms_around

MOST_WINDOWS = 200_000
"""A cell with more windows than this is refused."""


def window_centres(
    crystal: Crystal, *, step: float
) -> tuple[Float[np.ndarray, "windows 3"], tuple[int, int, int]]:
    """Fractional coordinates of a regular grid that begins at the origin, and its shape.

    Parameters
    ----------
    crystal:
        The crystal.
    step:
        Largest distance between neighbours along a cell vector [Å].

    Raises
    ------
    ConfigError
        If the cell has more than 200 000 windows.
    """
    lengths = np.linalg.norm(crystal.lattice, axis=1)
    counts = np.maximum(np.ceil(lengths / step - 1e-6), 1.0).astype(np.int64)
    if int(np.prod(counts)) > MOST_WINDOWS:
        raise ConfigError(
            f"{crystal.name or 'the crystal'} would have {int(np.prod(counts))} windows, more than "
            f"{MOST_WINDOWS}; take its primitive cell or a larger step"
        )
    axes = [np.arange(n) / n for n in counts]
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    return mesh.reshape(-1, 3), (int(counts[0]), int(counts[1]), int(counts[2]))


def windows_of(
    crystal: Crystal,
    *,
    radius: float,
    step: float,
    most: int | None = None,
    generator: np.random.Generator | None = None,
) -> Windows:
    """The windows of one crystal, periodic images included.

    Parameters
    ----------
    crystal:
        The crystal.
    radius:
        Radius of a window [Å].
    step:
        Largest distance between neighbouring centres along a cell vector [Å].
    most:
        Number of windows taken where there are more; None for all.
    generator:
        Draws them; without one they are evenly spaced in the order of the grid.
    """
    centres, _ = window_centres(crystal, step=step)
    if most is not None and most < len(centres):
        if generator is None:
            rows = (np.arange(most) * len(centres)) // most
        else:
            rows = np.sort(generator.choice(len(centres), size=most, replace=False))
        centres = centres[rows]
    place = centres @ crystal.lattice
    window, atom, offset = atoms_around(crystal, place, radius=radius)
    n = len(place)
    return Windows(
        place=torch.from_numpy(place.astype(np.float32)),
        crystal=torch.zeros(n, dtype=torch.int64),
        weight=torch.full((n,), 1.0 / n),
        n_windows=torch.tensor([n]),
        numbers=torch.from_numpy(crystal.numbers[atom].astype(np.int64)),
        window=torch.from_numpy(window),
        offset=torch.from_numpy(offset.astype(np.float32)),
    )
