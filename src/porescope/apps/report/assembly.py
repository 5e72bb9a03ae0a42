"""One page out of a template, its style, its scripts and its data: it loads nothing."""

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
    template: str, *, version: str, scripts: Sequence[str], slots: Mapping[str, str]
) -> str:
    """The page as text.

    Parameters
    ----------
    template:
        Name of the template among the assets.
    version:
        Version of the program that made the page.
    scripts:
        Names of the scripts, in order.
    slots:
        What goes where, beside version, footer and scripts.
    """
    code = "\n".join(asset(name) for name in scripts)
    filled = {
        "version": escape(version, quote=True),
        "footer": f"Made by porescope {escape(version)}. This page is complete: it loads nothing "
        "from the network, and can be kept and sent as it is.",
        "js": f'"use strict";\n(() => {{\n{code}\n}})();',
        **slots,
    }
    page = _SLOT.sub(lambda found: filled[found.group(1)], asset(template))
    return page.encode("utf-8", "replace").decode("utf-8")
