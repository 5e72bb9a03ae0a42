"""The molecule that an organic piece of a crystal once was, as SMILES.

A piece comes as atoms, places and bonds, with marks on the atoms that were bound to a metal and
on those that lost a carboxylate, phosphonate or sulfonate to the node. Hydrogen atoms may be
missing, as in files from X-ray work. The states that each atom may be in are weighed by valence
first, then by angles and bond lengths, and the cheapest whole is taken
(:mod:`porescope.reticular.linkers.bond_orders`). The mean bond lengths that separate single from
double bonds lie between those of F. H. Allen et al., J. Chem. Soc. Perkin Trans. 2 (1987) S1,
https://doi.org/10.1039/P298700000S1.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from gemmi import Element
from jaxtyping import Bool, Float, Int

from porescope.crystal.elements import covalent_radii, is_metal
from porescope.errors import ConfigError
from porescope.reticular.linkers.bond_orders import assigned
from porescope.reticular.linkers.molecule import (
    CARBON,
    NITROGEN,
    OXYGEN,
    SULFUR,
    Molecule,
    smiles_of_molecule,
)
from porescope.reticular.linkers.roles import with_roles
from porescope.reticular.linkers.valence import PieceAtom, states_of

Removed = Literal["CO2", "CS2", "COS", "PO3", "PO3H", "SO3"]
"""A group that stays with the node; ``PO3H`` is a phosphonate that kept one proton."""

_GROUPS: dict[str, tuple[int, tuple[int, ...], int]] = {
    "CO2": (CARBON, (OXYGEN, OXYGEN), 1),
    "CS2": (CARBON, (SULFUR, SULFUR), 1),
    "COS": (CARBON, (OXYGEN, SULFUR), 1),
    "PO3": (15, (OXYGEN, OXYGEN, OXYGEN), 2),
    "PO3H": (15, (OXYGEN, OXYGEN, OXYGEN), 1),
    "SO3": (SULFUR, (OXYGEN, OXYGEN, OXYGEN), 1),
}
"""Middle, ends and charge taken along [-e] of each group."""

_MIDDLES = {
    (6, 6): (1.41, 1.27),
    (6, 7): (1.345, 1.22),
    (6, 8): (1.29, 1.15),
    (7, 7): (1.335, 1.17),
    (7, 8): (1.29, 1.15),
    (6, 16): (1.69, 1.50),
    (8, 16): (1.54, 1.40),
    (8, 15): (1.54, 1.40),
}
"""Lengths halfway between single and double, and between double and triple bonds [Å]."""
_MOST_NEIGHBOURS = {1: 1, CARBON: 4, NITROGEN: 4, OXYGEN: 2, 9: 1}
"""Non-metal neighbours beyond which a piece is taken for disordered."""
_STEEPNESS = 6.0
"""Cost per ångström on the wrong side of the middle."""
_KEPT = 8192
"""Graphs whose SMILES are remembered."""
_known: OrderedDict[bytes, FragmentSmiles] = OrderedDict()


@dataclass(frozen=True, slots=True, kw_only=True)
class FragmentSmiles:
    """What a piece is as a free molecule."""

    smiles: str
    """Canonical SMILES of the protonated molecule without stereochemistry; empty where no
    assignment of bonds was found."""
    charge: int
    """Charge of the whole ligand as it is bound, removed groups included [e]."""
    charge_as_cut: int
    """The same without the removed groups, each of which is the node's."""
    n_missing_hydrogens: int = 0
    """Hydrogen atoms that the file left out and that no metal replaced."""
    problem: str = ""
    """What is wrong with the piece, as carbon with five bonds where places are disordered."""


def smiles_of_fragment(
    numbers: Int[np.ndarray, "atoms"],
    positions: Float[np.ndarray, "atoms 3"],
    bonds: Int[np.ndarray, "bonds 2"],
    *,
    attached: Bool[np.ndarray, "atoms"],
    removed: Sequence[tuple[int, str]] = (),
) -> FragmentSmiles:
    """SMILES and charge of an organic piece as it stands in a crystal.

    Parameters
    ----------
    numbers:
        Atomic numbers, hydrogen included where the file has it.
    positions:
        Cartesian coordinates of the whole piece, not folded into a cell [Å].
    bonds:
        Bonded pairs within the piece.
    attached:
        True for atoms that are bound to a metal: what they miss in valence was a proton.
    removed:
        Groups that were cut off and stayed with the node: atom they were on, and kind
        (``CO2``, ``CS2``, ``COS``, ``PO3``, ``PO3H``, ``SO3``).

    Returns
    -------
    :
        SMILES and charge; the SMILES is empty where the piece has no sensible bonding.

    Raises
    ------
    ConfigError
        Where a removed group has another name or sits on no atom of the piece.
    """
    for atom, kind in removed:
        if kind not in _GROUPS or not 0 <= atom < len(numbers):
            raise ConfigError(
                f"expected removed groups {', '.join(_GROUPS)} on atoms 0 to {len(numbers) - 1}, "
                f"got {kind!r} on atom {atom}"
            )
    atoms, pairs, lengths = _heavy_atoms(numbers, positions, bonds, attached, removed)
    return _solved(atoms, pairs, lengths, removed)


def bond_orders_of_fragment(
    numbers: Int[np.ndarray, "atoms"],
    positions: Float[np.ndarray, "atoms 3"],
    bonds: Int[np.ndarray, "bonds 2"],
    *,
    attached: Bool[np.ndarray, "atoms"],
    removed: Sequence[tuple[int, str]] = (),
) -> Int[np.ndarray, "bonds"]:
    """Order of each bond of an organic piece in one Kekulé structure.

    Parameters
    ----------
    numbers, positions, bonds, attached, removed:
        As in :func:`smiles_of_fragment`.

    Returns
    -------
    :
        1, 2 or 3 for each bond; 1 throughout where no assignment was found.
    """
    atoms, pairs, lengths = _heavy_atoms(numbers, positions, bonds, attached, removed)
    found = assigned(
        [states_of(a) for a in atoms], bonds=pairs, costs=_costs(atoms, pairs, lengths)
    )
    orders = np.ones(len(bonds), dtype=np.int64)
    if found is not None:
        is_h = numbers == 1
        heavy = np.flatnonzero(~(is_h[bonds[:, 0]] | is_h[bonds[:, 1]]))
        orders[heavy] += found.extra[: len(heavy)]
    return orders


def _heavy_atoms(
    numbers: Int[np.ndarray, "atoms"],
    positions: Float[np.ndarray, "atoms 3"],
    bonds: Int[np.ndarray, "bonds 2"],
    attached: Bool[np.ndarray, "atoms"],
    removed: Sequence[tuple[int, str]],
) -> tuple[list[PieceAtom], Int[np.ndarray, "pairs 2"], Float[np.ndarray, "pairs"]]:
    """Heavy atoms with all that decides their states, their bonds and the bonds' lengths."""
    is_h = (numbers == 1) & (np.bincount(bonds.ravel(), minlength=len(numbers)) > 0)
    if np.all(is_h):
        is_h = np.zeros(len(numbers), dtype=bool)
    place = np.cumsum(~is_h) - 1
    to_h = is_h[bonds[:, 0]] | is_h[bonds[:, 1]]
    ends = np.where(is_h[bonds[:, 0]], bonds[:, 1], bonds[:, 0])[to_h]
    hydrogens = np.bincount(ends, minlength=len(numbers))
    heavy = bonds[~to_h]
    vectors: list[list[np.ndarray]] = [[] for _ in numbers]
    partners: list[list[int]] = [[] for _ in numbers]
    for i, j in bonds.tolist():
        step = positions[j] - positions[i]
        vectors[i].append(step)
        vectors[j].append(-step)
        partners[i].append(int(numbers[j]))
        partners[j].append(int(numbers[i]))
    lost = (
        np.bincount([a for a, _ in removed], minlength=len(numbers)) if removed else hydrogens * 0
    )
    degree = np.bincount(heavy.ravel(), minlength=len(numbers)) + lost
    flat = [
        _unsaturation(int(numbers[i]), vectors[i], partners[i], int(lost[i]))
        for i in range(len(numbers))
    ]
    carbon = np.flatnonzero(numbers == CARBON)
    full_carbon = all(degree[i] + flat[i] >= (4 if degree[i] > 1 else 3) for i in carbon)
    trusted = bool(np.any(hydrogens[carbon])) or full_carbon
    nitrogen = (numbers == NITROGEN) & (degree + hydrogens == 3)
    full = np.zeros(len(numbers), dtype=bool)
    full[bonds[nitrogen[bonds[:, 1]], 0]] = True
    full[bonds[nitrogen[bonds[:, 0]], 1]] = True
    atoms = [
        PieceAtom(
            number=int(numbers[i]),
            n_heavy=int(degree[i]),
            n_hydrogens=int(hydrogens[i]),
            attached=bool(attached[i]),
            flat=flat[i],
            trusted=trusted,
            on_nitrogen=NITROGEN in partners[i] and (numbers[i] != OXYGEN or full[i]),
        )
        for i in range(len(numbers))
        if not is_h[i]
    ]
    pairs = [tuple(p) for p in place[heavy].tolist()]
    lengths = np.linalg.norm(positions[heavy[:, 1]] - positions[heavy[:, 0]], axis=1).tolist()
    for atom, kind in removed:
        middle, outer, n_protons = _GROUPS[kind]
        pairs.append((int(place[atom]), len(atoms)))
        root = len(atoms)
        atoms.append(PieceAtom(number=middle, n_heavy=1 + len(outer), trusted=True))
        for k, end in enumerate(outer):
            pairs.append((root, len(atoms)))
            held = int(kind == "PO3H" and k == 0)
            atoms.append(
                PieceAtom(number=end, n_heavy=1, n_hydrogens=held, attached=not held, trusted=True)
            )
        lengths += [np.nan] * (1 + len(outer))
        assert n_protons >= 1
    pairs_array = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return with_roles(atoms, pairs_array), pairs_array, np.array(lengths, dtype=np.float64)


def _unsaturation(number: int, vectors: list[np.ndarray], partners: list[int], n_lost: int) -> int:
    """Electrons for multiple bonds that the surroundings of an atom speak for; -1: unknown."""
    if number not in (CARBON, NITROGEN) or len(vectors) + n_lost >= 4 or not vectors:
        return -1
    stacked = np.array(vectors)
    lengths = np.linalg.norm(stacked, axis=1)
    unit = stacked / lengths[:, None]
    if len(vectors) == 3:
        cosines = (unit @ unit.T)[np.triu_indices(3, 1)]
        return int(np.degrees(np.arccos(np.clip(cosines, -1, 1))).sum() > 350.0)
    heavy = [(d, z) for d, z in zip(lengths.tolist(), partners, strict=True) if z != 1]
    if len(vectors) == 2:
        angle = float(np.degrees(np.arccos(np.clip(unit[0] @ unit[1], -1, 1))))
        if angle > 158.0 and not n_lost:
            return 2
    short = [d < _MIDDLES.get((CARBON, z), (0.0, 0.0))[0] + 0.05 for d, z in heavy]
    if len(vectors) == 1 and heavy:
        pair = (min(number, heavy[0][1]), max(number, heavy[0][1]))
        if heavy[0][0] < _MIDDLES.get(pair, (0.0, 0.0))[1]:
            return 2
    return int(any(short))


def _costs(
    atoms: list[PieceAtom], pairs: Int[np.ndarray, "pairs 2"], lengths: Float[np.ndarray, "pairs"]
) -> Float[np.ndarray, "pairs 2"]:
    """Costs of double and triple bonds from the bonds' lengths."""
    radii = covalent_radii()
    costs = np.zeros((len(pairs), 2))
    for row, ((i, j), length) in enumerate(zip(pairs.tolist(), lengths.tolist(), strict=True)):
        if np.isnan(length):
            continue
        kinds = sorted((atoms[i].number, atoms[j].number))
        usual = float(radii[kinds[0]] + radii[kinds[1]])
        middles = _MIDDLES.get((kinds[0], kinds[1]), (usual - 0.1, usual - 0.25))
        costs[row] = np.clip(_STEEPNESS * (length - np.array(middles)), -0.8, 0.8)
    return costs


def _solved(
    atoms: list[PieceAtom],
    pairs: Int[np.ndarray, "pairs 2"],
    lengths: Float[np.ndarray, "pairs"],
    removed: Sequence[tuple[int, str]],
) -> FragmentSmiles:
    """The cheapest assignment, or what it was the last time."""
    costs = _costs(atoms, pairs, lengths)
    key = _key(atoms, pairs, costs)
    if key in _known:
        _known.move_to_end(key)
        return _known[key]
    found = assigned([states_of(a) for a in atoms], bonds=pairs, costs=costs)
    taken = sum(_GROUPS[kind][2] for _, kind in removed)
    if found is None:
        problem = _overfull(atoms) or "no bond orders fit its valences"
        result = FragmentSmiles(smiles="", charge=0, charge_as_cut=taken, problem=problem)
    else:
        states = found.states
        added = np.array([s.hydrogens + s.protons for s in states], dtype=np.int64)
        charges = np.array([s.charge for s in states], dtype=np.int64)
        hydrogens = np.array([a.n_hydrogens for a in atoms], dtype=np.int64) + added
        protons = np.array([s.protons for s in states], dtype=np.int64)
        turned = _turned_oxides(atoms, pairs, charges, protons)
        charge = int(charges.sum() - protons.sum())
        charges, hydrogens = charges + turned, hydrogens + turned
        if any(a.attached for a in atoms):
            # A cation that could be written without its proton is the ligand's, not the salt's.
            acid = (charges > 0) & (hydrogens > 0)
            hydrogens, charges = hydrogens - acid, charges - acid
        free = np.zeros(len(atoms), dtype=np.int64)
        np.add.at(free, pairs.ravel(), np.repeat(found.extra, 2))
        molecule = Molecule(
            numbers=np.array([a.number for a in atoms], dtype=np.int64),
            bonds=pairs,
            hydrogens=hydrogens,
            charges=charges,
            free=free,
        )
        result = FragmentSmiles(
            smiles=smiles_of_molecule(molecule),
            charge=charge,
            charge_as_cut=charge + taken,
            n_missing_hydrogens=sum(s.hydrogens for s in states),
            problem=_overfull(atoms),
        )
    _known[key] = result
    if len(_known) > _KEPT:
        _known.popitem(last=False)
    return result


def _overfull(atoms: list[PieceAtom]) -> str:
    """The first atom with more neighbours than its element takes, in words."""
    for i, atom in enumerate(atoms):
        most = _MOST_NEIGHBOURS.get(atom.number)
        if most is not None and atom.n_heavy + atom.n_hydrogens > most:
            count = atom.n_heavy + atom.n_hydrogens
            return f"{Element(atom.number).name} {i} has {count} neighbours instead of {most}"
    return ""


def _turned_oxides(
    atoms: list[PieceAtom],
    pairs: Int[np.ndarray, "pairs 2"],
    charges: Int[np.ndarray, "atoms"],
    protons: Int[np.ndarray, "atoms"],
) -> Int[np.ndarray, "atoms"]:
    """1 for an anionic oxygen on neutral nitrogen, -1 for an acid one on a cation.

    The first was a hydroxylamine, the second is an N-oxide; the whole charge stays.
    """
    numbers = np.array([a.number for a in atoms])
    found = np.zeros(len(atoms), dtype=np.int64)
    for i, j in np.concatenate([pairs, pairs[:, ::-1]]).tolist():
        if numbers[i] == OXYGEN and numbers[j] == NITROGEN:
            if charges[i] < 0 and not charges[j]:
                found[i] = 1
            elif protons[i] and charges[j] > 0:
                found[i] = -1
    return found


def _key(
    atoms: list[PieceAtom], pairs: Int[np.ndarray, "pairs 2"], costs: Float[np.ndarray, "pairs 2"]
) -> bytes:
    """Equal for pieces with the same graph, marks and classes of angles and lengths.

    Colours are refined along the bonds from the atoms' own marks and their shells of neighbours.
    """
    n = len(atoms)
    near: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    classes = np.rint(costs[:, 0] / 0.4).astype(int).tolist()
    for (i, j), length in zip(pairs.tolist(), classes, strict=True):
        near[i].append((j, length))
        near[j].append((i, length))
    colours = [hash((tuple(a), _shells(near, i))) for i, a in enumerate(atoms)]
    for _ in range(max(3, n // 4)):
        colours = [
            hash((c, tuple(sorted(hash((colours[j], length)) for j, length in near[i]))))
            for i, c in enumerate(colours)
        ]
    return repr((n, len(pairs), hash(tuple(sorted(colours))))).encode()


def _shells(near: list[list[tuple[int, int]]], root: int) -> tuple[int, ...]:
    """Number of atoms one, two, ... bonds away: rings of different size differ here."""
    met, edge, sizes = {root}, [root], []
    while edge:
        sizes.append(len(edge))
        edge = list({j for i in edge for j, _ in near[i]} - met)
        met.update(edge)
    return tuple(sizes)


def is_organic(numbers: Int[np.ndarray, "atoms"]) -> bool:
    """Whether a piece has carbon and no metal.

    Parameters
    ----------
    numbers:
        Atomic numbers.
    """
    return bool(np.any(numbers == CARBON)) and not bool(np.any(is_metal()[numbers]))
