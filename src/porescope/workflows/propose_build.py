"""One proposal: the linkers put into a template, its links closed, its atoms parted.

What closes but is crowded, or has bonds that were not meant, as where molecules have no room yet,
is relaxed for a few steps in the force field, the most promising first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Int

from porescope.crystal.bonds import bonds_of
from porescope.crystal.elements import covalent_radii, is_metal
from porescope.crystal.neighbours import neighbour_list
from porescope.crystal.orbits import wrapped
from porescope.crystal.structure import Crystal
from porescope.datasets.template_store import TemplateEntry
from porescope.errors import ConfigError, ConvergenceError
from porescope.reticular.assembly import Assembly, bonds_of_assembly, crystal_of_assembly
from porescope.reticular.block import Block
from porescope.reticular.fit_assembly import AssemblyFit, AssemblyFitConfig, fit_assembly
from porescope.reticular.linker_match import LinkerSites
from porescope.reticular.smiles import linker_key
from porescope.reticular.substitute import Substituted, other_bindings, substituted
from porescope.reticular.template import Template
from porescope.workflows.proposal import ROOM, Proposal, ProposeConfig

_CLOSE = 0.72
"""Atoms nearer than this share of the sum of their radii, and not bonded, overlap."""
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
class Built:
    """What came of one template."""

    proposal: Proposal | None
    """The framework; ``None`` where it does not close or overlaps."""
    made: Substituted | None
    """The template with new linkers as they lie best, its links open."""


_Spare = tuple[Crystal, AssemblyFit, Substituted]


def built(
    template: Template,
    entry: TemplateEntry,
    way: Way,
    *,
    parts: Parts,
    config: ProposeConfig,
    parting: Parting,
) -> Built:
    """One template with other linkers, closed.

    Parameters
    ----------
    template:
        The framework that is built on.
    entry:
        What is known of it.
    way:
        Which linker takes which place.
    parts:
        Linkers and metals.
    config:
        Limits.
    parting:
        How many may still be relaxed; it is counted.
    """
    if template.n_atoms > 4 * config.max_atoms:
        return Built(proposal=None, made=None)
    tried: dict[str, set[int]] = {}
    first: Substituted | None = None
    spare: list[_Spare] = []
    for _ in range(_SHAPES):
        made = substituted(
            template,
            linkers={old: parts.blocks[new] for old, new in way.items()},
            sites={old: parts.sites[new] for old, new in way.items()},
            metal=parts.metal,
            without=tried,
        )
        if made is None or made.assembly.n_atoms > config.max_atoms:
            break
        first = first or made
        closed = _closed(made, config)
        if closed is not None:
            crystal = crystal_of_assembly(closed.assembly)
            if _is_closed(closed, config) and is_sound(crystal, closed.assembly):
                return Built(proposal=_proposal(crystal, closed, made, entry, way), made=first)
            spare.append((crystal, closed, made))
        for old, index in made.used.items():
            tried.setdefault(old, set()).add(index)
    spare.sort(key=lambda one: not _is_closed(one[1], config))
    proposal = _rescued(spare[0], entry, way, config, parting) if spare else None
    return Built(proposal=proposal, made=first)


def built_otherwise(
    template: Template,
    entry: TemplateEntry,
    way: Way,
    made: Substituted,
    *,
    parts: Parts,
    config: ProposeConfig,
    parting: Parting,
) -> Iterator[Proposal]:
    """The same template with linkers bound through other atoms, or turned end for end.

    Parameters
    ----------
    template:
        The framework that is built on.
    entry:
        What is known of it.
    way:
        Which linker takes which place.
    made:
        How the linkers lie best.
    parts:
        Linkers and metals.
    config:
        Limits.
    parting:
        How many may still be relaxed; it is counted.
    """
    others = other_bindings(
        template,
        linkers={old: parts.blocks[new] for old, new in way.items()},
        metal=parts.metal,
        used=made.used,
    )
    met = {_bond_key(made.assembly)}
    for number, other in enumerate(others, start=2):
        key = _bond_key(other.assembly)
        if key in met:
            continue
        met.add(key)
        closed = _closed(other, config)
        if closed is None:
            continue
        crystal = crystal_of_assembly(closed.assembly)
        if _is_closed(closed, config) and is_sound(crystal, closed.assembly):
            found = _proposal(crystal, closed, other, entry, way)
        else:
            alike = f"{entry.shape} otherwise"
            found = _rescued((crystal, closed, other), entry, way, config, parting, alike)
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


def _rescued(
    spare: _Spare,
    entry: TemplateEntry,
    way: Way,
    config: ProposeConfig,
    parting: Parting,
    alike: str = "",
) -> Proposal | None:
    """A framework that is crowded or not quite closed, relaxed, or as it is if it may stay so."""
    crystal, closed, made = spare
    settled = None
    if parting.may(crystal.n_atoms, alike or entry.shape):
        settled = parted(crystal, closed.assembly)
    if settled is None:
        if not _is_closed(closed, config) or crystal.volume < ROOM * crystal.n_atoms:
            return None
        if overlaps(crystal, closed.assembly):
            return None
        settled = crystal
    return _proposal(settled, closed, made, entry, way)


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
    crystal: Crystal, closed: AssemblyFit, made: Substituted, entry: TemplateEntry, way: Way
) -> Proposal:
    return Proposal(
        id=f"assembled:{entry.id}",
        crystal=replace(crystal, name=f"assembled on {entry.id}"),
        assembly=closed.assembly,
        template=entry,
        rms_gap=closed.rms_gap,
        misfit=made.misfit,
        same_metal=made.same_metal,
        same_linker=sorted(entry.keys) == sorted(linker_key(new) for new in way.values()),
    )


def is_sound(crystal: Crystal, assembly: Assembly) -> bool:
    """Whether there is room for all atoms, and distances tell the bonds that are meant.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    """
    if crystal.volume < ROOM * crystal.n_atoms or overlaps(crystal, assembly):
        return False
    return has_its_bonds(crystal, assembly)


def has_its_bonds(crystal: Crystal, assembly: Assembly) -> bool:
    """Whether distances give each atom as many bonds as it is meant to have.

    Hydrogen, and bonds between metals, which come and go with their distance, do not count.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    """
    meant = bonds_of_assembly(assembly)
    found = bonds_of(replace(crystal, frac=wrapped(crystal.frac)))
    one = _degrees(crystal.numbers, meant[:, 0], meant[:, 1])
    one += _degrees(crystal.numbers, meant[:, 1], meant[:, 0])
    return bool(np.array_equal(one, _degrees(crystal.numbers, found.first, found.second)))


def _degrees(
    numbers: Int[np.ndarray, "atoms"],
    first: Int[np.ndarray, "bonds"],
    second: Int[np.ndarray, "bonds"],
) -> Int[np.ndarray, "atoms"]:
    """Bonds that start at each atom, without those to hydrogen or between metals."""
    metal = is_metal()[numbers]
    counts: Bool[np.ndarray, "bonds"] = (numbers[first] != 1) & (numbers[second] != 1)
    counts &= ~(metal[first] & metal[second])
    return np.bincount(first[counts], minlength=len(numbers))


def parted(crystal: Crystal, assembly: Assembly) -> Crystal | None:
    """A crowded framework after a short relaxation, if that makes it sound.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    """
    from porescope.reticular.relax import RelaxSettings, relax

    settings = RelaxSettings(max_steps=60, max_force=0.3, max_stress=5e-3, fixed_symmetry=False)
    try:
        found = relax(crystal, bonds_of_assembly(assembly), settings=settings).crystal
    except (ConfigError, ConvergenceError):
        return None
    if not np.all(np.isfinite(found.frac)) or not is_sound(found, assembly):
        return None
    return found


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


def overlaps(crystal: Crystal, assembly: Assembly, *, allowed: int = 0) -> bool:
    """Whether atoms that are not bonded lie on one another.

    Parameters
    ----------
    crystal:
        Atoms in the order of the assembly.
    assembly:
        Which of them are bonded.
    allowed:
        Overlapping pairs that are forgiven.
    """
    radii = covalent_radii()[crystal.numbers]
    near = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=2.0)
    close = near.distance < _CLOSE * (radii[near.first] + radii[near.second])
    close &= ~((crystal.numbers[near.first] == 1) & (crystal.numbers[near.second] == 1)) | (
        near.distance < 1.2
    )
    first, second = near.first[close], near.second[close]
    if not len(first):
        return False
    bonds = bonds_of_assembly(assembly)
    joined = {(a, b) for a, b in bonds[:, :2].tolist()} | {(b, a) for a, b in bonds[:, :2].tolist()}
    bad = [p for p in zip(first.tolist(), second.tolist(), strict=True) if p not in joined]
    return len(bad) > 2 * allowed
