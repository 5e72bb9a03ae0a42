"""The tables of the page: candidates, peaks left over, further phases."""

from __future__ import annotations

from html import escape

from porescope.apps.report.advice import groups_of
from porescope.apps.report.files import cif_name
from porescope.apps.report.markup import doi_link, formula_html, percent_html
from porescope.apps.report.payload import cell_text, strain_text
from porescope.workflows.solution import Candidate, SolveResult

_MAX_ROWS = 8
_MAX_PEAKS = 12
_LATE = ' class="late"'


def _candidate_row(candidate: Candidate, *, grouped: bool) -> str:
    name = escape(candidate.name or candidate.id)
    identifier = "" if candidate.id == candidate.name else escape(candidate.id)
    chip = f' <span class="chip">alike: {escape(candidate.group)}</span>' if grouped else ""
    bad = (
        f' <span class="chip bad" title="{escape(candidate.status, quote=True)}">'
        f"{escape(candidate.status.split(';')[0])}</span>"
        if candidate.status != "ok"
        else ""
    )
    cif = cif_name(candidate)
    link = f'<a href="{cif}">CIF</a>' if cif else ""
    strain = strain_text(candidate.strain_percent)
    doi = doi_link(candidate.doi, text="DOI")
    links = " · ".join(part for part in (doi, link) if part)
    source = escape(candidate.source.removeprefix("library:"))
    cell = escape(cell_text(candidate.cell)).replace("Å, ", "Å,<br>")
    cells = (
        f'<td class="n rank">{candidate.rank}</td>'
        f'<td class="full" data-rank="{candidate.rank}.">'
        f'<button type="button" class="link">{name}</button>{chip}{bad}'
        f'<small class="id">{identifier}</small></td>'
        f'<td class="n" data-label="Probability">{percent_html(candidate.probability)}</td>'
        f'<td class="n" data-label="Rwp">{percent_html(candidate.rwp, digits=1)}'
        f"<small>Le Bail {percent_html(candidate.rwp_le_bail, digits=1)}</small></td>"
        f'<td class="n" data-label="Peaks">{percent_html(candidate.peaks_explained)}</td>'
        f'<td data-label="Formula">{formula_html(candidate.formula)}</td>'
        f'<td class="cell" data-label="Cell">{cell}'
        f"<small>{escape(candidate.space_group)}{' · ' + strain if strain else ''}</small></td>"
        f'<td class="source" data-label="Source">{source}<small>{links}</small></td>'
    )
    late = " late" if candidate.rank > _MAX_ROWS else ""
    return f'<tr class="pick{late}" data-rank="{candidate.rank}">{cells}</tr>'


def _more_button(n_all: int, what: str, *, most: int) -> str:
    """A button that shows the rows that a short table hides."""
    if n_all <= most:
        return ""
    return f'<button type="button" class="more">Show all {n_all} {what}</button>'


def candidates_section(result: SolveResult) -> str:
    """The table of candidates.

    Parameters
    ----------
    result:
        The answer.

    Returns
    -------
    :
        HTML.
    """
    if not result.candidates:
        return (
            '<section id="candidates"><h2>Candidates</h2><div class="card">'
            "No framework in the library comes near this pattern.</div></section>"
        )
    many = {group[0].group for group in groups_of(result) if len(group) > 1}
    rows = "".join(
        _candidate_row(candidate, grouped=candidate.group in many)
        for candidate in result.candidates
    )
    n_all = len(result.candidates)
    more = _more_button(n_all, "candidates", most=_MAX_ROWS)
    head = (
        '<th class="n" scope="col">Rank</th><th scope="col">Framework</th>'
        '<th class="n" scope="col">Probability</th>'
        '<th class="n" scope="col">Rwp</th><th class="n" scope="col">Peaks</th>'
        '<th scope="col">Formula</th>'
        '<th scope="col">Cell, space group, change</th><th scope="col">Source</th>'
    )
    return (
        '<section id="candidates"><h2>Candidates</h2><p class="lead">Choose a row to see its fit '
        "and its structure. Probabilities add up to one with “none of these”, "
        f"{percent_html(result.none_of_these)}. Peaks: the share of the observed peak intensity "
        'that lies on reflections of the framework.</p><div class="card"><div class="wide">'
        f'<table class="stack short"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"</div>{more}</div></section>"
    )


def rest_section(result: SolveResult) -> str:
    """What remains unexplained, and the further phases.

    Parameters
    ----------
    result:
        The answer.

    Returns
    -------
    :
        HTML.
    """
    rows = "".join(
        f"<tr{_LATE if place >= _MAX_PEAKS else ''}>"
        f'<td class="n">{peak.two_theta_deg:.3f}</td><td class="n">{peak.d:.4f}</td>'
        f'<td class="n">{percent_html(peak.relative_intensity, digits=1)}</td>'
        f"<td>{escape(peak.assigned_to) if peak.assigned_to else '–'}</td></tr>"
        for place, peak in enumerate(result.unexplained_peaks)
    )
    table = (
        '<table class="short"><thead><tr><th class="n" scope="col">2θ / °</th>'
        '<th class="n" scope="col">d / Å</th><th class="n" scope="col">Height</th>'
        '<th scope="col">Fits</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        + _more_button(len(result.unexplained_peaks), "peaks", most=_MAX_PEAKS)
        if rows
        else "<p>Nothing: the first candidate and the further phases explain every peak.</p>"
        if result.candidates
        else "<p>No candidate, so nothing is explained.</p>"
    )
    phases = "".join(
        f"<dt>{escape(phase.name)}</dt><dd>{formula_html(phase.formula)}, "
        f"{percent_html(phase.share_of_intensity)} of the peak intensity"
        f"<br><span class='quiet'>{escape(phase.id)}</span></dd>"
        for phase in result.phases
    )
    beside = (
        f'<dl class="facts">{phases}</dl>' if phases else "<p>No further phase was recognised.</p>"
    )
    return (
        '<section id="rest"><h2>What remains</h2><p class="lead">Peaks that are not of the first '
        "candidate: from an impurity, a guest, the holder, or another framework. Heights are "
        'relative to the strongest peak.</p><div class="two"><div class="card">'
        f'<h3>Peaks left over</h3>{table}</div><div class="card"><h3>Further phases</h3>'
        f"{beside}</div></div></section>"
    )
