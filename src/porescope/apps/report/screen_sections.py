"""The sections of the page of a screening as HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from porescope.apps.report.markup import count_html, facts_html
from porescope.workflows.screen import ScreenReport

_MAX_FILES = 200
_MAX_REASON = 170
_NUMBERS = re.compile(r"\b[A-Z][a-z]?\d+[A-Za-z]?\b|[-+]?\d+(\.\d+)?(e[-+]?\d+)?")
_TITLES: dict[str, str] = {
    "geometry": "pore geometry",
    "void": "void fraction",
    "henry": "Henry coefficients and heats",
    "histogram": "energy histogram",
    "histogram2d": "histogram of energy and slope",
    "uptake": "uptake by GCMC",
}


def screen_hero(report: ScreenReport, *, title: str) -> str:
    """What was screened, and how much of it gave results."""
    n, n_ok, n_partial = len(report.rows), report.count("ok"), report.count("partial")
    n_failed = report.count("failed")
    seconds = sum(row["seconds"] or 0.0 for row in report.rows if row["same_as"] is None)
    what = [_TITLES[str(name)] for name in report.settings["properties"]]
    said = ", ".join(what)
    numbers = [
        ("Complete", count_html(n_ok)),
        ("In part", count_html(n_partial) if n_partial else ""),
        ("Failed", count_html(n_failed) if n_failed else ""),
        ("Same content twice", count_html(report.n_duplicates) if report.n_duplicates else ""),
        ("Computing time", _duration(seconds)),
    ]
    stats = "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in numbers if v)
    plural = "" if n == 1 else "s"
    return (
        f'<div class="hero"><p class="file">{escape(title)}</p>'
        f"<h1>{count_html(n)} structure{plural}: {escape(said)}</h1>"
        f'<dl class="stats">{stats}</dl></div>'
    )


def kind_of_reason(row: Mapping[str, Any]) -> str:
    """Why a row has no result, without the numbers and names that differ from file to file."""
    text = str(row["message"]).replace(f" in {row['name']}", "")
    text = _NUMBERS.sub("…", text)
    return text if len(text) <= _MAX_REASON else text[: _MAX_REASON - 1] + "…"


def plot_section() -> str:
    """The scatter plot with its choices; filled by the scripts."""
    return (
        '<section id="plot"><h2>Plot</h2>'
        '<p class="lead">Every structure that the filters of the table keep. Click a point to find '
        "its row; drag to zoom, double-click to see all.</p>"
        '<div class="card"><div class="tools">'
        '<span class="pair"><label>Across <select id="by-x"></select></label>'
        '<label><input type="checkbox" id="log-x"> log</label></span>'
        '<span class="pair"><label>Up <select id="by-y"></select></label>'
        '<label><input type="checkbox" id="log-y"> log</label></span>'
        '<label>Colour <select id="by-colour"></select></label></div>'
        '<div class="figure" id="scatter"></div>'
        '<p id="picked" aria-live="polite"></p></div></section>'
    )


def table_section() -> str:
    """The table with its filters; filled by the scripts."""
    return (
        '<section id="table"><h2>Table</h2>'
        '<p class="lead">Click a head to sort. Below it, 4 keeps values from 4 on, and &lt;4, 2..5 '
        "and – (missing) work too.</p>"
        '<div class="card"><div class="tools">'
        '<input type="search" id="search" placeholder="Search names, reasons" '
        'aria-label="Search">'
        '<details class="columns"><summary>Columns</summary><div id="chooser"></div></details>'
        '<button type="button" id="save">Save these rows as CSV</button>'
        '<span class="push" id="kept" aria-live="polite"></span></div>'
        '<div class="wide"><table id="grid"><thead></thead><tbody></tbody></table></div>'
        '<div class="pager"><button type="button" id="previous">Previous</button>'
        '<span id="range"></span><button type="button" id="next">Next</button></div></div>'
        "<noscript><p>The table needs JavaScript; it stands in results.csv too.</p></noscript>"
        "</section>"
    )


def failures_section(report: ScreenReport) -> str:
    """Why structures gave no result, or only a part, by reason; nothing if none failed."""
    by_reason: dict[str, list[tuple[str, str]]] = {}
    for row in report.rows:
        if row["message"]:
            reason = kind_of_reason(row)
            by_reason.setdefault(reason, []).append((row["file"], row["message"]))
    if not by_reason:
        return ""
    items = []
    for reason, found in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        files = "".join(
            f"<li>{escape(file)} <span>{escape(message)}</span></li>"
            for file, message in found[:_MAX_FILES]
        )
        more = len(found) - _MAX_FILES
        files += (
            f"<li><span>and {count_html(more)} more in the table</span></li>" if more > 0 else ""
        )
        said = found[0][1] if len(found) == 1 else reason
        items.append(
            f"<li><details><summary><b>{count_html(len(found))} ×</b><span>{escape(said)}</span>"
            f"</summary><ul>{files}</ul></details></li>"
        )
    return (
        '<section id="failures"><h2>Failures</h2>'
        '<p class="lead">Structures without a result, or with a part of it, by reason. Open a '
        'reason to see its files.</p><div class="card">'
        f'<ul class="reasons">{"".join(items)}</ul></div></section>'
    )


def settings_section(report: ScreenReport) -> str:
    """What was computed, and how."""
    settings = report.settings
    states = ", ".join(
        f"{state['temperature']:g} K, {state['pressure_pa'] / 1e5:g} bar"
        for state in settings["states"]
    )
    properties = settings["properties"]
    gcmc = f"{settings['cycles']} cycles, seed {settings['seed']}"
    with_histogram = any(name.startswith("histogram") for name in properties)
    with_gas = "henry" in properties or "uptake" in properties
    facts = facts_html(
        [
            ("Computed", escape(", ".join(_TITLES[str(name)] for name in properties))),
            ("Gases", escape(", ".join(settings["gases"]))),
            ("States", escape(states)),
            ("Force field", escape(settings["field"])),
            ("Charges", escape(settings["charges"]) if with_gas else ""),
            ("Probe radius", f"{settings['probe_radius']:g} Å" if "geometry" in properties else ""),
            (
                "Histogram of",
                escape(settings["histogram_probe"]) if with_histogram else "",
            ),
            (
                "Henry, wanted error",
                f"{100 * settings['wanted_error']:g} %" if "henry" in properties else "",
            ),
            ("GCMC", escape(gcmc) if "uptake" in properties else ""),
            ("Version", escape(str(settings.get("version", "")))),
            (
                "Files",
                "<code>results.parquet</code> <code>results.csv</code> <code>settings.json</code> "
                "<code>journal.jsonl</code>",
            ),
        ]
    )
    return (
        '<section id="settings"><h2>Settings</h2><p class="lead">Missing values are empty; units '
        f'stand in the names of the columns.</p><div class="card">{facts}</div></section>'
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
