"""``report.html`` of a screening: one page that needs nothing else."""

from __future__ import annotations

from html import escape

from porescope.apps.report.assembly import asset, page_text, plotly_script
from porescope.apps.report.screen_payload import screen_data
from porescope.apps.report.screen_sections import (
    failures_section,
    plot_section,
    screen_hero,
    settings_section,
    table_section,
)
from porescope.workflows.screen import ScreenReport

_SCRIPTS = ("unpack.js", "screen_rows.js", "screen_plot.js", "screen_main.js")


def screen_html(report: ScreenReport, *, title: str) -> str:
    """The whole page as text.

    Parameters
    ----------
    report:
        The table.
    title:
        What was screened, such as the name of the folder.

    Returns
    -------
    :
        HTML that loads nothing from anywhere.
    """
    failures = failures_section(report)
    main = [
        screen_hero(report, title=title),
        plot_section(),
        table_section(),
        failures,
        settings_section(report),
    ]
    return page_text(
        "screen.html",
        version=str(report.settings.get("version", "")),
        scripts=_SCRIPTS,
        slots={
            "title": escape(f"{title} – porescope screen"),
            "css": asset("page.css") + asset("screen.css"),
            "nav": '<a href="#failures">Failures</a>' if failures else "",
            "main": "\n".join(part for part in main if part),
            "data": screen_data(report),
            "plotly": plotly_script(),
        },
    )
