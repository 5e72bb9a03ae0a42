"""The nearest frameworks of crystals and patterns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from porescope.crystal.structure import Crystal
from porescope.crystal.transform import supercell
from porescope.datasets.library import Library
from porescope.diffraction.corrupt import ideal_pattern
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.radiation import Radiation, radiation_from_name
from porescope.errors import ConfigError, ParseError
from porescope.io.cif_write import write_cif
from porescope.models.checkpoint import read_card, write_checkpoint
from porescope.workflows.similar import similar_frameworks
from porescope.workflows.similar_result import SimilarConfig
from tiny_space import own_crystal


@pytest.fixture
def ask(tiny_space, own_cache):
    def call(source, *, weights=tiny_space.weights, **known):
        with Library.open([tiny_space.library]) as library:
            return similar_frameworks(
                source, config=SimilarConfig(**known), library=library, weights=weights
            )

    return call


def test_a_crystal_finds_itself_whatever_its_cell(ask, tmp_path: Path) -> None:
    path = tmp_path / "asked.cif"
    write_cif(supercell(own_crystal(2), repeats=(1, 2, 1)), path)
    found = ask(path, n=3)
    assert found.kind == "crystal"
    assert [one.rank for one in found.frameworks] == [1, 2, 3]
    first = found.frameworks[0]
    assert (first.id, first.line_match) == ("own-2", None)
    assert first.similarity == pytest.approx(1.0, abs=2e-3)
    assert found.prepared is None
    assert found.n_searched == 8
    assert "small" in found.settings["weights"]


def test_a_pattern_has_the_card_search_beside_it(ask) -> None:
    found = ask(ideal_pattern(own_crystal(3)), n=8)
    assert found.kind == "pattern"
    assert len(found.frameworks) == 8
    similarity = [one.similarity for one in found.frameworks]
    assert similarity == sorted(similarity, reverse=True)
    matches = {one.id: one.line_match for one in found.frameworks}
    assert max(matches, key=lambda name: matches[name] or 0.0) == "own-3"
    assert found.prepared is not None
    assert found.prepared.peaks.n_peaks > 6
    assert not found.warnings


def test_elements_leave_out_other_cards(ask) -> None:
    pattern = ideal_pattern(own_crystal(1))
    found = ask(pattern, metals=("Zn",), n=8)
    assert {one.id for one in found.frameworks} == {"own-1", "own-5"}
    assert found.n_searched == 2
    assert found.settings["metal"] == "Zn"
    assert ask(pattern, formula="ZnC2O2").n_searched == 2
    assert ask(pattern, elements=("Zn", "Cu", "C", "O")).n_searched == 4
    with pytest.raises(ConfigError, match="no card of the library agrees with U"):
        ask(pattern, metals=("U",))
    with pytest.raises(ConfigError, match="'Xx' is no element"):
        ask(pattern, formula="XxC2")


def test_what_the_user_tells_moves_the_query(ask) -> None:
    pattern = ideal_pattern(own_crystal(1))
    alone = ask(pattern).embedding
    assert not np.allclose(alone, ask(pattern, elements=("Zn", "C", "O")).embedding)
    np.testing.assert_array_equal(alone, ask(pattern, metals=("Zn",)).embedding)


def test_a_pattern_without_peaks_is_refused(ask) -> None:
    angles = np.linspace(5.0, 50.0, 2000)
    noise = np.random.default_rng(0).poisson(100.0, size=2000).astype(float)
    flat = Pattern(
        two_theta_deg=angles,
        intensity=noise,
        sigma=np.sqrt(noise + 1.0),
        radiation=radiation_from_name("CuKa"),
    )
    with pytest.raises(ConfigError, match=r"no peak stands above the noise between 5.0 and 50.0°"):
        ask(flat)


def test_few_peaks_and_neutrons_are_said(ask) -> None:
    pattern = ideal_pattern(own_crystal(1))
    short = ask(pattern, two_theta_range_deg=(5.0, 12.0))
    assert any("so few fit many frameworks" in text for text in short.warnings)
    neutron = Radiation(kind="neutron", wavelengths=(1.540593,))
    assert any("X-ray" in text for text in ask(pattern, radiation=neutron).warnings)


def test_unknown_elements_are_counted_or_refused(ask) -> None:
    crystal = own_crystal(1)
    numbers = crystal.numbers.copy()
    numbers[0] = 0
    said = ask(replace(crystal, numbers=numbers)).warnings
    assert said == ("1 atom is of no known element and left out.",)
    with pytest.raises(ConfigError, match="no atom of the crystal 'own-1' is of a known element"):
        ask(replace(crystal, numbers=np.zeros(5, dtype=np.int64)))


def test_ten_thousand_atoms_are_no_trouble(ask) -> None:
    rng = np.random.default_rng(1)
    n = 10_000
    crystal = Crystal(
        lattice=np.eye(3) * 48.0,
        frac=rng.uniform(size=(n, 3)),
        numbers=rng.choice([30, 8, 6], size=n),
        occupancy=np.ones(n),
        u_iso=np.full(n, 0.02),
        name="large",
    )
    assert len(ask(crystal, n=2).frameworks) == 2


def test_a_cif_without_atoms_is_read_as_a_pattern_or_refused(ask, tmp_path: Path) -> None:
    path = tmp_path / "empty.cif"
    path.write_text("data_nothing\n_cell_length_a 5\n")
    with pytest.raises(ParseError, match=r"empty\.cif"):
        ask(path)


def test_of_a_cif_with_both_the_pattern_can_be_asked_for(ask, tmp_path: Path) -> None:
    path = tmp_path / "both.cif"
    write_cif(own_crystal(3), path)
    pattern = ideal_pattern(own_crystal(3))
    rows = "".join(
        f"{x:.4f} {y:.1f}\n" for x, y in zip(pattern.two_theta_deg, pattern.intensity, strict=True)
    )
    path.write_text(
        path.read_text() + "\nloop_\n_pd_meas_2theta_scan\n_pd_meas_counts_total\n" + rows
    )
    copper = radiation_from_name("CuKa1")
    assert ask(path, n=1).kind == "crystal"
    assert ask(path, n=1, as_pattern=True, radiation=copper).kind == "pattern"


def test_weights_of_another_version_are_refused_by_name(ask, tiny_space, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    card = replace(read_card(tiny_space.weights), preset_version=99)
    write_checkpoint(tmp_path / "old", load_file(tiny_space.weights), card=card)
    with pytest.raises(ConfigError, match=r"old\.safetensors was trained with version 99"):
        ask(own_crystal(0), weights=tmp_path / "old")
    newer = replace(read_card(tiny_space.weights), schema=99)
    write_checkpoint(tmp_path / "new", load_file(tiny_space.weights), card=newer)
    with pytest.raises(ParseError, match="newer porescope"):
        ask(own_crystal(0), weights=tmp_path / "new")


def test_config_refuses_what_cannot_be() -> None:
    with pytest.raises(ConfigError, match="n must be between"):
        SimilarConfig(n=0)


def test_the_files_say_the_same(ask, tmp_path: Path) -> None:
    from porescope.apps.cli.show_similar import similar_json, write_similar

    found = ask(ideal_pattern(own_crystal(3)), n=4)
    write_similar(found, tmp_path / "out", file="<b>scan</b>.xy")
    record = json.loads((tmp_path / "out" / "similar.json").read_text())
    assert record == json.loads(similar_json(found, file="<b>scan</b>.xy"))
    assert [one["id"] for one in record["frameworks"]] == [one.id for one in found.frameworks]
    lines = (tmp_path / "out" / "similar.csv").read_text().splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("rank,id,name,formula,space_group,a,b,c,alpha")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<b>scan" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert not (tmp_path / "out" / "map.html").exists()
