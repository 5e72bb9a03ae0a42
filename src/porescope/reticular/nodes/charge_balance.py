"""Whether nodes and linkers can make a framework without charge."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from porescope.errors import ConfigError
from porescope.reticular.block import Block
from porescope.reticular.nodes.library import NodeBlock


def charge_balance(blocks: Sequence[Block], *, counts: Sequence[int]) -> int | None:
    """Charge of a cell [e].

    Parameters
    ----------
    blocks:
        Nodes, linkers, caps and counter-ions.
    counts:
        How many of each there are.

    Returns
    -------
    :
        The sum, or ``None`` where the charge of one is unknown.
    """
    if len(blocks) != len(counts):
        raise ConfigError(f"expected a count for each of {len(blocks)} blocks, got {len(counts)}")
    total = 0
    for block, count in zip(blocks, counts, strict=True):
        if block.charge is None:
            return None
        total += block.charge * count
    return total


def charge_per_node(node: Block, linkers: Sequence[Block]) -> Fraction | None:
    """Charge of a framework per node, all ports used and the linkers in equal numbers [e].

    Parameters
    ----------
    node:
        The node.
    linkers:
        Kinds of linkers.

    Returns
    -------
    :
        The charge, or ``None`` where one is unknown.
    """
    if node.charge is None or any(b.charge is None for b in linkers):
        return None
    ports = node.n_linkers if isinstance(node, NodeBlock) else node.n_ports
    per_set = sum(b.n_ports for b in linkers)
    charges = sum(b.charge or 0 for b in linkers)
    return Fraction(node.charge) + Fraction(ports, max(per_set, 1)) * charges


def require_neutral(node: Block, linkers: Sequence[Block], *, largest: int = 0) -> None:
    """Refuse a node and linkers whose charges cannot balance.

    Parameters
    ----------
    node:
        The node.
    linkers:
        Kinds of linkers, in equal numbers.
    largest:
        Charge per node that counter-ions may make up for [e].

    Raises
    ------
    ConfigError
        Where the charge is larger, with what could be tried.
    """
    charge = charge_per_node(node, linkers)
    if charge is None or abs(charge) <= largest:
        return
    names = " and ".join(b.smiles or b.formula for b in linkers)
    sign = "positive" if charge > 0 else "negative"
    advice = (
        "name an anion as a cap, a linker with more acid groups or a metal of lower charge"
        if charge > 0
        else "name a cation, a linker with fewer acid groups or a metal of higher charge"
    )
    raise ConfigError(
        f"expected a node and linkers whose charges balance, got {node.name} with {names}, which "
        f"are {sign} by {abs(float(charge)):g} per node; {advice}"
    )
