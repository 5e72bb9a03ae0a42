"""The table of nets."""

from __future__ import annotations

import numpy as np
import pytest

from net_examples import CHAIN, DIA, HCB, LADDER, PCU, SQL, SRS, net_of
from porescope.errors import ConfigError
from porescope.reticular.nets.catalogue import name_of_net, names_of_key, net_named, net_names


@pytest.mark.parametrize(
    ("net", "name"),
    [
        (PCU, "pcu"),
        (DIA, "dia"),
        (HCB, "hcb"),
        (SQL, "sql"),
        (SRS, "srs"),
        (CHAIN, "chain"),
        (LADDER, "ladder"),
    ],
)
def test_nets_are_named(net, name: str) -> None:
    assert name_of_net(net) == name


def test_nets_without_names() -> None:
    assert name_of_net(net_of(1, [])) == ""
    assert name_of_net(net_of(1, [[0, 0, 1, 0, 0], [0, 0, 7, 1, 0], [0, 0, 5, 3, 0]])) == ""
    assert names_of_key("3d-nothing") == ()


def test_an_entry_is_whole() -> None:
    for name in ("dia", "csq", "kgm", "MFI", "chain"):
        entry = net_named(name)
        assert entry.name == name
        assert len(entry.frac) == len(entry.kinds) == entry.net.n_vertices
        assert np.all((entry.frac > -1e-3) & (entry.frac < 1.0))
        assert np.linalg.det(entry.lattice) > 0
        assert np.linalg.norm(entry.edge_vectors, axis=1).mean() == pytest.approx(1.0, abs=5e-3)
        assert names_of_key(entry.key)


def test_zeolite_codes_are_found_in_capitals_or_not() -> None:
    assert net_named("mfi").name == "MFI"
    assert net_named("MFI").net.n_vertices == 96
    assert net_named("FAU").net.n_vertices == 48
    assert names_of_key(net_named("FAU").key) == ("fau", "FAU")


def test_dimensions() -> None:
    layers = net_names(dimension=2)
    assert {"sql", "hcb", "kgm", "hxl", "kgd"} <= set(layers)
    assert "pcu" not in layers
    assert set(net_names(dimension=1)) == {"chain", "ladder", "triangle-strip"}
    assert net_named("kgm").dimension == 2


def test_an_unknown_name_is_refused_with_a_hint() -> None:
    with pytest.raises(ConfigError, match=r"no net named 'pcz'.*pcu"):
        net_named("pcz")
