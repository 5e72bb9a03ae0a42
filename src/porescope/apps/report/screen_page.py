"""``report.html`` of a screening: one page that needs nothing else."""

from __future__ import annotations

from porescope.apps.report.assembly import page_text
from porescope.apps.report.screen_payload import screen_data
from porescope.apps.report.screen_sections import (
    failures_section,
    plot_section,
    screen_hero,
    settings_section,
    table_section,
)
from porescope.workflows.screen import ScreenReport


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
    nav = {"plot": "Plot", "table": "Table"}
    if failures:
        nav["failures"] = "Failures"
    return page_text(
        title=f"{title} – porescope screen",
        version=str(report.settings.get("version", "")),
        skip_to="results",
        nav=nav | {"settings": "Settings"},
        main=main,
        data=screen_data(report),
        styles=("screen.css",),
        scripts=("screen_rows.js", "screen_plot.js", "screen_main.js"),
        plots=True,
    )
