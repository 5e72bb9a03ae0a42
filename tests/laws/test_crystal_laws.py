"""What must hold for every crystal, whatever its cell, order of atoms or origin."""

from dataclasses import replace

import gemmi
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from porescope.crystal.graph import net_hash
from porescope.crystal.lattice import (
    lattice_from_parameters,
    niggli_lattice,
    parameters_from_lattice,
    reciprocal_lattice,
    same_lattice,
)
from porescope.crystal.neighbours import neighbour_list
from porescope.crystal.operations import closed_operations
from porescope.crystal.space_group import space_group_from_number, space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.crystal.symmetry import find_symmetry, standardise
from porescope.crystal.transform import change_of_basis, primitive_cell, supercell
from porescope.io.cif import cif_text, crystal_from_cif_text

EDGES = st.floats(3.0, 30.0)
ANGLES = st.floats(55.0, 125.0)
STEPS = st.lists(st.tuples(st.permutations([0, 1, 2]), st.sampled_from([-1, 1])), max_size=5)


@st.composite
def lattices(draw):
    angles = [draw(ANGLES) for _ in range(3)]
    cosines = np.cos(np.deg2rad(angles))
    assume(1 - np.sum(cosines**2) + 2 * np.prod(cosines) > 0.1)
    return lattice_from_parameters(draw(EDGES), draw(EDGES), draw(EDGES), *angles)


@st.composite
def unimodular(draw):
    """Integer matrices of determinant 1, as products of elementary ones."""
    matrix = np.eye(3)
    for (i, j, _), sign in draw(STEPS):
        step = np.eye(3)
        step[i, j] = sign
        matrix = step @ matrix
    return matrix


def zeolite_like(*, seed: int) -> Crystal:
    """Sodalite's silica cages in P1, a little shaken, with a guest in each."""
    group = space_group_from_symbol("I m -3 m")
    frame = crystal_from_asymmetric_unit(
        lattice=np.eye(3) * 8.96,
        frac=np.array([[0.25, 0.5, 0.0], [0.35, 0.35, 0.0], [0.0, 0.0, 0.0]]),
        numbers=np.array([14, 8, 54]),
        space_group=group,
    )
    rng = np.random.default_rng(seed)
    moved = frame.frac + rng.normal(0, 0.01, frame.frac.shape) / 8.96
    return replace(frame.without_symmetry(), frac=moved)


@given(lattices())
def test_parameters_determine_the_metric(lattice):
    again = lattice_from_parameters(*parameters_from_lattice(lattice).tolist())
    assert again @ again.T == pytest.approx(lattice @ lattice.T, rel=1e-9, abs=1e-7)
    assert lattice @ reciprocal_lattice(lattice).T == pytest.approx(np.eye(3), abs=1e-9)


@given(lattices(), unimodular())
def test_the_niggli_cell_does_not_depend_on_the_choice_of_cell(lattice, transform):
    reduced, to_reduced = niggli_lattice(lattice)
    other, to_other = niggli_lattice(transform @ lattice)
    assert round(np.linalg.det(to_reduced)) == round(np.linalg.det(to_other)) == 1
    assert to_other @ transform @ lattice == pytest.approx(other, abs=1e-7)
    assert same_lattice(reduced, other=other, length_tolerance=1e-4, angle_tolerance_deg=0.01)
    edges = parameters_from_lattice(reduced)[:3]
    assert parameters_from_lattice(other)[:3] == pytest.approx(edges, rel=1e-4)


@pytest.mark.parametrize("number", range(1, 231))
def test_the_operations_of_each_space_group_are_a_group(number):
    group = space_group_from_number(number)
    order = gemmi.SpaceGroup(group.symbol).operations()
    assert group.n_ops == len(list(order))
    assert np.array_equal(group.rotations[0], np.eye(3))
    some = slice(None, None, max(1, group.n_ops // 12))
    closed, _ = closed_operations(
        np.concatenate([group.rotations, group.rotations[some]]),
        translations=np.concatenate([group.translations, group.translations[some]]),
    )
    assert len(closed) == group.n_ops


@settings(max_examples=60)
@given(st.integers(1, 230), st.integers(0, 10_000))
def test_symmetry_found_is_the_symmetry_put_in(number, seed):
    """Sites in general position show exactly the group, or one that contains it by chance."""
    group = space_group_from_number(number)
    rng = np.random.default_rng(seed)
    shape = np.diag(rng.uniform(9.0, 14.0, 3)) + rng.uniform(-2.0, 2.0, (3, 3))
    metric = shape @ shape.T
    mean = np.einsum("oji,jk,okl->il", group.rotations, metric, group.rotations) / group.n_ops
    crystal = crystal_from_asymmetric_unit(
        lattice=np.linalg.cholesky(mean),
        frac=rng.random((3, 3)),
        numbers=np.array([6, 8, 30]),
        space_group=group,
    )
    pairs = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=0.2)
    assume(pairs.n_pairs == 0)
    found = find_symmetry(crystal.without_symmetry(), symprec=1e-3)
    assert found.space_group.n_ops >= group.n_ops
    if found.space_group.n_ops == group.n_ops:
        assert found.space_group.number == number
        assert np.array_equal(found.orbit, crystal.orbit)
    standard = standardise(crystal.without_symmetry(), symprec=1e-3)
    assert standard.density == pytest.approx(crystal.density, rel=1e-6)
    assert standard.space_group.number == found.space_group.number


@given(st.integers(0, 5), unimodular(), st.tuples(*[st.integers(1, 2)] * 3))
def test_the_net_hash_knows_neither_cell_nor_order_nor_origin(seed, transform, repeats):
    crystal = zeolite_like(seed=seed)
    expected = net_hash(crystal)
    rng = np.random.default_rng(seed)
    other = supercell(change_of_basis(crystal, transform=transform), repeats=repeats)
    order = rng.permutation(other.n_atoms)
    shuffled = replace(
        other,
        frac=other.frac[order] + rng.random(3),
        numbers=other.numbers[order],
        occupancy=other.occupancy[order],
        u_iso=other.u_iso[order],
        space_group=crystal.space_group,
        orbit=None,
    )
    assert net_hash(shuffled) == expected
    assert net_hash(primitive_cell(find_symmetry(shuffled, symprec=1e-4))) == expected


@given(lattices(), unimodular(), st.integers(0, 1000))
def test_distances_do_not_depend_on_the_cell(lattice, transform, seed):
    rng = np.random.default_rng(seed)
    crystal = crystal_from_asymmetric_unit(
        lattice=lattice, frac=rng.random((5, 3)), numbers=np.array([6, 7, 8, 14, 30])
    )
    other = change_of_basis(crystal, transform=transform)
    first = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=4.0)
    second = neighbour_list(other.frac + 0.3, lattice=other.lattice, cutoff=4.0)
    # A pair exactly at the cutoff may fall on either side of it.
    inner = [np.sort(found.distance[found.distance < 4.0 - 1e-6]) for found in (first, second)]
    assert inner[0] == pytest.approx(inner[1], abs=1e-7)


@given(st.integers(1, 230), st.integers(0, 10_000))
def test_a_cif_gives_the_crystal_back(number, seed):
    group = space_group_from_number(number)
    rng = np.random.default_rng(seed)
    metric = np.diag(rng.uniform(81.0, 196.0, 3)) + rng.uniform(-9.0, 9.0, (3, 3))
    metric = 0.5 * (metric + metric.T)
    mean = np.einsum("oji,jk,okl->il", group.rotations, metric, group.rotations) / group.n_ops
    crystal = crystal_from_asymmetric_unit(
        lattice=lattice_from_parameters(
            *parameters_from_lattice(np.linalg.cholesky(mean)).tolist()
        ),
        frac=rng.integers(0, 24, (3, 3)) / 24.0 + rng.choice([0.0, 0.01], (3, 1)),
        numbers=np.array([6, 8, 30]),
        space_group=group,
        occupancy=rng.choice([0.25, 0.5], 3),
        u_iso=rng.choice([0.01, np.nan], 3),
    )
    again = crystal_from_cif_text(cif_text(crystal))
    assert again.space_group.symbol == crystal.space_group.symbol
    assert np.array_equal(again.numbers, crystal.numbers)
    delta = again.frac - crystal.frac
    assert np.abs(delta - np.rint(delta)).max() < 1e-7
    assert again.lattice == pytest.approx(crystal.lattice, abs=1e-6)
    assert again.occupancy == pytest.approx(crystal.occupancy)
    assert again.u_iso == pytest.approx(crystal.u_iso, nan_ok=True)
