"""``porescope index`` finds the cell of a simulated pattern."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from synthetic import sodalite, synthetic_result

from porescope.diffraction.indexing.candidate import CellCandidate
from porescope.diffraction.peaks import PeakList
from porescope.io.cif_write import write_cif
from porescope.workflows.index import IndexResult


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    from porescope.apps.cli.main import run

    folder = tmp_path_factory.mktemp("index")
    write_cif(sodalite(), folder / "sod.cif")
    words = ["simulate", folder / "sod.cif", "--out", folder / "sod.xy", "--range", "8", "90"]
    assert run([str(word) for word in words]) == 0
    return folder / "sod.xy"


def test_json_gives_the_cell(scan) -> None:
    # a process of its own: the checks of shapes slow the search down ten times
    words = ["index", str(scan), "--json", "--time-limit", "4", "--n-fits", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "porescope.apps.cli.main", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    record = json.loads(done.stdout)
    first = record["cells"][0]
    assert (first["lattice_system"], first["centring"]) == ("cubic", "I")
    assert first["cell"][0] == pytest.approx(8.83, abs=0.003)
    assert first["rwp"] is not None
    assert record["wavelength"] == pytest.approx(1.540593)


def made_up_cells(n: int) -> IndexResult:
    pattern = synthetic_result().pattern
    one = np.ones(3)
    cell = CellCandidate(
        lattice=8.83 * np.eye(3),
        parameters=np.array([8.83, 8.83, 8.83, 90.0, 90.0, 90.0]),
        esds=np.zeros(6),
        lattice_system="orthorhombic",
        centring="I",
        m_n=123.4,
        f_n=99.0,
        n_figure=20,
        n_lines=24,
        n_indexed=23,
        n_calculated=25,
        zero_shift_deg=0.01,
        evidence=50.0,
        hkl=np.ones((3, 3), dtype=np.int64),
        residual_deg=0.01 * one,
        method="trials",
        status="convincing",
        rwp=0.061,
    )
    peaks = PeakList(
        two_theta_deg=one,
        sigma_two_theta_deg=one,
        area=one,
        sigma_area=one,
        height=one,
        fwhm_deg=one,
        wavelength=1.5406,
    )
    return IndexResult(pattern=pattern, peaks=peaks, cells=(cell,) * n, seconds=1.0)


@pytest.mark.parametrize("n", [0, 1, 20])
def test_the_screen(porescope, scan, monkeypatch, n) -> None:
    answer = made_up_cells(n)
    monkeypatch.setattr("porescope.workflows.index.index_pattern", lambda *_a, **_k: answer)
    shown = porescope("index", scan)
    assert shown.code == 0
    assert max(len(line.rstrip()) for line in shown.out.splitlines()) <= 80
    assert len(shown.out.splitlines()) <= 24
    if n:
        assert "The best cell is orthorhombic I, 688.5 Å³: convincing" in shown.out
        assert "8.830 8.830 8.830 90 90 90" in shown.out
    else:
        assert "No cell explains these peaks" in shown.out
    assert ("12 more cells" in shown.out) == (n == 20)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--range", "170", "175"), "points lie between"),
        (("--range", "8", "15"), "peaks"),
        (("--neutron",), "--neutron needs"),
    ],
)
def test_what_cannot_be_indexed(porescope, scan, words, said) -> None:
    shown = porescope("index", scan, *words)
    assert shown.code == 2
    assert shown.err.startswith("error: ")
    assert said in shown.err


def test_the_wavelength_is_never_guessed(porescope, pattern_file) -> None:
    shown = porescope("index", pattern_file)
    assert shown.code == 2
    assert "--wavelength" in shown.err
