"""``report.html``: one page that needs nothing else."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from importlib.resources import files

from porescope.apps.report.packing import compressed
from porescope.apps.report.payload import candidate_texts, page_data
from porescope.apps.report.sections import (
    data_section,
    fit_section,
    hero,
    paper_section,
    structure_section,
)
from porescope.apps.report.tables import candidates_section, rest_section
from porescope.workflows.solution import SolveResult

_SCRIPTS = ("unpack.js", "fit.js", "structure.js", "main.js")
_UNIT = re.compile(r"(\d) (%|Å)")
_SLOT = re.compile(r"\{\{(\w+)\}\}")


def _asset(name: str) -> str:
    return (files("porescope.apps.report") / "assets" / name).read_text("utf-8")


@lru_cache(maxsize=1)
def _plotly() -> str:
    """Plotly's script from the installed package, compressed."""
    from plotly.offline import get_plotlyjs

    return compressed(get_plotlyjs().encode("utf-8"))


def report_html(result: SolveResult, *, file: str) -> str:
    """The whole page as text.

    Parameters
    ----------
    result:
        The answer.
    file:
        The measured file, as the user named it.

    Returns
    -------
    :
        HTML that loads nothing from anywhere.
    """
    texts = candidate_texts(result.candidates[0]) if result.candidates else {}
    main = [
        hero(result, file=file),
        fit_section(result, texts=texts),
        candidates_section(result),
        structure_section(result, texts=texts),
        rest_section(result),
        data_section(result),
        paper_section(result),
    ]
    scripts = "\n".join(_asset(name) for name in _SCRIPTS)
    slots = {
        "title": escape(f"{result.pattern.name or file} – porescope"),
        "version": escape(result.version, quote=True),
        "css": _asset("page.css"),
        "main": _UNIT.sub("\\1\N{NO-BREAK SPACE}\\2", "\n".join(main)),
        "footer": f"Made by porescope {escape(result.version)}. This page is complete: it loads "
        "nothing from the network, and can be kept and sent as it is.",
        "data": page_data(result) if result.candidates else "",
        "plotly": _plotly() if result.candidates else "",
        "js": f'"use strict";\n(() => {{\n{scripts}\n}})();',
    }
    page = _SLOT.sub(lambda found: slots[found.group(1)], _asset("template.html"))
    return page.encode("utf-8", "replace").decode("utf-8")
