"""``report.html``: one page that needs nothing else."""

from __future__ import annotations

import re

from porescope.apps.report.assembly import page_text
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

_NAV = {
    "fit": "Fit",
    "candidates": "Candidates",
    "structure": "Structure",
    "rest": "What remains",
    "data": "Data",
    "paper": "For a paper",
}
_UNIT = re.compile(r"(\d) (%|Å)")


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
    return page_text(
        title=f"{result.pattern.name or file} – porescope",
        version=result.version,
        skip_to="answer",
        nav=_NAV,
        main=[_UNIT.sub("\\1\N{NO-BREAK SPACE}\\2", section) for section in main],
        data=page_data(result) if result.candidates else "",
        styles=(),
        scripts=("fit.js", "structure.js", "main.js"),
        plots=bool(result.candidates),
    )
