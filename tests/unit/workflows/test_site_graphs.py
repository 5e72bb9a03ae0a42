"""Surroundings as graphs: what counts, what is joined, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from framework_crystals import magnesium_pyrazine
from porescope.errors import ConfigError
from porescope.io.cif import crystal_from_cif_text
from porescope.workflows.site_graphs import (
    SILICA_RADIUS,
    SITE_RADIUS,
    framework_graph,
    is_silica,
    site_graphs,
    usual_radius,
)
from predict_toys import SODALITE


def test_silica_is_joined_over_its_oxygen() -> None:
    sodalite = crystal_from_cif_text(SODALITE.format(occupancy=1.0))
    assert is_silica(sodalite)
    assert usual_radius(sodalite) == SILICA_RADIUS
    graph = framework_graph(sodalite)
    assert set(sodalite.numbers[graph.kept]) == {14}
    assert {len(ends) for ends in graph.neighbours.values()} == {4}
    assert {len(owners) for owners in graph.owners.values()} == {2}
    atom = int(graph.kept[0])
    site = site_graphs(graph, sodalite.cart[[atom]], radius=SILICA_RADIUS, atoms=[atom])[0]
    assert site.root is not None
    assert np.allclose(site.cart[site.root], 0.0, atol=1e-6)
    assert np.all(np.linalg.norm(site.cart, axis=1) <= SILICA_RADIUS + 0.01)
    # Four neighbours in two rings of four and four rings of six.
    assert sum(site.root in bond for bond in site.bonds) == 4
    assert set(framework_graph(sodalite, with_bridges=True).kept.tolist()) == set(
        range(sodalite.n_atoms)
    )


def test_hydrogen_belongs_to_its_carbon() -> None:
    crystal = magnesium_pyrazine()
    assert not is_silica(crystal)
    assert usual_radius(crystal) == SITE_RADIUS
    graph = framework_graph(crystal)
    assert 1 not in crystal.numbers[graph.kept]
    for atom, owners in graph.owners.items():
        assert crystal.numbers[atom] == 1
        assert [int(crystal.numbers[owner]) for owner in owners] == [6]


def test_a_place_has_all_atoms_about_it() -> None:
    crystal = magnesium_pyrazine()
    graph = framework_graph(crystal)
    metal = int(np.flatnonzero(crystal.numbers == 12)[0])
    of_place, of_atom = (
        site_graphs(graph, crystal.cart[[metal]], radius=3.0, atoms=atoms)[0]
        for atoms in (None, [metal])
    )
    assert of_place.root is None
    assert len(of_place.numbers) >= len(of_atom.numbers)
    assert "Mg" in of_atom.formula
    assert of_place.name != of_atom.name


def test_a_radius_above_zero_is_needed() -> None:
    graph = framework_graph(magnesium_pyrazine())
    with pytest.raises(ConfigError, match="above 0"):
        site_graphs(graph, np.zeros((1, 3)), radius=0.0)
