"""Charges of atoms: learned from crystals that have them, given to those that have none."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from rich.console import Console

from porescope.adsorption.fields import field_named
from porescope.adsorption.gases import gas_named
from porescope.apps.cli.predict_run import Shown
from porescope.apps.cli.show_predict import show_prediction
from porescope.crystal.structure import Crystal
from porescope.datasets.property_set import CHARGES, PropertySet
from porescope.datasets.property_splits import PropertySides
from porescope.errors import ConfigError
from porescope.training.config import TrainConfig
from porescope.workflows import learned_charges
from porescope.workflows.adsorbent import adsorbent, charged_crystal
from porescope.workflows.learned_charges import LearnedCharges
from porescope.workflows.predict import predict
from porescope.workflows.train_charges import ChargeTraining, element_means, train_charges
from predict_toys import points_settings, weights_file
from property_toys import some_frameworks, toy_set

SMALL = {"width": 16, "channels": 4, "n_radial": 4, "pairs": 4, "window": 5.0, "cutoffs": (2.4,)}


def charged(crystal: Crystal) -> Crystal:
    """With charges by element, and hydrogen's by what is left."""
    values = np.where(crystal.numbers == 7, -0.5, np.where(crystal.numbers == 6, 0.1, 0.8))
    is_hydrogen = crystal.numbers == 1
    values[is_hydrogen] = -values[~is_hydrogen].sum() / is_hydrogen.sum()
    return replace(crystal, charges=values)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PropertySet:
    crystals = [charged(crystal) for crystal in some_frameworks(12)]
    made = toy_set(tmp_path_factory.mktemp("charges"), crystals, np.ones((12, 1)))
    return replace(made, targets=(CHARGES,))


@pytest.fixture(scope="module")
def trained(data: PropertySet, tmp_path_factory: pytest.TempPathFactory) -> ChargeTraining:
    every = np.arange(12)
    return train_charges(
        data,
        sides=PropertySides(name="toy", train=every[:8], validation=every[8:10], test=every[10:]),
        out=tmp_path_factory.mktemp("run"),
        model_settings=SMALL,
        config=TrainConfig(epochs=60, learning_rate=5e-3, warmup_steps=5, validate_every=20),
        batch_size=4,
        device="cpu",
    )


def test_they_are_learned_and_compared(trained: ChargeTraining) -> None:
    assert trained.metrics.keys() == trained.n_test.keys() >= {"sites", "element"}
    assert trained.n_test["sites"] == 2
    assert trained.metrics["sites"]["mae"] < 0.05 < trained.metrics["sites"]["rmse"] + 0.05
    assert trained.metrics["element"]["mae"] > 0.0


def test_the_adsorption_bench_takes_them(
    trained: ChargeTraining, data: PropertySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    charger = LearnedCharges(trained.result.best)
    monkeypatch.setattr(learned_charges, "shipped_charges", lambda: charger)
    bare = replace(data.crystal(11), charges=None)
    made = charged_crystal(bare, charges="learned")
    assert made.charges is not None
    assert made.charges.sum() == pytest.approx(0.0, abs=1e-6)
    gas = gas_named("CO2")
    framework = adsorbent(bare, gases=(gas,), field=field_named("UFF"), charges="Learned")
    assert "learned charges" in framework.charge_source


def test_a_prediction_has_the_charges_and_adds_up_to_nothing(
    trained: ChargeTraining, data: PropertySet
) -> None:
    crystal = replace(data.crystal(0), charges=None)
    found = predict(crystal, model=trained.result.best)
    assert found.values == pytest.approx([0.0], abs=1e-6)
    assert found.weight @ found.contributions == pytest.approx([0.0], abs=1e-6)
    assert np.ptp(found.contributions) > 0.5
    assert found.of_atoms
    console = Console(width=80, record=True, file=io.StringIO())
    show_prediction(Shown(found=found), folder=None, stem="x", console=console)
    text = console.export_text()
    assert "of each atom; from -0.5" in text
    assert "adsorb charges x.cif --method learned" in text


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    path = weights_file(tmp_path / "points.safetensors", settings=points_settings())
    with pytest.raises(ConfigError, match="do not give charges"):
        LearnedCharges(path)


def test_means_of_elements() -> None:
    crystal = charged(some_frameworks(1)[0])
    means = element_means([crystal])
    assert means[7] == pytest.approx(-0.5)
    assert means[118] == 0.0
