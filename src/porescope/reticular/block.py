"""Building blocks: the pieces that a framework is cut into and put together from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import gemmi
import numpy as np
from jaxtyping import Float, Int

BlockKind = Literal["node", "linker", "cap", "guest"]
"""``node``: metals with their inorganic bridges and the carboxylates on them, or the knot of a
COF or zeolite; ``linker``: an organic piece that joins nodes; ``cap``: a piece bound to one node
only; ``guest``: a piece bound to nothing, solvent or counter-ion."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Block:
    """One rigid piece with the places where it is bound to others.

    A port is one bond that leaves the block. Several ports may start at one atom, as from a
    phenolate oxygen that bridges two metals.
    """

    kind: BlockKind
    """What part it plays."""
    numbers: Int[np.ndarray, "atoms"]
    """Atomic numbers."""
    positions: Float[np.ndarray, "atoms 3"]
    """Cartesian coordinates in the block's own frame [Å]."""
    bonds: Int[np.ndarray, "bonds 2"]
    """Bonded pairs of atoms within the block, each once, the smaller index first."""
    port_atoms: Int[np.ndarray, "ports"]
    """Atom of the block at which each port starts."""
    port_vectors: Float[np.ndarray, "ports 3"]
    """From the port's atom to the atom outside that it is bound to [Å], in the block's frame."""
    charge: int | None = None
    """Formal charge [e], where it is known. Of a linker: as cut, each carboxylate that stays with
    the node counted as the node's."""
    smiles: str = ""
    """Of a linker or guest: the whole molecule in the protonated form, groups that stay with the
    node included."""
    name: str = ""
    """Common name, such as ``Zn4O(CO2)6`` or ``paddlewheel``; empty where there is none."""

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.numbers)

    @property
    def n_ports(self) -> int:
        """Number of bonds that leave the block."""
        return len(self.port_atoms)

    @property
    def formula(self) -> str:
        """Composition in alphabetical order, such as ``C6O13Zn4``."""
        kinds, counts = np.unique(self.numbers, return_counts=True)
        parts = sorted(
            (gemmi.Element(int(z)).name, int(n)) for z, n in zip(kinds, counts, strict=True)
        )
        return "".join(symbol + (str(n) if n > 1 else "") for symbol, n in parts)
