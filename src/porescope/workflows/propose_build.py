"""One proposal: the linkers put into a template, its links closed, its atoms parted.

What closes but is crowded, or has bonds that were not meant, as where molecules have no room yet,
is relaxed for a few steps in the force field, the most promising first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from porescope.crystal.structure import Crystal
from porescope.datasets.template_store import TemplateEntry
from porescope.reticular.assembly import Assembly, bonds_of_assembly, crystal_of_assembly
from porescope.reticular.block import Block
from porescope.reticular.crowding import ROOM, is_sound, overlaps
from porescope.reticular.fit_assembly import AssemblyFit, AssemblyFitConfig, fit_assembly
from porescope.reticular.linker_match import LinkerSites
from porescope.reticular.smiles import linker_key
from porescope.reticular.substitute import Substituted, other_bindings, substituted
from porescope.reticular.template import Template
from porescope.workflows.proposal import Proposal, ProposeConfig

_SHAPES = 3
"""Shapes of the linkers that are tried on a template before it is given up."""
_PARTING = 1e6
"""Sum of the squared numbers of atoms of all frameworks that are relaxed to part their atoms: what
it costs grows so."""
_LARGEST_PARTED = 400
"""Atoms of the largest framework that is relaxed."""
_PARTED_ALIKE = 4
"""Frameworks of one shape that are relaxed."""
_NEAR = 2.0
"""Links that are open by up to this many times what is forgiven may be closed by relaxing."""
_ROUNDS = 8
"""Bonds about an atom within which frameworks of one template are compared."""
Way = dict[str, str]
"""For each linker of a template, the one that takes its place."""


@dataclass(slots=True)
class Parting:
    """How much relaxing is left."""

    left: float = _PARTING
    """Squared numbers of atoms."""
    alike: Counter[str] = field(default_factory=Counter)
    """Frameworks of each shape that were relaxed."""

    def may(self, n_atoms: int, shape: str) -> bool:
        """Whether one more framework may be relaxed; it is counted.

        Parameters
        ----------
        n_atoms:
            Its atoms.
        shape:
            Its template's shape.
        """
        if n_atoms > _LARGEST_PARTED or self.alike[shape] >= _PARTED_ALIKE:
            return False
        if self.left < n_atoms**2:
            return False
        self.left -= n_atoms**2
        self.alike[shape] += 1
        return True


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Parts:
    """What is put into templates."""

    blocks: dict[str, list[Block]]
    """Forms and shapes of each linker, by its SMILES."""
    sites: dict[str, list[LinkerSites]]
    """Their ends."""
    metals: tuple[int, ...]
    """Atomic numbers of the metals, rising."""

    @property
    def metal(self) -> int | None:
        """The only metal, which takes the place of a template's."""
        return self.metals[0] if len(self.metals) == 1 else None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Filling:
    """A template and what is put into it."""

    template: Template
    """The framework that is built on."""
    entry: TemplateEntry
    """What is known of it."""
    way: Way
    """Which linker takes which place."""
    parts: Parts
    """Linkers and metals."""
    config: ProposeConfig
    """Limits."""
    parting: Parting
    """How many may still be relaxed; it is counted."""

    @property
    def blocks(self) -> dict[str, list[Block]]:
        """Forms and shapes of the new linkers, by the SMILES of the old ones."""
        return {old: self.parts.blocks[new] for old, new in self.way.items()}

    @property
    def sites(self) -> dict[str, list[LinkerSites]]:
        """Their ends."""
        return {old: self.parts.sites[new] for old, new in self.way.items()}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Built:
    """What came of one template."""

    proposal: Proposal | None
    """The framework; ``None`` where it does not close or overlaps."""
    made: Substituted | None
    """The template with new linkers as they lie best, its links open."""


_Spare = tuple[Crystal, AssemblyFit, Substituted]


def built(filling: Filling) -> Built:
    """One template with other linkers, closed.

    Parameters
    ----------
    filling:
        The template, its new linkers, and limits.
    """
    config = filling.config
    if filling.template.n_atoms > 4 * config.max_atoms:
        return Built(proposal=None, made=None)
    tried: dict[str, set[int]] = {}
    first: Substituted | None = None
    spare: list[_Spare] = []
    for _ in range(_SHAPES):
        made = substituted(
            filling.template,
            linkers=filling.blocks,
            sites=filling.sites,
            metal=filling.parts.metal,
            without=tried,
        )
        if made is None or made.assembly.n_atoms > config.max_atoms:
            break
        first = first or made
        closed = _closed(made, config)
        if closed is not None:
            crystal = crystal_of_assembly(closed.assembly)
            if _is_closed(closed, config) and is_sound(crystal, closed.assembly):
                return Built(proposal=_proposal(crystal, closed, made, filling), made=first)
            spare.append((crystal, closed, made))
        for old, index in made.used.items():
            tried.setdefault(old, set()).add(index)
    spare.sort(key=lambda one: not _is_closed(one[1], config))
    return Built(proposal=_rescued(spare[0], filling) if spare else None, made=first)


def built_otherwise(filling: Filling, made: Substituted) -> Iterator[Proposal]:
    """The same template with linkers bound through other atoms, or turned end for end.

    Parameters
    ----------
    filling:
        The template, its new linkers, and limits.
    made:
        How the linkers lie best.
    """
    others = other_bindings(
        filling.template, linkers=filling.blocks, metal=filling.parts.metal, used=made.used
    )
    met = {_bond_key(made.assembly)}
    for number, other in enumerate(others, start=2):
        key = _bond_key(other.assembly)
        if key in met:
            continue
        met.add(key)
        closed = _closed(other, filling.config)
        if closed is None:
            continue
        crystal = crystal_of_assembly(closed.assembly)
        if _is_closed(closed, filling.config) and is_sound(crystal, closed.assembly):
            found = _proposal(crystal, closed, other, filling)
        else:
            alike = f"{filling.entry.shape} otherwise"
            found = _rescued((crystal, closed, other), filling, alike)
        if found is not None:
            yield replace(found, id=f"{found.id}, bound in way {number}")


def _closed(made: Substituted, config: ProposeConfig) -> AssemblyFit | None:
    """The links closed as far as they go; ``None`` where that is not near enough to relax it."""
    closed = fit_assembly(
        scaled(made.assembly, made.scale),
        config=AssemblyFitConfig(max_steps=12, give_up=1.5 * config.rms_gap),
    )
    near = closed.rms_gap <= _NEAR * config.rms_gap
    return closed if near and closed.largest_gap <= _NEAR * config.largest_gap else None


def _is_closed(closed: AssemblyFit, config: ProposeConfig) -> bool:
    return closed.rms_gap <= config.rms_gap and closed.largest_gap <= config.largest_gap


def _rescued(spare: _Spare, filling: Filling, alike: str = "") -> Proposal | None:
    """A framework that is crowded or not quite closed, relaxed, or as it is if it may stay so."""
    crystal, closed, made = spare
    settled = None
    if filling.parting.may(crystal.n_atoms, alike or filling.entry.shape):
        settled = parted(crystal, closed.assembly)
    if settled is None:
        if not _is_closed(closed, filling.config) or crystal.volume < ROOM * crystal.n_atoms:
            return None
        if overlaps(crystal, closed.assembly):
            return None
        settled = crystal
    return _proposal(settled, closed, made, filling)


def _bond_key(assembly: Assembly) -> bytes:
    """Equal for the same bonds between the same elements, hydrogen aside, in one template."""
    numbers = np.concatenate([assembly.blocks[int(k)].numbers for k in assembly.kinds])
    bonds = bonds_of_assembly(assembly)[:, :2]
    bonds = bonds[(numbers[bonds[:, 0]] != 1) & (numbers[bonds[:, 1]] != 1)]
    colours = np.sin(numbers.astype(np.float64))
    for _ in range(_ROUNDS):
        beside = np.zeros(len(colours))
        np.add.at(beside, bonds[:, 0], np.cos(7.0 * colours[bonds[:, 1]]))
        np.add.at(beside, bonds[:, 1], np.cos(7.0 * colours[bonds[:, 0]]))
        colours = np.sin(3.0 * colours + 2.0 * beside)
    return np.sort(colours[numbers != 1].round(6)).tobytes()


def _proposal(
    crystal: Crystal, closed: AssemblyFit, made: Substituted, filling: Filling
) -> Proposal:
    entry = filling.entry
    return Proposal(
        id=f"assembled:{entry.id}",
        crystal=replace(crystal, name=f"assembled on {entry.id}"),
        assembly=closed.assembly,
        template=entry,
        rms_gap=closed.rms_gap,
        misfit=made.misfit,
        same_metal=made.same_metal,
        same_linker=sorted(entry.keys) == sorted(linker_key(new) for new in filling.way.values()),
    )


def parted(crystal: Crystal, assembly: Assembly) -> Crystal | None:
    """A crowded framework after a short relaxation, if that makes it sound.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    """
    from porescope.reticular.settled import PARTING, settled

    return settled(crystal, assembly, settings=PARTING, is_parted=is_sound)


def scaled(assembly: Assembly, factor: float) -> Assembly:
    """Room for longer linkers: a cell that has grown by a part of what they grew.

    Parameters
    ----------
    assembly:
        Posed blocks.
    factor:
        Size of the new linkers over that of the old ones.
    """
    growth = 1.0 + 0.5 * (factor - 1.0)
    return replace(assembly, lattice=assembly.lattice * growth, origins=assembly.origins * growth)
