"""Atoms, bonds and ports of a node gathered by symmetry."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from gemmi import Element
from jaxtyping import Float

CARBOXYLATE_CO, CARBOXYLATE_ANGLE = 1.262, np.deg2rad(124.5)
"""C-O length [Å] and O-C-O angle of bridging carboxylates; mean of delocalised carboxylates in
F. H. Allen et al., J. Chem. Soc. Perkin Trans. 2 (1987) S1, https://doi.org/10.1039/P298700000S1."""
CARBOXYLATE_OO = 2.0 * CARBOXYLATE_CO * np.sin(0.5 * CARBOXYLATE_ANGLE)
"""Distance between the two oxygen atoms [Å]."""
CARBOXYLATE_HEIGHT = CARBOXYLATE_CO * np.cos(0.5 * CARBOXYLATE_ANGLE)
"""Height of the carbon atom over the line of its oxygen atoms [Å]."""
CARBON_CARBON, CARBON_NITROGEN = 1.49, 1.47
"""From a carboxylate to an aromatic carbon atom [Å], same source."""
OXYGEN_HYDROGEN = 0.97


class Parts:
    """A node under construction."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.positions: list[np.ndarray] = []
        self.bonds: list[tuple[int, int]] = []
        self.port_atoms: list[int] = []
        self.port_vectors: list[np.ndarray] = []

    def add(
        self, symbol: str, position: Float[np.ndarray, "3"], *, bonded: Iterable[int] = ()
    ) -> int:
        """One atom and its bonds to those there already.

        Parameters
        ----------
        symbol:
            Element.
        position:
            Place [Å].
        bonded:
            Atoms that it is bound to.
        """
        index = len(self.numbers)
        self.numbers.append(Element(symbol).atomic_number)
        self.positions.append(np.asarray(position, dtype=np.float64))
        self.bonds += [(i, index) for i in bonded]
        return index

    def port(self, atom: int, vector: Float[np.ndarray, "3"]) -> None:
        """A bond that leaves the node.

        Parameters
        ----------
        atom:
            Where it starts.
        vector:
            To the atom outside [Å].
        """
        self.port_atoms.append(atom)
        self.port_vectors.append(np.asarray(vector, dtype=np.float64))

    def carboxylate(
        self,
        one: int,
        other: int,
        *,
        outward: Float[np.ndarray, "3"],
        reach: float,
        capped: bool = False,
    ) -> None:
        """A carboxylate that bridges two metals, with a port or, as formate, with hydrogen.

        Parameters
        ----------
        one, other:
            The metals.
        outward:
            Direction from the middle of the two to the carbon atom, at right angles to their line.
        reach:
            Metal-oxygen length [Å].
        capped:
            Whether it is a formate.
        """
        out = outward / np.linalg.norm(outward)
        places = bridging_oxygen(
            self.positions[one], self.positions[other], outward=out, reach=reach
        )
        first = self.add("O", places[0], bonded=[one])
        second = self.add("O", places[1], bonded=[other])
        base = 0.5 * (places[0] + places[1])
        carbon = self.add("C", base + CARBOXYLATE_HEIGHT * out, bonded=[first, second])
        if capped:
            self.add("H", self.positions[carbon] + 1.09 * out, bonded=[carbon])
        else:
            self.port(carbon, CARBON_CARBON * out)

    def chelating_carboxylate(
        self,
        metal: int,
        *,
        outward: Float[np.ndarray, "3"],
        side: Float[np.ndarray, "3"],
        reach: float,
    ) -> None:
        """A carboxylate with both oxygen atoms on one metal.

        Parameters
        ----------
        metal:
            The metal.
        outward:
            Direction from it to the carbon atom.
        side:
            Direction in the plane of the carboxylate.
        reach:
            Metal-oxygen length [Å].
        """
        out = outward / np.linalg.norm(outward)
        across = side - (side @ out) * out
        across = across / np.linalg.norm(across)
        height = float(np.sqrt(reach**2 - 0.25 * CARBOXYLATE_OO**2))
        base = self.positions[metal] + height * out
        ends = [
            self.add("O", base + 0.5 * sign * CARBOXYLATE_OO * across, bonded=[metal])
            for sign in (1.0, -1.0)
        ]
        carbon = self.add("C", base + CARBOXYLATE_HEIGHT * out, bonded=ends)
        self.port(carbon, CARBON_CARBON * out)

    def water(
        self,
        metal: int,
        *,
        outward: Float[np.ndarray, "3"],
        reach: float,
        side: Float[np.ndarray, "3"],
        n_hydrogens: int = 2,
    ) -> None:
        """Water or hydroxide on one metal.

        Parameters
        ----------
        metal:
            The metal.
        outward:
            Direction from it to the oxygen atom.
        reach:
            Metal-oxygen length [Å].
        side:
            Direction to which the hydrogen atoms lean.
        n_hydrogens:
            2 for water, 1 for hydroxide, 0 for an oxo group.
        """
        out = outward / np.linalg.norm(outward)
        across = side - (side @ out) * out
        across = across / np.linalg.norm(across)
        oxygen = self.add("O", self.positions[metal] + reach * out, bonded=[metal])
        for sign in (1.0, -1.0)[:n_hydrogens]:
            step = 0.61 * out + 0.79 * sign * across
            self.add("H", self.positions[oxygen] + OXYGEN_HYDROGEN * step, bonded=[oxygen])


def bridging_oxygen(
    one: Float[np.ndarray, "3"],
    other: Float[np.ndarray, "3"],
    *,
    outward: Float[np.ndarray, "3"],
    reach: float,
) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """Places of the oxygen atoms of a carboxylate that bridges two metals [Å].

    Parameters
    ----------
    one, other:
        Places of the metals [Å].
    outward:
        Direction from their middle to the carboxylate, at right angles to their line.
    reach:
        Metal-oxygen length [Å].
    """
    along = other - one
    half = 0.5 * float(np.linalg.norm(along))
    along = along / np.linalg.norm(along)
    height = float(np.sqrt(reach**2 - (half - 0.5 * CARBOXYLATE_OO) ** 2))
    base = 0.5 * (one + other) + height * outward / np.linalg.norm(outward)
    step = 0.5 * CARBOXYLATE_OO * along
    return base - step, base + step
