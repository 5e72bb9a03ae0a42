"""Templates: known frameworks with their linkers' middles left out.

A template keeps what other frameworks of its kind share: the nodes, how they are linked, and of
each linker only the atoms at its ends. Another linker of the same kind, or another metal, makes a
new framework of it. Rods and layers, which nets of finite nodes do not describe, are covered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int

from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block
from porescope.reticular.linker_match import SiteKind, linker_sites
from porescope.reticular.taken_apart import TakenApart

_FORMED = ("B3O3", "C3N3")
"""Rings that form only when the framework does: boroxine and triazine."""


def is_exchangeable(block: Block) -> bool:
    """Whether a block is a molecule from the pot, which another one may replace.

    Linkers are; so are the knots of covalent frameworks, but for the rings that form with them.

    Parameters
    ----------
    block:
        A piece of a framework.
    """
    knot = block.kind == "node" and bool(block.smiles) and 6 in block.numbers
    return block.kind == "linker" or (knot and block.formula not in _FORMED)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Template:
    """A framework whose linkers may be exchanged."""

    id: str
    """Identifier of the framework that it came from."""
    assembly: Assembly
    """Nodes and caps whole; of linkers the atoms at the ends and their neighbours. No guests."""
    net_name: str = ""
    """RCSR symbol of the net, or empty."""
    net_key: str = ""
    """Key of the net."""
    interpenetration: int = 1
    """Number of separate nets."""
    net_hash: str = ""
    """Hash of the whole framework's labelled bond graph: equal for the same framework."""
    n_atoms: int = 0
    """Atoms of the whole framework in the cell."""

    @property
    def linker_smiles(self) -> tuple[str, ...]:
        """The different linkers, whole and protonated, in alphabetical order."""
        return tuple(sorted({b.smiles for b in self.assembly.blocks if is_exchangeable(b)}))

    @property
    def metals(self) -> tuple[int, ...]:
        """Atomic numbers of the metals of the nodes, rising."""
        from porescope.crystal.elements import is_metal

        numbers = np.concatenate(
            [b.numbers for b in self.assembly.blocks if b.kind == "node"]
            or [np.zeros(0, dtype=np.int64)]
        )
        return tuple(int(z) for z in np.unique(numbers[is_metal()[numbers]]))

    def site_counts(self) -> dict[str, dict[SiteKind, int]]:
        """For each different linker, by SMILES, how many ends of each kind are bound."""
        counts: dict[str, dict[SiteKind, int]] = {}
        for block in self.assembly.blocks:
            if is_exchangeable(block):
                sites = linker_sites(block)
                counts[block.smiles] = {k: sites.kinds.count(k) for k in set(sites.kinds)}
        return counts


def template_of(
    taken: TakenApart, *, id: str, net_hash: str = "", drop_caps: bool = False
) -> Template:
    """What is left of a framework without its linkers' middles and its guests.

    Parameters
    ----------
    taken:
        The framework, taken apart.
    id:
        Identifier of the framework.
    net_hash:
        Hash of its labelled bond graph.
    drop_caps:
        Leave out caps, as when coordinated solvent is lost.
    """
    whole = taken.assembly
    blocks = tuple(_ends(b) if is_exchangeable(b) else b for b in whole.blocks)
    kinds = np.array([b.kind for b in whole.blocks])
    lost = ("guest", "cap") if drop_caps else ("guest",)
    keep = ~np.isin(kinds[whole.kinds], lost) if whole.n_pieces else np.zeros(0, dtype=bool)
    return Template(
        id=id,
        assembly=compact(select_pieces(replace(whole, blocks=blocks), keep)),
        net_name=taken.net_name,
        net_key=taken.net_key,
        interpenetration=taken.interpenetration,
        net_hash=net_hash,
        n_atoms=int(sum(whole.blocks[k].n_atoms for k in whole.kinds[keep].tolist())),
    )


def select_pieces(assembly: Assembly, keep: Bool[np.ndarray, "pieces"]) -> Assembly:
    """The assembly with some of its pieces and the links among them.

    Parameters
    ----------
    assembly:
        Posed blocks.
    keep:
        Pieces that stay.
    """
    new = np.cumsum(keep) - 1
    links = assembly.links
    inner = keep[links[:, 0]] & keep[links[:, 2]] if len(links) else np.zeros(0, dtype=bool)
    links = links[inner].copy()
    links[:, 0], links[:, 2] = new[links[:, 0]], new[links[:, 2]]
    return replace(
        assembly,
        kinds=assembly.kinds[keep],
        origins=assembly.origins[keep],
        rotations=assembly.rotations[keep],
        links=links,
    )


def compact(assembly: Assembly) -> Assembly:
    """The assembly without blocks that no piece uses."""
    used = np.unique(assembly.kinds)
    number = np.full(len(assembly.blocks), -1, dtype=np.int64)
    number[used] = np.arange(len(used))
    return replace(
        assembly,
        blocks=tuple(assembly.blocks[int(k)] for k in used),
        kinds=number[assembly.kinds],
    )


def _ends(block: Block) -> Block:
    """The atoms of a linker that hold ports, with their neighbours."""
    ends = np.unique(block.port_atoms)
    near = np.any(np.isin(block.bonds, ends), axis=1)
    heavy = block.numbers[block.bonds] != 1
    kept = np.union1d(ends, block.bonds[near & heavy.all(axis=1)].ravel())
    return sub_block(block, kept)


def sub_block(block: Block, atoms: Int[np.ndarray, "kept"]) -> Block:
    """Some atoms of a block, rising indices, with the bonds among them and all its ports.

    Parameters
    ----------
    block:
        The block.
    atoms:
        Atoms that stay; those that hold ports must be among them.
    """
    new = np.full(block.n_atoms, -1, dtype=np.int64)
    new[atoms] = np.arange(len(atoms))
    inner = np.all(new[block.bonds] >= 0, axis=1) if len(block.bonds) else np.zeros(0, dtype=bool)
    return replace(
        block,
        numbers=block.numbers[atoms],
        positions=block.positions[atoms],
        bonds=new[block.bonds[inner]],
        port_atoms=new[block.port_atoms],
    )
