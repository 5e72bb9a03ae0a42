"""Which cards are the same framework, and their names."""

from collections.abc import Callable
from pathlib import Path

import pytest

from porescope.datasets.cards import PowderCard
from porescope.datasets.names import (
    assign_frameworks,
    heavy_formula,
    spread_names,
    volume_per_heavy_atom,
)
from porescope.datasets.store import CardStore, Source

Make = Callable[..., PowderCard]
NET, ALIKE, OTHER = "a" * 16, "b" * 16, "c" * 16


@pytest.mark.parametrize(
    ("formula", "heavy", "alike"),
    [
        ("C24H12O13Zn4", "C24O13Zn4", "C24M4O13"),
        ("C8H10N4Zn", "C8N4Zn", "C8MN4"),
        ("H2O", "O", "O"),
        ("C6H6Cu2O4", "C3CuO2", "C3MO2"),
        ("H", "", ""),
        ("AlH3O3", "AlO3", "MO3"),
    ],
)
def test_formulas_without_hydrogen(formula: str, heavy: str, alike: str) -> None:
    assert heavy_formula(formula) == heavy
    assert heavy_formula(formula, metals_alike=True) == alike


def test_volume_of_a_heavy_atom() -> None:
    # rock salt: eight atoms in 5.64009³ Å³
    assert volume_per_heavy_atom("ClNa", density=2.1637) == pytest.approx(5.64009**3 / 8, rel=1e-3)


def zif(make_card: Make, number: int, metal: str, **changes: object) -> PowderCard:
    fields: dict = {
        "id": f"{metal}-{number}",
        "formula": f"C8H10N4{metal}",
        "density": 0.93 if metal == "Zn" else 0.905,
        "net_hash": NET if metal == "Zn" else OTHER,
        "net_hash_metals_alike": ALIKE,
    }
    return make_card(number, **{**fields, **changes})


def filled(path: Path, cards: list[PowderCard], *, source: str = "core-mof-2019") -> CardStore:
    store = CardStore(path, writable=True)
    store.add_source(Source(name=source))
    store.add(cards, source=source)
    return store


def test_frameworks_groups_and_names(tmp_path: Path, make_card: Make) -> None:
    cards = [
        zif(make_card, 0, "Zn", name="ZIF-8"),
        zif(make_card, 1, "Zn", formula="C8H16N4Zn", density=0.95),
        zif(make_card, 2, "Zn", density=1.4),
        zif(make_card, 3, "Co"),
        zif(make_card, 4, "Fe"),
        zif(make_card, 5, "Zn", net_hash="", net_hash_metals_alike=""),
    ]
    with filled(tmp_path / "l.sqlite", cards) as store:
        n = assign_frameworks(store)
        found = store.cards(range(1, 7))
        keys = [card.framework for card in found]
        assert keys[0] == keys[1]
        assert len({keys[0], keys[2], keys[3], keys[4]}) == 4
        assert keys[5] == ""
        assert n == 5
        groups = [card.group for card in found]
        assert groups[0] == groups[3] == groups[4]
        assert groups[2] != groups[0]
        assert spread_names(store) == 3
        names = [card.name for card in store.cards(range(1, 7))]
        assert names == ["ZIF-8", "ZIF-8", "", "ZIF-67", "ZIF-8 type (Fe)", ""]


def test_keys_of_another_file_are_taken_over(tmp_path: Path, make_card: Make) -> None:
    with (
        filled(tmp_path / "a.sqlite", [zif(make_card, 0, "Zn", name="ZIF-8")]) as shipped,
        filled(tmp_path / "b.sqlite", [zif(make_card, 1, "Zn"), make_card(7)]) as users,
    ):
        assign_frameworks(shipped)
        assign_frameworks(users, others=[shipped])
        spread_names(users, others=[shipped])
        (one,), (two, three) = shipped.cards([1]), users.cards([1, 2])
        assert one.framework == two.framework
        assert two.name == "ZIF-8"
        assert three.framework not in ("", one.framework)
