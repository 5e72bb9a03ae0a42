"""A proposal: a framework assembled from known parts; and the limits on what is proposed."""

from __future__ import annotations

from dataclasses import dataclass

from porescope.crystal.structure import Crystal
from porescope.datasets.template_store import TemplateEntry
from porescope.reticular.assembly import Assembly

ROOM = 4.5
"""Least volume of a framework for each atom [Å³]; dense ionic crystals have twice as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeConfig:
    """Which proposals are made, and how many."""

    max_proposals: int = 200
    """Most frameworks that are proposed."""
    per_shape: int = 6
    """Most templates of one kind of framework."""
    max_atoms: int = 1500
    """Largest number of atoms in a cell."""
    nets: tuple[str, ...] = ()
    """RCSR symbols to which the nets are limited; none: all."""
    n_conformers: int = 12
    """Conformers of each linker."""
    on_nets: bool = True
    """Also place curated nodes on the nets of the catalogue."""
    largest_gap: float = 0.9
    """Largest miss of a link that is forgiven [Å]."""
    rms_gap: float = 0.45
    """Largest root mean square of the misses [Å]."""
    caps: tuple[str, ...] | None = None
    """SMILES of molecules that may be bound to one node only; ``None``: any, empty: none."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Proposal:
    """One assembled framework."""

    id: str
    """``assembled:`` and the template that it was built on."""
    crystal: Crystal
    """All atoms, P1."""
    assembly: Assembly
    """The same as blocks and links."""
    template: TemplateEntry
    """Where nodes and links come from."""
    rms_gap: float
    """Root mean square of the misses at the ports [Å]."""
    misfit: float
    """How badly the new linker lies on the old one."""
    same_metal: bool
    """Whether the template has the metal itself."""
    same_linker: bool
    """Whether the template has the linker itself."""
    n_relatives: int = 0
    """Known frameworks of this kind, whatever their linkers' middles and metals."""
