"""Positions that a gas can come to."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.adsorption.fields import field_named
from porescope.adsorption.gases import gas_named
from porescope.adsorption.reach import reachable_positions
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.workflows.adsorbent import adsorbent
from porescope.workflows.henry import henry

# Sodalite, idealised: cages that meet in rings of six T atoms, too narrow for methane.
SODALITE = crystal_from_asymmetric_unit(
    lattice=np.eye(3) * 8.965,
    frac=np.array([[0.25, 0.5, 0.0], [0.3539, 0.3539, 0.0]]),
    numbers=np.array([14, 8]),
    space_group=space_group_from_symbol("I m -3 m"),
    name="SOD",
)


def slit(width: float) -> Crystal:
    """Square nets of carbon, a slit apart."""
    n = 4
    sites = np.array([[i / n, j / n, 0.0] for i in range(n) for j in range(n)])
    return crystal_from_asymmetric_unit(
        lattice=np.diag([n * 2.0, n * 2.0, width]), frac=sites, numbers=np.full(len(sites), 6)
    )


def test_the_cages_of_sodalite_are_out_of_reach_for_methane() -> None:
    gas = gas_named("CH4")
    framework = adsorbent(SODALITE, gases=(gas,), field=field_named("UFF"))
    reach = reachable_positions(framework, gas, temperature=300.0)
    assert reach.n_pockets == 2
    assert not reach.contains(np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5], [1.0, 2.0, -3.0]])).any()
    open_pores = henry(SODALITE, gas=gas, temperature=300.0)
    closed = henry(SODALITE, gas=gas, temperature=300.0, block_pockets=True)
    assert open_pores.n_pockets_blocked is None
    assert closed.n_pockets_blocked == 2
    assert closed.boltzmann_mean < 1e-4 * open_pores.boltzmann_mean


@pytest.mark.parametrize("name", ["CH4", "C2H6"])
def test_nothing_is_blocked_in_a_slit(name: str) -> None:
    gas = gas_named(name)
    framework = adsorbent(slit(8.0), gases=(gas,), field=field_named("UFF"))
    reach = reachable_positions(framework, gas, temperature=300.0)
    assert reach.n_pockets == 0
    assert reach.spheres == ()
    assert reach.contains(np.random.default_rng(1).random((500, 3))).all()
