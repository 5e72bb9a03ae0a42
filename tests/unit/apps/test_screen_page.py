"""The page of a screening: complete, safe, and small enough for thousands of rows."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
from pathlib import Path
from typing import Any

import pytest

from porescope.adsorption.state_point import StatePoint
from porescope.apps.report.screen_page import screen_html
from porescope.apps.report.screen_payload import first_axes, screen_data, shown_columns
from porescope.workflows.screen import ScreenReport
from porescope.workflows.screen_settings import ScreenSettings, columns_of, empty_row

SETTINGS = ScreenSettings(
    properties=("geometry", "henry"),
    gases=("CO2",),
    states=(StatePoint(temperature=298.0, pressure_pa=15_000.0),),
)


def made_report(n: int) -> ScreenReport:
    rows: list[dict[str, Any]] = []
    for number in range(n):
        row = empty_row(SETTINGS) | {
            "file": f"deep/m{number}.cif",
            "name": f"m{number}",
            "status": "ok",
            "seconds": 0.5,
            "pld_angstrom": 3.0 + number / 7.0,
            "henry_CO2_298K_mol_per_kg_pa": 1e-6 * (number + 1),
        }
        if number % 10 == 0:
            row |= {"status": "failed", "message": f"atoms O{number} and O1 are 0.{number} Å apart"}
        rows.append(row)
    rows[1]["name"] = "<script>alert(1)</script>"
    return ScreenReport(
        rows=tuple(rows),
        columns=columns_of(SETTINGS),
        settings={"version": "0.1.0"} | SETTINGS.record(),
        folder=Path("results"),
        n_resumed=0,
        n_duplicates=0,
    )


def unpacked(page: str) -> dict[str, Any]:
    found = re.search(r'id="packed-data">([^<]*)<', page)
    assert found
    body = gzip.decompress(base64.b64decode(found.group(1)))
    (length,) = struct.unpack_from("<I", body)
    return json.loads(body[4 : 4 + length])


def test_every_row_and_column_is_in_the_page() -> None:
    report = made_report(25)
    head = unpacked(screen_html(report, title="my <folder>"))
    assert head["n"] == 25
    assert {column["name"] for column in head["columns"]} == {c.name for c in report.columns}
    pld = next(column for column in head["columns"] if column["name"] == "pld_angstrom")
    assert pld["values"][14] == pytest.approx(5.0)
    assert head["axes"]["y"] == "henry_CO2_298K_mol_per_kg_pa"
    assert head["axes"]["logY"] is True


def test_the_page_loads_nothing_and_escapes_names() -> None:
    page = screen_html(made_report(25), title="my <folder>")
    outside = re.sub(r'id="packed-plotly">[^<]*<', "", page)
    assert not re.search(r"(src|href)=[\"']?https?:", outside)
    assert "<script>alert(1)" not in page
    assert "my &lt;folder&gt;" in page
    assert "default-src 'none'" in page


def test_failures_are_grouped_by_reason() -> None:
    page = screen_html(made_report(40), title="x")
    assert page.count("<details><summary><b>") == 1
    assert "4 ×" in page
    assert "deep/m30.cif" in page
    report = made_report(5)
    good = [row | {"status": "ok", "message": None} for row in report.rows]
    whole = ScreenReport(
        rows=tuple(good),
        columns=report.columns,
        settings=report.settings,
        folder=report.folder,
        n_resumed=0,
        n_duplicates=0,
    )
    assert 'id="failures"' not in screen_html(whole, title="x")


def test_thousands_of_rows_stay_small() -> None:
    small, large = (len(screen_data(made_report(n))) for n in (10, 2000))
    assert large - small < 160_000


def test_first_view_shows_results_without_errors() -> None:
    shown = shown_columns(columns_of(SETTINGS))
    assert shown[0] == "name"
    assert "heat_CO2_298K_kj_per_mol" in shown
    assert not [name for name in shown if "_error_" in name]
    bare = columns_of(ScreenSettings(properties=("histogram",)))
    assert first_axes(bare)["x"] == "density_g_per_cm3"
