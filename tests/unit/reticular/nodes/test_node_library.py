"""The curated nodes have the geometry, the names and the charges that they should have."""

from __future__ import annotations

import numpy as np
import pytest
from gemmi import Element

from porescope.crystal.elements import covalent_radii, is_metal
from porescope.errors import ConfigError
from porescope.reticular.nodes.library import (
    NodeBlock,
    covalent_nodes,
    node_named,
    nodes,
    nodes_of_metal,
)

OXIDATION = {
    **dict.fromkeys(("Zr", "Hf", "Ti", "Th"), 4),
    **dict.fromkeys(("Cr", "Al", "Ga", "In", "Sc", "Y", "La", "Nd", "Sm", "Eu", "Gd"), 3),
    **dict.fromkeys(("Tb", "Dy", "Ho", "Er", "Yb", "Pr", "Tm", "Lu"), 3),
    **dict.fromkeys(("Cu", "Zn", "Co", "Ni", "Mn", "Cd", "Mg", "Mo", "Rh", "Ru", "Be"), 2),
}
NAMED = [
    "Cu2(CO2)4 paddlewheel",
    "Zn4O(CO2)6 tetrahedron about oxygen",
    "Zr6O8(CO2)12 octahedron",
    "Zr6O8(CO2)8 octahedron",
    "Zr6O8(CO2)6 octahedron",
    "Hf6O8(CO2)12 octahedron",
    "Cr3O(CO2)6 trimer",
    "Fe3O(CO2)6 trimer",
    "Al3O(CO2)6 trimer",
    "Zn tetrahedron",
    "Al2O2(CO2)4 rod",
    "V2O2(CO2)4 rod",
    "Ga2O2(CO2)4 rod",
    "Zn3(CO2)3 rod",
    "Ti8O12(CO2)12 ring of eight",
    "Tb6O8(CO2)12 octahedron",
    "boroxine",
]


def _bond_charge(node: NodeBlock) -> int:
    """Charge by counting: metals, oxide -2, hydrogen on oxygen +1, each carboxylate -1."""
    metal = is_metal()[node.numbers]
    on_carbon = {
        int(max(b)) for b in node.bonds.tolist() if {6, 1} == set(node.numbers[b].tolist())
    }
    total = sum(OXIDATION[Element(int(z)).name] for z in node.numbers[metal])
    for i, z in enumerate(node.numbers.tolist()):
        total += {8: -2, 6: 3, 17: -1}.get(z, 0) + int(z == 1 and i not in on_carbon)
    return total


@pytest.mark.parametrize("name", NAMED)
def test_the_common_nodes_are_there(name: str) -> None:
    assert node_named(name).name == name


@pytest.mark.parametrize(
    "node",
    [n for n in nodes() if n.metals and n.metals[0] in OXIDATION and n.family != "single_metal"],
    ids=lambda n: f"{n.name} {n.n_linkers} {n.family}",
)
def test_charges_follow_from_the_atoms(node: NodeBlock) -> None:
    trivalent = node.metals == ("Mn",) and node.family in ("oxo_trimer", "corner_rod")
    if node.metals in (("V",), ("Ce",), ("U",)) or trivalent or node.family == "chloride_square":
        pytest.skip("more than one oxidation state in the library")
    if (node.family, node.metals) in (("oxo_trimer", ("Ti",)), ("paddlewheel", ("Cr",))):
        pytest.skip("titanium is trivalent and chromium divalent here")
    assert node.charge == _bond_charge(node)


@pytest.mark.parametrize("node", nodes(), ids=lambda n: f"{n.name} {n.n_ports} {n.family}")
def test_atoms_keep_their_distances(node: NodeBlock) -> None:
    radii = covalent_radii()[node.numbers]
    distances = np.linalg.norm(node.positions[:, None] - node.positions[None], axis=-1)
    sums = radii[:, None] + radii[None]
    bonded = np.zeros(distances.shape, dtype=bool)
    bonded[node.bonds[:, 0], node.bonds[:, 1]] = True
    bonded |= bonded.T
    np.fill_diagonal(distances, np.inf)
    assert np.all(distances[bonded] > 0.67 * sums[bonded])
    assert np.all(distances[bonded] < 1.25 * sums[bonded])
    metal = is_metal()[node.numbers]
    # Metals of paddlewheels come near one another without a bond; hydrogen of caps comes near.
    free = ~bonded & ~np.eye(node.n_atoms, dtype=bool) & ~(metal[:, None] & metal[None])
    assert np.all(distances[free] > 1.35)
    lengths = np.linalg.norm(node.port_vectors, axis=1)
    assert np.all((lengths > 1.3) & (lengths < 3.1))
    assert node.source


def test_mof_5_has_its_cell_length() -> None:
    # Half of a = 25.83 Å is twice from the centre to the carbon atom and 5.78 Å across the linker:
    # H. Li et al., Nature 402 (1999) 276, https://doi.org/10.1038/46248.
    node = node_named("Zn4O(CO2)6")
    reach = np.linalg.norm(node.positions[node.port_atoms], axis=1)
    assert 2.0 * reach.mean() + 5.78 == pytest.approx(12.92, abs=0.1)


def test_uio_66_has_its_cell_length() -> None:
    # a / sqrt 2 = 14.65 Å; J. H. Cavka et al., https://doi.org/10.1021/ja8057953.
    node = node_named("Zr6O8(CO2)12")
    reach = np.linalg.norm(node.positions[node.port_atoms], axis=1)
    assert 2.0 * reach.mean() + 5.78 == pytest.approx(14.65, abs=0.15)


def test_the_rod_of_mil_53_meets_its_next_unit() -> None:
    node = node_named("Al2O2(CO2)4 rod")
    ends = node.positions[node.port_atoms] + node.port_vectors
    repeat = 2.0 * 3.31 * np.array([1.0, 0.0, 0.0])
    inner = np.flatnonzero(node.numbers[node.port_atoms] != 6)
    for port in inner:
        gaps = [
            np.linalg.norm(node.positions - (ends[port] + sign * repeat), axis=1).min()
            for sign in (1.0, -1.0)
        ]
        assert min(gaps) < 1e-6
    assert node.n_linkers == 4
    assert node.rank == 1


def test_paddlewheels_are_square() -> None:
    node = node_named("Cu2(CO2)4 paddlewheel")
    unit = node.port_vectors / np.linalg.norm(node.port_vectors, axis=1)[:, None]
    np.testing.assert_allclose(np.abs(unit @ unit.T).round(6).sum(axis=1), 2.0)


def test_covalent_nodes_are_three() -> None:
    assert [n.n_ports for n in covalent_nodes()] == [3, 3, 3]


@pytest.mark.parametrize("metal", ["Po", "Si", "Xx"])
def test_elements_without_a_node_are_told(metal: str) -> None:
    with pytest.raises(ConfigError, match=r"nodes are known of|symbol of a metal"):
        nodes_of_metal(metal)


def test_unknown_names_are_told_what_is_near() -> None:
    with pytest.raises(ConfigError, match="Zn4O"):
        node_named("Zn7O9")
