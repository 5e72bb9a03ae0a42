"""Packing, thinning, wording."""

from __future__ import annotations

import base64
import gzip
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from synthetic import synthetic_result

from porescope.apps.report.advice import groups_of, next_steps, percent, twins_of
from porescope.apps.report.citations import citations_of
from porescope.apps.report.markup import doi_link, formula_html
from porescope.apps.report.packing import Packer
from porescope.apps.report.payload import cell_text, strain_text, volume_of
from porescope.apps.report.preview import preview_svg, thinned
from porescope.apps.report.structure import element_colour


@given(arrays(np.int64, st.integers(0, 60), elements=st.integers(-(2**29), 2**29)))
def test_whole_numbers_survive_packing(values: np.ndarray) -> None:
    packer = Packer()
    assert packer.integers(values) == {"a": 0, "step": 1.0}
    blob = gzip.decompress(base64.b64decode(packer.text({})))[4 + 2 :]
    n = int.from_bytes(blob[:4], "little")
    planes = np.frombuffer(blob[4:], np.uint8).reshape(4, n).astype(np.int64)
    folded = planes.T @ (256 ** np.arange(4))
    back = np.cumsum(np.where(folded % 2 == 1, -(folded + 1) // 2, folded // 2))
    assert np.array_equal(back, values)


def test_equal_arrays_are_stored_once() -> None:
    packer = Packer()
    values = np.linspace(0.0, 5.0, 100)
    assert packer.intensities(values) == packer.intensities(values.copy())


@given(arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e3, 1e3)), st.integers(4, 60))
def test_thinning_keeps_ends_and_extremes(values: np.ndarray, most: int) -> None:
    kept = thinned(values, most=most)
    assert np.all(np.diff(kept) > 0)
    assert len(kept) <= max(most, 1) or len(values) <= most
    if len(values) > most:
        assert values[kept].max() == values.max() or len(kept) == most
        assert kept[0] == 0


def test_the_preview_has_four_curves() -> None:
    curve = synthetic_result().candidates[0].curve
    assert curve is not None
    svg = preview_svg(curve)
    assert svg.count("<path") == 4
    assert "nan" not in svg


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.84, 0, "84 %"),
        (0.0, 0, "0 %"),
        (0.004, 0, "< 1 %"),
        (0.9991, 0, "> 99 %"),
        (1.0, 0, "100 %"),
        (0.0623, 1, "6.2 %"),
        (0.0004, 1, "< 0.1 %"),
        (float("nan"), 0, "–"),
    ],
)
def test_percent(share: float, digits: int, text: str) -> None:
    assert percent(share, digits=digits) == text


def test_groups_and_twins() -> None:
    result = synthetic_result()
    assert [len(group) for group in groups_of(result)] == [2, 1, 1, 1, 1]
    assert "SOD, SOD (aluminosilicate)" in twins_of(result)
    said = replace(result, verdict="SOD; it cannot be told from SOD (aluminosilicate).")
    assert twins_of(said) == ""


def test_advice_follows_the_answer() -> None:
    sure = synthetic_result()
    assert "Rietveld" in next_steps(sure)[0]
    unknown = synthetic_result(none_of_these=0.9)
    assert "porescope library add" in next_steps(unknown)[0]
    asked = replace(unknown, settings={})
    assert any("--elements" in step for step in next_steps(asked))
    bare = synthetic_result(with_crystal=False)
    assert any("no coordinates" in step for step in next_steps(bare))


def test_cells_in_words() -> None:
    assert cell_text((16.991, 16.991, 16.991, 90.0, 90.0, 90.0)) == "a = 16.991 Å"
    assert cell_text((13.7, 13.7, 14.8, 90.0, 90.0, 120.0)) == (
        "a = b = 13.700, c = 14.800 Å, γ = 120°"
    )
    assert "β = 92.31°" in cell_text((13.9, 24.1, 5.4, 90.0, 92.31, 90.0))
    assert strain_text((0.31, 0.31, 0.31)) == "+0.31 %"
    assert strain_text((0.31, -0.2, 0.0)) == "+0.31 / −0.20 / +0.00 %"


def test_volume() -> None:
    assert volume_of((2.0, 3.0, 4.0, 90.0, 90.0, 90.0)) == pytest.approx(24.0)
    expected = 10.0 * 10.0 * 7.0 * np.sqrt(3.0) / 2.0
    assert volume_of((10.0, 10.0, 7.0, 90.0, 90.0, 120.0)) == pytest.approx(expected)


def test_pieces_of_html() -> None:
    assert formula_html("C8H10N4Zn") == "C<sub>8</sub>H<sub>10</sub>N<sub>4</sub>Zn"
    assert doi_link("https://doi.org/10.1/x") == doi_link("doi:10.1/x") == doi_link("10.1/x")
    assert doi_link("") == ""


def test_every_element_has_a_colour() -> None:
    import re

    colours = [element_colour(number) for number in range(1, 104)]
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)


def test_citations_name_the_structure_and_the_methods() -> None:
    works = citations_of(synthetic_result())
    assert works[1].doi == "10.1007/978-94-009-0871-9"
    assert "10.1016/0025-5408(88)90019-0" in {work.doi for work in works}
