"""The shipped weights are read by this version, and say what they said when they were shipped."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from porescope.models.shipped import WEIGHTS, shipped_properties
from porescope.workflows.predict import predict
from porescope.workflows.predict_models import open_property_models
from predict_toys import sodalite_file

FROZEN = Path(__file__).parent / "data" / "property_predictions.csv"
LARGEST_MB = 15.0


def _rows() -> dict[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = {}
    with FROZEN.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            rows.setdefault(row["weights"], []).append(row)
    return rows


def test_all_shipped_weights_are_frozen() -> None:
    assert set(shipped_properties()) == set(_rows())


@pytest.mark.parametrize("name", list(_rows()))
def test_predictions_stay(name: str, tmp_path: Path) -> None:
    models = open_property_models(name)
    assert any(key.endswith("_test_mae") for key in models.card.metrics)
    size = sum(file.stat().st_size for file in (WEIGHTS / name).iterdir())
    assert size < LARGEST_MB * 1e6
    found = predict(sodalite_file(tmp_path), name)
    frozen = _rows()[name]
    assert [(t.name, t.unit) for t in found.targets] == [(r["target"], r["unit"]) for r in frozen]
    # Other processors round otherwise.
    said = found.contributions.max(axis=0) if found.of_atoms else found.values
    assert said == pytest.approx([float(r["value"]) for r in frozen], rel=1e-3, abs=1e-4)
    assert found.of_atoms or found.distance is not None
