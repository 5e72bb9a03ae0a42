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
from jaxtyping import Int

from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import find_symmetry
from porescope.errors import ConfigError
from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block
from porescope.reticular.linker_energies import (
    EnergyTable,
    PosedInSlot,
    energy_table,
    posed_in_slot,
)

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


def ewald_assignment(
    assembly: Assembly,
    *,
    slots: Sequence[int],
    linkers: Sequence[Block],
    counts: Sequence[int],
    groups: Sequence[int] | None = None,
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
        How many of each; they sum to the number of slots, or of groups.
    groups:
        For each slot the number of its group, from 0; slots of one group hold the same linker.
        Without it each slot is its own group.
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
    return ewald_assignments(
        assembly,
        slots=slots,
        linkers=linkers,
        compositions=[counts],
        groups=groups,
        n_best=n_best,
        most_exhaustive=most_exhaustive,
        n_steps=n_steps,
        generator=generator,
    )[0]


def ewald_assignments(
    assembly: Assembly,
    *,
    slots: Sequence[int],
    linkers: Sequence[Block],
    compositions: Sequence[Sequence[int]],
    groups: Sequence[int] | None = None,
    n_best: int = 1,
    most_exhaustive: int = 20_000,
    n_steps: int = 20_000,
    generator: np.random.Generator | None = None,
) -> list[list[Arrangement]]:
    """The same for several compositions at once; energies are worked out once.

    Parameters
    ----------
    assembly, slots, linkers, groups, n_best, most_exhaustive, n_steps, generator:
        As in :func:`ewald_assignment`.
    compositions:
        For each how many of each linker.

    Raises
    ------
    ConfigError
        As in :func:`ewald_assignment`.
    """
    own = list(range(len(slots))) if groups is None else [int(g) for g in groups]
    n_groups = max(own, default=-1) + 1
    if len(own) != len(slots) or sorted(set(own)) != list(range(n_groups)):
        raise ConfigError(
            f"expected a group for each of {len(slots)} slots, numbered from 0 without gaps, got "
            f"{own}"
        )
    for counts in compositions:
        _require_filled(counts, n_linkers=len(linkers), n_groups=n_groups)
    posed = [[posed_in_slot(assembly, slot, block) for block in linkers] for slot in slots]
    table = energy_table(assembly, list(slots), posed).of_groups(own)
    maps = _group_maps(_slot_maps(assembly, list(slots)), np.array(own, dtype=np.int64))
    every = []
    for counts in compositions:
        if _n_arrangements(counts) <= most_exhaustive:
            found = _exhaustive(table, counts, maps)
        elif generator is None:
            raise ConfigError(
                f"there are {_n_arrangements(counts)} arrangements of the linkers, more than "
                f"{most_exhaustive}; give a generator for Monte Carlo or allow more"
            )
        else:
            found = _annealed(table, counts, maps, n_steps=n_steps, generator=generator)
        chosen = [(e, tuple(kinds[g] for g in own), n) for e, kinds, n in found[:n_best]]
        every.append(
            [
                Arrangement(
                    assembly=_arranged(assembly, list(slots), posed, kinds),
                    kinds=kinds,
                    energy_ev=energy,
                    n_equivalent=n_equivalent,
                )
                for energy, kinds, n_equivalent in chosen
            ]
        )
    return every


def _require_filled(counts: Sequence[int], *, n_linkers: int, n_groups: int) -> None:
    if n_linkers != len(counts) or sum(counts) != n_groups or min(counts, default=0) < 0:
        raise ConfigError(
            f"expected a count for each of {n_linkers} linkers with a sum of {n_groups}, the "
            f"slots of the framework, got {list(counts)}"
        )


def _group_maps(
    maps: Int[np.ndarray, "maps slots"], groups: Int[np.ndarray, "slots"]
) -> Int[np.ndarray, "images groups"]:
    """Those permutations of slots that keep groups together, as permutations of groups."""
    n_groups = int(groups.max(initial=-1)) + 1
    found = [np.arange(n_groups)]
    for one in maps:
        image = np.full(n_groups, -1, dtype=np.int64)
        image[groups] = groups[one]
        if np.array_equal(image[groups], groups[one]):
            found.append(image)
    return np.unique(np.array(found), axis=0)


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
    table: EnergyTable, counts: Sequence[int], maps: Int[np.ndarray, "maps slots"]
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
    table: EnergyTable,
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
    table: EnergyTable,
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
    assembly: Assembly, slots: list[int], posed: list[list[PosedInSlot]], kinds: tuple[int, ...]
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
