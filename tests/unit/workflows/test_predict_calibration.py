"""Calibrations learned from the sides of a training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from framework_crystals import prussian_blue
from porescope.datasets.property_splits import PropertySides
from porescope.errors import ConfigError
from porescope.workflows.predict import predict
from porescope.workflows.predict_calibration import calibrate, write_calibration
from porescope.workflows.predict_models import open_property_models
from predict_toys import points_settings, weights_file
from property_toys import some_frameworks, toy_set, true_values

TARGETS = (("t0", "eV"), ("t1", "eV"))


def test_the_unlike_are_flagged_and_deviations_scaled(tmp_path: Path) -> None:
    crystals = some_frameworks(24, scale=0.002)
    data = toy_set(tmp_path, crystals, true_values(crystals))
    sides = PropertySides(
        name="toy", train=np.arange(12), validation=np.arange(12, 24), test=np.arange(0)
    )
    for seed in (0, 1):
        weights_file(
            tmp_path / "weights" / f"m{seed}.safetensors",
            settings=points_settings(n_points_predict=16),
            targets=TARGETS,
            seed=seed,
        )
    models = open_property_models(model=tmp_path / "weights")
    seen: list[float] = []
    made = calibrate(models, data, sides=sides, progress=seen.append)
    assert seen[-1] == 1.0
    assert made.factors.shape == (2,)
    assert np.all(made.factors > 0.0)
    bare = predict(crystals[3], model=models)
    write_calibration(tmp_path / "weights", made)
    again = open_property_models(model=tmp_path / "weights")
    known = predict(crystals[3], model=again)
    assert known.is_outside is False
    assert np.allclose(known.deviations, bare.deviations * made.factors)
    assert predict(prussian_blue(), model=again).is_outside
    with pytest.raises(ConfigError, match="at least 10 examples"):
        calibrate(models, data, sides=replace(sides, train=np.arange(4)))
    other = weights_file(tmp_path / "other.safetensors", targets=(("gap_ev", "eV"),))
    with pytest.raises(ConfigError, match="the set of the training"):
        calibrate(open_property_models(model=other), data, sides=sides)
