"""Energies from which that of every arrangement of linkers over slots is summed.

Electrostatic energies of rough charges (:mod:`porescope.reticular.increment_charges`) in the
periodic cell, and a penalty for heavy atoms of linkers that run into others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from porescope.errors import ConfigError
from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block
from porescope.reticular.ewald_groups import group_energies
from porescope.reticular.increment_charges import charges_in_block, outside_of_ports
from porescope.reticular.linker_match import linker_sites, match_linker

_CLASH, _CLASH_EV = 1.5, 20.0
"""Heavy atoms of different pieces nearer than this [Å] cost so much each [eV]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PosedInSlot:
    """One linker in one slot."""

    block: Block
    origin: Float[np.ndarray, "3"]
    rotation: Float[np.ndarray, "3 3"]

    @property
    def positions(self) -> Float[np.ndarray, "atoms 3"]:
        """Cartesian coordinates [Å]."""
        return self.origin + self.block.positions @ self.rotation.T


def posed_in_slot(assembly: Assembly, slot: int, block: Block) -> PosedInSlot:
    """A linker laid over the one in a slot, with that one's ports in its own frame.

    Parameters
    ----------
    assembly:
        The framework.
    slot:
        The piece that is replaced.
    block:
        The linker.

    Raises
    ------
    ConfigError
        Where the ends differ.
    """
    old = assembly.blocks[int(assembly.kinds[slot])]
    new_sites, old_sites = linker_sites(block), linker_sites(old)
    match = match_linker(new_sites, old_sites)
    if match is None or new_sites.n_sites != old_sites.n_sites:
        raise ConfigError(
            f"expected linkers with ends like those of {old.smiles or old.formula}, got "
            f"{block.smiles or block.formula}; name linkers with as many ends of the same kinds"
        )
    row_of = {int(atom): row for row, atom in enumerate(old_sites.atoms)}
    rows = match.sites[[row_of[int(a)] for a in old.port_atoms]]
    turn = assembly.rotations[slot]
    new = replace(
        block,
        kind=old.kind,
        port_atoms=new_sites.atoms[rows],
        port_vectors=old.port_vectors @ match.rotation,
    )
    return PosedInSlot(
        block=new,
        origin=assembly.origins[slot] + turn @ match.shift,
        rotation=turn @ match.rotation,
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EnergyTable:
    """Energies from which that of every arrangement is summed [eV]."""

    constant: float
    single: Float[np.ndarray, "slots kinds"]
    pair: Float[np.ndarray, "slots kinds slots kinds"]

    def energy(self, kinds: Sequence[int]) -> float:
        """Energy of an arrangement [eV].

        Parameters
        ----------
        kinds:
            Which linker is in each slot.
        """
        slots, chosen = np.arange(len(kinds)), np.array(kinds)
        matrix = self.pair[slots, chosen][:, slots, chosen]
        return float(self.constant + self.single[slots, chosen].sum() + 0.5 * matrix.sum())

    def of_groups(self, groups: Sequence[int]) -> EnergyTable:
        """The table for groups of slots that hold the same linker.

        Parameters
        ----------
        groups:
            For each slot the number of its group, from 0.
        """
        n_groups = max(groups, default=-1) + 1
        member = np.zeros((n_groups, len(groups)))
        member[list(groups), np.arange(len(groups))] = 1.0
        pair = np.einsum("gs,satb,ht->gahb", member, self.pair, member, optimize=True)
        single = member @ self.single
        for group in range(n_groups):
            single[group] += 0.5 * np.diag(pair[group, :, group, :])
            pair[group, :, group, :] = 0.0
        return EnergyTable(constant=self.constant, single=single, pair=pair)


def energy_table(
    assembly: Assembly, slots: Sequence[int], posed: Sequence[Sequence[PosedInSlot]]
) -> EnergyTable:
    """Interactions of the fixed pieces and of each linker in each slot.

    Parameters
    ----------
    assembly:
        The framework with one linker in every slot.
    slots:
        The pieces that are slots.
    posed:
        For each slot, each linker as it would lie in it.
    """
    outside = outside_of_ports(assembly)
    fixed = [i for i in range(assembly.n_pieces) if i not in slots]
    positions, charges, heavy, groups = [], [], [], []
    for piece in fixed:
        block = assembly.blocks[int(assembly.kinds[piece])]
        positions.append(assembly.piece_positions(piece))
        charges.append(charges_in_block(block, outside=outside[piece]))
        heavy.append(block.numbers > 1)
        groups.append(np.zeros(block.n_atoms, dtype=np.int64))
    n_kinds = len(posed[0])
    for row, slot in enumerate(slots):
        for kind, one in enumerate(posed[row]):
            positions.append(one.positions)
            charges.append(charges_in_block(one.block, outside=outside[slot]))
            heavy.append(one.block.numbers > 1)
            groups.append(np.full(one.block.n_atoms, 1 + row * n_kinds + kind))
    n_groups = 1 + len(slots) * n_kinds
    every = np.concatenate(positions)
    matrix = group_energies(
        every,
        np.concatenate(charges),
        np.concatenate(groups),
        lattice=assembly.lattice,
        n_groups=n_groups,
    )
    matrix += _clashes(
        every, np.concatenate(heavy), np.concatenate(groups), assembly.lattice, n_groups
    )
    shape = (len(slots), n_kinds)
    pair = matrix[1:, 1:].reshape(*shape, *shape).copy()
    single = (0.5 * np.diag(matrix)[1:] + matrix[0, 1:]).reshape(shape)
    for row in range(len(slots)):
        pair[row, :, row, :] = 0.0
    return EnergyTable(constant=0.5 * float(matrix[0, 0]), single=single, pair=pair)


def _clashes(
    positions: Float[np.ndarray, "atoms 3"],
    heavy: np.ndarray,
    groups: Int[np.ndarray, "atoms"],
    lattice: Float[np.ndarray, "3 3"],
    n_groups: int,
) -> Float[np.ndarray, "groups groups"]:
    """Penalties for linkers' heavy atoms that run into those of others [eV]."""
    rows = np.flatnonzero(heavy & (groups > 0))
    frac = positions[rows] @ np.linalg.inv(lattice)
    step = frac[:, None] - frac[None]
    step -= np.rint(step)
    near = np.linalg.norm(step @ lattice, axis=-1) < _CLASH
    mine = groups[rows]
    near &= mine[:, None] != mine[None]
    found = np.zeros((n_groups, n_groups))
    one, other = np.nonzero(near)
    np.add.at(found, (mine[one], mine[other]), _CLASH_EV)
    return found
