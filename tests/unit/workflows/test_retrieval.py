"""Tests of the retrieval space in use."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from porescope.crystal.structure import Crystal
from porescope.crystal.transform import supercell
from porescope.datasets.build import build_library, folder_entries
from porescope.datasets.library import Library
from porescope.datasets.retrieval_set import retrieval_set
from porescope.datasets.store import CardStore, Source
from porescope.diffraction.corrupt import ideal_pattern
from porescope.diffraction.prepare import prepare_pattern
from porescope.errors import ConfigError, ParseError
from porescope.io.cif_write import write_cif
from porescope.models.checkpoint import Card, write_checkpoint
from porescope.models.retrieval.config import RetrievalConfig
from porescope.models.retrieval.network import RetrievalNetwork
from porescope.workflows.retrieval import embed_library, open_index
from porescope.workflows.retrieval_inputs import lines_of_crystal

METALS = (29, 30, 40, 13)


def crystal(seed: int) -> Crystal:
    rng = np.random.default_rng(seed)
    return Crystal(
        lattice=np.diag(rng.uniform(8.0, 13.0, size=3)),
        frac=rng.uniform(size=(5, 3)),
        numbers=np.array([METALS[seed % 4], 8, 8, 6, 6]),
        occupancy=np.ones(5),
        u_iso=np.full(5, 0.02),
        name=f"own-{seed}",
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A library of six crystals, weights, and the index."""
    folder = tmp_path_factory.mktemp("retrieval")
    (folder / "cif").mkdir()
    for seed in range(6):
        write_cif(crystal(seed), folder / "cif" / f"own-{seed}.cif")
    with CardStore(folder / "library.sqlite", writable=True) as store:
        build_library(
            store,
            folder_entries(folder / "cif"),
            source=Source(name="own", root=str(folder / "cif"), licence="", doi=""),
            n_processes=1,
        )
    torch.manual_seed(0)
    config = RetrievalConfig(width=64, channels=(8, 8, 8, 8))
    model = RetrievalNetwork(config)
    with torch.no_grad():
        model.sides[1] = model.sides[0]
    card = Card(
        preset="small",
        preset_version=1,
        config=asdict(config),
        package_version="0",
        data_hash="",
        split="",
        metrics={},
        licence="",
        hardware="",
        created="",
    )
    weights = write_checkpoint(folder / "weights", model.state_dict(), card=card)
    with Library.open([folder / "library.sqlite"]) as library:
        index = embed_library(library, checkpoint=weights, out=folder / "index")
    return folder / "library.sqlite", weights, index


def test_a_crystal_finds_itself_in_any_cell(made: tuple[Path, Path, Path]) -> None:
    path, weights, index = made
    with Library.open([path]) as library:
        opened = open_index(index, library=library, checkpoint=weights)
        assert opened.embeddings.dtype == np.float16
        assert isinstance(opened.embeddings, np.memmap)
        for seed in range(6):
            own = opened.embed_crystal(crystal(seed))
            best = opened.nearest(own, n=3)
            assert library.cards([best[0].number])[0].id == f"own-{seed}"
            assert best[0].similarity > 0.999
            assert best[0].similarity > best[1].similarity > best[2].similarity
        large = opened.embed_crystal(supercell(crystal(0), repeats=(2, 1, 1)))
        assert large == pytest.approx(opened.embed_crystal(crystal(0)), abs=2e-3)


def test_a_pattern_finds_its_crystal(made: tuple[Path, Path, Path]) -> None:
    path, weights, index = made
    with Library.open([path]) as library:
        opened = open_index(index, library=library, checkpoint=weights)
        pattern = ideal_pattern(crystal(2), end_deg=45.0)
        peaks = prepare_pattern(pattern).peaks
        assert pattern.radiation is not None
        query = opened.embed_peaks(peaks, radiation=pattern.radiation, elements=[6, 8, 40])
        rows = [hit.row for hit in opened.nearest(query, n=2)]
        names = retrieval_set(library).names
        assert "own-2" in [names[row] for row in rows]


def test_cards_may_be_left_out(made: tuple[Path, Path, Path]) -> None:
    path, weights, index = made
    with Library.open([path]) as library:
        opened = open_index(index, library=library, checkpoint=weights)
        query = opened.embed_crystal(crystal(1))
        first = opened.nearest(query, n=1)[0].row
        allowed = np.arange(len(opened)) != first
        assert len(opened.nearest(query, allowed=allowed)) == len(opened) - 1
        assert first not in [hit.row for hit in opened.nearest(query, allowed=allowed)]


def test_wrong_indices_are_refused(made: tuple[Path, Path, Path], tmp_path: Path) -> None:
    path, weights, index = made
    with Library.open([path]) as library:
        with pytest.raises(ParseError, match="no index"):
            open_index(tmp_path / "none", library=library, checkpoint=weights)
        copy = tmp_path / "index.npy"
        copy.write_bytes(index.read_bytes())
        cards = index.with_suffix(".cards.npy").read_bytes()
        copy.with_suffix(".cards.npy").write_bytes(cards)
        facts = json.loads(index.with_suffix(".json").read_text())
        beside = copy.with_suffix(".json")
        beside.write_text(json.dumps(facts | {"library": "another"}))
        with pytest.raises(ConfigError, match="another library"):
            open_index(copy, library=library, checkpoint=weights)
        beside.write_text(json.dumps(facts | {"schema": 99}))
        with pytest.raises(ParseError, match="newer"):
            open_index(copy, library=library, checkpoint=weights)
        beside.write_text(json.dumps(facts))
        copy.write_bytes(index.read_bytes()[:200])
        with pytest.raises(ParseError, match="cannot be read"):
            open_index(copy, library=library, checkpoint=weights)


def test_lines_of_a_crystal_are_the_card_s(made: tuple[Path, Path, Path]) -> None:
    path, _, _ = made
    with Library.open([path]) as library:
        data = retrieval_set(library)
    row = data.names.index("own-3")
    q, strength = lines_of_crystal(crystal(3))
    card_q, card_strength = data.lines_of(row)
    assert np.sort(q)[:20] == pytest.approx(np.sort(card_q)[:20], rel=1e-4)
    assert np.sort(strength / strength.max())[-20:] == pytest.approx(
        np.sort(card_strength)[-20:], rel=0.02
    )
