"""One page out of the frame of all pages, its style, scripts and data: it loads nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files

from porescope.apps.report.packing import compressed

_SLOT = re.compile(r"\{\{(\w+)\}\}")


def asset(name: str) -> str:
    """Text of a file that comes with the report."""
    return (files("porescope.apps.report") / "assets" / name).read_text("utf-8")


@lru_cache(maxsize=1)
def plotly_script() -> str:
    """Plotly's script from the installed package, compressed."""
    from plotly.offline import get_plotlyjs

    return compressed(get_plotlyjs().encode("utf-8"))


def page_text(
    *,
    title: str,
    version: str,
    skip_to: str,
    nav: Mapping[str, str],
    main: Sequence[str],
    data: str,
    styles: Sequence[str],
    scripts: Sequence[str],
    plots: bool,
) -> str:
    """The page as text.

    Parameters
    ----------
    title:
        What the window is called.
    version:
        Version of the program that made the page.
    skip_to:
        What its main part is, as in "skip to the answer".
    nav:
        Labels of the sections that its head names, by their anchors.
    main:
        HTML of the sections; empty ones are left out.
    data:
        Packed data for the scripts.
    styles, scripts:
        Names of the assets, in order.
    plots:
        Whether it draws with Plotly.
    """
    code = "\n".join(asset(name) for name in ("unpack.js", *scripts))
    filled = {
        "title": escape(title),
        "version": escape(version, quote=True),
        "css": "".join(asset(name) for name in ("page.css", *styles)),
        "skip": escape(skip_to),
        "nav": "".join(f'<a href="#{anchor}">{label}</a>' for anchor, label in nav.items()),
        "main": "\n".join(section for section in main if section),
        "footer": f"Made by porescope {escape(version)}. This page is complete: it loads nothing "
        "from the network, and can be kept and sent as it is.",
        "data": data,
        "plotly": plotly_script() if plots else "",
        "js": f'"use strict";\n(() => {{\n{code}\n}})();',
    }
    page = _SLOT.sub(lambda found: filled[found.group(1)], asset("page.html"))
    return page.encode("utf-8", "replace").decode("utf-8")
