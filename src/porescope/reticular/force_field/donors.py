"""Classes of atoms that metals are bound to, by which measured bond lengths are tabulated."""

from __future__ import annotations

from porescope.reticular.force_field.bond_graph import BondGraph

_SYMBOLS = {1: "H", 5: "B", 6: "C", 7: "N", 8: "O", 9: "F", 14: "Si", 15: "P", 16: "S", 17: "Cl"}
_SYMBOLS |= {34: "Se", 35: "Br", 52: "Te", 53: "I"}


def donor_class(graph: BondGraph, atom: int) -> str:
    """What kind of donor an atom is, such as ``O-carboxylate`` or ``O-oxo3``.

    The class names the element, then for oxygen the group it belongs to, then the number of
    metals where that matters: ``oxo`` without other neighbours, ``hydroxo`` with one hydrogen
    atom, ``water`` with two; ``carboxylate`` for a carbon with two such oxygen atoms, ``carbon``
    for others, ``other`` beside other elements. Nitrogen carries its number of other neighbours
    that are no metals, halogens their number of metals.

    Parameters
    ----------
    graph:
        The bond graph.
    atom:
        A neighbour of a metal.
    """
    number = graph.numbers[atom]
    symbol = _SYMBOLS.get(number, "X")
    inner = [b.atom for b in graph.others(atom, metals=False)]
    n_metals = len(graph.neighbours[atom]) - len(inner)
    if number in (9, 17, 35, 53):
        return f"{symbol}-{min(n_metals, 3)}"
    if number == 7:
        return f"N-{min(len(inner), 3)}"
    if number != 8:
        return symbol
    kinds = sorted(graph.numbers[i] for i in inner)
    if not kinds:
        return f"O-oxo{min(n_metals, 4)}"
    if kinds == [1]:
        return f"O-hydroxo{min(n_metals, 3)}"
    if kinds == [1, 1]:
        return "O-water"
    if len(inner) == 1 and kinds == [6]:
        ends = [
            b.atom
            for b in graph.others(inner[0], metals=False)
            if graph.numbers[b.atom] == 8 and len(graph.others(b.atom, metals=False)) == 1
        ]
        return (
            f"O-carboxylate{min(n_metals, 2)}" if len(ends) >= 2 else f"O-carbon{min(n_metals, 2)}"
        )
    return f"O-other{min(n_metals, 2)}"
