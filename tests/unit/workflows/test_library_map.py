"""The map of the library and its page."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

pytest.importorskip("torch")

from porescope.apps.report.map_page import map_html
from porescope.datasets.library import Library
from porescope.errors import ConfigError
from porescope.workflows.library_map import library_map, principal_plane, query_on_map
from porescope.workflows.library_space import open_space
from porescope.workflows.similar import similar_frameworks
from porescope.workflows.similar_result import SimilarConfig
from tiny_space import own_crystal


@pytest.fixture
def drawn(tiny_space, own_cache):
    with Library.open([tiny_space.library]) as library:
        space = open_space(library, weights=tiny_space.weights)
        made = library_map(library, space)
        result = similar_frameworks(
            own_crystal(4), config=SimilarConfig(n=3), library=library, space=space
        )
    return made, result


def test_the_plane_is_that_of_the_largest_variance() -> None:
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    spread = np.array([9.0, 4.0, 1.0, 0.5, 0.2, 0.1])
    points = rng.normal(size=(4000, 6)) * spread @ basis.T + 3.0
    plane = principal_plane(points)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(np.abs(plane.axes @ basis[:, :2]), np.eye(2), atol=0.05)
    share = spread**2 / (spread**2).sum()
    np.testing.assert_allclose(plane.shares, share[:2], atol=0.02)
    assert (plane.axes[[0, 1], np.abs(plane.axes).argmax(axis=1)] > 0.0).all()
    with pytest.raises(ConfigError, match="at least two frameworks"):
        principal_plane(points[:1])


def test_points_are_coloured_by_what_the_cards_say(drawn) -> None:
    made, _ = drawn
    assert len(made.x) == 8
    for i, entry in enumerate(made.entries):
        crystal = own_crystal(int(entry.id.removeprefix("own-")))
        assert made.volume_per_atom[i] == pytest.approx(crystal.volume / 5, rel=1e-3)
        assert made.density[i] == pytest.approx(crystal.density, rel=1e-3)
    assert set(made.metals) == {"Cu", "Zn", "Zr", "Al"}
    assert made.nets == ("",) * 8


def test_a_query_lies_on_its_own_card(drawn) -> None:
    made, result = drawn
    placed = query_on_map(made, result, name="mine")
    assert placed.query is not None
    row = placed.query.rows[0]
    assert placed.entries[row].id == "own-4"
    span = np.ptp(made.x)
    assert abs(placed.query.x - made.x[row]) < 1e-2 * span
    without_plane = query_on_map(replace(made, plane=None, method="umap"), result, name="mine")
    assert without_plane.query is not None
    assert made.x.min() <= without_plane.query.x <= made.x.max()


def test_umap_is_used_where_it_is_installed(drawn, tiny_space) -> None:
    if find_spec("umap") is not None:
        pytest.skip("UMAP is installed here")
    with (
        Library.open([tiny_space.library]) as library,
        pytest.raises(ConfigError, match="pip install umap-learn"),
    ):
        library_map(library, open_space(library, weights=tiny_space.weights), method="umap")


def test_the_page_is_complete_and_safe(drawn) -> None:
    made, result = drawn
    entries = (replace(made.entries[0], name="</script><b>x"), *made.entries[1:])
    placed = query_on_map(replace(made, entries=entries), result, name="<i>scan</i>")
    page = map_html(placed)
    assert "<i>scan" not in page
    assert "</script><b>" not in page
    assert not re.search(r"(src|href)=\"https?:", page)
    found = re.search(r'id="packed-data">([^<]*)<', page)
    assert found
    body = gzip.decompress(base64.b64decode(found.group(1)))
    (length,) = struct.unpack_from("<I", body)
    head = json.loads(body[4 : 4 + length])
    assert head["n"] == len(head["names"]) == 8
    assert head["query"]["rows"][0] == placed.query.rows[0]
    titles = [colour["title"] for colour in head["colours"]]
    assert titles == ["volume per atom", "density", "main metal", "collection", "net"]
    assert head["colours"][4]["names"] == [""]
