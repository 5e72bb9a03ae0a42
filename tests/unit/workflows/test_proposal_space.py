"""Assembled frameworks beside the cards of a library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from porescope.crystal.structure import Crystal
from porescope.datasets.library import Library
from porescope.datasets.making import CardConfig, card_from_crystal
from porescope.datasets.minerals import MINERALS, mineral_cards
from porescope.datasets.store import CardStore
from porescope.datasets.template_store import TemplateStore
from porescope.errors import ParseError
from porescope.workflows.identify import SearchSpace
from porescope.workflows.proposal_space import (
    ASSEMBLED,
    SYMPREC,
    JoinedSpace,
    as_symmetric,
    fitted_proposal,
    join_proposals,
    title_of,
)
from porescope.workflows.propose import Proposal, ProposeConfig, propose_frameworks
from small_templates import BIPHENYL, TEREPHTHALIC, write_small


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    path = tmp_path_factory.mktemp("library") / "small.sqlite"
    with CardStore(path, writable=True) as store:
        store.add_source(MINERALS)
        store.add(list(mineral_cards(config=CardConfig(max_peaks=40)))[:12], source=MINERALS.name)
    with Library.open([path]) as opened:
        yield opened


@pytest.fixture(scope="module")
def proposals(tmp_path_factory: pytest.TempPathFactory) -> list[Proposal]:
    file = tmp_path_factory.mktemp("templates") / "small.sqlite"
    store = TemplateStore(write_small(file, ids=("EDUSIF", "XISVUR")))
    found = [
        proposal
        for metal, linker in (("Zn", TEREPHTHALIC), ("Zn", BIPHENYL), ("Co", TEREPHTHALIC))
        for proposal in propose_frameworks(
            metals=(metal,),
            linkers=(linker,),
            store=store,
            config=ProposeConfig(on_nets=False, max_proposals=10, n_conformers=2),
        )
        if proposal.template.id == "EDUSIF"
    ]
    store.close()
    assert len(found) == 3
    return [replace(p, id=f"{p.id}-{i}") for i, p in enumerate(found)]


@pytest.fixture(scope="module")
def joined(library: Library, proposals: list[Proposal]) -> JoinedSpace:
    return join_proposals(SearchSpace(library=library, table=library.peak_table()), proposals)


def test_cards_of_both_kinds_stand_in_one_table(
    library: Library, joined: JoinedSpace, proposals: list[Proposal]
) -> None:
    table, known = joined.space.table, library.peak_table()
    assert known.n_cards == 12
    assert table.n_cards == 15
    assert joined.assembled.tolist() == 12 * [False] + 3 * [True]
    assert list(joined.proposals) == [p.id for p in proposals]
    assert len(set(table.ids.tolist())) == 15
    assert table.ids.dtype == known.ids.dtype
    assert table.offsets[-1] == len(table.hkl) == len(table.intensity_xray)
    assert len(table.intensity_neutron) == len(table.hkl)
    np.testing.assert_array_equal(table.hkl[: len(known.hkl)], known.hkl)
    for row, card in enumerate(joined.space.library.cards(table.ids)):
        np.testing.assert_allclose(table.lattices[row], card.lattice)
        assert table.space_groups[row] == card.space_group_number
        low, high = table.offsets[row], table.offsets[row + 1]
        np.testing.assert_array_equal(table.hkl[low:high], card.hkl)
        np.testing.assert_allclose(table.intensity_xray[low:high], card.intensity_xray, rtol=1e-5)
        assert (card.source == ASSEMBLED) == bool(joined.assembled[row])


def test_cards_come_in_the_order_asked_for(joined: JoinedSpace) -> None:
    ids = joined.space.table.ids[[13, 2, 14, 0]]
    cards = joined.space.library.cards(ids)
    assert [card.source == ASSEMBLED for card in cards] == [True, False, True, False]
    assert [c.id for c in joined.space.library.cards(ids[::-1])] == [c.id for c in cards][::-1]


def test_frameworks_and_those_alike_but_for_the_metal_share_a_code(
    library: Library, joined: JoinedSpace
) -> None:
    ids = joined.space.table.ids
    framework, group = joined.space.library.framework_codes(ids)
    known, alike = library.framework_codes(ids[:12])
    assert [(framework[:12] == c).tolist() for c in framework[:12]] == [
        (known == c).tolist() for c in known
    ]
    assert [(group[:12] == c).tolist() for c in group[:12]] == [
        (alike == c).tolist() for c in alike
    ]
    assert not set(framework[12:].tolist()) & set(framework[:12].tolist())
    zinc, biphenyl, cobalt = framework[12:].tolist()
    assert len({zinc, biphenyl, cobalt}) == 3
    assert group[12] == group[14] != group[13]


def test_twins_are_named_once(library: Library, proposals: list[Proposal]) -> None:
    space = SearchSpace(library=library, table=library.peak_table())
    first = proposals[0]
    twin = replace(first, id="assembled:twin")
    wide = replace(first.crystal, lattice=1.03 * first.crystal.lattice)
    wider = replace(first, id="assembled:wider", crystal=wide)
    both = join_proposals(space, [first, twin, wider])
    assert list(both.proposals) == [first.id, "assembled:wider"]


def test_nothing_assembled_leaves_the_table_as_it_is(library: Library) -> None:
    space = SearchSpace(library=library, table=library.peak_table())
    none = join_proposals(space, [])
    assert none.space.table is space.table
    assert not none.assembled.any()


def test_what_gives_no_card_is_left_out(
    library: Library, proposals: list[Proposal], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ParseError("no peaks")

    monkeypatch.setattr("porescope.workflows.proposal_space.card_from_crystal", fails)
    space = SearchSpace(library=library, table=library.peak_table())
    assert not join_proposals(space, proposals).proposals


def test_a_shaken_framework_takes_the_symmetry_that_it_nearly_has(
    proposals: list[Proposal],
) -> None:
    crystal = proposals[0].crystal
    assert as_symmetric(crystal).space_group.number == 225
    noise = 0.03 * np.random.default_rng(0).normal(size=crystal.frac.shape)
    shaken = replace(crystal, frac=crystal.frac + noise @ np.linalg.inv(crystal.lattice))
    found = as_symmetric(shaken)
    assert found.space_group.number == 225
    shift = found.frac - shaken.frac
    assert np.linalg.norm((shift - np.rint(shift)) @ shaken.lattice, axis=1).max() < 0.6


def test_without_symmetry_a_crystal_stays_as_it_is() -> None:
    rng = np.random.default_rng(1)
    crystal = Crystal(
        lattice=np.array([[7.0, 0.0, 0.0], [1.2, 8.0, 0.0], [0.7, 1.9, 9.1]]),
        frac=rng.random((9, 3)),
        numbers=np.array([6, 7, 8, 30, 6, 6, 17, 8, 7]),
        occupancy=np.ones(9),
        u_iso=np.full(9, np.nan),
    )
    assert as_symmetric(crystal) is crystal


def test_titles_say_net_copies_and_relative(proposals: list[Proposal]) -> None:
    first = proposals[0]
    assert title_of(first) == "built pcu, like EDUSIF"
    twofold = replace(first, template=replace(first.template, interpenetration=2, net_name=""))
    assert title_of(twofold) == "built framework, 2-fold, like EDUSIF"


def test_a_fitted_framework_has_the_fitted_cell(proposals: list[Proposal]) -> None:
    crystal = proposals[0].crystal
    card = card_from_crystal(
        as_symmetric(crystal), id="x", source=ASSEMBLED, config=CardConfig(symprec=SYMPREC)
    )
    lattice = 1.01 * card.lattice
    fitted = fitted_proposal(card, lattice, crystal)
    np.testing.assert_array_equal(fitted.lattice, lattice)
    assert fitted.n_atoms == 424
    assert fitted.formula == crystal.formula
    # a card of another symmetry says nothing about where the atoms are
    other = replace(card, space_group_number=1)
    assert fitted_proposal(other, lattice, crystal) is crystal


def test_other_cells_of_assembled_frameworks_stand_in_table_and_cards(joined: JoinedSpace) -> None:
    rows = np.array([14, 12])
    lattices = joined.space.table.lattices[rows] * np.array([1.01, 0.98])[:, None, None]
    other = joined.with_cells(rows, lattices)
    np.testing.assert_array_equal(other.space.table.lattices[rows], lattices)
    same = np.setdiff1d(np.arange(15), rows)
    np.testing.assert_array_equal(
        other.space.table.lattices[same], joined.space.table.lattices[same]
    )
    ids = joined.space.table.ids
    old, new = (space.space.library.cards(ids) for space in (joined, other))
    for row, (one, two) in enumerate(zip(old, new, strict=True)):
        factor = {12: 0.98, 14: 1.01}.get(row, 1.0)
        assert two.cell[:3] == pytest.approx([factor * edge for edge in one.cell[:3]], rel=1e-5)
        assert two.cell[3:] == pytest.approx(one.cell[3:])
    assert [card.id for card in new] == [card.id for card in old]


def test_frameworks_in_indexed_cells_are_known(library: Library, proposals: list[Proposal]) -> None:
    placed = replace(proposals[1], indexed_cell=0)
    space = SearchSpace(library=library, table=library.peak_table())
    joined = join_proposals(space, [proposals[0], placed, proposals[2]])
    assert joined.in_indexed_cells.tolist() == 12 * [False] + [False, True, False]
    more = join_proposals(space, [replace(placed, id="assembled:later")])
    both, moved = joined.extended(more)
    assert both.in_indexed_cells.tolist() == [*joined.in_indexed_cells.tolist(), True]
    assert moved == {12: 15}
