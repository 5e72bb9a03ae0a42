"""The weights of properties that come with the package: trained, measured, packed.

    python benchmarks/science/property_weights.py NAME --labels FOLDER --structures FOLDER

NAME is one of the recipes below. A training that was stopped goes on. The card gets the errors on
the test side; the baselines on the same side stand in ``test.csv`` of the run, and one row for each
target goes to ``benchmarks/results/property_weights.csv``.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.rows import run_facts  # noqa: E402

from porescope.models.checkpoint import repack  # noqa: E402
from porescope.models.shipped import WEIGHTS  # noqa: E402
from porescope.workflows.predict_models import CALIBRATION  # noqa: E402
from porescope.workflows.train_property_table import TEST_FILE, train_on_table  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "property_weights.csv"
LARGEST_MB = 15.0


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


def main() -> None:
    """Train, measure, pack."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", choices=sorted(RECIPES))
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--structures", type=Path, required=True, help="archives, or unpacked")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--time-limit-s", type=float, default=0.0)
    args = parser.parse_args()
    recipe = RECIPES[args.name]
    training: dict[str, Any] = {"epochs": recipe.epochs, "time_limit_s": args.time_limit_s}
    training["validate_every"] = max(1, recipe.epochs // 25)
    if recipe.learning_rate is not None:
        training["learning_rate"] = recipe.learning_rate
    out = args.runs / args.name
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
    if made.training.result.status != "finished":
        print(f"paused at step {made.training.result.step} of {made.training.result.n_steps}")
        return
    metrics = {
        f"{target}_test_{key}": value
        for target, seen in made.training.metrics.items()
        for key, value in seen.items()
    }
    folder = WEIGHTS / args.name
    packed = repack(
        made.training.result.best, folder / args.name, stored="float32", metrics=metrics
    )
    shutil.copyfile(out / CALIBRATION, folder / CALIBRATION)
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    assert size < LARGEST_MB, f"{packed} has {size:.1f} MB"
    rows = [row for row in known_rows() if row["weights"] != args.name]
    with (out / TEST_FILE).open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            facts = {
                "epochs": recipe.epochs,
                "split": recipe.split,
                "n_train": len(made.sides.train),
                "n_test": len(made.sides.test),
                "train_s": round(made.training.result.elapsed_s),
                "size_mb": round(size, 2),
            }
            rows.append({"weights": args.name, "set": recipe.label_set, **row, **facts})
            rows[-1] |= run_facts()
    with RESULTS.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[-1]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print("\n".join(made.advice))


def known_rows() -> list[dict[str, Any]]:
    """Rows of the other weights."""
    if not RESULTS.is_file():
        return []
    with RESULTS.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    main()
