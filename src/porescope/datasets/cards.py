"""Powder cards: what the library knows of one framework."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.lattice import lattice_from_parameters, niggli_lattice
from porescope.errors import ConfigError

Cell = tuple[float, float, float, float, float, float]
"""a, b, c [Å], alpha, beta, gamma [°]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PowderCard:
    """Cell, contents and strongest reflections of one crystal.

    Spacings are not stored: they follow from the indices and the cell, so that the cell can be
    changed and each reflection moves by its own amount.
    """

    id: str
    """Identifier such as ``qmof-0001b0d``, a refcode, or an IZA code."""
    name: str = ""
    """Name for people such as ``ZIF-8``; empty if none is known."""
    source: str
    """Collection: ``qmof``, ``core-mof-2019``, ``curated-cofs``, ``iza``, ``user:FOLDER`` …"""
    formula: str
    """Reduced formula in Hill order."""
    elements: tuple[str, ...]
    """Element symbols by rising atomic number."""
    density: float
    """Density [g/cm³]."""
    cell: Cell
    """a, b, c [Å], alpha, beta, gamma [°]: the conventional cell where symmetry was found."""
    space_group_number: int = 1
    """Number in International Tables A."""
    space_group_symbol: str = "P 1"
    """Hermann-Mauguin symbol of the cell's setting."""
    n_atoms: int
    """Number of atoms in the cell."""
    net_hash: str = ""
    """Hash of the bond graph with elements, without hydrogen; empty if none was made."""
    net_hash_metals_alike: str = ""
    """The same with all metals counted as one element."""
    framework: str = ""
    """Entries with the same key are the same framework."""
    group: str = ""
    """Entries with the same key are the same framework but for the metal."""
    doi: str = ""
    """DOI of the structure, or of the collection where the structure's own is not known."""
    licence: str = ""
    """Licence as the source states it."""
    cif_path: str = ""
    """Path of the CIF relative to the root of its source."""
    content_hash: bytes = b""
    """Digest of the file from which the card was made."""
    hkl: Int[np.ndarray, "peaks 3"] = field(repr=False)
    """Miller indices of one representative of each set of equivalent reflections."""
    intensity_xray: Float[np.ndarray, "peaks"] = field(repr=False)
    """Multiplicity times squared X-ray structure factor [electrons²], no anomalous terms, no
    Lorentz or polarisation factor."""
    intensity_neutron: Float[np.ndarray, "peaks"] = field(repr=False)
    """Multiplicity times squared neutron structure factor [fm²]."""

    @property
    def n_peaks(self) -> int:
        """Number of reflections kept."""
        return len(self.hkl)

    @property
    def lattice(self) -> Float[np.ndarray, "3 3"]:
        """Cell vectors as rows [Å]."""
        return lattice_from_parameters(*self.cell)

    @property
    def volume(self) -> float:
        """Volume of the cell [Å³]."""
        return float(abs(np.linalg.det(self.lattice)))

    @property
    def primitive_lattice(self) -> Float[np.ndarray, "3 3"]:
        """Niggli-reduced primitive cell [Å]."""
        centring = centring_vectors(self.space_group_symbol[:1])
        return niggli_lattice(centring @ self.lattice)[0]

    @property
    def d(self) -> Float[np.ndarray, "peaks"]:
        """Interplanar spacings [Å]."""
        return 1.0 / np.linalg.norm(self.hkl @ np.linalg.inv(self.lattice).T, axis=1)

    @property
    def title(self) -> str:
        """Name if there is one, else the identifier."""
        return self.name or self.id


def cell_tuple(values: Float[np.ndarray, "6"]) -> Cell:
    """Cell parameters as plain numbers, rounded to 1e-5 Å and degrees, as they are stored."""
    a, b, c, alpha, beta, gamma = np.round(values.astype(np.float64), 5).tolist()
    return a, b, c, alpha, beta, gamma


def centring_vectors(letter: str) -> Float[np.ndarray, "3 3"]:
    """Primitive cell vectors in terms of the conventional ones, as rows.

    Parameters
    ----------
    letter:
        First letter of the Hermann-Mauguin symbol; ``R`` means hexagonal axes, obverse. Unknown
        letters count as ``P``.
    """
    half, third = 0.5, 1.0 / 3.0
    rows = {
        "A": [[1, 0, 0], [0, half, half], [0, -half, half]],
        "B": [[half, 0, half], [0, 1, 0], [-half, 0, half]],
        "C": [[half, half, 0], [-half, half, 0], [0, 0, 1]],
        "I": [[-half, half, half], [half, -half, half], [half, half, -half]],
        "F": [[0, half, half], [half, 0, half], [half, half, 0]],
        "R": [[2 * third, third, third], [-third, third, third], [-third, -2 * third, third]],
    }
    return np.array(rows.get(letter, np.eye(3)), dtype=np.float64)


def element_mask(elements: Iterable[str]) -> tuple[int, int]:
    """Elements as two 64-bit masks: element Z is bit (Z - 1) % 64 of word (Z - 1) // 64.

    Raises
    ------
    ConfigError
        Where a symbol is no element.
    """
    words = [0, 0]
    for symbol in elements:
        element = gemmi.Element(symbol)
        number = element.atomic_number
        if number < 1 or element.name != symbol.title():
            raise ConfigError(f"{symbol!r} is not the symbol of a chemical element")
        words[(number - 1) // 64] |= 1 << ((number - 1) % 64)
    return words[0], words[1]


def elements_of_mask(low: int, high: int) -> tuple[str, ...]:
    """Element symbols by rising atomic number from two 64-bit masks."""
    bits = low | (high << 64)
    return tuple(gemmi.Element(z).name for z in range(1, 119) if bits >> (z - 1) & 1)
