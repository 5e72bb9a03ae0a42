"""Weights beside the labels of a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from porescope.datasets.property_set import PropertySet, Target
from porescope.datasets.property_splits import PropertySides
from porescope.errors import ConfigError
from porescope.io.cif_write import cif_text
from porescope.models.property.calibration import Calibration, domain_of
from porescope.workflows.evaluate_property import COLUMNS, evaluate_on_table, evaluate_property
from porescope.workflows.predict import predict
from porescope.workflows.predict_models import PropertyModels, open_property_models
from predict_toys import points_settings, weights_file
from property_toys import some_frameworks, toy_set


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> PropertyModels:
    path = tmp_path_factory.mktemp("weights") / "uptake.safetensors"
    target = ("co2_1bar_mol_per_kg", "mol/kg")
    return open_property_models(
        model=weights_file(path, targets=(target,), settings=points_settings())
    )


@pytest.fixture(scope="module")
def data(models: PropertyModels, tmp_path_factory: pytest.TempPathFactory) -> PropertySet:
    """Labels that are what the weights say, but one that is 3 more and one that is unknown."""
    crystals = some_frameworks(8)
    values = np.array([predict(crystal, model=models).values for crystal in crystals])
    values[6] += 3.0
    values[7] = np.nan
    made = toy_set(tmp_path_factory.mktemp("set"), crystals, values)
    return replace(made, targets=models.targets)


SIDES = PropertySides(
    name="toy", train=np.arange(2), validation=np.arange(2, 4), test=np.arange(4, 8)
)


def test_errors_intervals_and_domains(models: PropertyModels, data: PropertySet) -> None:
    metrics = {"co2_1bar_mol_per_kg_rmse": 1.0}
    card = replace(models.card, metrics=metrics, data_hash=f"{data.content_hash}-{SIDES.digest}")
    features = np.random.default_rng(0).normal(50.0, 1.0, (40, 16))
    calibration = Calibration(factors=np.ones(1), domain=domain_of(features))
    told = replace(models, card=card, calibration=calibration)
    seen: list[tuple[int, int]] = []
    made = evaluate_property(told, data, sides=SIDES, progress=lambda *at: seen.append(at))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    rows = {str(row["which"]): row for row in made.rows}
    assert set(rows) == {"all", "out of domain"}
    assert set(rows["all"]) == set(COLUMNS)
    assert rows["all"]["n"] == 3
    assert rows["all"]["mae"] == pytest.approx(1.0, abs=1e-4)
    assert rows["all"]["within_90"] == pytest.approx(2.0 / 3.0)
    mean = np.mean(data.values[:2, 0])
    assert rows["all"]["mean_mae"] == pytest.approx(np.mean(np.abs(data.values[4:7, 0] - mean)))
    assert not made.warning
    assert (
        "may have been learned from"
        in evaluate_property(told, data, sides=SIDES, side="all").warning
    )


def test_what_does_not_fit_is_refused(models: PropertyModels, data: PropertySet) -> None:
    other = replace(data, targets=(Target(name="gap", unit="eV"),))
    with pytest.raises(ConfigError, match="predict co2_1bar_mol_per_kg, and the set toy has gap"):
        evaluate_property(models, other, sides=SIDES)
    litre = replace(data, targets=(Target(name="co2_1bar_mol_per_kg", unit="g/L"),))
    with pytest.raises(ConfigError, match=r"say it in mol/kg and the table in g/L"):
        evaluate_property(models, litre, sides=SIDES)
    with pytest.raises(ConfigError, match="choose one of test, validation, train, all"):
        evaluate_property(models, data, sides=SIDES, side="both")


def test_a_table_of_ones_own(models: PropertyModels, tmp_path: Path) -> None:
    cifs = tmp_path / "cifs"
    cifs.mkdir()
    lines = ["name,co2_1bar_mol_per_kg"]
    for i, crystal in enumerate(some_frameworks(3)):
        (cifs / f"f{i}.cif").write_text(cif_text(crystal))
        lines.append(f"f{i},{i}")
    table = tmp_path / "own.csv"
    table.write_text("\n".join(lines) + "\n")
    made = evaluate_on_table(models, table, structures=cifs)
    assert [row["which"] for row in made.rows] == ["all"]
    assert made.rows[0]["n"] == 3
    table.write_text("name,uptake\nf0,1\n")
    with pytest.raises(ConfigError, match="has no column that the weights"):
        evaluate_on_table(models, table, structures=cifs)
