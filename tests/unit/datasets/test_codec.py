"""Pages of cards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from porescope.datasets.cards import PowderCard
from porescope.datasets.codec import NEUTRON_STEP, XRAY_STEP, decode_page, encode_page
from porescope.errors import ParseError


def card(hkl: np.ndarray, xray: np.ndarray, neutron: np.ndarray, **changes: object) -> PowderCard:
    fields: dict = {
        "id": "x",
        "source": "s",
        "formula": "C",
        "elements": ("C", "Zn", "U"),
        "density": 1.0,
        "cell": (10.0, 11.0, 12.5, 90.0, 95.25, 120.0),
        "space_group_number": 225,
        "n_atoms": 1,
        "hkl": hkl,
        "intensity_xray": xray,
        "intensity_neutron": neutron,
    }
    return PowderCard(**{**fields, **changes})


def sorted_rows(hkl: np.ndarray) -> np.ndarray:
    return np.lexsort(hkl.T[::-1])


@given(
    hkl=hnp.arrays(
        np.int64, st.tuples(st.integers(0, 40), st.just(3)), elements=st.integers(-300, 300)
    ),
    seed=st.integers(0, 2**32 - 1),
    n_cards=st.integers(1, 4),
)
def test_pages_give_back_what_went_in(hkl: np.ndarray, seed: int, n_cards: int) -> None:
    rng = np.random.default_rng(seed)
    cards = [
        card(
            hkl[i:],
            np.exp(rng.normal(3.0, 2.0, len(hkl[i:]))),
            np.exp(rng.normal(0.0, 2.0, len(hkl[i:]))),
        )
        for i in range(n_cards)
    ]
    page = decode_page(encode_page(cards))
    assert page.counts.tolist() == [c.n_peaks for c in cards]
    ends = np.cumsum(page.counts)
    for c, end in zip(cards, ends, strict=True):
        part = slice(end - c.n_peaks, end)
        order = sorted_rows(c.hkl)
        np.testing.assert_array_equal(page.hkl[part], c.hkl[order])
        # half a step of the logarithm: 1 % for X-rays, 4 % for neutrons
        np.testing.assert_allclose(
            page.intensity_xray[part], c.intensity_xray[order], rtol=np.expm1(XRAY_STEP / 2) + 1e-6
        )
        np.testing.assert_allclose(
            page.intensity_neutron[part],
            c.intensity_neutron[order],
            rtol=np.expm1(NEUTRON_STEP / 2) + 1e-6,
        )
    np.testing.assert_allclose(page.cells, [c.cell for c in cards], rtol=1e-7)
    assert page.space_groups.tolist() == [225] * n_cards


def test_steps_keep_the_promised_errors() -> None:
    assert np.expm1(XRAY_STEP / 2) < 0.01
    assert np.expm1(NEUTRON_STEP / 2) < 0.04


def test_right_angles_survive_exactly() -> None:
    page = decode_page(encode_page([card(np.eye(3, dtype=np.int64), np.ones(3), np.ones(3))]))
    assert page.cells[0, 3] == 90.0
    assert page.cells[0, 5] == 120.0


def test_zero_intensities_stay_zero() -> None:
    hkl = np.array([[1, 0, 0], [2, 0, 0]])
    page = decode_page(encode_page([card(hkl, np.array([5.0, 0.0]), np.zeros(2))]))
    assert page.intensity_xray[1] == 0.0
    assert page.intensity_neutron.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("damage", [b"", b"PSC9" + bytes(30), b"PSC1" + bytes(12) + b"junk"])
def test_damaged_pages_are_refused(damage: bytes) -> None:
    with pytest.raises(ParseError, match="page of cards"):
        decode_page(damage)


def test_truncated_pages_are_refused() -> None:
    body = encode_page([card(np.eye(3, dtype=np.int64), np.ones(3), np.ones(3))])
    for end in range(len(body) - 1):
        with pytest.raises(ParseError):
            decode_page(body[:end])
