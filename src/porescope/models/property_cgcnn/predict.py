"""From a crystal to the graph that CGCNN reads."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int

from porescope.crystal.neighbours import neighbour_list
from porescope.crystal.structure import Crystal
from porescope.models.property_inputs import AtomGraphs

ALIKE = 1e-3
"""Distances that differ by no more than this count as equal [Å]."""
FIRST_REACH = 3.0
"""Where the search for neighbours begins [Å]; it grows until each atom has enough."""


def nearest_neighbours(
    crystal: Crystal, *, most: int, cutoff: float
) -> tuple[Int[np.ndarray, "2 edges"], Float[np.ndarray, "edges 3"]]:
    """The nearest neighbours of each atom: receiver and sender, and the vector between them [Å].

    Those as far away as the last join it, so that neither the order of the atoms nor rounding
    chooses between equals. The search widens from a few Å, since the most is usually reached long
    before the cutoff.

    Parameters
    ----------
    crystal:
        The crystal.
    most:
        Number of neighbours of an atom.
    cutoff:
        Largest distance [Å].
    """
    reach = min(FIRST_REACH, cutoff)
    while True:
        found = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=reach)
        counts = np.bincount(found.first, minlength=crystal.n_atoms)
        starts = np.cumsum(counts) - counts
        last = np.full(crystal.n_atoms, np.inf)
        full = counts >= most
        last[full] = found.distance[starts[full] + most - 1] + ALIKE
        if reach >= cutoff or bool((last <= reach).all()):
            break
        reach = min(1.3 * reach, cutoff)
    keep = found.distance <= last[found.first]
    first, second = found.first[keep], found.second[keep]
    vector = (crystal.frac[second] + found.image[keep] - crystal.frac[first]) @ crystal.lattice
    return np.stack([first, second]), vector


def graph_of(crystal: Crystal, *, most: int, cutoff: float) -> AtomGraphs:
    """The graph of one crystal; the arguments are those of :func:`nearest_neighbours`."""
    edges, vectors = nearest_neighbours(crystal, most=most, cutoff=cutoff)
    return AtomGraphs(
        numbers=torch.from_numpy(crystal.numbers.astype(np.int64)),
        crystal=torch.zeros(crystal.n_atoms, dtype=torch.int64),
        lattice=torch.from_numpy(crystal.lattice[None].astype(np.float32)),
        frac=torch.from_numpy(crystal.frac.astype(np.float32)),
        edge_index=torch.from_numpy(edges),
        edge_vector=torch.from_numpy(vectors.astype(np.float32)),
        n_atoms=torch.tensor([crystal.n_atoms]),
    )
