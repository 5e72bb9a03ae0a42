"""Jobs from frameworks and gases, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gcmc_cases import made_gas, small_framework

from porescope.adsorption.force_field import PairType
from porescope.adsorption.gcmc.parameters import check_guest_pairs, own_parameters
from porescope.adsorption.gcmc.plan import SamplingPlan, moves_for, rungs
from porescope.adsorption.gcmc.prepare import job_from_framework, wanted_pairs
from porescope.adsorption.gcmc.supercell import perpendicular_widths, repeats_for_cutoff
from porescope.crystal.lattice import lattice_from_parameters
from porescope.errors import ConfigError


def test_widths_of_a_sheared_cell():
    lattice = lattice_from_parameters(10.0, 12.0, 14.0, 90.0, 60.0, 90.0)
    assert perpendicular_widths(lattice) == pytest.approx(
        [10.0 * np.sin(np.pi / 3), 12.0, 14.0 * np.sin(np.pi / 3)]
    )


def test_repeats_count_a_cell_that_fits_exactly():
    assert repeats_for_cutoff(np.eye(3) * 12.0, cutoff=12.0) == (2, 2, 2)
    assert repeats_for_cutoff(np.diag([24.0, 23.99, 49.0]), cutoff=12.0) == (1, 2, 1)


def test_too_few_cells_are_refused_with_their_width():
    with pytest.raises(ConfigError, match=r"18\.20.*twice"):
        job_from_framework(small_framework(cutoff=12.0), gases=[made_gas()], repeats=(1, 1, 1))


def test_job_holds_the_atoms_and_their_parameters():
    framework = small_framework()
    job = job_from_framework(framework, gases=[made_gas(positions=2)])
    assert job.framework is not None
    labels = [job.sites[site].label for site in job.framework.sites]
    assert labels == ["Si", "O", "O"]
    # Two beads of one kind are one site.
    assert [site.label for site in job.sites if not site.is_framework] == ["A"]
    assert job.repeats == (1, 1, 1)
    assert wanted_pairs(framework, [made_gas()])[0, 0] == pytest.approx(
        [np.sqrt(100.0 * 120.0), 3.2]
    )


def test_flexible_gas_is_refused():
    gas = replace(made_gas(positions=2), conformers=np.zeros((3, 2, 3)))
    with pytest.raises(ConfigError, match="flexible"):
        job_from_framework(small_framework(), gases=[gas])


def test_the_same_gas_twice_is_refused():
    with pytest.raises(ConfigError, match="different gases"):
        job_from_framework(small_framework(), gases=[made_gas(), made_gas()])


@pytest.mark.parametrize("mixing", ["lorentz-berthelot", "geometric"])
def test_own_pair_of_a_single_bead_is_reached_by_mixing(mixing: str):
    pair = PairType(first="O", second="A", epsilon_k=93.0, sigma=3.1, source="made up")
    field = replace(small_framework().field, pairs=(pair,), mixing=mixing)
    gas = made_gas()
    epsilon, sigma = own_parameters(field, name="O", epsilon_k=60.0, sigma=3.2, beads=gas.beads)
    plain = replace(field, pairs=())
    assert plain.mixed(("O", epsilon, sigma), ("A", 120.0, 3.4)) == pytest.approx((93.0, 3.1))


def test_own_pairs_that_no_mixing_gives_name_the_program():
    pair = PairType(first="O", second="A", epsilon_k=93.0, sigma=3.1, source="made up")
    field = replace(small_framework().field, pairs=(pair,))
    beads = made_gas().beads + made_gas(name="B", epsilon_k=50.0, sigma=3.0).beads
    with pytest.raises(ConfigError, match=r"raspa3.*github"):
        own_parameters(field, name="O", epsilon_k=60.0, sigma=3.2, beads=beads)


def test_own_pairs_among_beads_are_refused():
    pair = PairType(first="A", second="B", epsilon_k=93.0, sigma=3.1, source="made up")
    field = replace(small_framework().field, pairs=(pair,))
    beads = made_gas().beads + made_gas(name="B").beads
    with pytest.raises(ConfigError, match="A with B"):
        check_guest_pairs(field, beads=beads)


def test_cold_gas_is_annealed_and_warm_gas_is_not():
    plan, gas = SamplingPlan(), made_gas()
    cold = rungs(plan, gases=[gas], temperature=87.0, fugacities_pa=[1e5], from_empty=True)
    assert [r.temperature for r in cold] == sorted((r.temperature for r in cold), reverse=True)
    fugacities = [r.fugacities_pa[0] for r in cold]
    assert fugacities == sorted(fugacities, reverse=True)
    assert fugacities[-1] > 1e5
    assert not rungs(plan, gases=[gas], temperature=300.0, fugacities_pa=[1e5], from_empty=True)
    assert not rungs(plan, gases=[gas], temperature=87.0, fugacities_pa=[1e5], from_empty=False)


def test_full_start_is_filled_beyond_the_isostere():
    plan = SamplingPlan(anneal_heat_k=1500.0)
    options = {"gases": [made_gas()], "temperature": 87.0, "fugacities_pa": [1e5]}
    usual = rungs(plan, from_empty=True, **options)
    full = rungs(replace(plan, start="full"), from_empty=True, **options)
    assert all(
        f.fugacities_pa[0] > 5.0 * u.fugacities_pa[0] for f, u in zip(full, usual, strict=True)
    )


def test_single_atoms_are_not_turned():
    assert moves_for([made_gas()]).rotation == 0.0
    assert moves_for([made_gas(positions=2)]).rotation > 0.0


@pytest.mark.parametrize(
    "options",
    [{"cycles": 3}, {"wanted_error": 1.5}, {"n_blocks": 4}, {"anneal_cycles": 0}],
)
def test_plan_refuses(options: dict[str, object]):
    with pytest.raises(ConfigError):
        SamplingPlan(**options)
