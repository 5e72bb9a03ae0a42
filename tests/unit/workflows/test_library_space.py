"""Embeddings of a library in the cache."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from porescope.crystal.transform import supercell
from porescope.datasets.library import STORE_STRIDE, Library
from porescope.errors import ConfigError
from porescope.models import shipped
from porescope.workflows import library_space
from porescope.workflows.library_space import cache_folder, open_space
from tiny_space import make_library, make_weights, own_crystal


def test_a_library_is_embedded_once(tiny_space, tmp_path: Path) -> None:
    said: list[str] = []
    with Library.open([tiny_space.library]) as library:
        first = open_space(
            library,
            weights=tiny_space.weights,
            folder=tmp_path,
            progress=lambda stage, share: said.append(stage),
        )
        assert said
        assert len(first.index) == library.n_cards
        assert first.index.embeddings.dtype == np.float16
        assert isinstance(first.index.embeddings, np.memmap)
        said.clear()
        again = open_space(
            library,
            weights=tiny_space.weights,
            folder=tmp_path,
            progress=lambda stage, share: said.append(stage),
        )
        assert not said
        np.testing.assert_array_equal(first.index.embeddings, again.index.embeddings)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_each_card_is_nearest_to_itself_in_any_cell(tiny_space, tmp_path: Path) -> None:
    with Library.open([tiny_space.library]) as library:
        space = open_space(library, weights=tiny_space.weights, folder=tmp_path)
        for seed in (0, 3):
            big = supercell(own_crystal(seed), repeats=(2, 1, 1))
            near = space.index.nearest(space.index.embed_crystal(big), n=1)[0]
            card = library.cards([near.number])[0]
            assert card.id == f"own-{seed}"
            assert near.similarity == pytest.approx(1.0, abs=2e-3)
            assert space.index.embed_card(card) @ space.index.embeddings[near.row] > 0.998


def test_other_weights_and_other_libraries_have_places_of_their_own(
    tiny_space, tmp_path: Path
) -> None:
    make_weights(tmp_path / "other.safetensors", seed=1)
    make_library(tmp_path / "own.sqlite", tmp_path / "cifs", seeds=range(20, 22))
    cache = tmp_path / "cache"
    with Library.open([tiny_space.library]) as library:
        one = open_space(library, weights=tiny_space.weights, folder=cache)
        two = open_space(library, weights=tmp_path / "other", folder=cache)
        assert one.digest != two.digest
        assert not np.array_equal(one.index.embeddings, two.index.embeddings)
    with Library.open([tiny_space.library, tmp_path / "own.sqlite"]) as library:
        said: list[float] = []
        both = open_space(
            library,
            weights=tiny_space.weights,
            folder=cache,
            progress=lambda stage, share: said.append(share),
        )
        assert len(said) == 1, "only the new file is embedded"
        assert len(both.index) == library.n_cards
        assert (both.index.numbers >= STORE_STRIDE).sum() == 2
        near = both.index.nearest(both.index.embed_crystal(own_crystal(21)), n=1)[0]
        assert library.cards([near.number])[0].id == "own-21"
    assert len(list(cache.iterdir())) == 3


def test_damaged_embeddings_are_made_again(tiny_space, tmp_path: Path) -> None:
    with Library.open([tiny_space.library]) as library:
        open_space(library, weights=tiny_space.weights, folder=tmp_path)
        (place,) = tmp_path.iterdir()
        (place / "index.npy").write_bytes(b"nonsense")
        space = open_space(library, weights=tiny_space.weights, folder=tmp_path)
        assert len(space.index) == library.n_cards


def test_two_at_a_time_agree(tiny_space, tmp_path: Path, monkeypatch) -> None:
    embed = library_space.embed_library

    def slower(library, *, checkpoint, out, progress):
        monkeypatch.setattr(library_space, "embed_library", embed)
        open_space(library, weights=checkpoint, folder=tmp_path)
        return embed(library, checkpoint=checkpoint, out=out, progress=progress)

    monkeypatch.setattr(library_space, "embed_library", slower)
    with Library.open([tiny_space.library]) as library:
        space = open_space(library, weights=tiny_space.weights, folder=tmp_path)
        assert len(space.index) == library.n_cards
    assert len(list(tmp_path.iterdir())) == 1


def test_the_cache_is_the_user_s(own_cache: Path) -> None:
    assert cache_folder() == own_cache / "porescope" / "retrieval"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind here")
def test_a_cache_that_cannot_be_written_is_named(tiny_space, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with (
        Library.open([tiny_space.library]) as library,
        pytest.raises(ConfigError, match="XDG_CACHE_HOME"),
    ):
        open_space(library, weights=tiny_space.weights, folder=tmp_path / "deep")


def test_a_file_in_the_place_of_the_cache_is_named(tiny_space, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        Library.open([tiny_space.library]) as library,
        pytest.raises(ConfigError, match="cannot be kept"),
    ):
        open_space(library, weights=tiny_space.weights, folder=tmp_path / "file")


def test_an_empty_library_and_missing_weights_are_refused(tiny_space, tmp_path: Path) -> None:
    with Library([]) as library, pytest.raises(ConfigError, match="holds no framework"):
        open_space(library, weights=tiny_space.weights, folder=tmp_path)
    with (
        Library.open([tiny_space.library]) as library,
        pytest.raises(ConfigError, match="no weights 'nothing'"),
    ):
        open_space(library, weights="nothing", folder=tmp_path)


def test_shipped_weights_are_found_by_name(tiny_space, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(shipped, "WEIGHTS", tiny_space.shipped)
    with Library.open([tiny_space.library]) as library:
        space = open_space(library, folder=tmp_path)
    assert space.weights == tiny_space.weights
    assert space.card.preset == "small"


def test_the_nearest_are_those_of_a_whole_sort() -> None:
    from porescope.models.registry import build_model, preset_named
    from porescope.workflows.retrieval import RetrievalIndex

    rng = np.random.default_rng(3)
    vectors = np.round(rng.normal(size=(900, 3)), 1).astype(np.float32)
    codes = rng.integers(40, size=900) * (np.arange(900) % 3 > 0)
    index = RetrievalIndex(
        model=build_model(preset_named("small")),
        embeddings=vectors,
        numbers=np.arange(900),
        frameworks=codes,
    )
    query = np.array([1.0, 0.5, 0.0], dtype=np.float32)
    allowed = rng.uniform(size=900) < 0.8
    for n in (1, 7, 39, 60):
        for keep in (None, allowed):
            score = np.where(True if keep is None else keep, vectors @ query, -np.inf)
            seen: list[int] = []
            for row in np.argsort(-score, kind="stable"):
                if np.isfinite(score[row]) and codes[row] not in codes[seen]:
                    seen.append(int(row))
            near = index.nearest(query, n=n, allowed=keep)
            assert [hit.row for hit in near] == seen[:n]
