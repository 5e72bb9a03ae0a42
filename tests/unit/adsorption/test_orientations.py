import numpy as np
import pytest
from made_frameworks import ARGON, gas_of

from porescope.adsorption.orientations import orientations_of, sphere_rule, super_fibonacci
from porescope.errors import ConfigError

DUMBBELL = gas_of((50.0, 3.0, -0.4, (0.0, 0.0, -1.1)), (50.0, 3.0, -0.4, (0.0, 0.0, 1.1)))
ARROW = gas_of((50.0, 3.0, -0.4, (0.0, 0.0, -1.1)), (80.0, 3.0, 0.4, (0.0, 0.0, 1.1)))
BENT = gas_of(
    (50.0, 3.0, -0.8, (0.0, 0.0, 0.1)),
    (0.0, 1.0, 0.4, (0.8, 0.0, -0.5)),
    (0.0, 1.0, 0.4, (-0.8, 0.0, -0.5)),
)


@pytest.mark.parametrize("half", [True, False])
def test_sphere_rule_is_exact_for_polynomials(half: bool) -> None:
    x, weights = sphere_rule(60, half=half)
    assert len(x) >= 60
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1.0)
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ x[:, 0] ** 2 == pytest.approx(1.0 / 3.0)
    assert weights @ x[:, 2] ** 4 == pytest.approx(1.0 / 5.0)
    assert weights @ (x[:, 0] ** 2 * x[:, 1] ** 2) == pytest.approx(1.0 / 15.0)
    assert weights @ (x[:, 0] * x[:, 1] * x[:, 2] ** 2) == pytest.approx(0.0, abs=1e-15)


def test_rotations_are_spread_evenly() -> None:
    turned = super_fibonacci(2000)
    products = turned @ turned.transpose(0, 2, 1)
    np.testing.assert_allclose(products, np.broadcast_to(np.eye(3), products.shape), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turned), 1.0)
    np.testing.assert_allclose(turned.mean(axis=0), 0.0, atol=5e-3)
    np.testing.assert_allclose((turned**2).mean(axis=0), 1.0 / 3.0, atol=5e-3)


def test_equal_ends_need_half_the_sphere() -> None:
    dumbbell = orientations_of(DUMBBELL, n_orientations=30).positions[:, 1, 2]
    assert len(set(np.sign(dumbbell))) == 1
    arrow = orientations_of(ARROW, n_orientations=30).positions[:, 1, 2]
    assert np.any(arrow > 0.0)
    assert np.any(arrow < 0.0)


@pytest.mark.parametrize("gas", [DUMBBELL, ARROW, BENT])
def test_molecules_stay_rigid(gas) -> None:
    chosen = orientations_of(gas, n_orientations=30)
    assert len(chosen.weights) >= 30
    assert chosen.weights.sum() == pytest.approx(1.0)
    for other in range(len(gas.beads)):
        found = np.linalg.norm(chosen.positions[:, 0] - chosen.positions[:, other], axis=1)
        expected = np.linalg.norm(gas.positions[0] - gas.positions[other])
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_sphere_has_one_orientation() -> None:
    assert len(orientations_of(ARGON, n_orientations=50).weights) == 1


def test_every_shape_of_a_flexible_molecule_is_taken() -> None:
    from dataclasses import replace

    shapes = np.random.default_rng(0).normal(size=(40, 3, 3))
    gas = replace(BENT, conformers=shapes, conformer_temperature=300.0)
    chosen = orientations_of(gas, n_orientations=10)
    sizes = np.linalg.norm(chosen.positions, axis=(1, 2))
    np.testing.assert_allclose(sizes, np.linalg.norm(shapes, axis=(1, 2)))


def test_no_orientation_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        orientations_of(BENT, n_orientations=0)
