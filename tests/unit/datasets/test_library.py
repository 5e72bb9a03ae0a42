"""Several library files as one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.cards import PowderCard, element_mask
from porescope.datasets.library import STORE_STRIDE, Library, user_library_path
from porescope.datasets.store import CardStore, SeenFile, Source
from porescope.errors import ConfigError, ParseError

Make = Callable[..., PowderCard]


def write(path: Path, cards: list[PowderCard], *, root: str = "", page: int = 3) -> Path:
    with CardStore(path, writable=True) as store:
        store.add_source(Source(name="test", root=root))
        for i in range(0, len(cards), page):
            store.add(cards[i : i + page], source="test")
    return path


@pytest.fixture
def library(tmp_path: Path, make_card: Make) -> Library:
    first = [make_card(i, framework=f"f{i // 2}", group="g") for i in range(5)]
    second = [
        make_card(10, elements=("C", "Cu"), formula="C2Cu", name="Copper thing", framework="f0"),
        make_card(11, elements=("O", "U"), formula="O2U"),
    ]
    return Library.open([write(tmp_path / "a.sqlite", first), write(tmp_path / "b.sqlite", second)])


def test_the_table_holds_every_card(library: Library) -> None:
    table = library.peak_table()
    assert table.n_cards == library.n_cards == 7
    assert table.ids.tolist() == [1, 2, 3, 4, 5, STORE_STRIDE + 1, STORE_STRIDE + 2]
    for i, card in enumerate(library.cards(table.ids)):
        part = slice(table.offsets[i], table.offsets[i + 1])
        np.testing.assert_array_equal(table.hkl[part], card.hkl)
        np.testing.assert_array_equal(table.intensity_xray[part], card.intensity_xray)
        np.testing.assert_array_equal(table.intensity_neutron[part], card.intensity_neutron)
        np.testing.assert_allclose(table.lattices[i], card.lattice, atol=1e-9)
        assert tuple(table.elements[i].tolist()) == element_mask(card.elements)
        assert table.space_groups[i] == card.space_group_number
    assert table.offsets[-1] == len(table.hkl)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"contains": ["Zn"]}, 5),
        ({"contains": ["C"]}, 6),
        ({"only": ["C", "H", "Zn"]}, 5),
        ({"only": ["C", "Cu", "N"]}, 1),
        ({"without": ["Zn", "Cu"]}, 1),
        ({"contains": ["U"], "only": ["U"]}, 0),
        ({"contains": ["U"], "without": ["Zn"]}, 1),
    ],
)
def test_elements_select_cards(library: Library, rule: dict, expected: int) -> None:
    table = library.peak_table(**rule)
    assert table.n_cards == expected
    assert len(library.entries(**rule)) == expected
    whole = library.peak_table()
    for i, number in enumerate(table.ids):
        j = int(np.flatnonzero(whole.ids == number)[0])
        np.testing.assert_array_equal(
            table.hkl[table.offsets[i] : table.offsets[i + 1]],
            whole.hkl[whole.offsets[j] : whole.offsets[j + 1]],
        )


def test_pieces_hold_the_same_as_the_whole(library: Library) -> None:
    whole = library.peak_table()
    pieces = list(library.peak_tables(max_reflections=20))
    assert len(pieces) > 1
    np.testing.assert_array_equal(np.concatenate([p.ids for p in pieces]), whole.ids)
    np.testing.assert_array_equal(np.concatenate([p.hkl for p in pieces]), whole.hkl)


def test_removed_cards_leave_the_table(tmp_path: Path, make_card: Make) -> None:
    path = write(tmp_path / "a.sqlite", [make_card(i) for i in range(5)])
    with CardStore(path, writable=True) as store:
        store.remove([2])
    with Library.open([path]) as library:
        table = library.peak_table()
        assert table.ids.tolist() == [1, 3, 4, 5]
        assert [card.id for card in library.cards(table.ids)] == [f"card-{i}" for i in (0, 2, 3, 4)]


def test_an_empty_library_gives_an_empty_table(tmp_path: Path) -> None:
    with Library.open([write(tmp_path / "a.sqlite", [])]) as library:
        table = library.peak_table()
        assert (table.n_cards, len(table.hkl), table.offsets.tolist()) == (0, 0, [0])


def test_cards_are_found_by_identifier_then_by_name(library: Library) -> None:
    assert library.find("CARD-3") == [4]
    assert library.find("copper thing") == [STORE_STRIDE + 1]
    assert library.find("nothing") == []


def test_entries_by_formula_text_and_limit(library: Library) -> None:
    assert [e.id for e in library.entries(formula="O2U")] == ["card-11"]
    assert [e.number for e in library.entries(text="opper")] == [STORE_STRIDE + 1]
    assert len(library.entries(limit=6)) == 6
    assert library.entries(source="nobody") == []


def test_frameworks_are_joined_across_files(library: Library) -> None:
    frameworks, groups = library.framework_codes(library.peak_table().ids)
    assert len(set(frameworks.tolist())) == 4
    assert frameworks[0] == frameworks[1] == frameworks[5]
    assert frameworks[6] not in frameworks[:6]
    assert len(set(groups[:5].tolist())) == 1


def test_files_are_found_where_the_folder_was_added(tmp_path: Path, make_card: Make) -> None:
    root = tmp_path / "folder"
    root.mkdir()
    card = make_card(0)
    shipped = write(tmp_path / "shipped.sqlite", [card])
    users = tmp_path / "users.sqlite"
    with CardStore(users, writable=True) as store:
        store.add_source(Source(name="user:folder", root=str(root)))
        seen = SeenFile(content_hash=card.content_hash, path="deep/a.cif", status="ok")
        store.add([], files=[seen], source="user:folder")
    with Library.open([shipped, users]) as library:
        assert library.cif_file(card) is None
        (root / "deep").mkdir()
        (root / "deep" / "a.cif").write_text("data_a")
        assert library.cif_file(card) == root / "deep" / "a.cif"


def test_what_info_says(library: Library) -> None:
    info = library.info()[0]
    assert (info.n_cards, info.n_frameworks, info.n_groups) == (5, 3, 1)
    assert info.sources == {"test": 5}
    assert info.size_bytes > 0


def test_numbers_that_do_not_exist_are_refused(library: Library) -> None:
    with pytest.raises(ConfigError, match="no card number"):
        library.cards([3 * STORE_STRIDE])
    with pytest.raises(ConfigError, match="no card number"):
        library.cards([77])


def test_an_unreadable_library_is_an_error(tmp_path: Path, make_card: Make) -> None:
    good = write(tmp_path / "a.sqlite", [make_card(0)])
    bad = tmp_path / "b.sqlite"
    bad.write_bytes(b"\x89PNG" * 500)
    with pytest.raises(ParseError, match=r"b\.sqlite"):
        Library.open([good, bad])
    with pytest.raises(ConfigError):
        Library.open([])


def test_the_environment_names_the_users_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORESCOPE_LIBRARY", str(tmp_path / "mine.sqlite"))
    assert user_library_path() == tmp_path / "mine.sqlite"
    monkeypatch.delenv("PORESCOPE_LIBRARY")
    assert user_library_path().name == "library.sqlite"
