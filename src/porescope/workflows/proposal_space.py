"""Assembled frameworks as cards beside the library's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int

from porescope.crystal.lattice import parameters_from_lattice
from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import find_symmetry, standardise
from porescope.datasets.cards import PowderCard, cell_tuple, element_mask
from porescope.datasets.library import CardTable, Library
from porescope.datasets.making import CardConfig, card_from_crystal
from porescope.errors import ParseError
from porescope.workflows.identify import SearchSpace

if TYPE_CHECKING:
    from porescope.workflows.propose import Proposal

_FIRST = 1 << 60
"""Number of the first assembled card; the library's own are far below."""
SYMPREC = 0.15
"""Symmetry of assembled frameworks is looked for with this tolerance [Å]."""
_MOVED = 0.6
"""No atom moves farther for the sake of symmetry [Å]."""
ASSEMBLED = "assembled"
"""Source of the cards."""


class LibraryWithProposals(Library):
    """A library and, behind it, cards that are held in memory.

    Parameters
    ----------
    library:
        The library.
    cards:
        Cards of assembled frameworks.
    proposals:
        What they were made of, by the cards' identifiers.
    """

    def __init__(
        self,
        library: Library,
        cards: Sequence[PowderCard],
        proposals: Mapping[str, Proposal],
    ) -> None:
        super().__init__(library.stores)
        self.extra = tuple(cards)
        self.proposals = dict(proposals)

    @property
    def n_assembled(self) -> int:
        """Number of assembled frameworks."""
        return len(self.extra)

    def cards(self, ids: Sequence[int] | Int[np.ndarray, "n"]) -> list[PowderCard]:
        """Whole cards by their numbers, in the order asked for."""
        return [
            self.extra[int(i) - _FIRST]
            if int(i) >= _FIRST
            else super(LibraryWithProposals, self).cards([int(i)])[0]
            for i in ids
        ]

    def framework_codes(
        self, ids: Int[np.ndarray, "cards"]
    ) -> tuple[Int[np.ndarray, "cards"], Int[np.ndarray, "cards"]]:
        """Which cards are the same framework, and which are so but for the metal."""
        own = ids >= _FIRST
        result = (np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=np.int64))
        known = super().framework_codes(ids[~own])
        for codes, found, key in zip(result, known, ("framework", "group"), strict=True):
            codes[~own] = found
            first = int(found.max()) + 1 if len(found) else 0
            names: dict[str, int] = {}
            for place in np.flatnonzero(own):
                text = getattr(self.extra[int(ids[place]) - _FIRST], key)
                codes[place] = first + names.setdefault(text, len(names))
        return result


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class JoinedSpace:
    """Library cards and assembled ones in one table."""

    space: SearchSpace
    """What is searched."""
    assembled: Bool[np.ndarray, "cards"]
    """Which rows are assembled."""
    proposals: Mapping[str, Proposal]
    """The proposals, by the identifiers of their cards."""

    def named(self, test: Callable[[str], bool]) -> Bool[np.ndarray, "cards"]:
        """Which rows are assembled frameworks whose names pass a test.

        Parameters
        ----------
        test:
            Told the identifier of a card.
        """
        library = self.space.library
        assert isinstance(library, LibraryWithProposals)
        result = self.assembled.copy()
        numbers = self.space.table.ids[self.assembled] - _FIRST
        result[self.assembled] = [test(library.extra[int(n)].id) for n in numbers]
        return result

    def with_cells(
        self, rows: Int[np.ndarray, "rows"], lattices: Float[np.ndarray, "rows 3 3"]
    ) -> JoinedSpace:
        """The same with other cells of some assembled frameworks, their settings kept.

        Parameters
        ----------
        rows:
            Rows in the table.
        lattices:
            Their cells [Å].
        """
        library = self.space.library
        assert isinstance(library, LibraryWithProposals)
        table = self.space.table
        cells = table.lattices.copy()
        cells[rows] = lattices
        cards = list(library.extra)
        for row, lattice in zip(rows.tolist(), lattices, strict=True):
            place = int(table.ids[row]) - _FIRST
            cell = cell_tuple(parameters_from_lattice(lattice))
            cards[place] = replace(cards[place], cell=cell)
        return replace(
            self,
            space=SearchSpace(
                library=LibraryWithProposals(library, cards, library.proposals),
                table=replace(table, lattices=cells),
            ),
        )

    def extended(self, more: JoinedSpace) -> tuple[JoinedSpace, dict[int, int]]:
        """The same with further assembled frameworks at the end.

        Parameters
        ----------
        more:
            The same library with other proposals.

        Returns
        -------
        :
            All together, and for each row of an assembled framework in ``more`` its new row.
        """
        mine, theirs = self.space.library, more.space.library
        assert isinstance(mine, LibraryWithProposals)
        assert isinstance(theirs, LibraryWithProposals)
        table = _appended(self.space.table, theirs.extra, first=len(mine.extra))
        rows = np.flatnonzero(more.assembled)
        new = np.arange(len(rows)) + self.space.table.n_cards
        proposals = {**self.proposals, **more.proposals}
        library = LibraryWithProposals(mine, (*mine.extra, *theirs.extra), proposals)
        joined = JoinedSpace(
            space=SearchSpace(library=library, table=table),
            assembled=table.ids >= _FIRST,
            proposals=proposals,
        )
        return joined, dict(zip(rows.tolist(), new.tolist(), strict=True))


def join_proposals(space: SearchSpace, proposals: Sequence[Proposal]) -> JoinedSpace:
    """Put assembled frameworks behind the cards of a search.

    Of proposals with one bond graph and nearly one cell the first stays.

    Parameters
    ----------
    space:
        Cards of the library.
    proposals:
        Assembled frameworks, the most promising first.
    """
    cards: list[PowderCard] = []
    kept: dict[str, Proposal] = {}
    for proposal in proposals:
        card = _card(proposal)
        if card is None or any(_twins(card, other) for other in cards):
            continue
        cards.append(card)
        kept[card.id] = proposal
    table = _appended(space.table, cards)
    library = LibraryWithProposals(space.library, cards, kept)
    return JoinedSpace(
        space=SearchSpace(library=library, table=table),
        assembled=table.ids >= _FIRST,
        proposals=kept,
    )


def as_symmetric(crystal: Crystal) -> Crystal:
    """An assembled framework with the highest symmetry that it nearly has.

    Shapes of linkers and nodes of other frameworks break symmetries that the framework would
    have; a symmetry is taken where no atom moves far for it.

    Parameters
    ----------
    crystal:
        The framework, P1.
    """
    for tolerance in (0.6, 0.3):
        found = find_symmetry(crystal, symprec=tolerance, symmetrise=True)
        if found.space_group.n_ops < 2:
            return crystal
        shift = found.frac - crystal.frac
        moved = np.linalg.norm((shift - np.rint(shift)) @ crystal.lattice, axis=1)
        if float(moved.max()) < _MOVED and float(np.sqrt(np.mean(moved**2))) < _MOVED / 3.0:
            return found
    return crystal


def title_of(proposal: Proposal) -> str:
    """What to call an assembled framework: its net, and the known one that it is built like.

    Parameters
    ----------
    proposal:
        The framework.
    """
    entry = proposal.template
    net = entry.net_name or "framework"
    copies = f", {entry.interpenetration}-fold" if entry.interpenetration > 1 else ""
    return f"built {net}{copies}, like {entry.id}"


def fitted_proposal(
    card: PowderCard, lattice: Float[np.ndarray, "3 3"], crystal: Crystal
) -> Crystal:
    """An assembled framework in the cell that the fit found.

    Parameters
    ----------
    card:
        Its card.
    lattice:
        The fitted cell, in the setting of the card [Å].
    crystal:
        The framework as it was assembled.
    """
    standard = standardise(as_symmetric(crystal), symprec=SYMPREC)
    if standard.space_group.number != card.space_group_number:
        return crystal
    return replace(standard, lattice=lattice)


def _card(proposal: Proposal) -> PowderCard | None:
    try:
        card = card_from_crystal(
            as_symmetric(proposal.crystal),
            id=proposal.id,
            source=ASSEMBLED,
            config=CardConfig(symprec=SYMPREC),
        )
    except ParseError:
        return None
    # cells of different symmetry are fitted each on its own: one with many lines fits anything
    variant = f"{card.net_hash} {card.space_group_number}"
    return replace(card, framework=variant, group=card.net_hash_metals_alike)


def _twins(card: PowderCard, other: PowderCard) -> bool:
    same = card.net_hash == other.net_hash and card.space_group_number == other.space_group_number
    return same and bool(np.allclose(card.cell, other.cell, rtol=0.006))


def _appended(table: CardTable, cards: Sequence[PowderCard], *, first: int = 0) -> CardTable:
    """The table with more cards at its end, the first of them with this place in the library."""
    if not cards:
        return table
    counts = [card.n_peaks for card in cards]
    return CardTable(
        ids=np.concatenate([table.ids, _FIRST + first + np.arange(len(cards))]),
        lattices=np.concatenate([table.lattices, np.stack([card.lattice for card in cards])]),
        space_groups=np.concatenate(
            [
                table.space_groups,
                np.array([c.space_group_number for c in cards], dtype=table.space_groups.dtype),
            ]
        ),
        offsets=np.concatenate([table.offsets, table.offsets[-1] + np.cumsum(counts)]),
        hkl=np.concatenate([table.hkl, *(c.hkl.astype(np.int16) for c in cards)]),
        intensity_xray=np.concatenate(
            [table.intensity_xray, *(c.intensity_xray.astype(np.float32) for c in cards)]
        ),
        intensity_neutron=np.concatenate(
            [table.intensity_neutron, *(c.intensity_neutron.astype(np.float32) for c in cards)]
        ),
        elements=np.concatenate(
            [
                table.elements,
                np.array([element_mask(c.elements) for c in cards], dtype=table.elements.dtype),
            ]
        ),
    )
