"""The table of a screening as the page's scripts get it."""

from __future__ import annotations

from typing import Any

from porescope.apps.report.packing import Packer
from porescope.io.result_tables import Column
from porescope.workflows.screen import ScreenReport

_SHOWN = (
    "name",
    "formula",
    "status",
    "density_g_per_cm3",
    "lcd_angstrom",
    "pld_angstrom",
    "accessible_area_m2_per_g",
    "accessible_volume_fraction",
    "void_fraction",
)
_MOST_SHOWN = 14


def screen_data(report: ScreenReport) -> str:
    """The packed data of the page.

    Parameters
    ----------
    report:
        The table.

    Returns
    -------
    :
        Text for the page; see ``packing``.
    """
    shown = shown_columns(report.columns)
    order = [*shown, *(c.name for c in report.columns if c.name not in shown)]
    by_name = {column.name: column for column in report.columns}
    columns = [
        {
            "name": column.name,
            "title": column.title,
            "unit": column.unit,
            "kind": column.kind,
            "group": column.group,
            "shown": column.name in shown,
            "values": [_short(row.get(column.name)) for row in report.rows],
        }
        for column in (by_name[name] for name in order)
    ]
    return Packer().text(
        {"n": len(report.rows), "columns": columns, "axes": first_axes(report.columns)}
    )


def shown_columns(columns: tuple[Column, ...]) -> list[str]:
    """Columns that are seen at first: the results, without errors and bookkeeping."""
    names = [column.name for column in columns]
    results = [
        column.name
        for column in columns
        if column.group in ("henry", "uptake")
        and column.kind == "number"
        and "_error_" not in column.name
    ]
    return ([name for name in _SHOWN if name in names] + results)[:_MOST_SHOWN]


def first_axes(columns: tuple[Column, ...]) -> dict[str, object]:
    """What the plot shows at first: strength or amount over pore size, coloured by heat."""
    names = [column.name for column in columns]

    def first(*starts: str) -> str:
        for start in starts:
            for name in names:
                if name.startswith(start) and "_error_" not in name:
                    return name
        return ""

    y = first("uptake_", "henry_", "accessible_area_m2_per_g", "void_fraction", "volume_a3")
    x = first("pld_angstrom", "density_g_per_cm3")
    colour = first("heat_", "accessible_volume_fraction", "density_g_per_cm3")
    return {
        "x": x,
        "y": y,
        "colour": colour if colour != x else "",
        "logX": False,
        "logY": y.startswith("henry_"),
    }


def _short(value: Any) -> Any:
    """Six digits are enough for the page; the files keep them all."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value
