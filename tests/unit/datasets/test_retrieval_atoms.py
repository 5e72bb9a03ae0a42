"""Atoms, beads, metals and linkers of the library's cards."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest

from framework_crystals import magnesium_pyrazine, prussian_blue
from porescope.crystal.structure import Crystal
from porescope.crystal.transform import change_of_basis, supercell
from porescope.datasets.archives.members import archive_members, archive_path
from porescope.datasets.library import Library
from porescope.datasets.making import card_from_crystal
from porescope.datasets.retrieval_atoms import (
    BEAD_FEATURES,
    build_contents,
    card_key,
    contents_of_crystal,
    keys_of_cards,
    reduced_crystal,
)
from porescope.datasets.retrieval_contents import load_contents
from porescope.datasets.store import CardStore, Source
from porescope.datasets.structure_store import StructureStore
from porescope.io.cif import crystal_from_cif_text
from porescope.io.cif_write import cif_text


def test_nodes_come_before_linkers_and_linkers_have_their_smiles() -> None:
    made = contents_of_crystal(magnesium_pyrazine())
    assert made.problem == ""
    assert made.metal == 12
    assert made.linkers == ("c1cnccn1",)
    assert made.bead_kinds.tolist() == [0, 1, 1, 1]
    table = dict(zip(BEAD_FEATURES, made.bead_features.T.tolist(), strict=True))
    assert table["metal"] == [12.0, 0.0, 0.0, 0.0]
    assert table["neighbours"] == [6.0, 2.0, 2.0, 2.0]
    assert table["atoms"][1:] == [10.0, 10.0, 10.0]
    assert table["radius"][0] == 0.0
    assert 1.0 < table["radius"][1] < 2.5
    # A pyrazine stands in the middle of each edge.
    away = made.bead_frac[1:] - made.bead_frac[0]
    assert np.sort(np.abs(away - np.round(away)).round(3), axis=1).tolist() == [[0.0, 0.0, 0.5]] * 3


def test_supercells_and_centred_cells_are_reduced() -> None:
    blue = prussian_blue()
    assert reduced_crystal(blue).n_atoms == blue.n_atoms // 4
    pyrazine = magnesium_pyrazine()
    double = supercell(pyrazine, repeats=(1, 2, 1))
    skew = change_of_basis(pyrazine, transform=np.array([[1.0, 0, 0], [1, 1, 0], [0, 0, 1]]))
    plain = reduced_crystal(pyrazine)
    for other in (double, skew):
        reduced = reduced_crystal(other)
        assert reduced.n_atoms == plain.n_atoms
        np.testing.assert_allclose(reduced.parameters, plain.parameters, atol=1e-3)
        assert reduced.frac.min() >= 0.0
        assert reduced.frac.max() < 1.0
        assert contents_of_crystal(other).bead_kinds.tolist() == [0, 1, 1, 1]


def test_no_beads_with_a_reason() -> None:
    pyrazine = magnesium_pyrazine()
    large = contents_of_crystal(pyrazine, most_atoms=5)
    assert (large.problem, len(large.bead_kinds)) == ("too many atoms", 0)
    assert large.crystal.n_atoms == pyrazine.n_atoms
    loose = contents_of_crystal(_far_apart(pyrazine))
    assert loose.problem == "no framework"


def _far_apart(crystal: Crystal) -> Crystal:
    """Its carbon atoms in a larger cell: rings that touch nothing."""
    keep = crystal.numbers != 12
    n = int(keep.sum())
    return Crystal(
        lattice=3.0 * crystal.lattice,
        frac=crystal.frac[keep] / 3.0,
        numbers=crystal.numbers[keep],
        occupancy=np.ones(n),
        u_iso=np.full(n, np.nan),
    )


@pytest.fixture
def archives(tmp_path: Path) -> tuple[Path, Path]:
    """A library of two cards, the folder that it was made from, and a file of no card."""
    folder = tmp_path / "structures" / "qmof"
    folder.mkdir(parents=True)
    out = tmp_path / "library.sqlite"
    source = Source(name="qmof")
    with CardStore(out, writable=True) as store:
        store.add_source(source)
        for name, crystal in (("one", magnesium_pyrazine()), ("two", prussian_blue())):
            text = cif_text(crystal)
            (folder / f"{name}.cif").write_text(text, encoding="utf-8")
            card = card_from_crystal(
                crystal,
                id=name,
                source="qmof",
                content_hash=blake2b(text.encode(), digest_size=12).digest(),
            )
            store.add([card], source="qmof")
    (folder / "stray.cif").write_text("data_stray\n")
    return out, folder.parent


def test_a_build_goes_on_where_it_stopped(archives: tuple[Path, Path], tmp_path: Path) -> None:
    path, folder = archives
    out = tmp_path / "contents.sqlite"
    seen: list[tuple[int, int]] = []
    with Library.open([path]) as library:
        first = build_contents(library, folder=folder, out=out, limit=1)
        assert sum(first.statuses.values()) == 1
        whole = build_contents(
            library, folder=folder, out=out, on_progress=lambda *n: seen.append(n)
        )
        again = build_contents(library, folder=folder, out=out)
        numbers = np.array([library.find(name)[0] for name in ("two", "one")])
        assert keys_of_cards(library, numbers) == ("qmof:two", "qmof:one")
    assert seen == [(2, 2)]
    assert whole == again
    assert (whole.n_cards, sum(whole.statuses.values())) == (2, 2)
    with StructureStore(out) as store:
        assert sorted(store.ids()) == ["qmof:one", "qmof:two"]
        assert store.labels("metal")["qmof:one"] == 12
        loaded = load_contents(store, [card_key("qmof", "two"), "qmof:none", "qmof:one"])
    assert loaded.numbers.counts.tolist() == [reduced_crystal(prussian_blue()).n_atoms, 0, 31]


@pytest.mark.shared
def test_real_frameworks(shared_data: Path) -> None:
    path = archive_path(shared_data / "structures", "curated_cofs")
    found = []
    for inner, raw in archive_members(path, wanted=lambda p: p.suffix == ".cif"):
        found.append(contents_of_crystal(crystal_from_cif_text(raw.decode(), name=inner.stem)))
        if len(found) == 4:
            break
    assert all(one.metal == 0 for one in found)
    assert sum(one.problem == "" for one in found) >= 3
    assert all(2 <= len(one.bead_kinds) <= 50 for one in found if not one.problem)
