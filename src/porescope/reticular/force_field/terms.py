"""All terms of a crystal's energy with their parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.structure import Crystal
from porescope.reticular.force_field.angles import angle_terms
from porescope.reticular.force_field.bond_graph import BondGraph, bond_graph
from porescope.reticular.force_field.donors import donor_class
from porescope.reticular.force_field.parameters import KCAL_EV, bond_length, measured_lengths
from porescope.reticular.force_field.torsions import inversion_terms, torsion_terms
from porescope.reticular.force_field.typing import Typed, typed

_STIFFNESS = 664.12 * KCAL_EV
"""Constant of the bond and angle terms of UFF [eV Å]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ForceField:
    """Terms of one bond graph. Cells are relative to the first atom of a term's first bond."""

    types: tuple[str, ...]
    """Type of each atom."""
    notes: tuple[str, ...]
    """What has no type of its own, each a sentence."""
    bond_atoms: Int[np.ndarray, "bonds 2"]
    """Bonded pairs."""
    bond_cells: Int[np.ndarray, "bonds 3"]
    """Cell of the second atom."""
    bond_values: Float[np.ndarray, "bonds 2"]
    """Natural length [Å] and stiffness [eV/Å²]."""
    angle_atoms: Int[np.ndarray, "angles 3"]
    """End, centre, end."""
    angle_cells: Int[np.ndarray, "angles 6"]
    """Cells of both ends as seen from the centre."""
    angle_values: Float[np.ndarray, "angles 7"]
    """Five coefficients of a polynomial in the cosine [eV]; above the cosine that follows, its
    squared excess counts with the last coefficient [eV]."""
    torsion_atoms: Int[np.ndarray, "torsions 4"]
    """Four atoms in a row."""
    torsion_cells: Int[np.ndarray, "torsions 9"]
    """Cells of the first, third and fourth atom as seen from the second."""
    torsion_values: Float[np.ndarray, "torsions 7"]
    """Coefficients of a polynomial in the cosine [eV]."""
    inversion_atoms: Int[np.ndarray, "inversions 4"]
    """Centre, two atoms of the plane, the atom that leaves it."""
    inversion_cells: Int[np.ndarray, "inversions 9"]
    """Cells of the three as seen from the centre."""
    inversion_values: Float[np.ndarray, "inversions 3"]
    """Coefficients of 1, of the cosine and of the cosine of twice the angle to the plane [eV]."""
    distances: Float[np.ndarray, "atoms"]
    """Van der Waals minimum of each atom with its like [Å]."""
    depths: Float[np.ndarray, "atoms"]
    """Depth of that minimum [eV]."""
    charges: Float[np.ndarray, "atoms"]
    """Partial charges [e]; zero where they are not wanted."""
    excluded_start: Int[np.ndarray, "atoms_plus_1"]
    """Rows of ``excluded`` of each atom."""
    excluded: Int[np.ndarray, "excluded 4"]
    """Neighbours over one or two bonds: atom and cell."""

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.distances)


def force_field_of(
    crystal: Crystal,
    bonds: Int[np.ndarray, "bonds 5"],
    *,
    charged: bool = False,
    measured: bool = True,
) -> ForceField:
    """Types of all atoms and all terms of the energy.

    Parameters
    ----------
    crystal:
        The structure, in the unfolded coordinates that the cells of the bonds refer to.
    bonds:
        Each bond once: atom, other atom, cell of the other atom.
    charged:
        Count the electrostatic energy of ``crystal.charges`` too.
    measured:
        Natural lengths of bonds to metals from measured frameworks, where the table has them,
        instead of those of UFF4MOF.

    Raises
    ------
    ConfigError
        Where the force field has no parameters for an element, or a bond names no atom.
    """
    graph = bond_graph(crystal, bonds)
    found = typed(graph)
    lengths = _lengths(graph, found, measured=measured)
    values = np.zeros((len(bonds), 2))
    for row, (a, b) in enumerate(bonds[:, :2].tolist()):
        stiff = _STIFFNESS * found.types[a].charge * found.types[b].charge / lengths[row] ** 3
        values[row] = lengths[row], stiff
    start, excluded = _exclusions(graph)
    charges = np.zeros(crystal.n_atoms)
    if charged and crystal.charges is not None:
        charges = np.nan_to_num(crystal.charges)
    return ForceField(
        types=tuple(kind.name for kind in found.types),
        notes=found.notes,
        bond_atoms=np.ascontiguousarray(bonds[:, :2], dtype=np.int64),
        bond_cells=np.ascontiguousarray(bonds[:, 2:], dtype=np.int64),
        bond_values=values,
        **angle_terms(graph, found, lengths=lengths, stiffness=_STIFFNESS),
        **torsion_terms(graph, found),
        **inversion_terms(graph, found),
        distances=np.array([kind.distance for kind in found.types]),
        depths=np.array([kind.depth for kind in found.types]),
        charges=charges,
        excluded_start=start,
        excluded=excluded,
    )


def _lengths(graph: BondGraph, found: Typed, *, measured: bool) -> list[float]:
    """Natural length of each bond [Å]."""
    table = measured_lengths() if measured else {}
    lengths = []
    for row, (a, b) in enumerate(graph.bonds[:, :2].tolist()):
        order = found.perception.order[row]
        if graph.metal[a] and graph.metal[b]:
            order = 0.25
        length = math.nan
        if table and graph.metal[a] != graph.metal[b]:
            metal, donor = (a, b) if graph.metal[a] else (b, a)
            count = len(graph.others(metal, metals=False))
            kind = donor_class(graph, donor)
            symbol = kind.split("-")[0]
            for key in ((count, kind), (0, kind), (count, symbol), (0, symbol)):
                length = table.get((graph.numbers[metal], *key), math.nan)
                if not math.isnan(length):
                    break
        if math.isnan(length):
            length = bond_length(found.types[a], found.types[b], order=order)
        lengths.append(length)
    return lengths


def _exclusions(graph: BondGraph) -> tuple[np.ndarray, np.ndarray]:
    """Atoms over one or two bonds, each atom with all of its own."""
    start, rows = [0], []
    for atom, bonds in enumerate(graph.neighbours):
        near = set()
        for bond in bonds:
            near.add((bond.atom, *bond.cell))
            x, y, z = bond.cell
            for step in graph.neighbours[bond.atom]:
                u, v, w = step.cell
                near.add((step.atom, x + u, y + v, z + w))
        near.discard((atom, 0, 0, 0))
        rows.extend(sorted(near))
        start.append(len(rows))
    return np.array(start, dtype=np.int64), np.array(rows, dtype=np.int64).reshape(-1, 4)
