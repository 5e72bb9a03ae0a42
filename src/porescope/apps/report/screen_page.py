"""``report.html`` of a screening: one page that needs nothing else."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from importlib.resources import files

from porescope.apps.report.packing import compressed
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
_SLOT = re.compile(r"\{\{(\w+)\}\}")


def _asset(name: str) -> str:
    return (files("porescope.apps.report") / "assets" / name).read_text("utf-8")


@lru_cache(maxsize=1)
def _plotly() -> str:
    """Plotly's script from the installed package, compressed."""
    from plotly.offline import get_plotlyjs

    return compressed(get_plotlyjs().encode("utf-8"))


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
    version = str(report.settings.get("version", ""))
    scripts = "\n".join(_asset(name) for name in _SCRIPTS)
    slots = {
        "title": escape(f"{title} – porescope screen"),
        "version": escape(version, quote=True),
        "css": _asset("page.css") + _asset("screen.css"),
        "nav": '<a href="#failures">Failures</a>' if failures else "",
        "main": "\n".join(part for part in main if part),
        "footer": f"Made by porescope {escape(version)}. This page is complete: it loads nothing "
        "from the network, and can be kept and sent as it is.",
        "data": screen_data(report),
        "plotly": _plotly(),
        "js": f'"use strict";\n(() => {{\n{scripts}\n}})();',
    }
    page = _SLOT.sub(lambda found: slots[found.group(1)], _asset("screen.html"))
    return page.encode("utf-8", "replace").decode("utf-8")
