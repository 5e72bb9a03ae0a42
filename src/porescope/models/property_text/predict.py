"""From a crystal to the text that names it."""

from __future__ import annotations

from collections.abc import Mapping

import gemmi
import numpy as np

from porescope.crystal.structure import Crystal
from porescope.errors import PorescopeError
from porescope.reticular.block import Block
from porescope.reticular.taken_apart import TakenApart
from porescope.reticular.taking_apart.framework import take_apart

UNKNOWN_NET = "UNKNOWN"
"""What stands for a net without a name, as in MOFid."""


def text_of(crystal: Crystal) -> str:
    """The text that names a framework.

    Where the crystal cannot be taken apart its formula stands for the pieces.
    """
    try:
        taken = take_apart(crystal)
    except PorescopeError:
        numbers, counts = np.unique(crystal.numbers, return_counts=True)
        divisor = int(np.gcd.reduce(counts))
        amounts = {int(z): int(n) // divisor for z, n in zip(numbers, counts, strict=True)}
        return f"{_formula(amounts)}&&{UNKNOWN_NET}.cat0"
    return text_of_taken(taken)


def text_of_taken(taken: TakenApart) -> str:
    """The text of a framework that is taken apart; guests are left out."""
    pieces = {piece_text(block) for block in taken.assembly.blocks if block.kind != "guest"}
    net = taken.net_name or UNKNOWN_NET
    return f"{'.'.join(sorted(pieces))}&&{net}.cat{min(taken.interpenetration - 1, 9)}"


def piece_text(block: Block) -> str:
    """SMILES of a piece, or its formula with its name in braces where it has no SMILES."""
    if block.smiles:
        return block.smiles
    numbers, counts = np.unique(block.numbers, return_counts=True)
    formula = _formula({int(z): int(n) for z, n in zip(numbers, counts, strict=True)})
    return formula + (f"{{{block.name}}}" if block.name else "")


def _formula(amounts: Mapping[int, int]) -> str:
    """Elements in brackets with their numbers, in alphabetical order."""
    named = sorted((gemmi.Element(z).name, n) for z, n in amounts.items())
    return "".join(f"[{symbol}]{n if n > 1 else ''}" for symbol, n in named)
