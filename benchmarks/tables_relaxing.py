"""Tables of docs/relaxing.md, made from its rows; ``tables.py`` fills them in."""

from __future__ import annotations

from tables import markdown, rows_of


def _percent(row: dict[str, str], *, limit: float) -> str:
    """Changes of a, b, c; bold where one is beyond the limit, one number where all are equal."""
    values = [float(row[f"{axis}_percent"]) for axis in "abc" if row[f"{axis}_percent"]]
    if not values:
        return "–"
    shown = values[:1] if max(values) - min(values) < 0.02 else values
    text = ", ".join(f"{value:+.1f}" for value in shown)
    return f"**{text}**" if max(abs(value) for value in values) > limit else text


def relax_famous() -> str:
    """Each framework from its measured structure."""
    body = []
    for row in rows_of("relax_famous_cases"):
        if row["lengths"] != "measured":
            continue
        worst = f"{row['worst_bond']} {float(row['worst_bond_percent']):+.1f}"
        lengths = f"{row['worst_bond_measured_a']} → {row['worst_bond_relaxed_a']}"
        body.append(
            [
                row["name"],
                row["n_atoms"],
                ", ".join(f"{float(row[f'{x}_experiment']):.2f}" for x in "abc"),
                ", ".join(f"{float(row[f'{x}_relaxed']):.2f}" for x in "abc"),
                _percent(row, limit=4.0),
                worst if row["bonds_within"] == "True" else f"**{worst}**",
                lengths,
                row["n_steps"],
                row["seconds"],
            ]
        )
    header = (
        "framework", "atoms", "a, b, c measured [Å]", "relaxed [Å]", "change [%]",
        "worst mean bond [%]", "its length [Å]", "steps", "CPU seconds",
    )  # fmt: skip
    return markdown(header, body)


def relax_summary() -> str:
    """Both sets of bond lengths."""
    body = [
        [
            row["lengths"],
            f"{row['n_cells_within_4_percent']} of {row['n_structures']}",
            f"{row['n_bonds_within_3_percent']} of {row['n_structures']}",
            row["cell_median_percent"],
            row["bond_kind_median_percent"],
            row["n_converged"],
        ]
        for row in rows_of("relax_famous")
    ]
    header = (
        "bond lengths to metals", "cells within 4 %", "mean bonds within 3 %",
        "median change of an edge [%]", "median worst bond [%]", "converged",
    )  # fmt: skip
    return markdown(header, body)


def relax_random() -> str:
    """Random frameworks of the archives."""
    body = [
        [
            row["archive"],
            row["n_structures"],
            row["n_failed"],
            row["n_converged"],
            row["bond_median_percent"],
            row["edge_median_percent"],
            f"{100.0 * float(row['edges_within_4_percent']):.0f} %",
            row["volume_median_percent"],
            row["seconds_median"],
            row["seconds_max"],
        ]
        for row in rows_of("relax_random")
    ]
    header = (
        "archive", "frameworks", "failed", "converged", "bonds off [%]", "worst edge off [%]",
        "all edges within 4 %", "volume [%]", "CPU seconds, median", "most",
    )  # fmt: skip
    return markdown(header, body)


def relax_assembled() -> str:
    """Each framework from an assembled start."""
    body = []
    for row in rows_of("relax_assembled_cases"):
        known = [
            word for word in ("metal", "linker") if row.get(f"template_has_{word}") == "True"
        ]  # fmt: skip
        done = bool(row.get("size_percent"))
        body.append(
            [
                row["name"],
                row.get("template", "").removeprefix("assembled:") or "–",
                " and ".join(known) or "–",
                row.get("cell_assembled_percent") or "–",
                row.get("size_percent") or "–",
                row.get("space_group") or "–",
                row["seconds"] if done else "–",
                row["status"].split(":")[0],
            ]
        )
    header = (
        "framework", "put together after", "which has its", "size before [%]", "size after [%]",
        "space group found", "CPU seconds", "",
    )  # fmt: skip
    return markdown(header, body)


TABLES = {
    made.__name__: made for made in (relax_famous, relax_summary, relax_assembled, relax_random)
}
