"""Grand canonical runs against published runs of other programs."""

from __future__ import annotations

import importlib.util
import tarfile
from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.equation_of_state import bulk_phase
from porescope.adsorption.gcmc.child import GcmcChild
from porescope.adsorption.gcmc.plan import SamplingPlan
from porescope.adsorption.gcmc.prepare import job_from_framework, wanted_pairs
from porescope.adsorption.gcmc.sampling import averages, empty_state, sampled
from porescope.io.cif import crystal_from_cif_text, read_cif
from porescope.workflows.adsorbent import adsorbent, field_of, gas_of

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        importlib.util.find_spec("raspalib") is None, reason="raspalib is not installed"
    ),
]


def test_methane_in_mfi_at_10_kpa_as_in_raspa2(shared_data: Path):
    """RASPA2, example Basic/7: 0.34815 ± 0.01026 molecules a cell, heat 18.967 ± 0.036 kJ/mol.

    https://github.com/iRASPA/RASPA2, 25 000 cycles, shifted at 12 Å, 300 K, 2 x 2 x 2 cells.
    """
    with tarfile.open(shared_data / "structures" / "named_frameworks_raspa2.tar.xz") as archive:
        member = archive.extractfile("named/zeolites/cif/MFI_SI.cif")
        assert member is not None
        crystal = crystal_from_cif_text(member.read().decode())
    field = field_of("RASPA example zeolites")
    gas = gas_of("CH4", field=field)
    framework = adsorbent(crystal, gases=(gas,), field=field)
    phase = bulk_phase([gas], temperature=300.0, pressure_pa=1e4)
    plan = SamplingPlan(cycles=1200)
    job = job_from_framework(framework, gases=[gas])
    assert job.repeats == (2, 2, 2)
    with GcmcChild(job, wanted_pairs=wanted_pairs(framework, [gas])) as child:
        *_, state = sampled(
            child,
            gases=[gas],
            temperature=300.0,
            fugacities_pa=[float(phase.fugacities_pa[0])],
            plan=plan,
            state=empty_state([gas]),
            seed=4,
        )
    found = averages(state, temperature=300.0, plan=plan)
    joint = np.hypot(found.molecules[0].error, 8 * 0.01026)
    assert joint < 0.4
    assert abs(found.cycle_means[0] - 8 * 0.34815) < 1.5 * joint
    heat = found.heat_k[0]
    assert abs(heat.mean * 8.314463e-3 - 18.967) < 2.0 * heat.error * 8.314463e-3


def test_saved_argon_configuration_has_the_energy_of_raspa2(shared_data: Path):
    """The final configuration of argon in CHA, a sheared box, keeps its energy in the engine.

    The energy that RASPA 2.0.37 prints for the framework with argon is compared by the energies'
    own tests; here the engine, whose box is turned, must agree with them.
    """
    from porescope.adsorption.gcmc.job import JobMoves, JobStage
    from porescope.adsorption.guest_energy import guest_energy_k
    from porescope.adsorption.lennard_jones import bead_energies_k

    folder = shared_data / "reference" / "iza_argon_87k" / "CHA"
    field = field_of("argon in zeolites")
    gas = gas_of("Ar", field=field)
    framework = adsorbent(read_cif(folder / "zeolite.cif"), gases=(gas,), field=field)
    lines = (folder / "restart_final").read_text().splitlines()
    places = [
        tuple(map(float, line.split()[3:6]))
        for line in lines
        if line.startswith("Adsorbate-atom-position")
    ]
    still = JobMoves(translation=1e-9, rotation=0.0, reinsertion=0.0, swap=0.0)
    job = job_from_framework(framework, gases=[gas], repeats=(3, 3, 2))
    with GcmcChild(job) as child:
        result = child.run(
            JobStage(
                temperature=87.0,
                fugacities_pa=(101_325.0,),
                cycles=1,
                moves=still,
                seed=1,
                positions=(tuple(places),),
            )
        )
        box = child.box
    atoms = result.positions[0]
    assert len(atoms) == len(places) > 400
    host = bead_energies_k(framework, gas, atoms[:, 0]).sum()
    guest = guest_energy_k(field, gas, atoms, lattice=box)
    assert result.energy_k[0] == pytest.approx(host + guest, rel=1e-5)
