"""Closing frameworks of two linkers: ways round, shapes, and a short relaxation where it helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from porescope.crystal.elements import is_metal
from porescope.crystal.graph import bonds_of
from porescope.crystal.structure import Crystal
from porescope.errors import ConfigError, ConvergenceError
from porescope.reticular.assembly import Assembly, bonds_of_assembly, crystal_of_assembly
from porescope.reticular.block import Block
from porescope.reticular.fit_assembly import AssemblyFitConfig, fit_assembly
from porescope.reticular.linker_ends import regular_ways_round
from porescope.reticular.linker_match import LinkerSites
from porescope.reticular.linker_slots import with_linkers_in_slots
from porescope.reticular.relax import RelaxSettings, relax
from porescope.reticular.substitute import Substituted, substituted
from porescope.reticular.template import Template
from porescope.workflows.propose import ROOM, ProposeConfig, overlaps, scaled

RELAXED_ATOMS = 1500
"""Atoms of crowded frameworks that are relaxed to part them, in all."""
_LARGEST = 250
"""Atoms beyond which one relaxation takes too long."""
_SHAPES = 3
"""Shapes of the linkers that are tried on a template before it is given up."""
_RELAXED = RelaxSettings(max_steps=60, max_force=0.3, max_stress=5e-3, fixed_symmetry=False)


@dataclass(slots=True, kw_only=True)
class Builder:
    """What stays the same for all frameworks of one pot; it counts what it relaxes."""

    metal: int
    """Atomic number."""
    blocks: Mapping[str, Sequence[Block]]
    """Forms and shapes of the linkers by their SMILES."""
    sites: Mapping[str, Sequence[LinkerSites]]
    """Their ends."""
    config: ProposeConfig
    """Limits."""
    atoms_left: int = field(default=RELAXED_ATOMS)
    """Atoms that may still be relaxed."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Built:
    """A closed framework."""

    crystal: Crystal
    """All atoms, P1."""
    assembly: Assembly
    """The same as blocks and links, before it was relaxed."""
    rms_gap: float
    """Root mean square of the misses at the ports [Å]."""
    substituted: Substituted
    """Where it came from."""
    relaxed: bool
    """Whether atoms had to be parted."""
    turned: bool
    """Whether linkers were turned into a regular way round."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Crowded:
    """A closed framework whose atoms lie on one another."""

    assembly: Assembly
    """Blocks and links."""
    rms_gap: float
    """Root mean square of the misses at the ports [Å]."""
    substituted: Substituted
    """Where it came from."""
    crowding: float
    """Pairs of atoms that seem bonded and are not, for each atom."""


def built_with(
    template: Template, linkers: Mapping[int, str], builder: Builder
) -> tuple[list[Built], Crowded | None]:
    """Frameworks with chosen linkers in the slots of a template.

    Parameters
    ----------
    template:
        Where nodes and links come from.
    linkers:
        For each slot, the SMILES of the linker.
    builder:
        Linkers and limits.

    Returns
    -------
    :
        One framework, and where linkers have unlike ends one for each regular way round. Where
        there is none, the least crowded one that closes.
    """
    relabelled = replace(template, assembly=with_linkers_in_slots(template.assembly, linkers))
    tried: dict[str, set[int]] = {}
    best: Crowded | None = None
    for _ in range(_SHAPES):
        made = substituted(
            relabelled,
            linkers=builder.blocks,
            sites=builder.sites,
            metal=builder.metal,
            without=tried,
        )
        if made is None or made.assembly.n_atoms > builder.config.max_atoms:
            break
        good = []
        ways = [made.assembly, *regular_ways_round(made.assembly, linkers)]
        for number, start in enumerate(ways):
            closed = _closed(start, made, builder)
            if closed is None:
                continue
            crystal = crystal_of_assembly(closed[0])
            crowding = crowding_of(crystal, closed[0])
            if crowding == 0.0:
                good.append(_built(crystal, closed, made, turned=number > 0))
            elif best is None or crowding < best.crowding:
                best = Crowded(
                    assembly=closed[0], rms_gap=closed[1], substituted=made, crowding=crowding
                )
        if good:
            return good, None
        for name, index in made.used.items():
            tried.setdefault(name, set()).add(index)
    return [], best


def parted(crowded: Crowded, builder: Builder) -> Built | None:
    """A crowded framework after a short relaxation, if that parts its atoms.

    Parameters
    ----------
    crowded:
        The framework.
    builder:
        It counts the atoms that were relaxed; where they are too many nothing is done.
    """
    assembly = crowded.assembly
    if assembly.n_atoms > min(builder.atoms_left, _LARGEST):
        return None
    builder.atoms_left -= assembly.n_atoms
    try:
        found = relax(
            crystal_of_assembly(assembly), bonds_of_assembly(assembly), settings=_RELAXED
        ).crystal
    except (ConfigError, ConvergenceError):
        return None
    if not np.all(np.isfinite(found.frac)) or crowding_of(found, assembly) > 0.0:
        return None
    return _built(found, (assembly, crowded.rms_gap), crowded.substituted, relaxed=True)


def _closed(start: Assembly, made: Substituted, builder: Builder) -> tuple[Assembly, float] | None:
    """The framework with its links closed and what they miss, if that is little."""
    config = builder.config
    closed = fit_assembly(
        scaled(start, made.scale),
        config=AssemblyFitConfig(max_steps=12, give_up=1.5 * config.rms_gap),
    )
    if closed.rms_gap > config.rms_gap or closed.largest_gap > config.largest_gap:
        return None
    return closed.assembly, closed.rms_gap


def _built(
    crystal: Crystal,
    closed: tuple[Assembly, float],
    made: Substituted,
    *,
    relaxed: bool = False,
    turned: bool = False,
) -> Built:
    return Built(
        crystal=crystal,
        assembly=closed[0],
        rms_gap=closed[1],
        substituted=made,
        relaxed=relaxed,
        turned=turned,
    )


def crowding_of(crystal: Crystal, assembly: Assembly) -> float:
    """Pairs of non-metals that seem bonded and are not, for each atom; 0 where all is well.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    """
    organic = (crystal.numbers > 1) & ~is_metal()[crystal.numbers]
    joined = bonds_of_assembly(assembly)[:, :2]
    seen = bonds_of(crystal)
    want = {_pair(i, j) for i, j in joined.tolist()}
    have = {
        _pair(i, j)
        for i, j in zip(seen.first.tolist(), seen.second.tolist(), strict=True)
        if organic[i] and organic[j]
    }
    false = len(have - want) / crystal.n_atoms
    if crystal.volume < ROOM * crystal.n_atoms or (not false and overlaps(crystal, assembly)):
        return false + 1.0 / crystal.n_atoms
    return false


def _pair(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)
