"""Making the table of nets from slots with dummies."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from porescope.datasets.net_catalogue_build import (
    catalogue_net_of_silica,
    classic_nets,
    rcsr_nets,
    write_catalogue,
)
from porescope.errors import ParseError
from porescope.reticular.nets.catalogue import CatalogueNet, net_named
from porescope.reticular.silica import silica_framework


def _square_lattice() -> dict:
    """A square lattice in a cell of two vertices, as slots with dummies."""
    cell = np.diag([2.0, 1.0, 10.0])
    slots: list[dict] = []
    tags = iter(range(1, 100))
    ends: dict[tuple[int, ...], list[tuple[list[float], int]]] = {(0,): [], (1,): []}
    for x in (0, 1):
        for step in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)):
            start = np.array([float(x), 0.0, 0.0])
            one, two = start + 0.25 * np.array(step), start + 0.75 * np.array(step)
            a, b = next(tags), next(tags)
            ends[(x,)].append((one.tolist(), a))
            other = (x + int(step[0])) % 2
            there = two - (start + step) + [float(other), 0.0, 0.0]
            ends[(other,)].append((there.tolist(), b))
            slots.append({"coords": [one.tolist(), two.tolist()], "tags": [a, b]})
    for key in ends:
        slots.append({"coords": [e[0] for e in ends[key]], "tags": [e[1] for e in ends[key]]})
    return {"cell": cell.tolist(), "spacegroup_number": 11, "slots": slots, "is_2d": True}


def _written(tmp_path: Path, table: dict) -> Path:
    path = tmp_path / "topologies.json.gz"
    path.write_bytes(gzip.compress(json.dumps(table).encode()))
    return path


def test_slots_become_vertices_and_edges(tmp_path: Path) -> None:
    broken = _square_lattice()
    broken["slots"][0]["tags"] = [0, 0]
    table = {"format_version": 1, "topologies": {"sql": _square_lattice(), "odd": broken}}
    found = dict(rcsr_nets(_written(tmp_path, table)))
    entry = found["sql"]
    assert isinstance(entry, CatalogueNet)
    assert (entry.net.n_vertices, entry.net.n_edges, entry.dimension) == (1, 2, 2)
    assert entry.key == net_named("sql").key
    np.testing.assert_allclose(np.linalg.norm(entry.edge_vectors, axis=1), 1.0)
    assert found["odd"] == "dummies do not pair"


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = _written(tmp_path, {"format_version": 2, "topologies": {}})
    with pytest.raises(ParseError, match="format 1"):
        list(rcsr_nets(path))


def test_nets_of_zeolites_and_of_crystals() -> None:
    entry = catalogue_net_of_silica(silica_framework("SOD"))
    assert isinstance(entry, CatalogueNet)
    assert entry.key == net_named("sod").key
    classics = dict(classic_nets())
    assert set(classics) >= {"ths", "lvt", "ant", "gis", "chain"}
    for name, net in classics.items():
        assert isinstance(net, CatalogueNet)
        assert net.key == net_named(name).key


def test_a_written_table_is_compact_and_plain(tmp_path: Path) -> None:
    entries = [net_named(name) for name in ("dia", "pcu", "tbo")]
    write_catalogue(entries, tmp_path / "nets.npz")
    with np.load(tmp_path / "nets.npz", allow_pickle=False) as table:
        assert table["names"].tolist() == ["dia", "pcu", "tbo"]
        assert table["n_vertices"].tolist() == [2, 1, 14]
        assert table["frac"].shape == (3, 17)
