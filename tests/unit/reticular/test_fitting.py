"""Nets that suit blocks."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.reticular.nets.catalogue import net_named, net_names
from porescope.reticular.nets.fitting import edge_kinds, fitting_nets, fitting_nets_of_blocks
from reticular_blocks import OCTAHEDRON, SQUARE, TETRAHEDRON, TRIANGLE, donor, metal, rod


@pytest.mark.parametrize(
    ("nodes", "linkers", "wanted"),
    [
        ([6], [2], {"pcu", "acs", "hxl"}),
        ([4], [2], {"dia", "nbo", "cds", "sod", "sql", "kgm"}),
        ([12], [2], {"fcu"}),
        ([4], [3], {"tbo", "pto", "bor", "ctn"}),
        ([8], [4], {"csq", "scu", "flu", "sqc119"}),
        ([12], [4], {"ftw", "shp"}),
        ([6], [3], {"spn", "rtl", "pyr", "qom"}),
        ([4, 3], [], {"bor", "ctn"}),
        ([6], [3, 2], {"muo", "ith-d"}),
    ],
)
def test_known_nets_are_among_them(nodes: list, linkers: list, wanted: set) -> None:
    found = fitting_nets(nodes, linkers=linkers)
    assert wanted & set(net_names()) <= {net.name for net in found}
    for net in found:
        degrees = set(net_named(net.name).net.degrees().tolist())
        # Linkers of four and more may take several vertices of three.
        branched = max(linkers, default=0) > 3 and set(nodes) < degrees
        assert degrees == {n for n in [*nodes, *linkers] if n > 2} or branched
    kinds = [net.n_vertex_kinds + net.n_edge_kinds for net in found]
    assert kinds == sorted(kinds)


def test_no_net_for_odd_numbers() -> None:
    assert fitting_nets([11], linkers=[7]) == []


def test_directions_choose_among_nets() -> None:
    def first(directions: np.ndarray) -> str:
        return fitting_nets_of_blocks([metal(directions)], linkers=[rod()], max_vertices=6)[0].name

    assert first(TETRAHEDRON) == "dia"
    assert first(OCTAHEDRON) == "pcu"
    up = np.array([0.0, 0.0, 0.7])
    prism = np.concatenate([TRIANGLE + up, TRIANGLE - up])
    assert first(prism / np.linalg.norm(prism, axis=1, keepdims=True)) == "acs"
    found = fitting_nets_of_blocks([metal(SQUARE)], linkers=[rod()], max_vertices=6, max_misfit=0.2)
    names = [net.name for net in found]
    assert {"nbo", "sql", "cds"} <= set(names)
    assert "dia" not in names
    both = fitting_nets_of_blocks([metal(SQUARE)], linkers=[donor(TRIANGLE)])
    assert "tbo" in [net.name for net in both][:4]


def test_kinds_of_edges() -> None:
    assert edge_kinds(net_named("pcu")) == 1
    assert edge_kinds(net_named("tbo")) == 1
    assert edge_kinds(net_named("muo")) > 1
