"""Rough charges of atoms from the bonds they have.

Each bond moves charge from the less to the more electronegative atom in proportion to the
difference of Pauling's electronegativities (A. L. Allred, J. Inorg. Nucl. Chem. 17 (1961) 215,
https://doi.org/10.1016/0022-1902(61)80142-5), and half of each block's formal charge is added,
on its metals or on the atoms of its ports. Meant for ranking arrangements of one framework's
linkers, not for adsorption.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
from gemmi import Element
from jaxtyping import Float

from porescope.crystal.elements import is_metal
from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block

PER_UNIT = 0.16
"""Charge moved by a bond per unit of electronegativity [e]: what Pauling's 16 % of ionic character
per unit, to first order, says."""
FORMAL_SHARE = 0.5
"""Share of a block's formal charge that its atoms bear."""
_OTHERS = 1.3


@cache
def _table() -> dict[int, float]:
    text = files("porescope.reticular").joinpath("data/electronegativities.csv").read_text("utf-8")
    rows = [line.split(",") for line in text.splitlines() if not line.startswith("#")]
    return {Element(symbol).atomic_number: float(value) for symbol, value in rows[1:]}


def electronegativity(number: int) -> float:
    """Pauling's electronegativity; 1.3 where the source has none.

    Parameters
    ----------
    number:
        Atomic number.
    """
    return _table().get(int(number), _OTHERS)


def charges_in_block(block: Block, *, outside: dict[int, int]) -> Float[np.ndarray, "atoms"]:
    """Charges of a block's atoms [e].

    Parameters
    ----------
    block:
        A block.
    outside:
        Atomic number of the atom at the other end of each port's bond.
    """
    chi = np.array([electronegativity(z) for z in block.numbers.tolist()])
    charges = np.zeros(block.n_atoms)
    for i, j in block.bonds.tolist():
        moved = PER_UNIT * (chi[j] - chi[i])
        charges[i] += moved
        charges[j] -= moved
    for port, number in outside.items():
        atom = int(block.port_atoms[port])
        charges[atom] += PER_UNIT * (electronegativity(number) - chi[atom])
    if block.charge:
        metal = np.flatnonzero(is_metal()[block.numbers])
        bearers = metal if len(metal) else np.unique(block.port_atoms)
        if not len(bearers):
            bearers = np.arange(block.n_atoms)
        charges[bearers] += FORMAL_SHARE * block.charge / len(bearers)
    return charges


def outside_of_ports(assembly: Assembly) -> list[dict[int, int]]:
    """For each piece, the atomic number across each linked port.

    Parameters
    ----------
    assembly:
        Posed blocks.
    """
    found: list[dict[int, int]] = [{} for _ in range(assembly.n_pieces)]
    for one, port, other, other_port, *_ in assembly.links.tolist():
        first = assembly.blocks[int(assembly.kinds[one])]
        second = assembly.blocks[int(assembly.kinds[other])]
        found[one][port] = int(second.numbers[second.port_atoms[other_port]])
        found[other][other_port] = int(first.numbers[first.port_atoms[port]])
    return found
