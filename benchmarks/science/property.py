"""Properties by the learned models and by the baselines, on the same sides of the same sets.

    python benchmarks/science/property.py features --set iza_argon_87k
    python benchmarks/science/property.py run --set iza_argon_87k --split 5-fold --fold 0 \
        --models mean,composition,geometry,histogram1d,histogram2d,homology,all_features
    python benchmarks/science/property.py run --set iza_argon_87k --split 5-fold --fold 0 \
        --models sites,x3mat,cgcnn,voxel,text --epochs 100
    python benchmarks/science/property.py run --set qmof_band_gap --models sites,composition \
        --sizes 100,300,1000,3000,all
    python benchmarks/science/property.py table

One row for each set, target, split, fold, seed, number of training structures and model; rows that
are there are not made again, and a training that was cut short goes on. ``table`` prints means over
the folds, and which baseline is best. Models are trained with all targets of the set at once.

Writes benchmarks/results/property.csv.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.rows import run_facts  # noqa: E402

from porescope.datasets.property_set import PropertySet, property_set  # noqa: E402
from porescope.datasets.property_splits import PropertySides, property_sides  # noqa: E402
from porescope.errors import ConvergenceError  # noqa: E402
from porescope.workflows.property_baselines import (  # noqa: E402
    BASELINES,
    run_baseline,
    tables_needed,
)
from porescope.workflows.property_features import (  # noqa: E402
    FEATURE_KINDS,
    FeatureTable,
    feature_table,
)

RESULTS = ROOT / "benchmarks" / "results" / "property.csv"
KEY = ("set", "target", "split", "fold", "seed", "n_train", "model", "settings")
COLUMNS: tuple[str, ...] = (
    *KEY,
    "unit",
    "n_test",
    "mae",
    "rmse",
    "r2",
    "spearman",
    "train_s",
    "features_s",
    "n_parameters",
    "epochs",
    "n_left_out",
    "data_hash",
    "commit",
    "date",
    "hardware",
)


def shared() -> Path:
    """The folder of real data: named by the environment, or beside the checkout."""
    named = os.environ.get("PORESCOPE_SHARED")
    return (Path(named) if named else ROOT.parent / "shared") / "data"


def loaded(args: argparse.Namespace) -> PropertySet:
    """The set that was asked for."""
    return property_set(
        args.set,
        labels=shared() / "labels",
        structures=args.structures or shared() / "structures",
        work=args.work,
        targets=args.targets.split(",") if args.targets else None,
    )


def known_rows() -> list[dict[str, str]]:
    """Rows of earlier runs."""
    if not RESULTS.is_file():
        return []
    with RESULTS.open(newline="") as stream:
        return list(csv.DictReader(stream))


def add_rows(rows: list[dict[str, Any]]) -> None:
    """Write further rows, each whole."""
    new = not RESULTS.is_file()
    with RESULTS.open("a", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)


def sized(sides: PropertySides, sizes: str, *, seed: int) -> Iterator[PropertySides]:
    """The sides with as many training structures as asked for."""
    for word in sizes.split(","):
        if word == "all":
            yield sides
        elif int(word) < len(sides.train):
            yield sides.fewer(int(word), seed=seed)


def make_features(args: argparse.Namespace) -> None:
    """Feature tables of a set, as far as the time reaches."""
    data = loaded(args)
    print(f"{data.name}: {len(data)} structures, {data.report.sentence}")
    for kind in args.kinds.split(",") if args.kinds else FEATURE_KINDS:
        try:
            made = feature_table(data, kind=kind, work=args.work, time_limit_s=args.time_limit_s)
        except ConvergenceError as error:
            print(f"{kind}: {error}")
            continue
        each = made.seconds / len(data)
        print(
            f"{kind}: {len(made.columns)} features, {each:.3f} s each, {len(made.reasons)} failed"
        )


def run(args: argparse.Namespace) -> None:
    """All rows that are asked for and not there."""
    data = loaded(args)
    tables: dict[Any, FeatureTable] = {}
    folds = [0]
    if args.split == "5-fold":
        folds = list(range(5)) if args.fold == "all" else [int(args.fold)]
    for fold in folds:
        sides = property_sides(data, args.split, seed=args.seed, fold=fold)
        for part in sized(sides, args.sizes, seed=args.seed):
            for model in args.models.split(","):
                place = {
                    "set": data.name,
                    "split": args.split,
                    "fold": fold,
                    "seed": args.seed,
                    "n_train": len(part.train),
                    "model": model,
                    "settings": args.settings,
                }
                if not is_there(data, place):
                    run_one(data, part, place=place, tables=tables, args=args)


def is_there(data: PropertySet, place: Mapping[str, Any]) -> bool:
    """Whether every target has its row."""
    there = {
        row["target"]
        for row in known_rows()
        if all(row[key] == str(value) for key, value in place.items())
    }
    return there >= {target.name for target in data.targets}


def run_one(
    data: PropertySet,
    sides: PropertySides,
    *,
    place: Mapping[str, Any],
    tables: dict[Any, FeatureTable],
    args: argparse.Namespace,
) -> None:
    """The rows of one model."""
    if place["model"] in BASELINES:
        found = of_baseline(data, sides, place["model"], tables=tables, args=args)
    else:
        found = of_network(data, sides, args=args, place=place)
    if found is None:
        return
    metrics, more = found
    rows = []
    for column, target in enumerate(data.targets):
        seen = {key: f"{value:.6g}" for key, value in metrics[target.name].items()}
        about = {
            "target": target.name,
            "unit": target.unit,
            "n_test": int(np.isfinite(data.values[sides.test, column]).sum()),
            "data_hash": f"{data.content_hash}-{sides.digest}",
        }
        rows.append({**place, **about, **seen, **more, **run_facts()})
    add_rows(rows)
    told = ", ".join(f"{name} {seen['mae']:.4g}" for name, seen in metrics.items())
    print(f"{place['model']} fold {place['fold']} of {len(sides.train)}: {told}", flush=True)


def of_baseline(
    data: PropertySet,
    sides: PropertySides,
    model: Any,
    *,
    tables: dict[Any, FeatureTable],
    args: argparse.Namespace,
) -> tuple[Mapping[str, Mapping[str, float]], dict[str, Any]]:
    """A baseline's errors; its feature tables are made where they are not there."""
    kinds = tables_needed(model)
    for kind in kinds:
        if kind not in tables:
            tables[kind] = feature_table(data, kind=kind, work=args.work)
    begin = time.perf_counter()
    made = run_baseline(data, name=model, sides=sides, tables=tables, seed=args.seed)
    return made.metrics, {
        "train_s": round(time.perf_counter() - begin, 2),
        "features_s": round(sum(tables[kind].seconds for kind in kinds), 1),
        "n_left_out": len({id for kind in kinds for id in tables[kind].reasons}),
    }


def of_network(
    data: PropertySet,
    sides: PropertySides,
    *,
    args: argparse.Namespace,
    place: Mapping[str, Any],
) -> tuple[Mapping[str, Mapping[str, float]], dict[str, Any]] | None:
    """A network's errors; None where the time limit came first and the next call goes on."""
    import torch

    from porescope.workflows.train import settings_from_text
    from porescope.workflows.train_property import (
        TASKS,
        TRAINING,
        ema_decay_for,
        train_property,
    )

    torch.set_num_threads(args.threads)
    model = str(place["model"])
    config, task = TRAINING[model], TASKS[model]
    if args.batch_size:
        task = replace(task, batch_size=args.batch_size)
    epochs = args.epochs or config.epochs
    n_steps = epochs * max(1, len(sides.train) // task.batch_size)
    config = replace(
        config,
        epochs=epochs,
        learning_rate=args.learning_rate or config.learning_rate,
        warmup_steps=min(config.warmup_steps, n_steps // 10),
        validate_every=max(1, epochs // 25),
        ema_decay=ema_decay_for(n_steps),
        time_limit_s=args.time_limit_s,
        seed=args.seed,
    )
    name = "-".join(str(place[key]) for key in place if key != "settings").replace(":", "to")
    if args.settings:
        name += "-" + "".join(c if c.isalnum() else "_" for c in args.settings)
    made = train_property(
        data,
        sides=sides,
        out=args.work / "runs" / f"{name}-{epochs}",
        preset=model,
        model_settings=settings_from_text(args.settings.split()) if args.settings else None,
        config=config,
        task=task,
        device=args.device,
    )
    if made.result.status != "finished":
        print(f"{model}: paused at step {made.result.step} of {made.result.n_steps}")
        return None
    return made.metrics, {
        "train_s": round(made.result.elapsed_s, 1),
        "n_parameters": made.n_parameters,
        "epochs": epochs,
        "n_left_out": len(made.left_out),
    }


def table(args: argparse.Namespace) -> None:
    """Means over folds and seeds of each model, in one table for each set, target and split."""
    groups: dict[tuple[str, ...], dict[str, list[dict[str, str]]]] = {}
    for row in known_rows():
        head = (row["set"], row["target"], row["unit"], row["split"])
        name = f"{row['model']} {row['settings']}".strip()
        size = row["n_train"] if row["split"] != "5-fold" else "all"
        groups.setdefault((*head, size), {}).setdefault(name, []).append(row)
    for (data, target, unit, split, size), models in groups.items():
        if args.set and data != args.set:
            continue
        print(f"\n{data}: {target} [{unit}], split {split}, training structures: {size}")
        print("| model | MAE | RMSE | R² | Spearman | runs |\n|---|---|---|---|---|---|")
        order = sorted(models, key=lambda name: mean_of(models[name], "mae"))
        for name in order:
            rows = models[name]
            told = " | ".join(
                f"{mean_of(rows, key):.4g}" for key in ("mae", "rmse", "r2", "spearman")
            )
            print(f"| {name} | {told} | {len(rows)} |")


def mean_of(rows: list[dict[str, str]], key: str) -> float:
    """Mean of a column."""
    return float(np.mean([float(row[key]) for row in rows]))


def main() -> None:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("action", choices=("features", "run", "table"))
    parser.add_argument("--set", default="")
    parser.add_argument("--targets", default="", help="columns, by commas; the set's own if empty")
    parser.add_argument("--split", default="framework")
    parser.add_argument("--fold", default="all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sizes", default="all", help="training structures, such as 100,1000,all")
    parser.add_argument("--models", default=",".join(BASELINES))
    parser.add_argument("--kinds", default="", help="feature tables; all if empty")
    parser.add_argument("--settings", default="", help="of the network: 'width=64 window=6'")
    parser.add_argument("--epochs", type=int, default=0)
    parser.add_argument("--batch-size", type=int, default=0)
    parser.add_argument("--learning-rate", type=float, default=0.0)
    parser.add_argument("--time-limit-s", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--structures", type=Path, default=None, help="archives, or unpacked")
    parser.add_argument("--work", type=Path, default=RESULTS.parent / "work" / "property")
    args = parser.parse_args()
    {"features": make_features, "run": run, "table": table}[args.action](args)


if __name__ == "__main__":
    main()
