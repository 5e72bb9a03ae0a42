"""The child process: what it loads, what it refuses, how it ends."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from gcmc_cases import made_gas, small_framework

from porescope.adsorption.gcmc.child import GcmcChild
from porescope.adsorption.gcmc.echo import EngineError, check_echo
from porescope.adsorption.gcmc.job import JobMoves, JobStage
from porescope.adsorption.gcmc.plan import SamplingPlan
from porescope.adsorption.gcmc.prepare import (
    job_from_framework,
    job_of_empty_box,
    wanted_pairs,
)
from porescope.adsorption.gcmc.sampling import averages, empty_state, sampled
from porescope.adsorption.gcmc.worker import atoms_from_text, pairs_from_text


@pytest.fixture(autouse=True)
def _needs_the_engine():
    import importlib.util

    if importlib.util.find_spec("raspalib") is None:
        pytest.skip("raspalib is not installed")


def stage(cycles: int = 100, **options) -> JobStage:
    defaults = {
        "temperature": 200.0,
        "fugacities_pa": (5e6,),
        "moves": JobMoves(rotation=0.0),
        "seed": 3,
        "positions": ((),),
    }
    return JobStage(cycles=cycles, **(defaults | options))


@pytest.mark.parametrize("angle", [90.0, 74.0])
def test_box_is_loaded_checked_and_sampled(angle: float):
    framework, gas = small_framework(angle=angle), made_gas()
    job = job_from_framework(framework, gases=[gas], repeats=(1 if angle == 90.0 else 2, 1, 2))
    seen = []
    with GcmcChild(job, wanted_pairs=wanted_pairs(framework, [gas])) as child:
        assert "RASPA3" in child.engine
        result = child.run(
            stage(sample_every=20), progress=lambda done, loaded: seen.append((done, loaded))
        )
    assert result.molecules.shape == (100, 1)
    assert result.positions[0].shape == (result.molecules[-1, 0], 1, 3)
    assert result.molecules[-1, 0] > 0
    assert len(result.samples) == 4
    assert seen[-1][0] > seen[0][0]


def test_energies_are_those_of_the_positions():
    framework, gas = small_framework(), made_gas(positions=2)
    with GcmcChild(job_from_framework(framework, gases=[gas])) as child:
        result = child.run(stage(moves=JobMoves(), fugacities_pa=(1e7,)))
        box = child.box
    from porescope.adsorption.guest_energy import guest_energy_k
    from porescope.adsorption.lennard_jones import bead_energies_k

    atoms = result.positions[0]
    assert len(atoms) > 1
    host = sum(bead_energies_k(framework, gas, atoms[:, bead], bead=bead).sum() for bead in (0, 1))
    guest = guest_energy_k(framework.field, gas, atoms, lattice=box)
    assert result.energy_k[-1] == pytest.approx(host + guest, rel=1e-6)


def test_positions_are_handed_on():
    framework, gas = small_framework(), made_gas(positions=2)
    job = job_from_framework(framework, gases=[gas])
    with GcmcChild(job) as child:
        first = child.run(stage(moves=JobMoves()))
    places = tuple(map(tuple, first.positions[0].reshape(-1, 3).tolist()))
    still = JobMoves(translation=1e-9, rotation=0.0, reinsertion=0.0, swap=0.0)
    with GcmcChild(job) as child:
        second = child.run(stage(cycles=1, positions=(places,), moves=still))
    assert len(second.positions[0]) == len(first.positions[0])
    assert second.molecules[0, 0] == first.molecules[-1, 0]


def test_same_seed_same_run():
    job = job_from_framework(small_framework(), gases=[made_gas()])
    runs = []
    for _ in range(2):
        with GcmcChild(job) as child:
            runs.append(child.run(stage()))
    assert np.array_equal(runs[0].molecules, runs[1].molecules)


class TestEcho:
    """An echo that differs in one thing is refused with the name of that thing."""

    framework = small_framework()
    job = job_from_framework(framework, gases=[made_gas()])

    def echo(self) -> dict:
        n = len(self.job.sites)
        pairs = []
        for i in range(n):
            for j in range(i, n):
                a, b = self.job.sites[i], self.job.sites[j]
                pairs.append(
                    [
                        a.name,
                        b.name,
                        round(float(np.sqrt(a.epsilon_k * b.epsilon_k)), 5),
                        0.5 * (a.sigma + b.sigma),
                        0.0,
                        False,
                    ]
                )
        loaded = self.job.framework
        assert loaded is not None
        return {
            "pairs": pairs,
            "volume": self.framework.crystal.volume,
            "n_atoms_box": 3,
            "mass": self.framework.mass_g_per_mol,
            "charge": 0.0,
            "atoms": [
                [site, *frac, charge]
                for site, frac, charge in zip(
                    loaded.sites, loaded.frac, loaded.charges, strict=True
                )
            ],
        }

    def check(self, echo: dict) -> None:
        check_echo(
            echo,
            job=self.job,
            lattice=self.framework.crystal.lattice,
            wanted=wanted_pairs(self.framework, [made_gas()]),
        )

    def test_right_echo_passes(self):
        self.check(self.echo())

    @pytest.mark.parametrize(
        ("key", "value", "words"),
        [
            ("volume", 5000.0, "volume"),
            ("n_atoms_box", 4, "number of atoms"),
            ("mass", 61.0, "mass"),
            ("charge", 0.1, "charge"),
        ],
    )
    def test_wrong_total(self, key: str, value: float, words: str):
        with pytest.raises(EngineError, match=words):
            self.check(self.echo() | {key: value})

    @pytest.mark.parametrize(
        ("column", "change", "words"),
        [(2, 0.01, "epsilon"), (3, 0.001, "sigma"), (4, 0.1, "shift"), (5, True, "tail")],
    )
    def test_wrong_pair(self, column: int, change: float, words: str):
        echo = self.echo()
        # The first gas with the first framework kind.
        echo["pairs"][1][column] += change
        with pytest.raises(EngineError, match=words):
            self.check(echo)

    @pytest.mark.parametrize(
        ("column", "change", "words"),
        [(0, 1, "kind"), (2, 0.001, "position"), (4, 0.001, "charge")],
    )
    def test_wrong_atom(self, column: int, change: float, words: str):
        echo = self.echo()
        echo["atoms"][1][column] += change
        with pytest.raises(EngineError, match=words):
            self.check(echo)

    def test_missing_pair(self):
        echo = self.echo()
        del echo["pairs"][2]
        with pytest.raises(EngineError, match="number of pairs"):
            self.check(echo)


def test_a_child_that_cannot_load_the_job_says_why():
    job = job_from_framework(small_framework(), gases=[made_gas()])
    assert job.framework is not None
    broken = replace(job, framework=replace(job.framework, charges=()))
    with pytest.raises(EngineError, match=r"ended with code .*last words"), GcmcChild(broken):
        pass


def test_a_killed_child_is_an_error_with_its_code():
    job = job_from_framework(small_framework(), gases=[made_gas()])
    with GcmcChild(job) as child:
        assert child._process is not None
        child._process.kill()
        time.sleep(0.05)
        with pytest.raises(EngineError, match="code -9"):
            child.run(stage())


def test_an_interrupt_stops_the_child():
    job = job_from_framework(small_framework(), gases=[made_gas()])

    def interrupt(done: int, loaded: tuple[int, ...]) -> None:
        raise KeyboardInterrupt

    with GcmcChild(job) as child:
        process = child._process
        with pytest.raises(KeyboardInterrupt):
            child.run(stage(), progress=interrupt)
        assert process is not None
        assert process.returncode is not None


def test_missing_engine_is_named(monkeypatch: pytest.MonkeyPatch):
    import importlib.util

    from porescope.errors import MissingExtraError

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with (
        pytest.raises(MissingExtraError, match="raspalib"),
        GcmcChild(job_of_empty_box(30.0, gases=[made_gas()])),
    ):
        pass


def test_lines_of_the_engine_are_read():
    text = (
        "g0       - f1       Lennard-Jones  p₀/kʙ:  60.14948 [K], p₁:  3.25900 [Å]\n"
        "                                   shift:  -0.52000 [K], tailcorrections: true\n"
        "g0       - g1       None\n"
    )
    assert pairs_from_text(text) == [
        ["g0", "f1", 60.14948, 3.259, -0.52, True],
        ["g0", "g1", 0.0, 1.0, 0.0, False],
    ]
    line = "      3: type   2 position  0.99880  0.93010 -0.20180, charge -0.35000\n"
    assert atoms_from_text(line) == [[2.0, 0.9988, 0.9301, -0.2018, -0.35]]


def test_a_piece_follows_the_other_and_ends():
    gas = made_gas()
    plan = SamplingPlan(cycles=60, anneal="always", anneal_cycles=10)
    with GcmcChild(job_from_framework(small_framework(), gases=[gas])) as child:
        states = list(
            sampled(
                child,
                gases=[gas],
                temperature=150.0,
                fugacities_pa=[1e6],
                plan=plan,
                state=empty_state([gas]),
                seed=1,
            )
        )
    assert [state.cycles for state in states] == [0] * 6 + [25, 50, 60]
    assert [state.finished for state in states] == [False] * 8 + [True]
    assert averages(states[-1], temperature=150.0, plan=plan).n_cycles <= 60


def test_run_goes_on_until_the_error_that_is_wanted():
    gas = made_gas()
    plan = SamplingPlan(cycles=50, wanted_error=0.02, max_cycles=4000, anneal="never")
    with GcmcChild(job_of_empty_box(30.0, gases=[gas])) as child:
        *_, state = sampled(
            child,
            gases=[gas],
            temperature=300.0,
            fugacities_pa=[4e6],
            plan=plan,
            state=empty_state([gas]),
            seed=1,
        )
    found = averages(state, temperature=300.0, plan=plan).molecules[0]
    assert 50 < state.cycles <= 4000
    assert state.cycles == 4000 or found.error <= 0.02 * found.mean
