"""CGCNN's properties of elements, neighbours and convolution."""

from __future__ import annotations

from itertools import pairwise

import gemmi
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from porescope.crystal.neighbours import neighbour_list  # noqa: E402
from porescope.crystal.structure import Crystal  # noqa: E402
from porescope.errors import ConfigError  # noqa: E402
from porescope.models.property_cgcnn.config import CgcnnConfig  # noqa: E402
from porescope.models.property_cgcnn.elements import (  # noqa: E402
    element_features,
    periodic_places,
)
from porescope.models.property_cgcnn.network import Convolution  # noqa: E402
from porescope.models.property_cgcnn.predict import nearest_neighbours  # noqa: E402
from property_toys import some_frameworks  # noqa: E402


@pytest.mark.parametrize(
    ("symbol", "group", "period", "block"),
    [
        ("H", 1, 1, 1),
        ("He", 18, 1, 1),
        ("O", 16, 2, 2),
        ("Mg", 2, 3, 1),
        ("Sc", 3, 4, 3),
        ("Zn", 12, 4, 3),
        ("Zr", 4, 5, 3),
        ("La", 0, 6, 4),
        ("Yb", 0, 6, 4),
        ("Lu", 3, 6, 3),
        ("Hf", 4, 6, 3),
        ("Pb", 14, 6, 2),
        ("U", 0, 7, 4),
        ("Og", 18, 7, 2),
    ],
)
def test_places_in_the_periodic_table(symbol: str, group: int, period: int, block: int) -> None:
    number = gemmi.Element(symbol).atomic_number
    assert tuple(int(column[number]) for column in periodic_places()) == (group, period, block)


def test_each_property_has_one_class_at_most() -> None:
    features = element_features()
    ends = np.cumsum([0, 18, 7, 4, 16, 10, 10, 10, 10])
    assert features.shape == (119, ends[-1])
    assert not features[0].any()
    sums = np.stack([features[:, a:b].sum(axis=1) for a, b in pairwise(ends)])
    assert set(np.unique(sums)) == {0.0, 1.0}
    # Carbon: 2.55 on Pauling's scale is 0.586 of the way from 0.5 to 4.
    assert features[6, ends[4] : ends[5]].argmax() == 5
    # Carbon: ln(11.26 eV) = 2.421 is 0.56 of the way from 1.3 to 3.3.
    assert features[6, ends[6] : ends[7]].argmax() == 5
    # Carbon has four valence electrons.
    assert features[6, ends[3] : ends[4]].argmax() == 3
    # No two elements are the same up to radon.
    assert len(np.unique(features[1:87], axis=0)) == 86


def test_the_nearest_neighbours_and_those_as_far() -> None:
    # Simple cubic: 6 at a, 12 at a√2; asking for 7 gives all 18.
    cubic = Crystal(
        lattice=3.0 * np.eye(3),
        frac=np.zeros((1, 3)),
        numbers=np.array([84]),
        occupancy=np.ones(1),
        u_iso=np.full(1, np.nan),
    )
    for most, expected in ((1, 6), (6, 6), (7, 18)):
        edges, vectors = nearest_neighbours(cubic, most=most, cutoff=8.0)
        assert edges.shape == (2, expected)
        assert vectors.shape == (expected, 3)
    edges, _ = nearest_neighbours(cubic, most=12, cutoff=3.5)
    assert edges.shape == (2, 6)


def test_widening_the_search_finds_the_same() -> None:
    (crystal,) = some_frameworks(1)
    edges, vectors = nearest_neighbours(crystal, most=12, cutoff=8.0)
    whole = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=8.0)
    for atom in range(crystal.n_atoms):
        apart = np.sort(np.linalg.norm(vectors[edges[0] == atom], axis=1))
        expected = whole.distance[whole.first == atom]
        assert len(apart) >= 12
        np.testing.assert_allclose(apart, expected[: len(apart)], atol=1e-9)
        assert expected[len(apart)] > apart[11] + 1e-3


def test_the_convolution_is_that_of_the_paper() -> None:
    torch.manual_seed(0)
    layer = Convolution(3, n_distances=2).eval()
    atoms, distances = torch.randn(2, 3), torch.randn(3, 2)
    edges = torch.tensor([[0, 0, 1], [1, 0, 0]])
    weight = torch.cat([layer.receiver.weight, layer.sender.weight, layer.distance.weight], dim=1)
    scale = (1.0 + layer.norm.eps) ** -0.5
    told = torch.zeros(2, 3)
    for k in range(3):
        i, j = edges[:, k]
        z = weight @ torch.cat([atoms[i], atoms[j], distances[k]]) + layer.receiver.bias
        gate, core = (z * scale).split(3)
        told[i] += gate.sigmoid() * torch.nn.functional.softplus(core)
    expected = torch.nn.functional.softplus(atoms + told * scale)
    torch.testing.assert_close(layer(atoms, distances, edges), expected)


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="cutoff and step"):
        CgcnnConfig(step=0.0)
    with pytest.raises(ConfigError, match="at least one neighbour"):
        CgcnnConfig(most_neighbours=0)
