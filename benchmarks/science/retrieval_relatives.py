"""Which frameworks of the library are relatives: another metal, or another group on a linker.

Another metal: the same bond graph but for the metals, as the library's groups have it. Another
group: the same net and interpenetration, the same nodes, links and metals, linkers that bind with
the same ends, and the same linkers once groups that bind nothing in either (halogens, hydroxyl,
amino, nitro, alkyl, alkoxy, sulfonic acid) are taken off. Both are of the templates that
come with the package, which hold the frameworks that could be taken apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from rdkit import Chem

from porescope.datasets.template_store import TemplateEntry, TemplateStore
from porescope.workflows.identify import SearchSpace

GROUPS = tuple(
    Chem.MolFromSmarts(text)
    for text in (
        "[F,Cl,Br,I;D1]",
        "[$([NX3,NX4+](=O)[#6])](=O)[#8;D1]",
        "[$([NX3+](=O)[O-])](=O)[O-]",
        "[NX3H2;$(Nc)]",
        "[$([SX4](=O)(=O)([OX2H])[#6])](=O)(=O)[OX2H]",
        "[OX2H;$(Oc)]",
        "[CH3;$([CH3][#6,#8])]",
    )
)
"""Groups of which nothing else hangs."""


@cache
def core_of_linker(smiles: str) -> str:
    """A linker without its groups, as canonical SMILES; itself where nothing would be left.

    Parameters
    ----------
    smiles:
        The linker, its acids with their hydrogen.
    """
    made = Chem.MolFromSmiles(smiles)
    if made is None:
        return smiles
    for _ in range(made.GetNumAtoms()):
        before = made.GetNumAtoms()
        for group in GROUPS:
            shorter = Chem.DeleteSubstructs(made, group)
            if shorter.GetNumAtoms() == 0:
                break
            try:
                Chem.SanitizeMol(shorter)
            except (Chem.KekulizeException, Chem.AtomValenceException):
                continue
            made = shorter
        if made.GetNumAtoms() == before:
            break
    return Chem.MolToSmiles(made)


@dataclass(frozen=True, kw_only=True, eq=False)
class Relatives:
    """Cards of a search space that are alike."""

    space: SearchSpace
    templates: dict[int, TemplateEntry]
    """By row."""
    frames: dict[tuple[object, ...], list[int]]
    """Rows of the same net, interpenetration, nodes and links."""

    def same_group(self, row: int) -> np.ndarray:
        """Its own cards and those with another metal."""
        groups = self.space.codes[1]
        return groups == groups[row]

    def other_metal(self, row: int) -> np.ndarray:
        """Cards of the same net and linkers with another metal."""
        frameworks = self.space.codes[0]
        return self.same_group(row) & (frameworks != frameworks[row])

    def other_group(self, row: int) -> np.ndarray:
        """Cards of the same net, nodes and metals whose linkers carry other groups."""
        own = self.templates.get(row)
        alike = [
            other
            for other in self._alike(row)
            if own is not None
            and self.templates[other].metals == own.metals
            and self.templates[other].keys != own.keys
        ]
        return self._with_their_cards(alike) & ~self.same_group(row)

    def whole_family(self, row: int) -> np.ndarray:
        """Its own cards and those of all relatives, whatever their metal or group."""
        return self.same_group(row) | self._with_their_cards(self._alike(row))

    def _alike(self, row: int) -> list[int]:
        """Rows of templates with the same frame and the same linkers but for their groups."""
        own = self.templates.get(row)
        if own is None:
            return []
        cores = cores_of(own)
        return [r for r in self.frames[frame_of(own)] if cores_of(self.templates[r]) == cores]

    def _with_their_cards(self, rows: Sequence[int]) -> np.ndarray:
        frameworks = self.space.codes[0]
        return np.isin(frameworks, frameworks[list(rows)])


def relatives_of(space: SearchSpace, *, store: TemplateStore | None = None) -> Relatives:
    """What the templates say of the cards of a space.

    Parameters
    ----------
    space:
        The cards.
    store:
        The templates; by default those that come with the package.
    """
    entries = {entry.id: entry for entry in (store or TemplateStore()).entries()}
    rows = {int(number): row for row, number in enumerate(space.table.ids)}
    frames: dict[tuple[object, ...], list[int]] = defaultdict(list)
    templates: dict[int, TemplateEntry] = {}
    for card in space.library.entries():
        entry = entries.get(card.id)
        if entry is None or not entry.linkers or card.number not in rows:
            continue
        row = rows[card.number]
        templates[row] = entry
        frames[frame_of(entry)].append(row)
    return Relatives(space=space, templates=templates, frames=frames)


def frame_of(entry: TemplateEntry) -> tuple[object, ...]:
    """What relatives share beside their linkers."""
    return (entry.net_key, entry.interpenetration, entry.shape)


def cores_of(entry: TemplateEntry) -> tuple[tuple[str, str], ...]:
    """The linkers without their groups, each with the ends that it binds with."""
    return tuple(sorted(zip(map(core_of_linker, entry.linkers), entry.sites, strict=False)))
