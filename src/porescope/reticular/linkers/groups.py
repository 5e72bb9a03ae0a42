"""Connecting groups of linkers: what in a molecule binds to a metal or forms a covalent linkage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from rdkit import Chem

GroupKind = Literal[
    "carboxylate",
    "dithiocarboxylate",
    "phosphonate",
    "sulfonate",
    "azolate",
    "porphyrin",
    "pyridyl",
    "nitrile",
    "amine",
    "diamine",
    "phenolate",
    "catecholate",
    "thiolate",
    "diketonate",
    "oxalate",
    "oxide",
    "donor",
    "boronic acid",
    "aldehyde",
    "primary amine",
    "hydrazide",
    "diol",
]
Ends = Literal["metal", "covalent"]
"""``metal``: groups that bind to metals; ``covalent``: groups that condense to a COF."""

ACIDS = ("carboxylate", "dithiocarboxylate", "phosphonate", "sulfonate")
"""Groups that stay with the node."""

_PATTERNS: dict[str, str] = {
    "carboxylate": "[!#8;!$([CX3](=[O,S])[O,S;H1,-])]-[CX3](=[OX1])[OX2H1,OX1-]",
    "carboxylate on a double bond": "[#6]=[CX3]([OX2H1,OX1-])[OX2H1,OX1-]",
    "dithiocarboxylate": "[!#8]-[CX3](=[SX1])[SX2H1,SX1-]",
    "phosphonate": "[#6]-[PX4](=[OX1])([OX2H1,OX1-])[OX2H1,OX1-]",
    "sulfonate": "[#6]-[SX4](=[OX1])(=[OX1])[OX2H1,OX1-]",
    "oxalate": "[OX1]=[CX3]([OX2H1,OX1-])-[CX3](=[OX1])[OX2H1,OX1-]",
    "pyridyl": "[nX2]",
    "nitrile": "[NX1]#[CX2]",
    "amine": "[NX3;!$(N-[#6,#7,#15,#16]=[O,S,N]);!$(N-c);!$(N~[#7,#8])]",
    "primary amine": "[NX3H2;!$(N-[#6,#16]=[O,S,N]);!$(N~[#7,#8])]",
    "diamine": "[NX3H2]-[c]:[c]-[NX3H2]",
    "phenolate": "[OX2H1,OX1-]-[#6;$(c),$(C=C),$(C=N)]",
    "catecholate": "[OX2H1,OX1-]-[#6;$(c),$(C=C)]~[#6;$(c),$(C=C),$(C=O)]~[OX2H1,OX1-,OX1]",
    "thiolate": "[SX2H1,SX1-]-[#6]",
    "diketonate": "[OX1]=[#6]-[#6]=[#6]-[OX2H1,OX1-]",
    "oxide": "[OX1-]-[#7+;R]",
    "donor": "[$([#7;X1,X2;+0]),$([NX3;+0;!$(N-[C,S]=[O,S])]),$([OX1]),$([OX2]),$([S,Se;X1,X2]),"
    "$([PX3])]",
    "boronic acid": "[#6]-[BX3]([OX2H1])[OX2H1]",
    "aldehyde": "[#6,#7]-[CX3H1]=[OX1]",
    "hydrazide": "[NX3H2]-[NX3H1]-[#6]",
    "diol": "[OX2H1]-[c]:[c]-[OX2H1]",
}
_LEFT_FREE = 4
"""Acids of which each in turn may keep its proton."""
CHARGES = {"azolate": -1, "phenolate": -1, "thiolate": -1, "diketonate": -1, "oxalate": -2}
"""Charge of groups that stay with the linker [e]; catecholates, diamines and porphyrins -2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One connecting group of a molecule."""

    kind: str
    """Its name."""
    atoms: tuple[int, ...]
    """Atoms of the molecule at which ports start: for acids the atom that bears the group."""
    partner: int = -1
    """Atom outside the block to which the one port points; -1: the place of a metal."""
    removed: tuple[int, ...] = ()
    """Heavy atoms that do not belong to the linker's block."""
    chelate: bool = False
    """Whether all its ports go to one metal."""


@cache
def _pattern(kind: str) -> Chem.Mol:
    """The compiled pattern of a group."""
    found = Chem.MolFromSmarts(_PATTERNS[kind])
    assert found is not None
    return found


def _matches(mol: Chem.Mol, kind: str) -> list[tuple[int, ...]]:
    return list(mol.GetSubstructMatches(_pattern(kind)))


def metal_groups(mol: Chem.Mol) -> list[Group]:
    """Groups of a protonated molecule that bind to metals, acids first.

    Parameters
    ----------
    mol:
        Sanitised molecule; hydrogen may be implicit.
    """
    found = _acids(mol) + _azolates(mol)
    taken = {a for g in found for a in (*g.atoms, *g.removed)}
    for kind, middle in (("oxalate", 2), ("catecholate", 2), ("diamine", 2), ("diketonate", 2)):
        for match in _matches(mol, kind):
            ends = _ends_of(kind, match)
            inner = set(match) - {a for pair in ends for a in pair}
            if any(a in taken for pair in ends for a in pair):
                continue
            if kind == "catecholate" and _in_chain(mol, ends[0]):
                continue
            found += [Group(kind=kind, atoms=pair, chelate=True) for pair in ends]
            taken |= {a for pair in ends for a in pair}
            assert len(inner) >= middle - 1
    for kind in ("phenolate", "thiolate", "oxide", "pyridyl", "nitrile", "amine", "donor"):
        for match in _matches(mol, kind):
            crowded = kind == "pyridyl" and _is_crowded(mol, match[0])
            if match[0] in taken or crowded:
                continue
            found.append(Group(kind=kind, atoms=(match[0],)))
            taken.add(match[0])
    return _with_bipyridyls(mol, found)


def covalent_groups(mol: Chem.Mol) -> list[Group]:
    """Groups of a molecule that condense to boronates, boroxines, imines and hydrazones.

    Parameters
    ----------
    mol:
        Sanitised molecule.
    """
    found: list[Group] = []
    for x, b, *oxygens in _matches(mol, "boronic acid"):
        group = Group(kind="boronic acid", atoms=(x,), partner=b, removed=(b, *oxygens))
        found.append(group)
    for _, c, o in _matches(mol, "aldehyde"):
        found.append(Group(kind="aldehyde", atoms=(c,), partner=o, removed=(o,)))
    taken: set[int] = set()
    for n, middle, _ in _matches(mol, "hydrazide"):
        found.append(Group(kind="hydrazide", atoms=(n,)))
        taken |= {n, middle}
    for (n,) in _matches(mol, "primary amine"):
        if n not in taken:
            found.append(Group(kind="primary amine", atoms=(n,)))
    for o, _, _, other in _matches(mol, "diol"):
        if o not in taken and other not in taken:
            found.append(Group(kind="diol", atoms=(o, other), chelate=True))
            taken |= {o, other}
    return found


def _ends_of(kind: str, match: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The chelating pairs of a match."""
    if kind == "oxalate":
        one, _, two, _, three, four = match
        return [(one, three), (two, four)]
    return [(match[0], match[-1])]


def _in_chain(mol: Chem.Mol, pair: tuple[int, ...]) -> bool:
    """Whether the two oxygen atoms sit on a chain: an enol of an acid, not a catechol."""
    hosts = [mol.GetAtomWithIdx(a).GetNeighbors()[0] for a in pair]
    return not all(h.IsInRing() for h in hosts)


def _acids(mol: Chem.Mol) -> list[Group]:
    found = []
    for kind in ACIDS:
        for x, middle, *ends in _matches(mol, kind):
            removed = (middle, *ends)
            found.append(Group(kind=kind, atoms=(x,), partner=middle, removed=removed))
    # betaines of pyridinium acids, when they are drawn without charges
    for x, middle, *ends in _matches(mol, "carboxylate on a double bond"):
        removed = (middle, *ends)
        found.append(Group(kind="carboxylate", atoms=(x,), partner=middle, removed=removed))
    met: set[int] = set()
    unique = []
    for group in found:
        if group.partner not in met:
            met.add(group.partner)
            unique.append(group)
    return unique


def _azolates(mol: Chem.Mol) -> list[Group]:
    """Rings of five with NH and further nitrogen, and porphyrins."""
    found, lone = [], []
    for ring in mol.GetRingInfo().AtomRings():
        if len(ring) != 5:
            continue
        nitrogen = [a for a in ring if _is_bare_nitrogen(mol, a)]
        acid = [a for a in nitrogen if mol.GetAtomWithIdx(a).GetTotalNumHs() == 1]
        if len(nitrogen) > 1 and len(acid) == 1 and mol.GetAtomWithIdx(acid[0]).GetIsAromatic():
            found.append(Group(kind="azolate", atoms=tuple(sorted(nitrogen))))
        elif len(nitrogen) == 1:
            lone += nitrogen
    from porescope.reticular.linkers.macrocycles import porphyrin_fours

    near = [[n.GetIdx() for n in a.GetNeighbors()] for a in mol.GetAtoms()]
    fours = porphyrin_fours(lone, near) if len(lone) >= 4 else []
    return found + [Group(kind="porphyrin", atoms=four, chelate=True) for four in fours]


def _is_bare_nitrogen(mol: Chem.Mol, atom: int) -> bool:
    """Nitrogen with two heavy neighbours."""
    one = mol.GetAtomWithIdx(atom)
    return one.GetAtomicNum() == 7 and one.GetDegree() == 2 and not one.GetFormalCharge()


def _is_crowded(mol: Chem.Mol, atom: int) -> bool:
    """Whether both neighbours in the ring bear substituents, so that no metal fits."""
    one = mol.GetAtomWithIdx(atom)
    ring = [n for n in one.GetNeighbors() if n.GetIsAromatic()]
    return len(ring) == 2 and all(
        n.GetAtomicNum() == 6 and sum(m.GetAtomicNum() > 1 for m in n.GetNeighbors()) > 2
        for n in ring
    )


def _with_bipyridyls(mol: Chem.Mol, groups: list[Group]) -> list[Group]:
    """Pairs of pyridyl nitrogen atoms that can chelate as one group."""
    single = [g.atoms[0] for g in groups if g.kind == "pyridyl"]
    paired: list[tuple[int, ...]] = []
    pattern = Chem.MolFromSmarts("[nX2]:[c;!$(c1:n:c:c:n:c1)]-,:[c]:[nX2]")
    used: set[int] = set()
    for one, c, d, other in mol.GetSubstructMatches(pattern):
        linked = mol.GetBondBetweenAtoms(c, d)
        rings = mol.GetRingInfo()
        same = any(one in r and other in r for r in rings.AtomRings())
        free = one in single and other in single and not {one, other} & used
        if not same and linked is not None and free:
            paired.append((one, other))
            used |= {one, other}
    kept = [g for g in groups if not (g.kind == "pyridyl" and g.atoms[0] in used)]
    return kept + [Group(kind="pyridyl", atoms=p, chelate=True) for p in paired]


def variants(groups: list[Group]) -> list[list[Group]]:
    """Sets of groups that bind together, the likeliest first.

    Acids and azolates bind always, pyridyl rings mostly; hydroxyl, thiol and amine groups beside
    them sometimes; where there is none of these, all that is left binds. Rarely one of the acids
    keeps its proton, all but sulfonic ones do, or everything with a lone pair binds.

    Parameters
    ----------
    groups:
        Groups of :func:`metal_groups`.
    """
    strong = [g for g in groups if g.kind in (*ACIDS, "azolate", "oxalate")]
    rings = [g for g in groups if g.kind == "pyridyl"]
    hydroxyl = [
        g for g in groups if g.kind in ("phenolate", "catecholate", "thiolate", "diketonate")
    ]
    core = [g for g in groups if g.kind == "porphyrin"]
    weak = [g for g in groups if g.kind in ("nitrile", "amine", "diamine", "oxide")]
    if not strong:
        chelating = [g for g in (*hydroxyl, *weak) if g.chelate]
        choices = [rings + chelating, rings, chelating, hydroxyl + rings, weak, core]
    else:
        choices = [strong + rings, strong, strong + rings + hydroxyl, strong + hydroxyl]
    acids = [g for g in strong if g.kind in ACIDS]
    if len(acids) > 2:
        rest = [g for g in groups if g not in acids]
        choices += [[g for g in acids if g is not free] + rest for free in acids[:_LEFT_FREE]]
    choices.append(groups)
    choices += _with_free_acids(groups, acids)
    if core:
        with_core = [c if any(g in c for g in core) else c + core for c in choices if c]
        choices = [
            one
            for c, more in zip(filter(None, choices), with_core, strict=True)
            for one in (c, more)
        ]
    unique: list[list[Group]] = []
    for choice in choices:
        if choice and choice not in unique:
            unique.append(choice)
    return unique


def _with_free_acids(groups: list[Group], acids: list[Group]) -> list[list[Group]]:
    """Further choices: of two acids one keeps its proton, or all but the sulfonic ones do."""
    rest = [g for g in groups if g not in acids]
    found: list[list[Group]] = []
    hydroxyl = ("phenolate", "catecholate")
    if len(acids) == 2 and any(g.kind not in hydroxyl for g in rest):
        found += [[g for g in acids if g is not free] + rest for free in acids]
    sulfonates = [g for g in acids if g.kind == "sulfonate"]
    if sulfonates and len(sulfonates) < len(acids):
        found.append(sulfonates)
    return found
