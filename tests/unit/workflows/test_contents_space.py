"""Presets that read atoms or beads, in use."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from porescope.apps.report.similar_page import similar_html  # noqa: E402
from porescope.datasets.library import Library  # noqa: E402
from porescope.datasets.retrieval_atoms import (  # noqa: E402
    card_key,
    contents_of_crystal,
    stored_contents,
)
from porescope.datasets.structure_store import StructureStore  # noqa: E402
from porescope.diffraction.corrupt import ideal_pattern  # noqa: E402
from porescope.diffraction.prepare import prepare_pattern  # noqa: E402
from porescope.diffraction.radiation import radiation_from_name  # noqa: E402
from porescope.errors import ConfigError  # noqa: E402
from porescope.models.checkpoint import read_card, write_checkpoint  # noqa: E402
from porescope.models.registry import build_model, config_from_dict, preset_named  # noqa: E402
from porescope.workflows.contents_space import (  # noqa: E402
    Ingredients,
    inputs_with_profile,
    looked_at,
    profile_grid_deg,
    profile_of,
)
from porescope.workflows.library_space import LibrarySpace  # noqa: E402
from porescope.workflows.retrieval import RetrievalIndex  # noqa: E402
from porescope.workflows.similar import similar_frameworks  # noqa: E402
from porescope.workflows.similar_result import SimilarConfig  # noqa: E402
from tiny_space import own_crystal  # noqa: E402


def small_weights(folder: Path, like: Path, preset: str, **settings) -> Path:
    known = preset_named(preset)
    config = config_from_dict(known, settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build_model(known, config=config)
    card = replace(
        read_card(like), preset=preset, preset_version=known.version, config=asdict(config)
    )
    return write_checkpoint(folder / preset, model.state_dict(), card=card)


@pytest.fixture
def xtalnet(tiny_space, tmp_path: Path) -> tuple[Path, Path]:
    """Weights of a preset that reads atoms, and the atoms."""
    rows = [
        stored_contents(
            contents_of_crystal(own_crystal(seed)), key=card_key("own", f"own-{seed}"), source="own"
        )
        for seed in range(1, 8)
    ]
    with StructureStore(tmp_path / "contents.sqlite", writable=True) as store:
        store.add(rows)
    settings = {"width": 16, "pattern_layers": 1, "crystal_layers": 1, "heads": 2}
    weights = small_weights(
        tmp_path, tiny_space.weights, "xtalnet", feed_forward=16, frequencies=4, **settings
    )
    return weights, tmp_path / "contents.sqlite"


def test_contents_are_embedded_once(tiny_space, own_cache: Path, xtalnet) -> None:
    weights, contents = xtalnet
    pattern = ideal_pattern(own_crystal(1))
    said: list[str] = []
    with Library.open([tiny_space.library]) as library:
        ask = {"library": library, "weights": weights, "contents": contents}
        first = similar_frameworks(pattern, progress=lambda stage, share: said.append(stage), **ask)
        assert "embedding the library" in said
        assert len(first.frameworks) == len(first.space.index) == 7
        said.clear()
        again = similar_frameworks(pattern, progress=lambda stage, share: said.append(stage), **ask)
        assert "embedding the library" not in said
        assert [f.id for f in again.frameworks] == [f.id for f in first.frameworks]
        with pytest.raises(ConfigError, match="compare patterns; give a pattern"):
            similar_frameworks(own_crystal(1), **ask)
        with pytest.raises(ConfigError, match="reads atoms of each framework; give their store"):
            similar_frameworks(pattern, **ask | {"contents": None})
        with pytest.raises(ConfigError, match="there are no contents at"):
            similar_frameworks(pattern, **ask | {"contents": contents.with_name("none")})


def test_a_profile_is_the_same_whatever_the_wavelength() -> None:
    crystal = own_crystal(2)
    copper = prepare_pattern(ideal_pattern(crystal))
    one = profile_of(copper)
    grid = profile_grid_deg()
    assert one.shape == grid.shape == (1351,)
    assert one.max() == pytest.approx(1.0)
    assert (one >= 0.0).all()
    strongest = copper.peaks.two_theta_deg[np.argmax(copper.peaks.height)]
    if strongest < 30.0:
        assert grid[np.argmax(one)] == pytest.approx(strongest, abs=0.06)
    # the same curve over the sine of Mo's angles
    mo = radiation_from_name("MoKa1")
    ratio = mo.wavelength / copper.pattern.radiation.wavelength
    sine = ratio * np.sin(np.deg2rad(0.5 * copper.pattern.two_theta_deg))
    angles = 2.0 * np.rad2deg(np.arcsin(sine))
    other = replace(copper, pattern=replace(copper.pattern, two_theta_deg=angles, radiation=mo))
    np.testing.assert_allclose(profile_of(other), one, atol=0.02)


def test_a_pattern_beyond_the_grid_is_refused() -> None:
    prepared = prepare_pattern(ideal_pattern(own_crystal(2)))
    angles = prepared.pattern.two_theta_deg
    far = replace(
        prepared, pattern=replace(prepared.pattern, two_theta_deg=angles - angles[0] + 60.0)
    )
    with pytest.raises(ConfigError, match="3° to 30°"):
        profile_of(far)


def test_ingredients_become_graphs() -> None:
    prepared = prepare_pattern(ideal_pattern(own_crystal(2)))
    made = inputs_with_profile(
        prepared, ingredients=Ingredients(metal=30, linkers=("OC=O", "c1ccccc1"))
    )
    assert made.metal.tolist() == [30]
    assert made.linkers is not None
    assert made.linkers.numbers.tolist() == [8, 6, 8] + [6] * 6
    assert made.linkers.bonds.min() == 0
    assert made.linkers.bonds.max() == 8
    assert len(made.linkers) == 1
    with pytest.raises(ConfigError, match="is no SMILES"):
        inputs_with_profile(prepared, ingredients=Ingredients(linkers=("c1cc",)))


def test_xrd2mof_shows_where_it_looked(tiny_space, own_cache: Path) -> None:
    known = preset_named("xrd2mof")
    torch.manual_seed(0)
    model = build_model(known).eval()
    rng = np.random.default_rng(0)
    with Library.open([tiny_space.library]) as library:
        numbers = np.array([entry.number for entry in library.entries()])
        index = RetrievalIndex(
            model=model,
            embeddings=rng.normal(size=(len(numbers), model.dimension)).astype(np.float32),
            numbers=numbers,
            frameworks=np.arange(len(numbers)),
        )
        card = replace(read_card(tiny_space.weights), preset="xrd2mof")
        space = LibrarySpace(index=index, card=card, weights=tiny_space.weights, digest="0")
        found = similar_frameworks(
            ideal_pattern(own_crystal(1)),
            config=SimilarConfig(n=2, metals=("Zn",), linkers=("OC=O",)),
            library=library,
            space=space,
        )
    assert found.attention is not None
    assert found.attention.weight.shape == found.attention.profile.shape == (1351,)
    assert found.attention.weight.min() >= 0.0
    assert found.attention.weight.max() <= 1.0 + 1e-6
    page = similar_html(found, file="scan.xy")
    assert 'id="attention"' in page
    assert 'id="attention"' not in similar_html(replace(found, attention=None), file="scan.xy")
    other = replace(space, card=read_card(tiny_space.weights))
    inputs = inputs_with_profile(found.prepared, ingredients=Ingredients(metal=30))
    assert looked_at(other, inputs, row=0) is None
