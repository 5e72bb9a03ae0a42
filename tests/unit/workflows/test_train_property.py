"""Training on a table of one's own, going on, starting from other weights, and the advice."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from porescope.datasets.property_set import Target  # noqa: E402
from porescope.errors import ConfigError  # noqa: E402
from porescope.io.cif_write import cif_text  # noqa: E402
from porescope.models.checkpoint import read_card  # noqa: E402
from porescope.models.registry import PRESETS, build_model, config_from_dict  # noqa: E402
from porescope.workflows.predict_models import open_property_models  # noqa: E402
from porescope.workflows.property_baselines import BaselineResult  # noqa: E402
from porescope.workflows.train_property import (  # noqa: E402
    TASKS,
    TRAINING,
    advice,
    ema_decay_for,
    fitted_to,
    property_preset,
    settings_for,
    take_over,
    training_for,
)
from porescope.workflows.train_property_table import train_on_table  # noqa: E402
from property_toys import some_frameworks, true_values  # noqa: E402

SMALL = {"width": 16, "layers": 1, "head_width": 16}


def _written(folder: Path, n: int) -> Path:
    cifs = folder / "cifs"
    cifs.mkdir()
    crystals = some_frameworks(n, scale=0.002)
    values = true_values(crystals)[:, 1]
    lines = ["name,density_g_per_cm3"]
    for i, crystal in enumerate(crystals):
        (cifs / f"f{i}.cif").write_text(cif_text(crystal))
        lines.append(f"f{i},{values[i]}")
    table = folder / "own.csv"
    table.write_text("\n".join(lines) + "\n")
    return table


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    table = _written(tmp_path, 60)
    how = {
        "structures": tmp_path / "cifs",
        "out": tmp_path / "run",
        "targets": ("density_g_per_cm3",),
        "preset": "cgcnn",
        "model_settings": SMALL,
        "training": {"epochs": 2, "warmup_steps": 1},
        "batch_size": 16,
        "compared": ("mean", "composition"),
        "device": "cpu",
    }
    made = train_on_table(table, **how)  # type: ignore[arg-type]
    assert made.training.result.status == "finished"
    assert len(made.data) == 60
    seen = made.training.metrics["density_g_per_cm3"]
    assert np.isfinite(seen["mae"])
    # two epochs cannot beat what the density follows from
    assert made.advice[0].startswith("density_g_per_cm3: the baseline 'composition' is better")
    with (tmp_path / "run" / "test.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == ["cgcnn", "mean", "composition"]
    assert float(rows[0]["mae"]) == pytest.approx(seen["mae"], rel=1e-5)
    assert (tmp_path / "run" / "left_out.txt").read_text() == ""
    card = read_card(made.training.result.best)
    assert card.training["targets"] == "density_g_per_cm3"
    assert card.training["units"] == "g/cm³"
    other = build_model(PRESETS["cgcnn"], config=config_from_dict(PRESETS["cgcnn"], SMALL))
    shift = other.shift.clone()
    assert take_over(other, made.training.result.best, preset="cgcnn") == ()
    assert torch.equal(other.shift, shift)
    (tmp_path / "own.csv").write_text("name,density_g_per_cm3\nf0,1\n")
    with pytest.raises(ConfigError, match="at least 50 structures"):
        train_on_table(table, **how)  # type: ignore[arg-type]


def test_sites_are_calibrated(tmp_path: Path) -> None:
    train_on_table(
        _written(tmp_path, 60),
        structures=tmp_path / "cifs",
        out=tmp_path / "run",
        targets=("density_g_per_cm3",),
        split="5-fold",
        model_settings={"width": 16, "channels": 4, "n_points": 4, "n_points_predict": 8},
        training={"epochs": 1, "warmup_steps": 1},
        compared=("mean",),
        device="cpu",
    )
    models = open_property_models(model=tmp_path / "run")
    assert models.calibration is not None
    assert models.calibration.factors.shape == (1,)
    assert models.calibration.factors[0] > 0


def test_settings_follow_from_the_targets() -> None:
    gap, uptake = Target(name="gap", unit="eV"), Target(name="b", unit="mol/kg")
    cell = Target(name="c", unit="1/cell")
    rate = Target(name="d", unit="mol/(kg Pa)")
    gas = settings_for(PRESETS["sites"], (uptake, cell, rate, Target(name="e", unit="g/L")))
    assert gas["places"] == "points"
    assert gas["amounts"] == ("per_mass", "per_cell", "per_mass", "intensive")
    electronic = settings_for(PRESETS["sites"], (gap,))
    assert (electronic["places"], electronic["pooling"]) == ("atoms", "frontier")
    assert settings_for(PRESETS["sites"], (Target(name="f", unit="eV"),)) == {"n_targets": 1}
    assert settings_for(PRESETS["x3mat"], (gap, gap)) == {"n_targets": 2, "radius": 8.0}
    for name in TRAINING:
        settings = settings_for(property_preset(name), (uptake,))
        assert config_from_dict(PRESETS[name], settings).n_targets == 1
        assert name in TASKS
    with pytest.raises(ConfigError, match="'small' is trained for retrieval"):
        property_preset("small")


def test_advice_names_what_is_better() -> None:
    base = BaselineResult(
        name="geometry",
        predicted=np.zeros((1, 1)),
        metrics={"t": {"mae": 0.5}},
        chosen={},
    )
    assert "'geometry' is better" in advice({"t": {"mae": 0.6}}, baselines=[base])[0]
    assert "better than every baseline" in advice({"t": {"mae": 0.4}}, baselines=[base])[0]
    assert "no structure of the test" in advice({"t": {"mae": np.nan}}, baselines=[base])[0]
    assert advice({"t": {"mae": 0.4}}, baselines=[]) == []
    mean = replace(base, name="mean", metrics={"t": {"mae": 0.55}})
    assert "worse than the mean" in advice({"t": {"mae": 0.6}}, baselines=[base, mean])[1]
    assert len(advice({"t": {"mae": 0.52}}, baselines=[base, mean])) == 1


def test_short_trainings_average_fewer_steps() -> None:
    assert ema_decay_for(1) == 0.5
    assert ema_decay_for(100) == pytest.approx(0.9)
    assert ema_decay_for(10**6) == 0.999
    long, short = (fitted_to(TRAINING["sites"], n_steps=n) for n in (10**6, 100))
    assert long == TRAINING["sites"]
    assert (short.warmup_steps, short.ema_decay) == (10, pytest.approx(0.9))
    assert fitted_to(training_for("sites", ema_decay=0.0), n_steps=100).ema_decay == 0.0
    with pytest.raises(ConfigError, match="no setting 'hue'"):
        training_for("sites", hue=1)
