"""The weights of properties that come with the package: trained, measured, packed.

    python benchmarks/science/property_weights.py NAME --labels FOLDER --structures FOLDER

NAME is one of the recipes below, or ``charges``. A training that was stopped goes on. The card gets
the errors on the test side; they and those of the baselines on the same side, one row for each
target and model, go to ``benchmarks/results/property_weights.csv``. Errors of charges are over all
atoms of the test side; their baselines are the mean charge of an element, and EQeq on some
structures (``sites there`` has the same ones).
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.rows import run_facts  # noqa: E402

from porescope.datasets.property_set import CHARGES, charge_set  # noqa: E402
from porescope.datasets.property_splits import property_sides  # noqa: E402
from porescope.models.checkpoint import repack  # noqa: E402
from porescope.models.shipped import WEIGHTS  # noqa: E402
from porescope.training.loop import TrainResult  # noqa: E402
from porescope.workflows.predict_models import CALIBRATION  # noqa: E402
from porescope.workflows.train_charges import TRAINING, train_charges  # noqa: E402
from porescope.workflows.train_property_table import TEST_FILE, train_on_table  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "property_weights.csv"
LARGEST_MB = 15.0
COLUMNS = (
    *("weights", "set", "target", "unit", "model", "mae", "rmse", "r2", "spearman", "epochs"),
    *("split", "n_train", "n_test", "train_s", "size_mb", "commit", "date", "hardware"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one of the weights is made."""

    label_set: str
    """Known table."""
    epochs: int
    """Passes over the training side."""
    split: str = "framework"
    """Split."""
    compared: tuple[str, ...] = ("mean", "composition")
    """Baselines."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of the network."""
    batch_size: int | None = None
    """Crystals in a batch."""
    learning_rate: float | None = None
    """The highest."""


RECIPES = {
    "argon_uptake": Recipe(
        label_set="iza_argon_87k", epochs=100, compared=("mean", "composition", "geometry")
    ),
    "co2_uptake": Recipe(label_set="crafted", epochs=100),
    "n2_uptake": Recipe(label_set="core_n2_298k", epochs=30),
    "pores": Recipe(label_set="core_mof_geometry", epochs=12),
    "band_gap": Recipe(label_set="qmof_band_gap", epochs=30),
}


def of_table(name: str, args: argparse.Namespace) -> Trained | None:
    """Weights of the values of crystals; None for a paused training."""
    recipe, out = RECIPES[name], args.runs / name
    training: dict[str, Any] = {"epochs": recipe.epochs, "time_limit_s": args.time_limit_s}
    training["validate_every"] = max(1, recipe.epochs // 25)
    if recipe.learning_rate is not None:
        training["learning_rate"] = recipe.learning_rate
    made = train_on_table(
        recipe.label_set,
        structures=args.structures,
        labels=args.labels,
        out=out,
        split=recipe.split,
        model_settings=recipe.settings,
        training=training,
        batch_size=recipe.batch_size,
        compared=recipe.compared,
    )
    result = made.training.result
    if result.status != "finished":
        print(f"paused at step {result.step} of {result.n_steps}")
        return None
    with (out / TEST_FILE).open(newline="", encoding="utf-8") as stream:
        rows: list[dict[str, Any]] = list(csv.DictReader(stream))
    print("\n".join(made.advice))
    facts = {"epochs": recipe.epochs, "split": recipe.split, "n_test": len(made.sides.test)}
    return Trained(
        set=recipe.label_set,
        result=result,
        metrics=made.training.metrics,
        rows=[row | facts | {"n_train": len(made.sides.train)} for row in rows],
        calibration=out / CALIBRATION,
    )


def of_charges(name: str, args: argparse.Namespace) -> Trained | None:
    """Weights of charges; None for a paused training."""
    out = args.runs / name
    data = charge_set(args.structures, work=out / "structures")
    sides = property_sides(data, "framework")
    config = replace(TRAINING, time_limit_s=args.time_limit_s)
    made = train_charges(data, sides=sides, out=out, config=config)
    if made.result.status != "finished":
        print(f"paused at step {made.result.step} of {made.result.n_steps}")
        return None
    facts = {"epochs": config.epochs, "split": "framework", "n_train": len(sides.train)}
    rows = [
        {"target": CHARGES.name, "unit": CHARGES.unit, "model": model}
        | {key: f"{value:.6g}" for key, value in seen.items()}
        | facts
        | {"n_test": made.n_test[model]}
        for model, seen in made.metrics.items()
    ]
    return Trained(
        set=data.name,
        result=made.result,
        metrics={CHARGES.name: made.metrics["sites"]},
        rows=rows,
        calibration=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training left to be packed."""

    set: str
    """Name of the set."""
    result: TrainResult
    """Where it stopped."""
    metrics: Mapping[str, Mapping[str, float]]
    """Errors on the test side, by target."""
    rows: list[dict[str, Any]]
    """One for each target and model."""
    calibration: Path | None
    """File of the calibration."""


def main() -> None:
    """Train, measure, pack."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", choices=[*sorted(RECIPES), "charges"])
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--structures", type=Path, required=True, help="archives, or unpacked")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--time-limit-s", type=float, default=0.0)
    args = parser.parse_args()
    made = (of_table if args.name in RECIPES else of_charges)(args.name, args)
    if made is None:
        return
    metrics = {
        f"{target}_test_{key}": value
        for target, seen in made.metrics.items()
        for key, value in seen.items()
    }
    folder = WEIGHTS / args.name
    packed = repack(made.result.best, folder / args.name, stored="float32", metrics=metrics)
    if made.calibration is not None:
        shutil.copyfile(made.calibration, folder / CALIBRATION)
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    assert size < LARGEST_MB, f"{packed} has {size:.1f} MB"
    facts = {"train_s": round(made.result.elapsed_s), "size_mb": round(size, 2)}
    rows = [row for row in known_rows() if row["weights"] != args.name]
    for row in made.rows:
        rows.append({"weights": args.name, "set": made.set} | row | facts | run_facts())
    with RESULTS.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def known_rows() -> list[dict[str, Any]]:
    """Rows of the other weights."""
    if not RESULTS.is_file():
        return []
    with RESULTS.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    main()
