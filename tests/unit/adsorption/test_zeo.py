import json

import numpy as np
import pytest

from pore_crystals import crystal, simple_cubic
from porescope.adsorption import zeo, zeo_worker
from porescope.adsorption.zeo import ZeoPool, ZeoSettings, zeo_pore_geometry
from porescope.errors import ConvergenceError, MissingExtraError

GOOD = {
    "n_atoms": 1,
    "diameters": [5.86, 4.27, 5.86],
    "surface": {"ASA_A^2": 45.0, "NASA_A^2": 0.0, "n_channels": 1.0, "n_pockets": 0.0},
    "volume": {
        "Unitcell_volume": 125.0,
        "AV_A^3": 20.0,
        "NAV_A^3": 0.0,
        "n_channels": 1.0,
        "n_pockets": 0.0,
    },
}


class Answers(ZeoPool):
    """Answers made by hand in place of a child."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.jobs = []

    def ask(self, job, *, time_limit):
        self.jobs.append(json.loads(json.dumps(job)))
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise ConvergenceError(answer)
        return answer


@pytest.mark.parametrize(
    "change",
    [
        {"n_atoms": 2},
        {"diameters": [float("nan"), 1.0, 1.0]},
        {"diameters": [3.0, -1.0, 3.0]},
        {"diameters": [3.0, 4.0, 3.0]},
        {"volume": GOOD["volume"] | {"Unitcell_volume": 60.0}},
    ],
)
def test_answers_that_cannot_be_true_are_tried_again_with_moved_atoms(change):
    pool = Answers(GOOD | change, "Zeo++ ended", GOOD)
    found = zeo_pore_geometry(simple_cubic(5.0), pool=pool)
    assert found.largest_free_diameter == 4.27
    assert "atoms moved" in found.warnings[0]
    first, second, third = (np.array(job["frac"]) for job in pool.jobs)
    assert 0 < np.abs(second - first).max() * 5.0 <= 1e-3
    assert 0 < np.abs(third - second).max() * 5.0 <= 2e-3


def test_after_the_last_try_the_failure_is_told():
    with pytest.raises(ConvergenceError, match="in 2 tries: Zeo"):
        zeo_pore_geometry(
            simple_cubic(5.0), pool=Answers("a", "Zeo++ ended"), settings=ZeoSettings(tries=2)
        )


def test_a_timeout_is_not_tried_again():
    pool = Answers("Zeo++ was stopped after 3 s", GOOD)
    with pytest.raises(ConvergenceError, match="in 1 tries"):
        zeo_pore_geometry(simple_cubic(5.0), pool=pool)


def test_labels_are_plain_elements():
    deuterium_and_silicon = crystal(np.eye(3) * 6.0, [[0, 0, 0], [0.5, 0.5, 0.5]], [1, 14])
    pool = Answers(GOOD | {"n_atoms": 2, "volume": GOOD["volume"] | {"Unitcell_volume": 216.0}})
    zeo_pore_geometry(deuterium_and_silicon, pool=pool)
    text = zeo_worker.cif_text(pool.jobs[0])
    assert "\nH H 0.00000000" in text
    assert "\nSi Si 0.50000000" in text


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(zeo.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match="zeo"):
        ZeoPool()


def test_answers_of_the_program_are_read():
    text = (
        "@ No filename Unitcell_volume: 1320.38   Density: 1.5   ASA_A^2: 0 NASA_A^2: 41.5 "
        "NASA_m^2/cm^3: nan\nNumber_of_channels: 0 Channel_surface_area_A^2: \n"
        "Number_of_pockets: 2 Pocket_surface_area_A^2: 20.1  21.4  \n"
    )
    found = zeo_worker.numbers_from_text(text)
    assert (found["NASA_A^2"], found["n_pockets"]) == (41.5, 2.0)
    assert np.isnan(found["NASA_m^2/cm^3"])
    assert zeo_worker.diameters_from_text("x/job.res    4.4 2.5  4.3\n") == [4.4, 2.5, 4.3]


def test_a_child_that_dies_is_replaced():
    if zeo.util.find_spec("pyzeo") is None:
        pytest.skip("pyzeo is not installed")
    with ZeoPool() as pool:
        with pytest.raises(ConvergenceError, match="ended its process"):
            pool.ask({"cell": []}, time_limit=60.0)
        found = zeo_pore_geometry(
            simple_cubic(5.0), pool=pool, probe_radius=0.5, settings=ZeoSettings(accuracy="")
        )
        assert pool.n_started == 2
    assert found.largest_included_diameter == pytest.approx(np.sqrt(3) * 5.0 - 2.8, abs=1e-3)
    assert found.accessible_area == pytest.approx(4 * np.pi * 1.9**2, rel=0.01)
