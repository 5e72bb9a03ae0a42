"""Bond orders as an exact assignment: each atom gets a valence state, each bond its share.

Every atom offers a few states, each with a number of electrons that are left for multiple bonds,
hydrogen atoms to be added, a charge and a cost. The cheapest choice of states and orders in which
every atom's electrons are used up is found by mixed-integer programming, so that no order of
atoms and no greedy choice matters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

_SECONDS = 2.0
"""Longest time for one assignment."""


class AtomState(NamedTuple):
    """One way in which an atom may be bonded."""

    free: int
    """Electrons for multiple bonds: 1 in a double bond, 2 in a triple bond or in two doubles."""
    hydrogens: int = 0
    """Hydrogen atoms to be added that the file left out."""
    protons: int = 0
    """Hydrogen atoms to be added that were taken off when the molecule was bound."""
    charge: int = 0
    """Formal charge that stays in the protonated molecule [e]."""
    cost: float = 0.0
    """How unlikely it is."""


class Assignment(NamedTuple):
    """The chosen states and orders."""

    states: tuple[AtomState, ...]
    """One for each atom."""
    extra: Int[np.ndarray, "bonds"]
    """Order of each bond less one."""


def assigned(
    options: list[list[AtomState]],
    *,
    bonds: Int[np.ndarray, "bonds 2"],
    costs: Float[np.ndarray, "bonds 2"],
) -> Assignment | None:
    """The cheapest states and bond orders that use up every electron.

    Parameters
    ----------
    options:
        States of each atom.
    bonds:
        Bonded pairs.
    costs:
        Cost of raising each bond's order from 1 to 2 and from 2 to 3.

    Returns
    -------
    :
        The assignment, or ``None`` where there is none.
    """
    most = np.array([max((s.free for s in states), default=0) for states in options])
    extra = np.zeros(len(bonds), dtype=np.int64)
    chosen = [min(states, key=lambda s: s.cost) for states in options]
    reach = np.minimum(most[bonds[:, 0]], most[bonds[:, 1]]) if len(bonds) else extra
    busy = [i for i, states in enumerate(options) if len(states) > 1 or states[0].free > 0]
    if not busy:
        return Assignment(tuple(chosen), extra)
    first, second = np.flatnonzero(reach >= 1), np.flatnonzero(reach >= 2)
    n_bonds, row_of = len(first) + len(second), {atom: row for row, atom in enumerate(busy)}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for column, bond in enumerate(np.concatenate([first, second])):
        for atom in bonds[bond]:
            rows.append(row_of[int(atom)])
            columns.append(column)
            values.append(1.0)
    cost = [*costs[first, 0].tolist(), *costs[second, 1].tolist()]
    kinds = [(atom, state) for atom in busy for state in options[atom]]
    for column, (atom, state) in enumerate(kinds, start=n_bonds):
        rows += [row_of[atom], len(busy) + row_of[atom]]
        columns += [column, column]
        values += [-float(state.free), 1.0]
        cost.append(state.cost)
    place = {int(bond): column for column, bond in enumerate(first)}
    for i, bond in enumerate(second):
        rows += [2 * len(busy) + i] * 2
        columns += [place[int(bond)], len(first) + i]
        values += [1.0, -1.0]
    n_rows = 2 * len(busy) + len(second)
    low = np.zeros(n_rows)
    low[len(busy) : 2 * len(busy)] = 1.0
    high = low.copy()
    high[2 * len(busy) :] = 1.0
    found = milp(
        np.array(cost),
        constraints=LinearConstraint(
            csr_array((values, (rows, columns)), shape=(n_rows, len(cost))),
            low,  # pyright: ignore[reportArgumentType]
            high,  # pyright: ignore[reportArgumentType]
        ),
        integrality=np.ones(len(cost)),
        bounds=Bounds(0.0, 1.0),
        options={"time_limit": _SECONDS},
    )
    if found.x is None:
        return None
    taken = np.rint(found.x).astype(np.int64)
    extra[first] += taken[: len(first)]
    extra[second] += taken[len(first) : n_bonds]
    for (atom, state), one in zip(kinds, taken[n_bonds:], strict=True):
        if one:
            chosen[atom] = state
    return Assignment(tuple(chosen), extra)
