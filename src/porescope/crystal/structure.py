"""One crystal structure: every atom of one unit cell, and the symmetry that is known of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.lattice import parameters_from_lattice
from porescope.crystal.orbits import expand_sites, rotated_u
from porescope.crystal.space_group import P1, SpaceGroup
from porescope.errors import ConfigError
from porescope.units import AVOGADRO


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AsymmetricUnit:
    """One representative of each orbit."""

    atoms: Int[np.ndarray, "sites"]
    """Index of the representative in the crystal."""
    multiplicity: Int[np.ndarray, "sites"]
    """Number of atoms of the orbit in the cell."""
    frac: Float[np.ndarray, "sites 3"]
    """Fractional coordinates."""
    numbers: Int[np.ndarray, "sites"]
    """Atomic numbers."""
    occupancy: Float[np.ndarray, "sites"]
    """Site occupancies, 0 to 1."""
    u_iso: Float[np.ndarray, "sites"]
    """Isotropic displacements [Å²], NaN where unknown."""

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self.atoms)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Crystal:
    """All atoms of one unit cell.

    Rows of ``lattice`` are a, b, c, so ``cart = frac @ lattice``. Atoms with the same ``orbit``
    are images of one another under ``space_group``; the first atom of each orbit is the
    representative, and all orbits together form the asymmetric unit.
    """

    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows [Å]."""
    frac: Float[np.ndarray, "atoms 3"]
    """Fractional coordinates."""
    numbers: Int[np.ndarray, "atoms"]
    """Atomic numbers."""
    occupancy: Float[np.ndarray, "atoms"]
    """Site occupancies, 0 to 1."""
    u_iso: Float[np.ndarray, "atoms"]
    """Isotropic mean-square displacements U [Å²]; NaN where the source gives none."""
    u_aniso: Float[np.ndarray, "atoms 3 3"] | None = None
    """Displacement tensors in the CIF convention U_ij [Å²]; rows of NaN where isotropic."""
    isotopes: Int[np.ndarray, "atoms"] | None = None
    """Mass numbers for neutrons; 0 is the natural mixture, 2 on hydrogen is deuterium."""
    charges: Float[np.ndarray, "atoms"] | None = None
    """Partial charges [e]."""
    labels: tuple[str, ...] = ()
    """Site labels, one per atom, or empty."""
    space_group: SpaceGroup = P1
    """Operations that map the cell's atoms onto one another."""
    orbit: Int[np.ndarray, "atoms"] | None = None
    """Index of the symmetry orbit of each atom; ``None`` means that each atom is its own."""
    name: str = ""
    """Name, refcode or file stem."""

    @property
    def n_atoms(self) -> int:
        """Number of atoms (sites) in the cell."""
        return len(self.numbers)

    @property
    def volume(self) -> float:
        """Volume of the cell [Å³]."""
        return float(abs(np.linalg.det(self.lattice)))

    @property
    def cart(self) -> Float[np.ndarray, "atoms 3"]:
        """Cartesian coordinates [Å]."""
        return self.frac @ self.lattice

    @property
    def parameters(self) -> Float[np.ndarray, "6"]:
        """a, b, c [Å], alpha, beta, gamma [°]."""
        return parameters_from_lattice(self.lattice)

    @property
    def elements(self) -> tuple[str, ...]:
        """Symbols of the elements in the cell, in Hill order."""
        return tuple(_hill_order(self._amounts()))

    def _amounts(self) -> dict[str, float]:
        amounts = np.bincount(self.numbers, weights=self.occupancy)
        return {gemmi.Element(int(z)).name: float(amounts[z]) for z in np.flatnonzero(amounts)}

    @property
    def formula(self) -> str:
        """Reduced formula in Hill order, such as ``C24H12O13Zn4``.

        Amounts are divided by their greatest common divisor where all are whole numbers, and
        by the smallest amount where occupancies leave fractions.
        """
        amounts = self._amounts()
        if not amounts:
            return ""
        values = np.array(list(amounts.values()))
        if np.allclose(values, np.rint(values), atol=1e-2) and np.all(np.rint(values) > 0):
            divisor = float(gcd(*(round(v) for v in values)))
        else:
            divisor = float(values.min())
        parts = []
        for symbol in _hill_order(amounts):
            amount = round(amounts[symbol] / divisor, 2)
            parts.append(symbol if amount == 1 else f"{symbol}{amount:g}")
        return "".join(parts)

    @property
    def density(self) -> float:
        """Mass density [g/cm³]; natural mixtures of isotopes, deuterium where it is stated."""
        masses = np.array([gemmi.Element(int(z)).weight for z in self.numbers])
        if self.isotopes is not None:
            masses = np.where((self.numbers == 1) & (self.isotopes == 2), 2.0141, masses)
        return float(masses @ self.occupancy) / AVOGADRO / (self.volume * 1e-24)

    def asymmetric_unit(self) -> AsymmetricUnit:
        """One atom of each orbit, with the orbit's size."""
        if self.orbit is None:
            atoms = np.arange(self.n_atoms)
            multiplicity = np.ones(self.n_atoms, dtype=np.int64)
        else:
            _, atoms, multiplicity = np.unique(self.orbit, return_index=True, return_counts=True)
        return AsymmetricUnit(
            atoms=atoms,
            multiplicity=multiplicity,
            frac=self.frac[atoms],
            numbers=self.numbers[atoms],
            occupancy=self.occupancy[atoms],
            u_iso=self.u_iso[atoms],
        )

    def with_lattice(self, lattice: Float[np.ndarray, "3 3"]) -> Crystal:
        """The same fractional coordinates in another cell.

        Parameters
        ----------
        lattice:
            New cell vectors as rows [Å]; it is for the caller to keep what the symmetry demands.
        """
        return replace(self, lattice=np.asarray(lattice, dtype=np.float64))

    def supercell(self, repeats: tuple[int, int, int]) -> Crystal:
        """The crystal in a cell that is several times as long along a, b and c."""
        from porescope.crystal.transform import supercell

        return supercell(self, repeats=repeats)

    def without_symmetry(self) -> Crystal:
        """The same atoms, each its own orbit, in P1."""
        return replace(self, space_group=P1, orbit=np.arange(self.n_atoms))


def _hill_order(symbols: dict[str, float]) -> list[str]:
    """Carbon, hydrogen, then the rest by the alphabet; all by the alphabet without carbon."""
    first = [s for s in ("C", "H", "D") if s in symbols] if "C" in symbols else []
    return first + sorted(s for s in symbols if s not in first)


def crystal_from_asymmetric_unit(
    *,
    lattice: Float[np.ndarray, "3 3"],
    frac: Float[np.ndarray, "sites 3"],
    numbers: Int[np.ndarray, "sites"],
    space_group: SpaceGroup = P1,
    occupancy: Float[np.ndarray, "sites"] | None = None,
    u_iso: Float[np.ndarray, "sites"] | None = None,
    u_aniso: Float[np.ndarray, "sites 3 3"] | None = None,
    isotopes: Int[np.ndarray, "sites"] | None = None,
    charges: Float[np.ndarray, "sites"] | None = None,
    labels: tuple[str, ...] = (),
    name: str = "",
    tolerance: float = 0.05,
) -> Crystal:
    """Fill the cell from the symmetry-unique sites.

    Parameters
    ----------
    lattice:
        Cell vectors as rows [Å].
    frac:
        Fractional coordinates of the sites.
    numbers:
        Atomic numbers.
    space_group:
        Operations that fill the cell.
    occupancy, u_iso, u_aniso, isotopes, charges, labels, name:
        As in :class:`Crystal`, one value per site.
    tolerance:
        Images nearer than this are one atom on a special position [Å].
    """
    n_sites = len(numbers)
    if len(frac) != n_sites:
        raise ConfigError(f"got {len(frac)} positions for {n_sites} atomic numbers")
    full, site, op = expand_sites(
        frac, lattice=lattice, space_group=space_group, tolerance=tolerance
    )
    tensors = None
    if u_aniso is not None:
        tensors = rotated_u(u_aniso[site], rotations=space_group.rotations[op], lattice=lattice)
    return Crystal(
        lattice=lattice,
        frac=full,
        numbers=numbers[site],
        occupancy=np.ones(len(site)) if occupancy is None else occupancy[site],
        u_iso=np.full(len(site), np.nan) if u_iso is None else u_iso[site],
        u_aniso=tensors,
        isotopes=None if isotopes is None else isotopes[site],
        charges=None if charges is None else charges[site],
        labels=tuple(labels[i] for i in site) if labels else (),
        space_group=space_group,
        orbit=site,
        name=name,
    )
