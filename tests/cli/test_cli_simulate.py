"""``porescope simulate``: the screen, the files, and a structure that is none."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from synthetic import sodalite

from porescope.io.cif_write import write_cif


@pytest.fixture
def cif(tmp_path):
    path = tmp_path / "sod.cif"
    write_cif(sodalite(), path)
    return path


def test_files_agree_with_one_another_and_with_bragg(porescope, cif, tmp_path) -> None:
    xy, table = tmp_path / "sod.xy", tmp_path / "sod.csv"
    shown = porescope("simulate", cif, "--out", xy, "--reflections", table, "--range", "5", "50")
    assert (shown.code, shown.err) == (0, "")
    assert max(len(line.rstrip()) for line in shown.out.splitlines()) <= 80
    assert "O2Si" in shown.out
    assert str(xy) in shown.out.replace("\n", "").replace(" ", "")
    two_theta, intensity = np.loadtxt(xy).T
    assert two_theta[0] == 5.0
    assert two_theta[-1] == pytest.approx(50.0)
    assert intensity.max() == pytest.approx(1e4)
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        d = 8.83 / np.sqrt(sum(int(row[k]) ** 2 for k in "hkl"))
        assert float(row["d"]) == pytest.approx(d, rel=1e-5)
        sine = 1.540593 / (2.0 * d)
        angle = 2.0 * np.rad2deg(np.arcsin(sine))
        assert float(row["two_theta_deg"]) == pytest.approx(angle, abs=1e-3)
    strongest = max(rows, key=lambda row: float(row["intensity_percent"]))
    peak = two_theta[intensity.argmax()]
    assert peak == pytest.approx(float(strongest["two_theta_deg"]), abs=0.03)
    # body centring: the strong reflections have an even sum of indices
    for row in rows:
        if float(row["intensity_percent"]) > 1e-3:
            assert sum(int(row[k]) for k in "hkl") % 2 == 0


def test_what_was_simulated_can_be_read_back(porescope, cif, tmp_path) -> None:
    from porescope.io.patterns.reader import read_pattern

    for name in ("sod.xy", "sod.csv"):
        path = tmp_path / name
        assert porescope("simulate", cif, "--out", path, "--wavelength", "MoKa1").code == 0
        pattern = read_pattern(path)
        assert pattern.n_points == 2851
        assert pattern.radiation is not None
        assert pattern.radiation.wavelength == pytest.approx(0.709319, abs=1e-4)


def test_the_plot_shows_the_strongest_line_where_it_is(porescope, cif) -> None:
    shown = porescope("simulate", cif, "--plot")
    top = next(line for line in shown.out.splitlines() if "█" in line or "▇" in line)
    column = next(i for i, char in enumerate(top) if char != " ") - 2
    angle = 3.0 + 57.0 * (column + 0.5) / 68
    assert angle == pytest.approx(14.2, abs=1.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--range", "50", "10"), "the smaller first"),
        (("--step", "0"), "step"),
        (("--step", "1e-9"), "step"),
        (("--fwhm", "99"), "width"),
        (("--range", "3", "4"), "no reflection"),
        (("--wavelength", "1.5 parsec"), "parsec"),
        (("--out", "{folder}"), "is a folder"),
        (("--out", "{folder}/no/x.xy"), "does not exist"),
    ],
)
def test_wrong_options(porescope, cif, tmp_path, words, said) -> None:
    shown = porescope("simulate", cif, *[word.format(folder=tmp_path) for word in words])
    assert shown.code == 2
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert said in shown.err


def test_a_file_that_is_no_structure(porescope, tmp_path) -> None:
    for content in (b"", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"data_x\n_cell_length_a 3\n"):
        path = tmp_path / "x.cif"
        path.write_bytes(content)
        shown = porescope("simulate", path)
        assert shown.code == 2
        assert shown.err.startswith("error: x.cif")
        assert shown.err.count("\n") == 1
