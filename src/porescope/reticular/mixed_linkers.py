"""Which linker sits where in a framework of several kinds: the arrangements of lowest energy.

As in the templates of Xrd2Mof, arrangements of linkers over their slots are ranked by the
electrostatic energy of point charges in the periodic cell. Charges are rough
(:mod:`porescope.reticular.increment_charges`); atoms that run into one another are punished.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import find_symmetry
from porescope.errors import ConfigError
from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block
from porescope.reticular.ewald_groups import group_energies
from porescope.reticular.increment_charges import charges_in_block, outside_of_ports
from porescope.reticular.linker_match import linker_sites, match_linker

_CLASH, _CLASH_EV = 1.5, 20.0
"""Heavy atoms of different pieces nearer than this [Å] cost so much each [eV]."""
_SAME_EV = 1e-5
"""Arrangements that symmetry maps on one another agree within this [eV]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Arrangement:
    """One way of putting the linkers into the slots."""

    assembly: Assembly
    """The framework with these linkers, links not yet closed."""
    kinds: tuple[int, ...]
    """Which linker is in each slot."""
    energy_ev: float
    """Electrostatic energy of the cell with the penalty for clashes [eV]."""
    n_equivalent: int
    """Arrangements that symmetry maps on this one, itself included; 0 where not all were seen."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Posed:
    """One linker in one slot."""

    block: Block
    origin: Float[np.ndarray, "3"]
    rotation: Float[np.ndarray, "3 3"]

    @property
    def positions(self) -> Float[np.ndarray, "atoms 3"]:
        """Cartesian coordinates [Å]."""
        return self.origin + self.block.positions @ self.rotation.T


def ewald_assignment(
    assembly: Assembly,
    *,
    slots: Sequence[int],
    linkers: Sequence[Block],
    counts: Sequence[int],
    n_best: int = 5,
    most_exhaustive: int = 20_000,
    n_steps: int = 20_000,
    generator: np.random.Generator | None = None,
) -> list[Arrangement]:
    """The arrangements of several linkers over the slots of a framework, lowest energy first.

    Parameters
    ----------
    assembly:
        The framework with one linker, which will be replaced, in every slot.
    slots:
        The pieces that are slots.
    linkers:
        The linkers to be put in.
    counts:
        How many of each; they sum to the number of slots.
    n_best:
        Arrangements to return, of equivalent ones one.
    most_exhaustive:
        Up to so many arrangements all are looked at; beyond, Monte Carlo anneals swaps.
    n_steps:
        Swaps that Monte Carlo tries.
    generator:
        Source of randomness; needed for Monte Carlo only.

    Raises
    ------
    ConfigError
        Where the counts do not fill the slots, a linker does not fit a slot, or Monte Carlo has
        no generator.
    """
    if len(linkers) != len(counts) or sum(counts) != len(slots) or min(counts, default=0) < 0:
        raise ConfigError(
            f"expected a count for each of {len(linkers)} linkers with a sum of {len(slots)}, the "
            f"slots of the framework, got {list(counts)}"
        )
    posed = [[_posed(assembly, slot, block) for block in linkers] for slot in slots]
    table = _energy_table(assembly, list(slots), posed)
    maps = _slot_maps(assembly, list(slots))
    if _n_arrangements(counts) <= most_exhaustive:
        found = _exhaustive(table, counts, maps)
    elif generator is None:
        raise ConfigError(
            f"there are {_n_arrangements(counts)} arrangements of the linkers, more than "
            f"{most_exhaustive}; give a generator for Monte Carlo or allow more"
        )
    else:
        found = _annealed(table, counts, maps, n_steps=n_steps, generator=generator)
    return [
        Arrangement(
            assembly=_arranged(assembly, list(slots), posed, kinds),
            kinds=kinds,
            energy_ev=energy,
            n_equivalent=n_equivalent,
        )
        for energy, kinds, n_equivalent in found[:n_best]
    ]


def _posed(assembly: Assembly, slot: int, block: Block) -> _Posed:
    """A linker laid over the one in a slot, with that one's ports in its own frame."""
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
    return _Posed(
        block=new,
        origin=assembly.origins[slot] + turn @ match.shift,
        rotation=turn @ match.rotation,
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Table:
    """Energies from which that of every arrangement is summed [eV]."""

    constant: float
    single: Float[np.ndarray, "slots kinds"]
    pair: Float[np.ndarray, "slots kinds slots kinds"]

    def energy(self, kinds: Sequence[int]) -> float:
        """Energy of an arrangement."""
        slots, chosen = np.arange(len(kinds)), np.array(kinds)
        matrix = self.pair[slots, chosen][:, slots, chosen]
        return float(self.constant + self.single[slots, chosen].sum() + 0.5 * matrix.sum())


def _energy_table(assembly: Assembly, slots: list[int], posed: list[list[_Posed]]) -> _Table:
    """Interactions of the fixed pieces and of each linker in each slot."""
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
    return _Table(constant=0.5 * float(matrix[0, 0]), single=single, pair=pair)


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


def _slot_maps(assembly: Assembly, slots: list[int]) -> Int[np.ndarray, "maps slots"]:
    """Permutations of the slots under the symmetry of the fixed pieces and the slots' centres."""
    fixed = [i for i in range(assembly.n_pieces) if i not in slots]
    centres = np.array([assembly.piece_positions(s).mean(axis=0) for s in slots])
    cart = [assembly.piece_positions(i) for i in fixed]
    numbers = [assembly.blocks[int(assembly.kinds[i])].numbers for i in fixed]
    inverse = np.linalg.inv(assembly.lattice)
    # Centres of slots that are bound alike are marked by an element that frameworks lack.
    kinds = assembly.kinds[slots]
    crystal = Crystal(
        lattice=assembly.lattice,
        frac=np.concatenate([*cart, centres]) @ inverse,
        numbers=np.concatenate([*numbers, 89 + kinds]).astype(np.int64),
        occupancy=np.ones(sum(len(n) for n in numbers) + len(slots)),
        u_iso=np.full(sum(len(n) for n in numbers) + len(slots), np.nan),
    )
    identity = np.arange(len(slots))[None]
    group = find_symmetry(crystal, symprec=0.1).space_group
    frac = centres @ inverse
    found = [identity[0]]
    for rotation, translation in zip(group.rotations, group.translations, strict=True):
        step = (frac @ rotation.T + translation)[:, None] - frac[None]
        step -= np.rint(step)
        distances = np.linalg.norm(step @ assembly.lattice, axis=-1)
        nearest = distances.argmin(axis=1)
        if distances.min(axis=1).max() < 0.5 and len(np.unique(nearest)) == len(slots):
            found.append(nearest)
    return np.unique(np.array(found), axis=0)


def _n_arrangements(counts: Sequence[int]) -> int:
    """Number of ways of filling the slots."""
    left, total = sum(counts), 1
    for count in counts:
        total *= comb(left, count)
        left -= count
    return total


def _every(slots: tuple[int, ...], counts: Sequence[int]) -> Iterator[dict[int, int]]:
    """Every way of filling slots, each as kind by slot."""
    if len(counts) == 1:
        yield dict.fromkeys(slots, 0)
        return
    last = len(counts) - 1
    for chosen in combinations(slots, counts[last]):
        rest = tuple(s for s in slots if s not in chosen)
        for filled in _every(rest, counts[:last]):
            yield {**filled, **dict.fromkeys(chosen, last)}


def _exhaustive(
    table: _Table, counts: Sequence[int], maps: Int[np.ndarray, "maps slots"]
) -> list[tuple[float, tuple[int, ...], int]]:
    """All arrangements, equivalent ones merged."""
    n_slots = sum(counts)
    classes: dict[tuple[int, ...], list[tuple[float, tuple[int, ...], int]]] = {}
    for filled in _every(tuple(range(n_slots)), counts):
        kinds = np.array([filled[s] for s in range(n_slots)])
        energy = table.energy(kinds.tolist())
        same = classes.setdefault(_representative(kinds, maps), [])
        for i, (known, chosen, number) in enumerate(same):
            # A linker may lie in its slot with less symmetry than the slot has.
            if abs(known - energy) < _SAME_EV * max(1.0, abs(energy)):
                same[i] = (known, chosen, number + 1)
                break
        else:
            same.append((energy, tuple(kinds.tolist()), 1))
    return sorted((a for same in classes.values() for a in same), key=lambda a: (a[0], a[1]))


def _representative(
    kinds: Int[np.ndarray, "slots"], maps: Int[np.ndarray, "maps slots"]
) -> tuple[int, ...]:
    """The first of all arrangements that symmetry maps on one another."""
    images = kinds[maps]
    return tuple(images[np.lexsort(images.T[::-1])[0]].tolist())


def _annealed(
    table: _Table,
    counts: Sequence[int],
    maps: Int[np.ndarray, "maps slots"],
    *,
    n_steps: int,
    generator: np.random.Generator,
) -> list[tuple[float, tuple[int, ...], int]]:
    """The lowest arrangements that swaps between slots come by while the temperature falls."""
    kinds = np.repeat(np.arange(len(counts)), counts)
    generator.shuffle(kinds)
    energy = table.energy(kinds.tolist())
    best = {_representative(kinds, maps): (energy, tuple(kinds.tolist()), 0)}
    trials = np.array([table.energy(generator.permutation(kinds).tolist()) for _ in range(50)])
    start = max(float(trials.std()), 1e-6)
    slots = np.arange(len(kinds))
    for step in range(n_steps):
        one, other = generator.integers(len(kinds), size=2)
        if kinds[one] == kinds[other]:
            continue
        temperature = start * 0.001 ** (step / n_steps)
        trial = kinds.copy()
        trial[[one, other]] = kinds[[other, one]]
        change = _change(table, kinds, trial, slots, int(one), int(other))
        if change < 0.0 or generator.random() < np.exp(-change / temperature):
            kinds, energy = trial, energy + change
            key = _representative(kinds, maps)
            if key not in best or energy < best[key][0] - _SAME_EV:
                best[key] = (table.energy(kinds.tolist()), tuple(kinds.tolist()), 0)
    return sorted(best.values(), key=lambda a: (a[0], a[1]))


def _change(
    table: _Table,
    kinds: Int[np.ndarray, "slots"],
    trial: Int[np.ndarray, "slots"],
    slots: Int[np.ndarray, "slots"],
    one: int,
    other: int,
) -> float:
    """Energy of a trial less that of the present arrangement, which differ in two slots."""
    total = 0.0
    for sign, now in ((1.0, trial), (-1.0, kinds)):
        for s in (one, other):
            total += sign * float(table.single[s, now[s]] + table.pair[s, now[s], slots, now].sum())
        total -= sign * float(table.pair[one, now[one], other, now[other]])
    return total


def _arranged(
    assembly: Assembly, slots: list[int], posed: list[list[_Posed]], kinds: tuple[int, ...]
) -> Assembly:
    """The framework with chosen linkers in its slots."""
    blocks = list(assembly.blocks)
    new_kinds = assembly.kinds.copy()
    origins, rotations = assembly.origins.copy(), assembly.rotations.copy()
    for row, (slot, kind) in enumerate(zip(slots, kinds, strict=True)):
        one = posed[row][kind]
        new_kinds[slot] = len(blocks)
        blocks.append(one.block)
        origins[slot], rotations[slot] = one.origin, one.rotation
    used, again = np.unique(new_kinds, return_inverse=True)
    return replace(
        assembly,
        blocks=tuple(blocks[int(k)] for k in used),
        kinds=again.reshape(-1).astype(np.int64),
        origins=origins,
        rotations=rotations,
    )
