"""Another linker, another metal: new frameworks from a template."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import gemmi
import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.crystal.elements import covalent_radii, is_metal
from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block
from porescope.reticular.linker_match import (
    LinkerMatch,
    LinkerSites,
    kinds_agree,
    linker_matches,
    linker_sites,
    match_linker,
    sites_alike,
)
from porescope.reticular.template import Template, compact, is_exchangeable

_WAYS = 3
"""Ways in which one linker is bound."""
_WELL = 0.06
"""Misfit at which no better shape is looked for."""
_ASTRAY = 0.8
"""Angle between a linker's own direction and its predecessor's beyond which the latter counts
[rad]."""
METAL_FAMILIES: tuple[tuple[str, ...], ...] = (
    ("Mg", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Cd"),
    ("Ca", "Sr", "Ba", "Pb"),
    ("Al", "Ga", "In", "Sc", "V", "Cr", "Fe", "Ti", "Mn"),
    ("Zr", "Hf", "Ce", "Th", "U"),
    ("Y", "La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu"),
    ("Li", "Na", "K", "Rb", "Cs"),
    ("Ag", "Cu", "Au"),
    ("Pd", "Pt", "Ni"),
)
"""Metals that take one another's place in frameworks, by charge and size."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Substituted:
    """A template with new linkers, its links still open."""

    assembly: Assembly
    """Blocks near their places; :func:`porescope.reticular.fit_assembly.fit_assembly` closes it."""
    misfit: float
    """Largest misfit of a new linker on an old one (see :class:`LinkerMatch`)."""
    scale: float
    """Mean size of the new linkers over that of the old ones."""
    same_metal: bool
    """Whether the metal is the template's own."""
    used: dict[str, int]
    """Conformer that was taken for each of the template's linkers, by its place."""


def same_family(one: int, other: int) -> bool:
    """Whether two metals, by atomic number, take one another's place in frameworks."""
    a, b = gemmi.Element(one).name, gemmi.Element(other).name
    return a == b or any(a in family and b in family for family in METAL_FAMILIES)


def substituted(
    template: Template,
    *,
    linkers: Mapping[str, Sequence[Block]],
    metal: int | None = None,
    sites: Mapping[str, Sequence[LinkerSites]] | None = None,
    largest_misfit: float = 0.5,
    without: Mapping[str, Collection[int]] | None = None,
) -> Substituted | None:
    """Exchange the linkers, and the metal if one is given.

    Parameters
    ----------
    template:
        The framework whose nodes are used.
    linkers:
        For each of the template's linkers, by SMILES, the conformers of the one that takes its
        place.
    metal:
        Atomic number of the metal that takes the place of the template's only one.
    sites:
        The sites of the conformers, where they are known already.
    largest_misfit:
        Linkers that fit worse are refused.
    without:
        Conformers of each of the template's linkers, by their place, that are not to be used.

    Returns
    -------
    :
        The framework with open links, or ``None`` where a linker or the metal does not fit.
    """
    old = template.assembly
    laid: dict[int, list[_Laid]] = {}
    last: dict[str, int] = {}
    for kind, block in enumerate(old.blocks):
        if not is_exchangeable(block):
            continue
        conformers = linkers.get(block.smiles)
        if not conformers:
            return None
        known = None if sites is None else sites.get(block.smiles)
        skip = () if without is None else without.get(block.smiles, ())
        found = _best_match(block, conformers, known, last.get(block.smiles, 0), skip)
        if found is None or found[0].misfit > largest_misfit:
            return None
        match, last[block.smiles], new_sites = found
        whole = conformers[last[block.smiles]]
        laid[kind] = [_Laid(match, _with_ports(whole, block, match, new_sites))]
    return _assembled(template, laid, np.zeros(old.n_pieces, dtype=np.int64), metal, last)


def other_bindings(
    template: Template,
    *,
    linkers: Mapping[str, Sequence[Block]],
    metal: int | None = None,
    used: Mapping[str, int],
    most: int = 6,
    largest_misfit: float = 0.5,
) -> list[Substituted]:
    """The same exchange with linkers bound through other atoms, or turned end for end.

    Where a linker has more donor atoms than are bound, or two ends that differ, several frameworks
    come of one template.

    Parameters
    ----------
    template:
        The framework whose nodes are used.
    linkers:
        As for :func:`substituted`.
    metal:
        As for :func:`substituted`.
    used:
        Conformer for each of the template's linkers, as :func:`substituted` took it.
    most:
        Number of frameworks.
    largest_misfit:
        Linkers that fit worse are refused.
    """
    old = template.assembly
    laid: dict[int, list[_Laid]] = {}
    for kind, block in enumerate(old.blocks):
        if not is_exchangeable(block):
            continue
        whole = linkers[block.smiles][used[block.smiles]]
        new_sites = linker_sites(whole)
        alike = sites_alike(whole, new_sites)
        matches = linker_matches(new_sites, linker_sites(block), most=_WAYS, alike=alike)
        matches = [m for m in matches if m.misfit <= largest_misfit]
        if not matches:
            return []
        laid[kind] = [_Laid(m, _with_ports(whole, block, m, new_sites)) for m in matches]
    made = [
        _assembled(template, laid, pattern, metal, dict(used))
        for pattern in _patterns(old.kinds, {kind: len(ways) for kind, ways in laid.items()})[:most]
    ]
    return [one for one in made if one is not None]


@dataclass(frozen=True, slots=True, eq=False)
class _Laid:
    """A new linker on an old one."""

    match: LinkerMatch
    block: Block


def _patterns(
    kinds: Int[np.ndarray, "pieces"], ways: Mapping[int, int]
) -> list[Int[np.ndarray, "pieces"]]:
    """Which way each piece is laid, the plainest patterns first, without the one of all first ways.

    All pieces in one further way; then every other piece, and every other pair, in the second.
    """
    most = max(ways.values(), default=1)
    count = np.array([ways.get(int(kind), 1) for kind in kinds], dtype=np.int64)
    exchanged = np.isin(kinds, list(ways))
    rank = np.cumsum(exchanged) - 1
    found = [np.where(exchanged, np.minimum(way, count - 1), 0) for way in range(1, most)]
    for period in (1, 2):
        for way in range(1, most):
            turned = exchanged & (rank // period % 2 == 1)
            found.append(np.where(turned, np.minimum(way, count - 1), 0))
    unique = {pattern.tobytes(): pattern for pattern in found if np.any(pattern)}
    return list(unique.values())


def _assembled(
    template: Template,
    laid: Mapping[int, Sequence[_Laid]],
    pattern: Int[np.ndarray, "pieces"],
    metal: int | None,
    used: dict[str, int],
) -> Substituted | None:
    """The template with its linkers exchanged, each piece in its way."""
    old = template.assembly
    blocks = list(old.blocks)
    place: dict[tuple[int, int], int] = {}
    for kind, ways in laid.items():
        for way, one in enumerate(ways):
            if way == 0:
                blocks[kind] = one.block
                place[kind, way] = kind
            else:
                place[kind, way] = len(blocks)
                blocks.append(one.block)
    same = True
    if metal is not None and template.metals != (metal,):
        if len(template.metals) != 1 or not same_family(template.metals[0], metal):
            return None
        same = False
        blocks = [_with_metal(b, template.metals[0], metal) for b in blocks]
    origins, rotations, kinds = old.origins.copy(), old.rotations.copy(), old.kinds.copy()
    matches: list[LinkerMatch] = []
    for piece, kind in enumerate(old.kinds.tolist()):
        if kind not in laid:
            continue
        match = laid[kind][int(pattern[piece])].match
        kinds[piece] = place[kind, int(pattern[piece])]
        origins[piece] += rotations[piece] @ match.shift
        rotations[piece] = rotations[piece] @ match.rotation
        matches.append(match)
    scales = [match.scale for match in {id(m): m for m in matches}.values()]
    assembly = replace(old, blocks=tuple(blocks), kinds=kinds, origins=origins, rotations=rotations)
    return Substituted(
        assembly=compact(assembly) if len(blocks) > len(old.blocks) else assembly,
        misfit=max((m.misfit for m in matches), default=0.0),
        scale=float(np.mean(scales)) if scales else 1.0,
        same_metal=same,
        used=used,
    )


def _best_match(
    block: Block,
    conformers: Sequence[Block],
    known: Sequence[LinkerSites] | None,
    first: int = 0,
    without: Collection[int] = (),
) -> tuple[LinkerMatch, int, LinkerSites] | None:
    """The form and shape of the new linker that lies best on an old one.

    Forms that leave more ends free than needed are not looked at; nor is any more where one lies
    well. ``first`` is tried first, ``without`` not at all.
    """
    old = linker_sites(block)
    sites = known if known is not None else [linker_sites(c) for c in conformers]
    fitting = [i for i, new in enumerate(sites) if kinds_agree(new.kinds, old.kinds)]
    fitting = [i for i in fitting if i not in without]
    least = min((sites[i].n_sites for i in fitting), default=0)
    fitting = [i for i in fitting if sites[i].n_sites == least]
    fitting.sort(key=lambda i: i != first)
    best: tuple[LinkerMatch, int, LinkerSites] | None = None
    for index in fitting:
        match = match_linker(sites[index], old)
        if match is not None and (best is None or match.misfit < best[0].misfit - 0.02):
            best = match, index, sites[index]
            if match.misfit < _WELL:
                break
    return best


def _with_ports(new: Block, old: Block, match: LinkerMatch, sites: LinkerSites) -> Block:
    """The new linker with the old one's ports, in the old order.

    A site with one port in both keeps the new linker's own direction; the length is the old one's
    for bonds to metals, the new one's for bonds that were cut. Where several bonds leave one atom,
    or the two linkers disagree, as on which side of an oxygen the metal is, directions come from
    the old linker.
    """
    old_sites = linker_sites(old)
    row_of = {int(atom): row for row, atom in enumerate(old_sites.atoms)}
    atoms = np.zeros(old.n_ports, dtype=np.int64)
    vectors = np.zeros((old.n_ports, 3))
    for port, (atom, vector) in enumerate(
        zip(old.port_atoms.tolist(), old.port_vectors, strict=True)
    ):
        site = int(match.sites[row_of[atom]])
        atoms[port] = sites.atoms[site]
        own = new.port_vectors[new.port_atoms == atoms[port]]
        theirs = vector @ match.rotation
        alone = np.count_nonzero(old.port_atoms == atom) == 1 and len(own) == 1
        if alone and _angle(own[0], theirs) < _ASTRAY:
            length = float(np.linalg.norm(own[0]))
            if int(new.numbers[atoms[port]]) != 6:
                length = float(np.linalg.norm(vector))
            vectors[port] = own[0] / max(float(np.linalg.norm(own[0])), 1e-9) * length
        else:
            vectors[port] = theirs
    return replace(new, kind=old.kind, port_atoms=atoms, port_vectors=vectors)


def _angle(one: Float[np.ndarray, "3"], other: Float[np.ndarray, "3"]) -> float:
    """Angle between two vectors [rad]."""
    size = max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12)
    return float(np.arccos(np.clip(one @ other / size, -1.0, 1.0)))


def _with_metal(block: Block, old: int, new: int) -> Block:
    """A node with another metal: bonds grow by the difference of the radii."""
    growth = float(covalent_radii()[new] - covalent_radii()[old])
    if block.kind != "node":
        metal = np.zeros(block.n_ports, dtype=bool)
        if block.kind in ("linker", "cap"):
            # bonds from donor atoms lead to metals; those from carbon lead to cut groups
            metal = block.numbers[block.port_atoms] != 6
        return replace(block, port_vectors=_lengthened(block.port_vectors, metal, growth))
    metals: Bool[np.ndarray, "atoms"] = block.numbers == old
    numbers: Int[np.ndarray, "atoms"] = np.where(metals, new, block.numbers)
    positions = block.positions
    if np.count_nonzero(~metals) and np.any(metals):
        bonded = block.bonds[np.sum(metals[block.bonds], axis=1) == 1]
        if len(bonded):
            mean = float(
                np.linalg.norm(positions[bonded[:, 0]] - positions[bonded[:, 1]], axis=1).mean()
            )
            centre = positions.mean(axis=0)
            positions = centre + (positions - centre) * (1.0 + growth / mean)
    from_metal = is_metal()[numbers[block.port_atoms]]
    return replace(
        block,
        numbers=numbers,
        positions=positions,
        port_vectors=_lengthened(block.port_vectors, from_metal, growth),
    )


def _lengthened(
    vectors: Float[np.ndarray, "ports 3"], chosen: Bool[np.ndarray, "ports"], growth: float
) -> Float[np.ndarray, "ports 3"]:
    length = np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
    factor = np.where(chosen, (length + growth) / length, 1.0)
    return vectors * factor[:, None]
