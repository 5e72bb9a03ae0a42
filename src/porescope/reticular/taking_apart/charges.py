"""Formal charges of nodes, and whether a framework can be neutral."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import gemmi
import numpy as np
from jaxtyping import Bool, Int

from porescope.crystal.elements import is_metal
from porescope.reticular.block import Block
from porescope.reticular.taking_apart.ligands import KNOWN_INORGANIC
from porescope.reticular.taking_apart.node_names import group_formula, inner_groups

OXIDATION_STATES: dict[str, tuple[int, ...]] = {
    "Li": (1,), "Na": (1,), "K": (1,), "Rb": (1,), "Cs": (1,), "Be": (2,), "Mg": (2,),
    "Ca": (2,), "Sr": (2,), "Ba": (2,), "Al": (3,), "Ga": (3,), "In": (3, 1), "Tl": (1, 3),
    "Sn": (4, 2), "Pb": (2, 4), "Sb": (3, 5), "Bi": (3, 5), "Sc": (3,), "Y": (3,),
    "Ti": (4, 3), "Zr": (4,), "Hf": (4,), "V": (4, 3, 5, 2), "Nb": (5, 4, 3), "Ta": (5,),
    "Cr": (3, 2, 6), "Mo": (6, 2, 5, 4, 3), "W": (6, 5, 4), "Mn": (2, 3, 4), "Re": (1, 3, 5, 7, 4),
    "Tc": (7, 4), "Fe": (2, 3), "Ru": (2, 3), "Os": (2, 3, 4), "Co": (2, 3), "Rh": (3, 2, 1),
    "Ir": (3, 1), "Ni": (2, 3), "Pd": (2, 4), "Pt": (2, 4), "Cu": (2, 1), "Ag": (1, 2),
    "Au": (1, 3), "Zn": (2,), "Cd": (2,), "Hg": (2, 1), "La": (3,), "Ce": (3, 4), "Pr": (3,),
    "Nd": (3,), "Pm": (3,), "Sm": (3, 2), "Eu": (3, 2), "Gd": (3,), "Tb": (3, 4), "Dy": (3,),
    "Ho": (3,), "Er": (3,), "Tm": (3,), "Yb": (3, 2), "Lu": (3,), "Th": (4,), "U": (6, 4, 5),
    "Np": (5, 4, 6), "Pu": (4, 3), "Am": (3,), "Cm": (3,), "Cf": (3,), "Pa": (5,),
    "Si": (4,), "Ge": (4,), "P": (5,), "B": (3,), "As": (5, 3), "Te": (4, 6),
}  # fmt: skip
"""Oxidation states that occur in porous materials, the commonest first; after N. N. Greenwood and
A. Earnshaw, Chemistry of the Elements, 2nd ed. (1997)."""

_IN_NODES = {
    "O": -2, "HO": -1, "H2O": 0, "H3O": 1, "CO2": -1, "CS2": -1, "COS": -1, "CHO2": -1,
    "CO": 0, "O3P": -2, "HO3P": -2, "O3S": -1, "HO3S": 0, "S": -2, "HS": -1, "H2S": 0,
    "Se": -2, "Te": -2, "H": -1, "N": -3, "HN": -2, "H2N": -1, "H3N": 0, "O2": -2, "HO2": -1,
    "S2": -2, "N2": 0, "H2": 0, "NO": 1, "B": 0, "H4N2": 0, "O4W": -2, "P": -3, "HO4P": -2,
    "H2O4P": -1, "H3O4P": 0, "O7P2": -4, "H2O3P": 0, "O2P": -1, "BO3": -3, "HBO3": -2, "BO4": -5,
    "O4Si": -4, "AsO4": -3, "AsHO4": -2, "O3Se": -2, "O3Te": -2, "HO3Se": -1, "AsO3": -3,
    "C2O4": -2, "F3Si": 1, "S3": -2, "S4": -2, "CHO3": -1, "CH2O2": 0, "NO2": -1, "HO4S": -1,
    "H2N2": 0, "CO3": -2, "N3": -1, "F6Ge": -2, "F6Ti": -2, "O3S2": -2, "HO3P2": -1,
    "H2O2P": -1, "HNO3": 0, "F2P": -1, "F2O2P": -1, "FO3P": -2,
}  # fmt: skip
"""Charges of groups that stay with metals [e]; a cut carboxylate is one of them."""
_ACID_CHARGES = {6: -1, 15: -2, 16: -1}
"""Charges of carboxylate, phosphonate and sulfonate without protons, by their middle atom [e]."""
_TO_CARBON = 1.95
"""Longest bond from the middle of an acid group to carbon; those to metals are longer [Å]."""
_OXO = ("V", "Mo", "W", "U", "Ti", "Re", "Nb", "Ta", "Cr", "Np", "Pu", "Os", "Ru", "Mn", "Te")
"""Elements that hold an oxygen atom alone; on others it is a water molecule without hydrogen."""


def with_charges(
    blocks: tuple[Block, ...], *, counts: Int[np.ndarray, "blocks"]
) -> tuple[tuple[Block, ...], int | None, str]:
    """Blocks with the charges of nodes, the sum over the cell, and what is wrong with it.

    Each element takes the commonest of its oxidation states with which the whole is neutral;
    where none is, an average between two states.

    Parameters
    ----------
    blocks:
        Blocks, with the charges of linkers, caps and guests.
    counts:
        How many pieces each block has in the cell.
    """
    rest = 0
    metals: Counter[str] = Counter()
    inner: list[int | None] = []
    for block, n in zip(blocks, counts.tolist(), strict=True):
        centres = charged_centres(block)
        if not centres.any():
            charge = block.charge if block.charge is not None else _lone_charge(block)
        else:
            charge = _inner_charge(block, centres)
            for z in block.numbers[centres].tolist():
                metals[gemmi.Element(int(z)).name] += n
        inner.append(charge)
        if charge is None:
            return blocks, None, f"charge unknown: {block.formula}"
        rest += charge * n
    states = _states(metals, rest)
    if states is None:
        return blocks, None, "charge unknown: no oxidation state of an element"
    total = rest + sum(states[s] * n for s, n in metals.items())
    done = []
    for block, charge in zip(blocks, inner, strict=True):
        assert charge is not None
        symbols = [gemmi.Element(int(z)).name for z in block.numbers[charged_centres(block)]]
        own = charge + sum(states[s] for s in symbols)
        whole = abs(own - round(own)) < 1e-6
        done.append(replace(block, charge=round(own) if whole else None))
    total = round(total)
    return tuple(done), total, "" if total == 0 else f"charge not balanced: {total:+d}"


def charged_centres(block: Block) -> Bool[np.ndarray, "atoms"]:
    """True for atoms whose oxidation state is to be found: metals, and lone tetrahedral atoms.

    Parameters
    ----------
    block:
        Any block.
    """
    metal = is_metal()[block.numbers]
    if block.n_atoms == 1 and block.n_ports >= 3:
        metal = metal | np.isin(block.numbers, (5, 14, 15, 32, 33, 52))
    return metal


def _lone_charge(block: Block) -> int | None:
    """Charge of a group without carbon between tetrahedra, such as oxygen."""
    if block.formula in _IN_NODES and 6 not in block.numbers:
        return _IN_NODES[block.formula]
    known = KNOWN_INORGANIC.get(block.formula)
    return None if known is None else known[1]


def _inner_charge(block: Block, metal: Bool[np.ndarray, "atoms"]) -> int | None:
    """Sum of the charges of the groups about the metals of a node."""
    total = 0
    symbols = {gemmi.Element(int(z)).name for z in block.numbers[metal]}
    reach = np.linalg.norm(block.port_vectors, axis=1)
    ported = set(block.port_atoms[reach < _TO_CARBON].tolist())
    for members, bound in inner_groups(block, metal):
        formula = group_formula(block, members)
        acid = _acid_charge(block, members, ported)
        if acid is not None:
            total += acid
            continue
        if formula == "O" and len(bound) == 1 and not symbols & set(_OXO):
            continue
        if formula == "CO2" and not any(i in ported for i in members):
            total -= 1  # formate whose hydrogen the file left out
            continue
        if formula in _IN_NODES:
            total += _IN_NODES[formula]
        elif formula in KNOWN_INORGANIC:
            total += KNOWN_INORGANIC[formula][1]
        else:
            return None
    return total


def _acid_charge(block: Block, members: list[int], ported: set[int]) -> int | None:
    """Charge of a cut acid group: its oxygen atoms' hydrogen counts, not that of the linker."""
    centres = [i for i in members if i in ported and int(block.numbers[i]) in _ACID_CHARGES]
    heavy = [i for i in members if block.numbers[i] != 1]
    if len(centres) != 1 or len(heavy) not in (3, 4):
        return None
    return _ACID_CHARGES[int(block.numbers[centres[0]])] + len(members) - len(heavy)


def _states(metals: Counter[str], rest: int) -> dict[str, float] | None:
    """Oxidation states with which the whole is neutral, or the commonest ones."""
    if any(symbol not in OXIDATION_STATES for symbol in metals):
        return None
    symbols = sorted(metals)
    lists = [OXIDATION_STATES[s] for s in symbols]
    ranked = sorted(
        product(*(range(len(states)) for states in lists)), key=lambda ranks: (sum(ranks), ranks)
    )
    for ranks in ranked:
        chosen = [states[r] for states, r in zip(lists, ranks, strict=True)]
        if rest + sum(c * metals[s] for c, s in zip(chosen, symbols, strict=True)) == 0:
            return {s: float(c) for s, c in zip(symbols, chosen, strict=True)}
    common = {s: float(states[0]) for s, states in zip(symbols, lists, strict=True)}
    for symbol, states in zip(symbols, lists, strict=True):
        others = rest + sum(common[s] * metals[s] for s in symbols if s != symbol)
        needed = -others / metals[symbol]
        if min(states) <= needed <= max(states):
            return common | {symbol: needed}
    return common
