"""What ``predict`` says and writes."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gemmi
import numpy as np
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from porescope.apps.cli.failure import one_line
from porescope.apps.cli.show_adsorption import finite

if TYPE_CHECKING:
    from porescope.apps.cli.predict_run import Shown
    from porescope.workflows.predict import PropertyPrediction
    from porescope.workflows.predict_many import PredictedFiles

MAX_ROWS = 40
"""Structures that are shown on the screen; all of them stand in the files."""
MAX_FAILURES = 8
"""Failures that are told on the screen."""


def number_text(value: float, *, deviation: float = math.nan) -> str:
    """A value with as many digits as its deviation bears; four without one."""
    if not math.isfinite(value):
        return "–"
    if not (math.isfinite(deviation) and deviation > 0.0):
        return f"{value:.4g}"
    digits = max(0, 1 - math.floor(math.log10(deviation)))
    return f"{value:.{min(digits, 8)}f} ± {deviation:.{min(digits, 8)}f}"


def show_prediction(shown: Shown, *, folder: Path | None, stem: str, console: Console) -> None:
    """The properties of one structure.

    Parameters
    ----------
    shown:
        What was predicted.
    folder:
        Where files were written, if any.
    stem:
        How the files begin.
    console:
        Where to say it.
    """
    found = shown.found
    console.print()
    head = Text.assemble((one_line(found.name), "bold"), f"  {found.crystal.formula}")
    console.print(Padding(head, (0, 2)))
    console.print()
    table = _facts()
    for column, target in enumerate(found.targets):
        deviation = float(found.deviations[column])
        text = number_text(float(found.values[column]), deviation=deviation)
        if found.of_atoms:
            said = found.contributions[:, column]
            text = f"of each atom; from {said.min():.3f} to {said.max():.3f} ± {deviation:.3f}"
        table.add_row(one_line(target.name), Text(f"{text} {target.unit}", style="bold"))
    if found.n_places:
        what = {"atoms": "atoms", "windows": "windows"}.get(found.places_are, "points")
        how = "" if what == "windows" else " symmetry-unique"
        table.add_row("looked at", f"{found.n_places}{how} {what}")
    if shown.ratio is not None:
        ratio = shown.ratio
        names = f"{ratio.first.target.name} over {ratio.second.target.name}"
        text = f"{ratio.value:.4g} ({names}); known in {100 * ratio.known_share:.0f} % of the cell"
        table.add_row("ratio", one_line(text))
    if shown.compared is not None:
        c = shown.compared
        table.add_row(
            "against density",
            f"Pearson {c.pearson:.2f}, Spearman {c.spearman:.2f}, overlap {c.overlap:.2f}; "
            f"the density is {c.density_class}, the map {c.map_class}",
        )
    table.add_row("weights", one_line(f"{found.model} ({found.preset})"))
    console.print(Padding(table, (0, 2)))
    console.print()
    style = "yellow" if found.is_outside else ""
    console.print(Padding(Text(found.domain_sentence, style=style), (0, 2)))
    console.print(Padding(Text(found.deviation_sentence, style="dim"), (0, 2)))
    if found.map is not None:
        console.print()
        console.print(Padding(_top_atoms(found), (0, 2)))
    if found.of_atoms:
        tip = f"A CIF with them: porescope adsorb charges {stem}.cif --method learned --out NEW.cif"
        console.print(Padding(Text(tip, style="dim"), (0, 2)))
    console.print()
    if folder is not None:
        names = [f"{stem}.json"]
        if found.map is not None:
            names = [f"{stem}.html", f"{stem}.cube", f"{stem}.atoms.csv"]
            names += [f"{stem}.ratio.cube"] if shown.ratio is not None else []
        _written([folder / name for name in names], console)


def _top_atoms(found: PropertyPrediction, *, n: int = 5) -> Table:
    """The kinds of atoms with the largest contributions."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("atoms that contribute most")
    table.add_column("alike", justify="right")
    assert found.map is not None
    table.add_column(Text(f"mean [{found.map.target.unit}]"), justify="right")
    for label, count, mean in top_atoms(found)[:n]:
        table.add_row(label, str(count), f"{mean:.4g}")
    return table


def top_atoms(found: PropertyPrediction) -> list[tuple[str, int, float]]:
    """Atoms of equal contribution together: one label, how many, and the mean."""
    assert found.map is not None
    crystal, atoms = found.map.crystal, found.map.atoms
    scale = float(np.nanmax(np.abs(atoms.mean), initial=0.0)) or 1.0
    groups: list[tuple[str, int, float]] = []
    order = [int(i) for i in atoms.order() if np.isfinite(atoms.mean[i])]
    for i in order:
        symbol = gemmi.Element(int(crystal.numbers[i])).name
        mean = float(atoms.mean[i])
        for place, (label, count, known) in enumerate(groups[-8:], start=max(len(groups) - 8, 0)):
            if label.split()[0] == symbol and abs(known - mean) < 1e-3 * scale:
                groups[place] = (label, count + 1, known)
                break
        else:
            name = crystal.labels[i] if crystal.labels else f"{i + 1}"
            groups.append((f"{symbol} ({name})", 1, mean))
    return groups


def _facts() -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _written(paths: list[Path], console: Console) -> None:
    for path in paths:
        line = Text.assemble(("Written  ", "dim"), (one_line(str(path)), "cyan"))
        console.print(Padding(line, (0, 2)))
    console.print()


def show_predictions(
    found: PredictedFiles,
    *,
    folder: Path | None,
    truth: Mapping[str, float] | None,
    console: Console,
) -> None:
    """The properties of several structures as a table of 80 columns.

    Parameters
    ----------
    found:
        What was predicted.
    folder:
        Where files were written, if any.
    truth:
        Known values of the first target by the structures' names.
    console:
        Where to say it.
    """
    good = found.good
    console.print()
    counts = f"{len(good)} predicted"
    n_failed = len(found.rows) - len(good)
    counts += f", {n_failed} failed" if n_failed else ""
    counts += f", {found.n_resumed} from an earlier run" if found.n_resumed else ""
    title = f"{len(found.rows)} structures"
    console.print(Padding(Text.assemble((title, "bold"), f": {counts}"), (0, 2)))
    console.print()
    if good:
        console.print(Padding(_table(found, truth=truth), (0, 2)))
        hidden = len(good) - MAX_ROWS
        if hidden > 0:
            console.print(Padding(Text(f"and {hidden} more; see --out", style="dim"), (0, 2)))
        console.print()
    failed = [row for row in found.rows if row["status"] != "ok"]
    for row in failed[:MAX_FAILURES]:
        name = Path(row["file"]).name
        message = one_line(row["message"]).removeprefix(f"{name}: ")
        console.print(Padding(Text.assemble((one_line(name), "bold"), ": ", message), (0, 2)))
    if len(failed) > MAX_FAILURES:
        more = f"and {len(failed) - MAX_FAILURES} more failures; see predictions.csv"
        console.print(Padding(Text(more, style="dim"), (0, 2)))
    if failed:
        console.print()
    if folder is not None:
        names = ["predictions.csv", "report.html", *(["sites.csv"] if found.with_sites else [])]
        _written([folder / name for name in names], console)


def _table(found: PredictedFiles, *, truth: Mapping[str, float] | None) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("structure", max_width=22, no_wrap=True, overflow="ellipsis")
    shown = found.targets[:2]
    for target in shown:
        table.add_column(Text(f"{target.name} [{target.unit}]"), justify="right", overflow="fold")
    if truth is not None:
        table.add_column("known", justify="right")
    table.add_column("domain", no_wrap=True)
    for row in found.good[:MAX_ROWS]:
        cells = [
            number_text(value, deviation=math.nan if d is None else d)
            for value, d in zip(row["values"], row["deviations"], strict=True)
        ][: len(shown)]
        if truth is not None:
            cells.append(number_text(truth.get(row["name"], math.nan)))
        table.add_row(Text(one_line(row["name"])), *cells, domain_word(row["distance"]))
    return table


def domain_word(distance: float | None) -> str:
    """``in``, ``out`` or ``–`` where it is not known."""
    return "–" if distance is None else "out" if distance > 1.0 else "in"


def write_predictions(
    found: PredictedFiles, path: Path, *, truth: Mapping[str, float] | None = None
) -> None:
    """Write one row a structure, failures too (CSV)."""
    columns = ["file", "name", "status", "message", "formula", "n_atoms", "n_places"]
    for target in found.targets:
        columns += [target.name, f"{target.name}_deviation"]
    columns += [*(["known_value"] if truth is not None else []), "domain_distance", "out_of_domain"]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=columns, restval="")
        writer.writeheader()
        for row in found.rows:
            record = {name: row.get(name, "") for name in columns[:7]}
            if row["status"] == "ok":
                for place, target in enumerate(found.targets):
                    deviation = row["deviations"][place]
                    record[target.name] = f"{row['values'][place]:.6g}"
                    if deviation is not None:
                        record[f"{target.name}_deviation"] = f"{deviation:.4g}"
                if row["distance"] is not None:
                    record["domain_distance"] = f"{row['distance']:.4g}"
                    record["out_of_domain"] = str(row["distance"] > 1.0).lower()
            if truth is not None and row["name"] in truth:
                record["known_value"] = f"{truth[row['name']]:.6g}"
            writer.writerow(record)


def write_atoms(shown: Shown, path: Path) -> None:
    """Write what each atom contributes (CSV)."""
    found = shown.found
    assert found.map is not None
    crystal, atoms = found.map.crystal, found.map.atoms
    ratios = None if shown.ratio is None else shown.ratio.atoms
    columns = ["atom", "label", "element", "x", "y", "z", "part", "mean", "highest"]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*columns, *(["ratio"] if ratios is not None else [])])
        for i in range(crystal.n_atoms):
            numbers = [atoms.part[i], atoms.mean[i], atoms.highest[i]]
            numbers += [] if ratios is None else [ratios[i]]
            writer.writerow(
                [
                    i + 1,
                    crystal.labels[i] if crystal.labels else "",
                    gemmi.Element(int(crystal.numbers[i])).name,
                    *(f"{x:.5f}" for x in crystal.frac[i]),
                    *(f"{x:.6g}" if math.isfinite(x) else "" for x in numbers),
                ]
            )


def prediction_json(shown: Shown, *, file: str) -> str:
    """One structure's record for programs."""
    found = shown.found
    record: dict[str, Any] = {
        "file": file,
        "name": found.name,
        "formula": found.crystal.formula,
        "weights": found.model,
        "preset": found.preset,
        "properties": [
            {"name": t.name, "unit": t.unit, "value": float(v), "deviation": float(d)}
            for t, v, d in zip(found.targets, found.values, found.deviations, strict=True)
        ],
        "deviation_from": found.deviation_from,
        "n_places": found.n_places,
        "places_are": found.places_are,
        "domain_distance": found.distance,
        "out_of_domain": found.is_outside,
        "domain": found.domain_sentence,
    }
    if found.map is not None:
        record["map"] = {
            "target": found.map.target.name,
            "shape": list(found.map.values.shape),
            "mean": found.map.value,
            "lowest": float(found.map.values.min()),
            "highest": float(found.map.values.max()),
        }
    if shown.ratio is not None:
        record["ratio"] = {
            "over": shown.ratio.second.target.name,
            "value": shown.ratio.value,
            "known_share": shown.ratio.known_share,
        }
    if shown.compared is not None:
        c = shown.compared
        record["density"] = {
            "pearson": c.pearson,
            "spearman": c.spearman,
            "pearson_open": c.pearson_open,
            "spearman_open": c.spearman_open,
            "overlap": c.overlap,
            "density_class": c.density_class,
            "map_class": c.map_class,
            "density_outer_share": c.density_outer_share,
            "map_outer_share": c.map_outer_share,
        }
    return _json(record)


def predictions_json(found: PredictedFiles) -> str:
    """The records of several structures for programs."""
    rows = []
    for row in found.rows:
        record = {name: row[name] for name in ("file", "name", "status", "message")}
        if row["status"] == "ok":
            record |= {
                "formula": row["formula"],
                "n_places": row["n_places"],
                "properties": [
                    {"name": t.name, "unit": t.unit, "value": v, "deviation": d}
                    for t, v, d in zip(found.targets, row["values"], row["deviations"], strict=True)
                ],
                "domain_distance": row["distance"],
                "out_of_domain": None if row["distance"] is None else row["distance"] > 1.0,
            }
        rows.append(record)
    return _json({"weights": found.model, "preset": found.preset, "structures": rows})


def _json(record: dict[str, Any]) -> str:
    from porescope import __version__

    made = finite({"porescope": __version__, **record})
    return json.dumps(made, indent=2, ensure_ascii=False, allow_nan=False)
