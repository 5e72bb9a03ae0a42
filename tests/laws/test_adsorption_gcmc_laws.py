"""What must hold of grand canonical runs whatever the engine."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Gas
from porescope.adsorption.gcmc.child import GcmcChild
from porescope.adsorption.gcmc.job import GcmcJob
from porescope.adsorption.gcmc.plan import SamplingPlan
from porescope.adsorption.gcmc.prepare import job_from_framework, job_of_empty_box
from porescope.adsorption.gcmc.sampling import PointAverages, averages, empty_state, sampled
from porescope.adsorption.lennard_jones import bead_energies_k
from porescope.units import BOLTZMANN_PA_A3

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "adsorption" / "gcmc"))

from gcmc_cases import made_gas, small_framework

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("raspalib") is None, reason="raspalib is not installed"
)


def run(
    job: GcmcJob,
    gases: list[Gas],
    *,
    temperature: float,
    fugacities_pa: list[float],
    cycles: int,
    sample_every: int = 0,
):
    """Averages and all samples of a run."""
    plan = SamplingPlan(cycles=cycles, anneal="never", sample_every=sample_every)
    samples = []
    with GcmcChild(job) as child:
        pieces = sampled(
            child,
            gases=gases,
            temperature=temperature,
            fugacities_pa=fugacities_pa,
            plan=plan,
            state=empty_state(gases),
            seed=8,
        )
        for state in pieces:
            samples += state.samples
    return averages(state, temperature=temperature, plan=plan), samples


def test_ideal_gas_fills_an_empty_box_by_its_pressure():
    gas = made_gas(epsilon_k=0.0, sigma=1.0)
    pressure, edge, temperature = 5e6, 28.0, 300.0
    found, _ = run(
        job_of_empty_box(edge, gases=[gas]),
        [gas],
        temperature=temperature,
        fugacities_pa=[pressure],
        cycles=8_000,
    )
    wanted = pressure * edge**3 / (BOLTZMANN_PA_A3 * temperature)
    molecules = found.molecules[0]
    assert molecules.error < 0.04 * wanted
    assert abs(molecules.mean - wanted) < 1.5 * molecules.error
    # RASPA's own mean over cycles is lower, by up to one molecule.
    assert 0.3 < molecules.mean - found.cycle_means[0] < 1.2


def test_ideal_mixture_has_the_fugacities_it_was_given():
    gases = [made_gas(epsilon_k=0.0, sigma=1.0), made_gas(name="B", epsilon_k=0.0, sigma=1.0)]
    fugacities = [1e6, 4e6]
    found, _ = run(
        job_of_empty_box(30.0, gases=gases),
        gases,
        temperature=300.0,
        fugacities_pa=fugacities,
        cycles=2500,
    )
    for each, fugacity in zip(found.molecules, fugacities, strict=True):
        wanted = fugacity * 30.0**3 / (BOLTZMANN_PA_A3 * 300.0)
        assert abs(each.mean - wanted) < 1.5 * each.error


def boltzmann_over_cell(framework: Framework, gas: Gas, temperature: float) -> tuple[float, float]:
    """Mean of exp(-E/kT) over the cell by a plain sum, and the heat at zero loading [K]."""
    n = 60
    axis = (np.arange(n) + 0.5) / n
    frac = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    energy = bead_energies_k(framework, gas, frac @ framework.crystal.lattice)
    factor = np.exp(-energy / temperature)
    finite = np.isfinite(energy)
    heat = temperature - (energy[finite] @ factor[finite]) / factor.sum()
    return float(factor.mean()), float(heat)


def test_loading_at_low_pressure_is_henry_times_pressure():
    framework, gas, temperature, pressure = small_framework(), made_gas(), 180.0, 5e3
    mean, heat = boltzmann_over_cell(framework, gas, temperature)
    wanted = mean * pressure * framework.crystal.volume / (BOLTZMANN_PA_A3 * temperature)
    found, _ = run(
        job_from_framework(framework, gases=[gas]),
        [gas],
        temperature=temperature,
        fugacities_pa=[pressure],
        cycles=30_000,
    )
    assert wanted < 0.2
    assert found.molecules[0].error < 0.1 * wanted
    assert abs(found.molecules[0].mean - wanted) < 1.5 * found.molecules[0].error
    assert abs(found.heat_k[0].mean - heat) < 2.0 * found.heat_k[0].error
    assert found.heat_k[0].error < 0.1 * heat


def test_no_molecule_enters_a_blocked_sphere():
    framework, gas = small_framework(), made_gas(epsilon_k=20.0, sigma=2.5)
    spheres = [(0.6, 0.5, 0.55, 4.0), (0.02, 0.98, 0.5, 3.0)]
    job = job_from_framework(framework, gases=[gas], repeats=(1, 1, 2), blocked=spheres)
    found, samples = run(
        job, [gas], temperature=300.0, fugacities_pa=[2e7], cycles=300, sample_every=10
    )
    lattice = framework.crystal.lattice
    places = np.concatenate([sample[0][:, 0] for sample in samples])
    assert len(places) > 500
    frac = places @ np.linalg.inv(lattice)
    for *centre, radius in spheres:
        off = frac - np.array(centre)
        nearest = np.linalg.norm((off - np.round(off)) @ lattice, axis=1).min()
        assert nearest > radius - 0.01
    assert isinstance(found, PointAverages)
