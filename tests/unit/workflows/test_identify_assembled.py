"""Patterns of frameworks that no library has, named from metal and linker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import find_symmetry
from porescope.datasets.library import Library
from porescope.datasets.making import CardConfig, card_from_crystal
from porescope.datasets.minerals import MINERALS, mineral_cards
from porescope.datasets.store import CardStore
from porescope.datasets.template_store import TemplateStore
from porescope.diffraction.corrupt import CorruptionConfig, corrupt_pattern
from porescope.diffraction.pattern import Pattern
from porescope.errors import PorescopeError
from porescope.workflows.candidate_fits import card_reflections, card_space_group
from porescope.workflows.propose import ProposeConfig, propose_frameworks
from porescope.workflows.solution import SolveResult
from porescope.workflows.solve import SolveConfig, solve_pattern
from small_templates import BIPHENYL, TEREPHTHALIC, write_small

CLEAN = CorruptionConfig(
    start_deg=(4.0, 4.0),
    end_deg=(40.0, 40.0),
    lost_probability=0.0,
    cell_isotropic=0.0,
    cell_axis=0.0,
    fwhm_deg=(0.12, 0.12),
    march=(1.0, 1.0),
    impurity_peaks=0,
    guest_sigma=0.0,
    peak_counts=(20_000.0, 20_000.0),
)
POT = SolveConfig(metals=("Zn",), linkers=(TEREPHTHALIC,), nets=("pcu",), caps=(), max_phases=1)


@pytest.fixture(autouse=True)
def no_nets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porescope.workflows.propose_on_nets._ways", lambda *_: iter(()))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemplateStore]:
    path = tmp_path_factory.mktemp("templates") / "small.sqlite"
    opened = TemplateStore(write_small(path, ids=("EDUSIF", "XISVUR")))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def mof5(store: TemplateStore) -> Crystal:
    """MOF-5 with the measured edge of 25.832 Å."""
    found = propose_frameworks(
        metals=("Zn",),
        linkers=(TEREPHTHALIC,),
        store=store,
        config=ProposeConfig(on_nets=False, n_conformers=2, caps=(), nets=("pcu",)),
    )
    (made,) = [p for p in found if p.template.id == "EDUSIF"]
    lattice = made.crystal.lattice * (25.832 / (2.0**0.5 * made.crystal.parameters[0]))
    return find_symmetry(replace(made.crystal, lattice=lattice), symprec=0.1, symmetrise=True)


@pytest.fixture(scope="module")
def pattern(mof5: Crystal) -> Pattern:
    card = card_from_crystal(mof5, id="x", source="x", config=CardConfig(symprec=0.1))
    return corrupt_pattern(
        card_reflections(card, lattice=card.lattice, kind="xray"),
        lattice=card.lattice,
        rng=np.random.default_rng(1),
        config=CLEAN,
        space_group=card_space_group(card),
        name="mof-5",
    )


@pytest.fixture(scope="module")
def library(mof5: Crystal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Minerals alone."""
    path = tmp_path_factory.mktemp("library") / "small.sqlite"
    cards = list(mineral_cards(config=CardConfig(max_peaks=40)))[:8]
    with CardStore(path, writable=True) as cards_of:
        cards_of.add_source(MINERALS)
        cards_of.add(cards, source=MINERALS.name)
    with Library.open([path]) as opened:
        yield opened


def _with_mof5(folder, mof5: Crystal, *, id: str) -> Library:
    path = folder / f"{id}.sqlite"
    card = card_from_crystal(mof5, id=id, source=MINERALS.name, config=CardConfig(symprec=0.1))
    with CardStore(path, writable=True) as cards_of:
        cards_of.add_source(MINERALS)
        cards_of.add([card], source=MINERALS.name)
    return Library.open([path])


@pytest.fixture(scope="module")
def solved(pattern: Pattern, library: Library, store: TemplateStore) -> SolveResult:
    patch = pytest.MonkeyPatch()
    patch.setattr("porescope.workflows.propose_on_nets._ways", lambda *_: iter(()))
    told: list[str] = []
    result = solve_pattern(
        pattern,
        config=POT,
        library=library,
        templates=store,
        progress=lambda stage, _: told.append(stage),
    )
    patch.undo()
    assert "assembling frameworks" in told
    return result


def test_a_framework_that_the_library_lacks_is_assembled(solved: SolveResult) -> None:
    first = solved.candidates[0]
    assert first.id == "assembled:EDUSIF"
    assert first.source == "assembled:EDUSIF"
    assert first.name == "built pcu, like EDUSIF"
    assert first.rwp < 0.15
    # the assembled edge is off by some tenths; the fit finds the measured one
    assert first.cell[0] == pytest.approx(25.832, abs=0.02)
    assert first.crystal is not None
    assert first.crystal.formula == "C24H12O13Zn4"
    assert first.crystal.parameters[0] == pytest.approx(25.832, abs=0.02)


def test_probabilities_of_both_kinds_sum_to_one(solved: SolveResult) -> None:
    total = solved.none_of_these + sum(c.probability for c in solved.candidates)
    assert total == pytest.approx(1.0, abs=1e-6)
    values = [c.probability for c in solved.candidates]
    assert values == sorted(values, reverse=True)
    assert len({c.id for c in solved.candidates}) == len(solved.candidates)
    assert solved.settings["linker"] == TEREPHTHALIC


def test_what_stands_in_the_library_is_not_named_twice(
    pattern: Pattern, mof5: Crystal, store: TemplateStore, tmp_path
) -> None:
    with _with_mof5(tmp_path, mof5, id="EDUSIF") as known:
        result = solve_pattern(pattern, config=POT, library=known, templates=store)
    assert result.candidates[0].id == "EDUSIF"
    assert "assembled:EDUSIF" not in {c.id for c in result.candidates}


def test_frameworks_known_to_have_other_linkers_are_not_named(
    pattern: Pattern, mof5: Crystal, store: TemplateStore, tmp_path, monkeypatch
) -> None:
    others = {"odd": ("another key",)}
    monkeypatch.setattr(TemplateStore, "linkers_of", lambda self: others)
    with _with_mof5(tmp_path, mof5, id="odd") as known:
        result = solve_pattern(pattern, config=POT, library=known, templates=store)
    assert result.candidates[0].id == "assembled:EDUSIF"
    assert "odd" not in {c.id for c in result.candidates}


def test_templates_that_are_left_out_are_not_built_upon(
    pattern: Pattern, library: Library, store: TemplateStore
) -> None:
    result = solve_pattern(
        pattern,
        config=POT,
        library=library,
        templates=store,
        without_template=lambda entry: entry.id == "EDUSIF",
    )
    assert "assembled:EDUSIF" not in {c.id for c in result.candidates}
    assert result.none_of_these > 0.5


def test_the_wrong_linker_is_not_believed(
    pattern: Pattern, library: Library, store: TemplateStore
) -> None:
    wrong = replace(POT, linkers=(BIPHENYL,))
    result = solve_pattern(pattern, config=wrong, library=library, templates=store)
    best = max((c.probability for c in result.candidates), default=0.0)
    assert result.none_of_these > best


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (replace(POT, linkers=("C1(",)), "SMILES"),
        (replace(POT, linkers=("CCCC",)), "none that could connect"),
        (replace(POT, metals=("Pu",)), "no known kind of framework joins Pu"),
        (replace(POT, nets=("qqq",)), "no net named 'qqq'"),
    ],
)
def test_a_pot_that_makes_nothing_is_said_in_one_sentence(
    pattern: Pattern, library: Library, store: TemplateStore, config: SolveConfig, said: str
) -> None:
    with pytest.raises(PorescopeError, match=said) as caught:
        solve_pattern(pattern, config=config, library=library, templates=store)
    assert "\n" not in str(caught.value)
