"""The valence states of an atom in an organic piece, and what each costs.

Costs rank what is likelier; they are no energies. An added hydrogen atom costs more where the
file has hydrogen atoms than where it has none, and little where a metal took a proton's place.
"""

from __future__ import annotations

from typing import NamedTuple

from porescope.reticular.linkers.bond_orders import AtomState


class PieceAtom(NamedTuple):
    """What is known of a heavy atom before its bonds' orders are."""

    number: int
    """Atomic number."""
    n_heavy: int
    """Bonds to heavy atoms that are no metals."""
    n_hydrogens: int = 0
    """Hydrogen atoms that the file has."""
    attached: bool = False
    """Whether it is bound to a metal."""
    flat: int = -1
    """Electrons for multiple bonds that angles and lengths speak for; -1: unknown."""
    trusted: bool = True
    """Whether the file has hydrogen on carbon."""
    on_nitrogen: bool = False
    """Of nitrogen: whether nitrogen is bound to it; of oxygen: whether nitrogen with three
    neighbours is."""
    n_oxides: int = 0
    """Oxygen atoms without another neighbour at this nitrogen, or at the one beside."""
    oxo_neighbours: int = 0
    """Of oxygen on a metal: how many of the carbon atoms beside its own bear such an oxygen atom
    too, at least 1 on a flat ring of six; the more, the less likely is a ketone."""
    role: str = ""
    """``NH`` and ``N``: the two kinds of nitrogen in a porphyrin; ``azole``: the one of an azolate
    ring that is asked first for a proton; ``pyridinium`` and ``oxide``: nitrogen with three
    neighbours in a flat ring of six; ``keto`` and ``enol``: oxygen on squarate and its kin."""


def states_of(atom: PieceAtom) -> list[AtomState]:
    """The states an atom may be in.

    Parameters
    ----------
    atom:
        A heavy atom.
    """
    rule = _RULES.get(atom.number)
    return rule(atom) if rule else [AtomState(0)]


def _added(free: int, count: int, atom: PieceAtom, *, cost: float) -> AtomState:
    """A state with hydrogen added: protons where a metal sits or the file has its hydrogen."""
    carbanion = atom.number == 6 and atom.n_heavy == 3 and atom.flat > 0
    bare_amine = atom.number == 7 and atom.n_heavy + atom.n_hydrogens == 1 and count == 2
    taken = atom.attached or (atom.trusted and atom.number != 6 and not bare_amine) or carbanion
    if taken and count:
        return AtomState(free, protons=count, cost=cost)
    return AtomState(free, hydrogens=count, cost=cost)


def _carbon(atom: PieceAtom) -> list[AtomState]:
    sigma = atom.n_heavy + atom.n_hydrogens
    room = 4 - sigma
    if room <= 0:
        return [AtomState(0)]
    states = []
    for free in range(min(room, 2) + 1):
        count = room - free
        bent = 0.8 * (free - atom.flat) ** 2 if atom.flat >= 0 else 0.0
        each = (0.2 if atom.attached else 1.2) if atom.trusted else 0.05
        states.append(_added(free, count, atom, cost=bent + each * count))
    if sigma == 1:
        states.append(AtomState(2, charge=-1, cost=1.5))
    return states


def _nitrogen(atom: PieceAtom) -> list[AtomState]:
    sigma = atom.n_heavy + atom.n_hydrogens
    if sigma >= 4:
        return [AtomState(0, charge=sigma - 3)]
    if sigma == 3 and (atom.n_oxides > 1 or atom.role == "oxide"):
        return [AtomState(1, charge=1)]
    if sigma == 3:
        cost = 0.1 if atom.role == "pyridinium" else 0.5 if atom.n_oxides else 2.0
        return [AtomState(0), AtomState(1, charge=1, cost=cost)]
    if atom.role == "azole":
        return [_added(0, 1, atom, cost=0.0), AtomState(1, cost=1.0)]
    if atom.role:
        return [_added(0, 1, atom, cost=0.0) if atom.role == "NH" else AtomState(1)]
    each = 0.7 if atom.attached else 2.0 if atom.trusted else 0.5
    states = []
    for free in range(min(3 - sigma, 2) + 1):
        cost = each * (3 - sigma - free)
        if sigma == 1:
            cost = (0.6 + 0.4 * atom.trusted, each + 0.3, 0.0)[free]
            cost += 0.8 * (2 - free) if atom.flat > 1 else 0.0
        states.append(_added(free, 3 - sigma - free, atom, cost=cost))
    if sigma == 2:
        states.append(AtomState(2, charge=1, cost=3.0))
    if sigma == 1 and atom.on_nitrogen:
        states.append(AtomState(1, charge=-1, cost=1.0))
    return states


def _oxygen(atom: PieceAtom) -> list[AtomState]:
    sigma = atom.n_heavy + atom.n_hydrogens
    if sigma >= 3:
        return [AtomState(0, charge=1)]
    if sigma == 2:
        return [AtomState(0), AtomState(1, charge=1, cost=5.0)]
    if sigma == 0:
        return [_added(0, 2, atom, cost=0.0)]
    each = 0.5 if atom.attached else 1.6 if atom.trusted else 0.8
    if atom.role:
        return [AtomState(1) if atom.role == "keto" else _added(0, 1, atom, cost=0.0)]
    ketone = 0.55 * min(atom.oxo_neighbours, 1)
    if atom.on_nitrogen and atom.n_oxides == 1:
        ketone = 1.5
    states = [AtomState(1, cost=ketone), _added(0, 1, atom, cost=each)]
    if atom.on_nitrogen:
        states.append(AtomState(0, charge=-1, cost=0.2 if atom.n_oxides > 1 else 0.1))
    return states


def _sulfur(atom: PieceAtom) -> list[AtomState]:
    sigma = atom.n_heavy + atom.n_hydrogens
    if sigma == 1:
        each = 0.3 if atom.attached else 1.5 if atom.trusted else 0.7
        return [AtomState(1, cost=0.1), _added(0, 1, atom, cost=each)]
    if sigma == 2:
        return [AtomState(0), AtomState(2, cost=6.0)]
    if sigma == 3:
        return [AtomState(1), AtomState(0, charge=1, cost=1.0), AtomState(3, cost=4.0)]
    return [AtomState(2 if sigma == 4 else 0)]


def _phosphorus(atom: PieceAtom) -> list[AtomState]:
    sigma = atom.n_heavy + atom.n_hydrogens
    if sigma == 4:
        return [AtomState(1), AtomState(0, charge=1, cost=1.0)]
    if sigma == 6:
        return [AtomState(0, charge=-1)]
    if sigma < 3:
        return [_added(0, 3 - sigma, atom, cost=0.5), AtomState(3 - sigma, cost=0.7)]
    return [AtomState(0)]


def _boron(atom: PieceAtom) -> list[AtomState]:
    sigma = atom.n_heavy + atom.n_hydrogens
    return [AtomState(0, charge=-1 if sigma == 4 else 0)]


def _halogen(atom: PieceAtom) -> list[AtomState]:
    sigma = atom.n_heavy + atom.n_hydrogens
    if sigma == 4:
        return [AtomState(3)]
    if sigma == 0:
        return [AtomState(0, protons=1)]
    return [AtomState(0)]


_RULES = {
    5: _boron,
    6: _carbon,
    7: _nitrogen,
    8: _oxygen,
    9: _halogen,
    15: _phosphorus,
    16: _sulfur,
    17: _halogen,
    33: _phosphorus,
    34: _sulfur,
    35: _halogen,
    52: _sulfur,
    53: _halogen,
}
