"""Input folders of the program raspa3."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.force_field import PairType
from porescope.errors import ConfigError
from porescope.io.cif import read_cif
from porescope.io.raspa3_input import write_raspa3_input

sys.path.insert(0, str(Path(__file__).parents[1] / "adsorption" / "gcmc"))

from gcmc_cases import made_gas, small_framework


def written(folder: Path, name: str) -> dict:
    return json.loads((folder / name).read_text())


def test_folder_holds_what_a_run_needs(tmp_path: Path):
    framework, gas = small_framework(), made_gas(positions=2)
    framework = replace(framework, charges=np.array([0.8, -0.4, -0.4]))
    files = write_raspa3_input(
        tmp_path / "run",
        framework=framework,
        gases=[gas],
        temperature=150.0,
        fugacities_pa=[2e5],
        blocked={"A": [(0.5, 0.5, 0.5, 3.0)]},
    )
    folder = tmp_path / "run"
    assert sorted(p.name for p in files) == [
        "A.json",
        "force_field.json",
        "framework.cif",
        "simulation.json",
    ]
    system = written(folder, "simulation.json")["Systems"][0]
    assert system["ExternalPressure"] == 2e5
    assert system["NumberOfUnitCells"] == [1, 1, 1]
    assert system["CutOffVDW"] == 9.0
    field = written(folder, "force_field.json")
    assert {row["name"] for row in field["SelfInteractions"]} == {"Si_f", "O_f", "A"}
    assert field["BinaryInteractions"] == []
    molecule = written(folder, "A.json")
    assert len(molecule["pseudoAtoms"]) == 2
    assert molecule["BlockingPockets"] == [[0.5, 0.5, 0.5, 3.0]]
    crystal = read_cif(folder / "framework.cif")
    assert crystal.labels == ("Si_f", "O_f", "O_f")
    assert np.allclose(crystal.frac, framework.crystal.frac)
    assert np.allclose(crystal.charges, framework.charges)


def test_pairs_of_the_field_are_binary_interactions(tmp_path: Path):
    framework, gas = small_framework(), made_gas()
    pair = PairType(first="O", second="A", epsilon_k=93.0, sigma=3.1, source="made up")
    own = PairType(first="A", second="B", epsilon_k=70.0, sigma=3.3, source="made up")
    framework = replace(framework, field=replace(framework.field, pairs=(pair, own)))
    write_raspa3_input(
        tmp_path,
        framework=framework,
        gases=[gas, made_gas(name="B")],
        temperature=150.0,
        fugacities_pa=[1e5, 3e5],
    )
    rows = written(tmp_path, "force_field.json")["BinaryInteractions"]
    assert {(*row["names"], *row["parameters"]) for row in rows} == {
        ("O_f", "A", 93.0, 3.1),
        ("A", "B", 70.0, 3.3),
    }
    fractions = [c["MolFraction"] for c in written(tmp_path, "simulation.json")["Components"]]
    assert fractions == [0.25, 0.75]


def test_flexible_gas_and_missing_fugacity_are_refused(tmp_path: Path):
    framework, gas = small_framework(), made_gas(positions=2)
    options = {"framework": framework, "temperature": 150.0}
    with pytest.raises(ConfigError, match="fugacities"):
        write_raspa3_input(tmp_path, gases=[gas], fugacities_pa=[], **options)
    flexible = replace(gas, conformers=np.zeros((2, 2, 3)))
    with pytest.raises(ConfigError, match="flexible"):
        write_raspa3_input(tmp_path, gases=[flexible], fugacities_pa=[1.0], **options)
