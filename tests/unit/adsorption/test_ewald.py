import numpy as np
import pytest
from made_frameworks import SODALITE, framework_of, triclinic

from porescope.adsorption.ewald import (
    lattice_energy_k,
    potential_grid_k,
    potential_k,
    potential_of_sum_k,
    prepare_ewald,
)
from porescope.adsorption.orientations import sphere_rule
from porescope.errors import ConfigError
from porescope.units import COULOMB_K_A

CHARGED = framework_of(SODALITE, Si=2.0, O=-1.0)


def test_potential_near_a_charge_is_that_of_the_charge() -> None:
    cart = SODALITE.cart[:1] + np.array([[0.02, 0.0, 0.0]])
    near = potential_k(CHARGED, cart)[0]
    far = potential_k(CHARGED, 2.0 * cart - SODALITE.cart[:1])[0]
    # The rest of the crystal changes little over 0.02 Å.
    assert near - far == pytest.approx(2.0 * COULOMB_K_A * (1 / 0.02 - 1 / 0.04), rel=1e-3)


def test_potential_between_charges_is_the_mean_over_a_sphere_about_it() -> None:
    directions, weights = sphere_rule(200, half=False)
    for centre in ([0.0, 0.0, 0.0], [4.4, 2.2, 0.1], [2.0, 1.9, 2.1]):
        nearest = SODALITE.frac - np.array(centre) / 8.965
        nearest -= np.rint(nearest)
        radius = 0.5 * np.linalg.norm(nearest * 8.965, axis=1).min()
        around = potential_k(CHARGED, centre + radius * directions, precision=1e-9)
        middle = potential_k(CHARGED, np.array([centre]), precision=1e-9)[0]
        assert weights @ around == pytest.approx(middle, abs=1e-6 * COULOMB_K_A)


@pytest.mark.parametrize("offset", [None, np.array([0.4, -1.3, 2.2])])
def test_grid_is_the_potential_at_its_points(offset) -> None:
    crystal = triclinic(4, n_atoms=8)
    framework = framework_of(crystal, Si=1.0, O=-0.7)
    shape = (7, 6, 9)
    index = np.stack(np.unravel_index(np.arange(np.prod(shape)), shape), axis=1)
    cart = index / np.array(shape) @ crystal.lattice + (0.0 if offset is None else offset)
    grid = potential_grid_k(framework, shape, offset=offset, precision=1e-8)
    points = potential_k(framework, cart, precision=1e-8)
    np.testing.assert_allclose(grid.ravel(), points, atol=1e-8 * COULOMB_K_A)


def test_precision_is_kept() -> None:
    cart = np.random.default_rng(0).random((200, 3)) * 8.965
    exact = potential_k(CHARGED, cart, precision=1e-12)
    for precision in (1e-3, 1e-5, 1e-7):
        error = np.abs(potential_k(CHARGED, cart, precision=precision) - exact)
        assert np.max(error) < precision * COULOMB_K_A


def test_no_charges_have_no_potential() -> None:
    framework = framework_of(SODALITE)
    assert np.all(potential_k(framework, np.zeros((3, 3))) == 0.0)
    assert np.all(potential_grid_k(framework, (2, 3, 4)) == 0.0)


def test_lattice_energy_is_half_the_charges_in_the_potential_of_the_others() -> None:
    lattice, frac = SODALITE.lattice, SODALITE.frac
    energy = lattice_energy_k(lattice, frac=frac, charges=CHARGED.charges)
    total = 0.0
    for ion in (0, len(frac) - 1):
        charges = CHARGED.charges.copy()
        charges[ion] = 0.0
        # Without its own ion the cell has a charge; a background, whose energy with the ion is
        # part of the lattice sum of the ion with its images, neutralises it.
        others = prepare_ewald(lattice, frac=frac, charges=charges, precision=1e-12)
        mine = np.zeros_like(charges)
        mine[ion] = CHARGED.charges[ion]
        images = 2.0 * lattice_energy_k(lattice, frac=frac, charges=mine) / mine[ion]
        potential = potential_of_sum_k(others, frac[ion : ion + 1] @ lattice)[0] + images
        total += 0.5 * np.sum(CHARGED.charges == mine[ion]) * mine[ion] * potential
    assert energy == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("precision", [0.0, 1.0, -1e-6])
def test_impossible_precisions_are_refused(precision: float) -> None:
    with pytest.raises(ConfigError, match="precision"):
        potential_k(CHARGED, np.zeros((1, 3)), precision=precision)
