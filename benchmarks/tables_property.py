"""Tables of docs/properties.md, made from its rows; ``tables.py`` fills them in."""

from __future__ import annotations

from collections.abc import Callable

from tables import markdown, rows_of

_ORDER = {"sites": 0, "x3mat": 1, "cgcnn": 2, "voxel": 3, "text": 4}


def _mean(rows: list[dict[str, str]], key: str) -> float:
    return sum(float(row[key]) for row in rows) / len(rows)


def property_models() -> str:
    """Every model on every target with its largest training side; means over folds and seeds."""
    groups: dict[tuple[str, str, str, str], dict[str, list[dict[str, str]]]] = {}
    for row in rows_of("property"):
        head = (row["set"], row["target"], row["unit"], row["split"])
        name = f"{row['model']} {row['settings']}".strip()
        groups.setdefault(head, {}).setdefault(name, []).append(row)
    body = []
    for (data, target, unit, split), models in groups.items():
        best = {}
        for name, rows in models.items():
            most = max(int(row["n_train"]) for row in rows)
            # Folds differ by one structure in size.
            best[name] = [row for row in rows if int(row["n_train"]) >= most - 1]
        for name in sorted(best, key=lambda name: _mean(best[name], "mae")):
            rows = best[name]
            body.append(
                [
                    data,
                    target,
                    unit,
                    split,
                    name,
                    f"{_mean(rows, 'n_train'):.0f}",
                    f"{_mean(rows, 'n_test'):.0f}",
                    f"{_mean(rows, 'mae'):.4g}",
                    f"{_mean(rows, 'rmse'):.4g}",
                    f"{_mean(rows, 'r2'):.3f}",
                    f"{_mean(rows, 'spearman'):.3f}",
                    str(len(rows)),
                ]
            )
    header = ["set", "target", "unit", "split", "model", "trained on", "asked", "MAE", "RMSE"]
    return markdown([*header, "R²", "Spearman", "runs"], body)


def property_learning() -> str:
    """Mean absolute error against the number of training structures, split by framework."""
    curves: dict[tuple[str, str, str], dict[int, list[float]]] = {}
    for row in rows_of("property"):
        if row["split"] != "framework":
            continue
        name = f"{row['model']} {row['settings']}".strip()
        curve = curves.setdefault((row["set"], f"{row['target']} [{row['unit']}]", name), {})
        curve.setdefault(int(row["n_train"]), []).append(float(row["mae"]))
    curves = {key: curve for key, curve in curves.items() if len(curve) > 1}
    sizes = sorted({size for curve in curves.values() for size in curve})
    order = sorted(curves, key=lambda key: (key[0], key[1], _ORDER.get(key[2], 9), key[2]))
    body = [[*key, *(_told(curves[key].get(size)) for size in sizes)] for key in order]
    return markdown(["set", "target", "model", *map(str, sizes)], body)


def _told(values: list[float] | None) -> str:
    return f"{sum(values) / len(values):.4g}" if values else "–"


def property_weights() -> str:
    """The shipped weights: their errors on the test side beside the best baseline trained there."""
    targets: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows_of("property_weights"):
        targets.setdefault((row["weights"], row["target"]), []).append(row)
    body = []
    for (name, target), rows in sorted(targets.items()):
        ours = next(row for row in rows if row["model"] == "sites")
        others = [row for row in rows if row["model"] not in ("sites", "sites there")]
        best = min(others, key=lambda row: float(row["mae"]))
        body.append(
            [
                f"`{name}`",
                target,
                ours["unit"],
                ours["n_train"],
                ours["n_test"],
                f"{float(ours['mae']):.4g}",
                f"{float(ours['r2']):.3f}",
                f"{float(best['mae']):.4g} ({best['model']})",
                f"{float(ours['train_s']) / 60:.0f}",
                f"{float(ours['size_mb']):.1f}",
            ]
        )
    header = ["weights", "target", "unit", "trained on", "asked", "MAE", "R²"]
    return markdown([*header, "MAE of the best baseline", "minutes", "MB"], body)


def sites_speed() -> str:
    """Seconds of one prediction by ``sites`` and by ``x3mat``, and their ratio."""
    body = []
    for row in rows_of("sites_speed"):
        seconds = [f"{float(row[key]):.3f}" if row[key] else "–" for key in ("sites_s", "x3mat_s")]
        more = [f"{float(row['ratio']):.0f}" if row["ratio"] else "–", row["memory_mb"] or "–"]
        body.append([row["structure"], row["n_atoms"] or "–", *seconds, *more])
    header = ["structure", "atoms", "`sites` [s]", "`x3mat` [s]", "ratio", "memory [MB]"]
    return markdown(header, body)


TABLES: dict[str, Callable[[], str]] = {
    "property_models": property_models,
    "property_learning": property_learning,
    "property_weights": property_weights,
    "sites_speed": sites_speed,
}
