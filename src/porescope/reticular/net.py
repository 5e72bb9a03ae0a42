"""Periodic nets: vertices and edges of a framework without its chemistry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PeriodicNet:
    """The quotient graph of a net: one vertex of each translation class."""

    n_vertices: int
    """Number of vertices in the cell."""
    edges: Int[np.ndarray, "edges 5"]
    """Each edge once: vertex, other vertex, and the cell of the other vertex."""
    name: str = ""
    """RCSR symbol, where it is known."""

    @property
    def n_edges(self) -> int:
        """Number of edges in the cell."""
        return len(self.edges)

    def degrees(self) -> Int[np.ndarray, "vertices"]:
        """Number of edges at each vertex; a loop to an own image counts twice."""
        return np.bincount(self.edges[:, :2].ravel(), minlength=self.n_vertices)
