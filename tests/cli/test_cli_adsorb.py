"""``porescope adsorb``: what it says, what it writes, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import sodalite

from porescope.io.cif_write import write_cif


@pytest.fixture
def cif(tmp_path: Path) -> Path:
    path = tmp_path / "sod.cif"
    write_cif(sodalite(), path)
    return path


def narrow(text: str) -> bool:
    return max((len(line.rstrip()) for line in text.splitlines()), default=0) <= 80


def test_henry_says_number_error_field_and_charges(porescope, cif) -> None:
    shown = porescope("adsorb", "henry", cif, "--gas", "CH4", "--at", "300K")
    assert (shown.code, shown.err) == (0, "")
    assert narrow(shown.out)
    for said in ("mol/kg/Pa", "±", "kJ/mol", "UFF, Lorentz-Berthelot", "quadrature", "300 K"):
        assert said in shown.out


def test_henry_as_json_agrees_with_insertion(porescope, cif) -> None:
    words = ("adsorb", "henry", cif, "--gas", "Ar", "--json", "--error", "1%")
    grid = json.loads(porescope(*words).out)
    inserted = json.loads(porescope(*words, "--insert").out)
    assert grid["method"] == "quadrature"
    assert inserted["method"] == "Widom insertion"
    gap = abs(grid["boltzmann_mean"] - inserted["boltzmann_mean"])
    assert gap < 4.0 * np.hypot(grid["boltzmann_error"], inserted["boltzmann_error"])


@pytest.mark.parametrize("name", ["sod.cube", "sod.npz"])
def test_grid_can_be_read_back(porescope, cif, tmp_path, name: str) -> None:
    from porescope.io.grids import read_cube, read_grid

    path = tmp_path / name
    shown = porescope(
        "adsorb", "grid", cif, "--gas", "CH4", "--shape", "12", "12", "12", "-o", path
    )
    assert (shown.code, shown.err) == (0, "")
    values = read_cube(path).values if name.endswith("cube") else read_grid(path).energy_k
    assert values.shape == (12, 12, 12)
    # The middle of the cage holds the probe, the middle of an atom does not.
    assert values[0, 0, 0] < 0.0 < values.max()


def test_zeodiff_grid_has_its_channels(porescope, cif, tmp_path) -> None:
    from porescope.io.grids import read_channels

    path = tmp_path / "sod.npz"
    assert porescope("adsorb", "grid", cif, "--gas", "CH4", "--zeodiff", "-o", path).code == 0
    grid = read_channels(path)
    assert grid.names == ("energy_k", "density_Si", "density_O")
    assert grid.values.shape == (3, 32, 32, 32)


def test_lists_fit_the_screen(porescope) -> None:
    for command in ("gases", "fields"):
        shown = porescope("adsorb", command)
        assert (shown.code, shown.err) == (0, "")
        assert narrow(shown.out)
        assert "TraPPE" in shown.out


def test_fit_and_iast_from_tables(porescope, tmp_path) -> None:
    pressures = np.geomspace(1e3, 1e6, 12)
    tables = []
    for name, capacity, affinity in (("co2", 4.0, 2e-5), ("n2", 4.0, 1e-6)):
        path = tmp_path / f"{name}.csv"
        loading = capacity * affinity * pressures / (1.0 + affinity * pressures)
        rows = "".join(f"{p:.6g},{n:.8g}\n" for p, n in zip(pressures, loading, strict=True))
        path.write_text(f"pressure [Pa],loading [mol/kg]\n{rows}", encoding="utf-8")
        tables.append(path)
    shown = porescope("adsorb", "fit", tables[0], "--form", "langmuir,henry", "--json")
    fits = json.loads(shown.out)["fits"]
    assert [fit["form"] for fit in fits] == ["langmuir", "henry"]
    assert fits[0]["parameters"]["K"]["value"] == pytest.approx(2e-5, rel=1e-3)
    words = ("adsorb", "iast", *tables, "--fractions", "0.15,0.85", "-p", "1bar")
    mixed = json.loads(porescope(*words, "--json").out)
    # Langmuir isotherms of one capacity: the selectivity is the ratio of the affinities.
    assert mixed["selectivities"][0][1] == pytest.approx(20.0, rel=5e-3)
    shown = porescope(*words)
    assert (shown.code, shown.err) == (0, "")
    assert narrow(shown.out)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--gas", "XYZ"), "XYZ"),
        (("--gas", "CH4", "--at", "300"), "300K"),
        (("--gas", "CH4", "--at", "300 bar"), "bar"),
        (("--gas", "CH4", "--field", "nothing"), "nothing"),
        (("--gas", "CH4", "--error", "lots"), "1%"),
        (("--gas", "CH4", "--truncation", "sharp"), "sharp"),
        (("--gas", "CH4", "--cutoff", "1"), "5 and 40"),
        (("--gas", "CO2"), "charges"),
    ],
)
def test_wrong_options_are_said_in_one_line(porescope, cif, words, said: str) -> None:
    shown = porescope("adsorb", "henry", cif, *words)
    assert shown.code == 2
    assert shown.out == ""
    assert said in shown.err
    assert len(shown.err.strip().splitlines()) == 1


@pytest.mark.parametrize("what", ["disorder", "overlap", "element", "flat"])
def test_structures_that_make_no_sense_are_refused(porescope, tmp_path, what: str) -> None:
    crystal = sodalite().without_symmetry()
    match what:
        case "disorder":
            occupancy = crystal.occupancy.copy()
            occupancy[3] = 0.5
            crystal, said = replace(crystal, occupancy=occupancy), "occup"
        case "overlap":
            frac = crystal.frac.copy()
            frac[1] = frac[0] + 0.02
            crystal, said = replace(crystal, frac=frac), "Å"
        case "element":
            numbers = crystal.numbers.copy()
            numbers[0] = 26
            crystal, said = replace(crystal, numbers=numbers), "Fe"
        case _:
            lattice = crystal.lattice.copy()
            lattice[2] = lattice[0] + lattice[1]
            crystal, said = crystal.with_lattice(lattice), "cell"
    path = tmp_path / "bad.cif"
    write_cif(crystal, path)
    field = ("--field", "TraPPE-zeo") if what == "element" else ()
    shown = porescope("adsorb", "henry", path, "--gas", "CH4", *field)
    assert shown.code == 2
    assert shown.out == ""
    assert said in shown.err
    assert len(shown.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--gas", "CH4", "-p", "1"), "bar"),
        (("--gas", "CH4", "-p", "1 furlong"), "furlong"),
        (("--gas", "CH4", "-p", "-1bar"), "above zero"),
        (("--gas", "CH4", "-p", "1bar:0.1bar:5"), "below"),
        (("--gas", "CO2=0.5,N2=0.6", "-p", "1bar"), "1.1"),
        (("--gas", "CO2=0.5,N2", "-p", "1bar"), "N2"),
    ],
)
def test_isotherm_refuses_before_it_starts(porescope, cif, tmp_path, words, said: str) -> None:
    shown = porescope("adsorb", "isotherm", cif, *words, "--out", tmp_path / "run")
    assert shown.code == 2
    assert said in shown.err
    assert not (tmp_path / "run").exists()


def test_grid_leaves_nothing_half_written(porescope, cif, tmp_path) -> None:
    before = sorted(tmp_path.iterdir())
    path = tmp_path / "grid.txt"
    shown = porescope("adsorb", "grid", cif, "--gas", "CH4", "--shape", "8", "8", "8", "-o", path)
    assert shown.code == 2
    assert ".cube or .npz" in shown.err
    assert sorted(tmp_path.iterdir()) == before


def test_charges_are_written_and_neutral(porescope, cif, tmp_path) -> None:
    from porescope.io.cif import read_cif

    path = tmp_path / "charged.cif"
    shown = porescope("adsorb", "charges", cif, "--method", "TraPPE-zeo", "--out", path)
    assert (shown.code, shown.err) == (0, "")
    charges = read_cif(path).charges
    assert charges is not None
    assert charges.sum() == pytest.approx(0.0, abs=1e-3)
    assert charges[0] * charges[-1] < 0.0
    henry = porescope("adsorb", "henry", path, "--gas", "CO2", "--error", "20%")
    assert henry.code == 0
    assert "CIF" in henry.out
