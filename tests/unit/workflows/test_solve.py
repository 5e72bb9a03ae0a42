"""Solve on a small library: the right answer, further phases, what the user is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.cards import PowderCard
from porescope.datasets.library import Library
from porescope.datasets.minerals import MINERALS, mineral_cards
from porescope.datasets.store import CardStore
from porescope.diffraction.corrupt import CorruptionConfig, corrupt_pattern
from porescope.diffraction.pattern import Pattern
from porescope.errors import ConfigError, ParseError
from porescope.workflows.candidate_fits import card_reflections, card_space_group
from porescope.workflows.solve import SolveConfig, solve_pattern

CLEAN = CorruptionConfig(
    start_deg=(10.0, 10.0),
    end_deg=(60.0, 60.0),
    lost_probability=0.0,
    cell_isotropic=0.004,
    cell_axis=0.0,
    fwhm_deg=(0.12, 0.12),
    march=(1.0, 1.0),
    impurity_peaks=0,
    guest_sigma=0.0,
    peak_counts=(20_000.0, 20_000.0),
)


@pytest.fixture(scope="module")
def cards() -> list[PowderCard]:
    return list(mineral_cards())


@pytest.fixture(scope="module")
def library(cards: list[PowderCard], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    path = tmp_path_factory.mktemp("library") / "small.sqlite"
    with CardStore(path, writable=True) as store:
        store.add_source(MINERALS)
        store.add(cards, source=MINERALS.name)
    with Library.open([path]) as opened:
        yield opened


def _pattern(card: PowderCard, seed: int = 1) -> Pattern:
    return corrupt_pattern(
        card_reflections(card, lattice=card.lattice, kind="xray"),
        lattice=card.lattice,
        rng=np.random.default_rng(seed),
        config=CLEAN,
        space_group=card_space_group(card),
        name=card.id,
    )


def _card(cards: list[PowderCard], word: str) -> PowderCard:
    return next(c for c in cards if word in c.title.lower())


@pytest.mark.parametrize("word", ["quartz", "corundum", "anatase", "calcite"])
def test_known_substance_is_first(library: Library, cards: list[PowderCard], word: str) -> None:
    card = _card(cards, word)
    stages: list[str] = []
    result = solve_pattern(
        _pattern(card), library=library, progress=lambda stage, share: stages.append(stage)
    )
    assert result.candidates[0].id == card.id
    assert result.candidates[0].rwp < 0.25
    assert [c.rank for c in result.candidates] == list(range(1, len(result.candidates) + 1))
    total = sum(c.probability for c in result.candidates) + result.none_of_these
    assert total == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(
        result.candidates[0].cell[0], card.cell[0], rtol=0.005
    )  # the corruption changes the cell by up to 0.4 %
    assert stages[-1] == "done"
    assert word in result.verdict.lower()
    assert result.methods


def test_second_phase_is_named(library: Library, cards: list[PowderCard]) -> None:
    first, second = _pattern(_card(cards, "corundum")), _pattern(_card(cards, "zincite"))
    mixed = replace(
        first,
        intensity=first.intensity + 0.25 * second.intensity,
        sigma=np.sqrt(first.sigma**2 + 0.0625 * second.sigma**2),
    )
    result = solve_pattern(mixed, library=library)
    assert "corundum" in result.candidates[0].name.lower()
    assert any("zincite" in phase.name.lower() for phase in result.phases)
    assert any("zincite" in peak.assigned_to.lower() for peak in result.unexplained_peaks)


def test_single_phase_has_no_second(library: Library, cards: list[PowderCard]) -> None:
    result = solve_pattern(_pattern(_card(cards, "corundum")), library=library)
    assert result.phases == ()


def test_wavelength_is_never_assumed(library: Library, cards: list[PowderCard]) -> None:
    silent = replace(_pattern(cards[0]), radiation=None)
    with pytest.raises(ConfigError, match="--wavelength"):
        solve_pattern(silent, library=library)


def test_elements_that_no_card_has(library: Library, cards: list[PowderCard]) -> None:
    with pytest.raises(ConfigError, match="no card"):
        solve_pattern(_pattern(cards[0]), library=library, config=SolveConfig(metals=("Xe",)))


def test_range_without_data(library: Library, cards: list[PowderCard]) -> None:
    config = SolveConfig(two_theta_range_deg=(100.0, 110.0))
    with pytest.raises(ConfigError, match="holds 0 points"):
        solve_pattern(_pattern(cards[0]), library=library, config=config)


def test_noise_alone_is_refused(library: Library) -> None:
    rng = np.random.default_rng(0)
    angles = np.arange(5.0, 40.0, 0.02)
    counts = rng.poisson(200.0, size=len(angles)).astype(np.float64)
    template = _pattern(next(iter(mineral_cards())))
    flat = replace(
        template, two_theta_deg=angles, intensity=counts, sigma=np.sqrt(np.maximum(counts, 1.0))
    )
    with pytest.raises(ConfigError, match="no peak"):
        solve_pattern(flat, library=library)


def test_files_that_do_not_exist(library: Library, tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="no such file"):
        solve_pattern(tmp_path / "nothing.xy", library=library)
