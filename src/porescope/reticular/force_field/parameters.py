"""Parameters of UFF and UFF4MOF, one type of atom each.

UFF: A. K. Rappé et al., https://doi.org/10.1021/ja00051a040. UFF4MOF: M. A. Addicoat et al.,
https://doi.org/10.1021/ct400952t, and D. E. Coupry et al.,
https://doi.org/10.1021/acs.jctc.6b00664. The tables keep the papers' kcal/mol.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

KCAL_EV = 0.043364104241800934
"""One kcal/mol [eV], with the calorie of 4.184 J."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtomType:
    """What the force field knows of one type of atom."""

    name: str
    """As in the papers: element, geometry, and charge or kind of bonding, such as ``Zn3f2``."""
    number: int
    """Atomic number."""
    radius: float
    """Radius in a single bond [Å]."""
    angle: float
    """Natural angle [rad]."""
    distance: float
    """Distance of the van der Waals minimum between two atoms of the type [Å]."""
    depth: float
    """Depth of that minimum [eV]."""
    charge: float
    """Effective charge of the bond terms [e]."""
    sp3: float
    """Barrier of rotation about a bond of sp3 atoms [kcal/mol]."""
    sp2: float
    """Barrier of rotation about a bond of sp2 atoms [kcal/mol]."""
    electronegativity: float
    """Electronegativity that shortens bonds [eV]."""

    @property
    def shape(self) -> str:
        """Geometry in the type's name: ``1``, ``2``, ``R``, ``3``, ``4``, ``6``, ``8`` or empty."""
        return self.name[2:3]


@cache
def atom_types() -> dict[str, AtomType]:
    """All types by name, in the order of atomic numbers."""
    found = {}
    for row in _rows("uff.csv"):
        found[row["type"]] = AtomType(
            name=row["type"],
            number=int(row["number"]),
            radius=float(row["radius"]),
            angle=math.radians(float(row["angle"])),
            distance=float(row["distance"]),
            depth=float(row["depth"]) * KCAL_EV,
            charge=float(row["charge"]),
            sp3=float(row["sp3"]),
            sp2=float(row["sp2"]),
            electronegativity=float(row["electronegativity"]),
        )
    return found


@cache
def types_of_element() -> dict[int, tuple[AtomType, ...]]:
    """Types of each atomic number."""
    found: dict[int, list[AtomType]] = {}
    for kind in atom_types().values():
        found.setdefault(kind.number, []).append(kind)
    return {number: tuple(kinds) for number, kinds in found.items()}


@cache
def measured_lengths() -> dict[tuple[int, int, str], float]:
    """Median lengths of bonds to metals in measured frameworks [Å].

    Keys are the metal's atomic number, its number of bonds (0: any), and the donor's class as
    :func:`porescope.reticular.force_field.donors.donor_class` names it, or the donor's symbol
    for all classes of that element. The file says where the lengths come from.
    """
    return {
        (int(row["metal"]), int(row["bonds"]), row["donor"]): float(row["length"])
        for row in _rows("metal_bonds.csv")
    }


def bond_length(one: AtomType, other: AtomType, *, order: float) -> float:
    """Natural length of a bond [Å].

    Sum of the radii, with the corrections for bond order and for electronegativity (the latter
    with the sign that the worked examples of the paper need).

    Parameters
    ----------
    one, other:
        Types of the two atoms.
    order:
        Bond order; fractions are allowed.
    """
    a, b = one.radius, other.radius
    x, y = one.electronegativity, other.electronegativity
    by_order = -0.1332 * (a + b) * math.log(order)
    by_charge = a * b * (math.sqrt(x) - math.sqrt(y)) ** 2 / (x * a + y * b)
    return a + b + by_order - by_charge


def _rows(name: str) -> list[dict[str, str]]:
    text = files("porescope.reticular").joinpath(f"data/{name}").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return list(csv.DictReader(lines))
