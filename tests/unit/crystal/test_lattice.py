"""Cells: parameters, reduction, what symmetry leaves free."""

import numpy as np
import pytest

from porescope.crystal.lattice import (
    cell_strain_basis,
    conventional_lattice,
    lattice_from_parameters,
    lattice_system_of,
    metric_basis,
    niggli_lattice,
    parameters_from_lattice,
    reciprocal_lattice,
    same_lattice,
    symmetrised_lattice,
)
from porescope.crystal.space_group import space_group_from_number, space_group_from_symbol
from porescope.errors import ConfigError

AB_AND_C = [[1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]]


def test_parameters_come_back():
    cell = (5.0, 6.0, 7.0, 81.0, 92.0, 103.0)
    assert parameters_from_lattice(lattice_from_parameters(*cell)) == pytest.approx(cell)


def test_right_angles_are_exact():
    lattice = lattice_from_parameters(5.0, 6.0, 7.0, 90.0, 90.0, 90.0)
    assert np.array_equal(lattice, np.diag([5.0, 6.0, 7.0]))


def test_spacing_of_a_reflection():
    recip = reciprocal_lattice(lattice_from_parameters(4.0, 4.0, 10.0, 90.0, 90.0, 120.0))
    # Hexagonal: 1/d² = 4/3 (h² + hk + k²)/a² + l²/c².
    assert np.sum((np.array([1, 1, 2]) @ recip) ** 2) == pytest.approx(4 / 16 + 4 / 100)


@pytest.mark.parametrize(
    "cell",
    [
        (0.0, 5.0, 5.0, 90.0, 90.0, 90.0),
        (5.0, 5.0, float("nan"), 90.0, 90.0, 90.0),
        (5.0, 5.0, 5.0, 90.0, 90.0, 180.0),
        (5.0, 5.0, 5.0, 150.0, 150.0, 90.0),
    ],
)
def test_impossible_cells_are_refused(cell):
    with pytest.raises(ConfigError, match="cell"):
        lattice_from_parameters(*cell)


def test_niggli_transform_gives_the_reduced_cell():
    lattice = lattice_from_parameters(4.0, 5.0, 6.0, 75.0, 85.0, 95.0)
    skewed = np.array([[1, 2, 0], [0, 1, -1], [0, 0, 1]], dtype=float) @ lattice
    reduced, transform = niggli_lattice(skewed)
    assert round(np.linalg.det(transform)) == 1
    assert transform @ skewed == pytest.approx(reduced)


@pytest.mark.parametrize(
    ("symbol", "cell", "system", "basis"),
    [
        ("F m -3 m", (9.0, 9.0, 9.0, 90.0, 90.0, 90.0), "cubic", [[1, 1, 1, 0, 0, 0]]),
        (
            "P 6/m",
            (9.0, 9.0, 7.0, 90.0, 90.0, 120.0),
            "hexagonal",
            [[1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]],
        ),
        (
            "R -3:H",
            (9.0, 9.0, 7.0, 90.0, 90.0, 120.0),
            "hexagonal",
            [[1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]],
        ),
        (
            "R -3:R",
            (9.0, 9.0, 9.0, 75.0, 75.0, 75.0),
            "rhombohedral",
            [[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]],
        ),
        (
            "I 4/m",
            (9.0, 9.0, 7.0, 90.0, 90.0, 90.0),
            "tetragonal",
            [[1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]],
        ),
    ],
)
def test_free_cell_parameters(symbol, cell, system, basis):
    lattice = lattice_from_parameters(*cell)
    group = space_group_from_symbol(symbol)
    assert lattice_system_of(lattice, space_group=group) == system
    assert cell_strain_basis(lattice, space_group=group) == pytest.approx(np.array(basis))


@pytest.mark.parametrize(("symbol", "free"), [("P 1 2/m 1", 4), ("P 1 1 2/m", 5), ("P 2/m 1 1", 3)])
def test_unique_axis_of_a_monoclinic_cell(symbol, free):
    angles = [90.0, 90.0, 90.0]
    angles[free - 3] = 101.0
    lattice = lattice_from_parameters(7.0, 8.0, 9.0, *angles)
    basis = cell_strain_basis(lattice, space_group=space_group_from_symbol(symbol))
    assert len(basis) == 4
    assert np.flatnonzero(np.abs(basis).sum(axis=0)[3:]).tolist() == [free - 3]


def test_symmetrised_lattice_obeys_the_group():
    group = space_group_from_number(225)
    lattice = symmetrised_lattice(
        lattice_from_parameters(9.9, 10.0, 10.1, 89.9, 90.2, 90.0), space_group=group
    )
    a, b, c, *angles = parameters_from_lattice(lattice)
    assert a == pytest.approx(b)
    assert b == pytest.approx(c)
    assert angles == [90.0, 90.0, 90.0]
    assert len(metric_basis(group)) == 1


def test_conventional_cell_of_a_face_centred_lattice():
    primitive = 0.5 * np.array([[0.0, 10, 10], [10, 0, 10], [10, 10, 0]])
    lattice, system, centring = conventional_lattice(primitive)
    assert (system, centring) == ("cubic", "F")
    assert parameters_from_lattice(lattice) == pytest.approx([10, 10, 10, 90, 90, 90])
    assert lattice_system_of(primitive) == "cubic"


def test_lattices_are_compared_across_the_reduction_boundary():
    # The two differ by 0.06°, and their Niggli cells by a jump of the angles past 90°.
    first = lattice_from_parameters(7.0, 8.0, 9.0, 90.03, 90.03, 90.03)
    second = lattice_from_parameters(7.0, 8.0, 9.0, 89.97, 90.03, 90.03)
    assert same_lattice(first, other=second, angle_tolerance_deg=0.2)
    assert not same_lattice(first, other=1.05 * second)
    longer = lattice_from_parameters(7.0, 8.0, 9.3, 90.0, 90.0, 90.0)
    assert not same_lattice(first, other=longer)


def test_a_cell_on_the_border_of_two_forms_is_reduced() -> None:
    """The projection of one axis on another is half its length, all but 1e-7."""
    lattice = np.array(
        [
            [2.219811050713362e-07, 3.465753950427121e-07, 8.131193730324599],
            [8.384884368751948e-07, -8.420288087877982, -4.065596496493],
            [-12.536221618401125, -1.3480663435757254e-06, 1e-06],
        ]
    )
    reduced, transform = niggli_lattice(lattice)
    assert np.linalg.det(transform) == pytest.approx(1.0)
    np.testing.assert_allclose(transform @ lattice, reduced)
    lengths = np.linalg.norm(reduced, axis=1)
    assert lengths == pytest.approx([8.1312, 9.3503, 12.5362], abs=1e-3)
