"""The sections of the page as HTML."""

from __future__ import annotations

from html import escape
from pathlib import Path

from porescope.apps.report.advice import groups_of, next_steps, twins_of
from porescope.apps.report.citations import citations_of
from porescope.apps.report.markup import (
    count_html,
    doi_link,
    facts_html,
    formula_html,
    percent_html,
    sentence_html,
)
from porescope.apps.report.preview import preview_svg
from porescope.workflows.solution import SolveResult

_MAX_BARS = 6


def radiation_text(result: SolveResult) -> str:
    """The radiation in a few words, such as ``CuKa, λ = 1.5406 Å``."""
    radiation = result.radiation
    kind = "neutrons" if radiation.kind == "neutron" else radiation.name or "X-rays"
    lines = ", ".join(f"{value:.5g}" for value in radiation.wavelengths[:3])
    return f"{kind}, λ = {lines} Å"


def _bar(name: str, note: str, share: float, *, kind: str = "") -> str:
    small = f" <small>{escape(note)}</small>" if note else ""
    known = share if share == share else 0.0
    width = f"{100.0 * min(max(known, 0.0), 1.0):.2f}"
    return (
        f'<li class="{kind}"><span class="name">{escape(name)}{small}</span>'
        f'<span class="value">{percent_html(share)}</span>'
        f'<span class="track" aria-hidden="true"><i style="width:{width}%"></i></span></li>'
    )


def _bars(result: SolveResult) -> str:
    """Probabilities: one bar for each group, the rest together, and "none of these"."""
    groups = sorted(
        groups_of(result), key=lambda members: -sum(member.probability for member in members)
    )
    bars = []
    shown = max(1, sum(sum(m.probability for m in members) >= 0.01 for members in groups))
    shown = min(shown, _MAX_BARS) if groups else 0
    for members in groups[:shown]:
        names = list(dict.fromkeys(member.name or member.id for member in members))
        more = f"or {', '.join(names[1:4])}" if len(names) > 1 else ""
        if len(names) > 4:
            more += f" and {len(names) - 4} more"
        bars.append(_bar(names[0], more, sum(member.probability for member in members)))
    rest = groups[shown:]
    if rest:
        share = sum(member.probability for members in rest for member in members)
        n_rest = sum(len(members) for members in rest)
        bars.append(
            _bar(f"{n_rest} other candidate{'s' if n_rest > 1 else ''}", "", share, kind="other")
        )
    bars.append(
        _bar("None of these", "the library does not hold it", result.none_of_these, kind="none")
    )
    return f'<ol class="bars">{"".join(bars)}</ol>'


def hero(result: SolveResult, *, file: str) -> str:
    """The verdict, the probabilities and the facts.

    Parameters
    ----------
    result:
        The answer.
    file:
        The measured file, as the user named it.

    Returns
    -------
    :
        HTML.
    """
    pattern = result.pattern
    angles = pattern.two_theta_deg
    phases = "<br>".join(
        f"{escape(phase.name)} ({formula_html(phase.formula)}), "
        f"{percent_html(phase.share_of_intensity)} of the peak intensity"
        for phase in result.phases
    )
    facts = facts_html(
        [
            ("Radiation", escape(radiation_text(result))),
            ("Pattern", f"{float(angles[0]):.2f}–{float(angles[-1]):.2f}° 2θ"),
            ("Points", count_html(pattern.n_points)),
            ("Format", escape(pattern.source_format)),
            ("Searched", f"{count_html(result.n_searched)} frameworks"),
            ("Further phases", phases or "none seen"),
            ("Time", f"{result.seconds:.1f} s"),
        ]
    )
    twins = twins_of(result)
    alike = f'<p class="alike">{escape(twins)}</p>' if twins else ""
    care = "".join(f"<li>{sentence_html(warning)}</li>" for warning in result.warnings)
    warnings = (
        f'<div class="care" role="note"><b>Take care</b><ul>{care}</ul></div>' if care else ""
    )
    steps = "".join(f"<li>{sentence_html(step)}</li>" for step in next_steps(result))
    advice = f'<div class="next"><h3>What to do next</h3><ul>{steps}</ul></div>' if steps else ""
    verdict = result.verdict or "The pattern was searched; see the candidates below."
    return (
        f'<div class="hero"><p class="file">{escape(Path(file).name)}</p>'
        f"<h1>{escape(verdict)}</h1>{alike}"
        '<div class="split"><div class="card"><h3>How probable</h3>'
        f'{_bars(result)}</div><div class="card"><h3>What was measured</h3>{facts}</div></div>'
        f"{warnings}{advice}</div>"
    )


def _chooser(result: SolveResult, *, label: str) -> str:
    options = "".join(
        f'<option value="{candidate.rank}">{candidate.rank}. '
        f"{escape(candidate.name or candidate.id)}</option>"
        for candidate in result.candidates
    )
    return f'<label>{label} <select class="choose" disabled>{options}</select></label>'


def _filled(label: str, key: str, value: str, *, optional: bool = True) -> str:
    box = " data-optional" if optional else ""
    hidden = " hidden" if optional and not value else ""
    return (
        f"<div{box}{hidden}><dt>{escape(label)}</dt>"
        f'<dd data-fill="{key}">{escape(value)}</dd></div>'
    )


def fit_section(result: SolveResult, *, texts: dict[str, str]) -> str:
    """The fit of one candidate, zoomable.

    Parameters
    ----------
    result:
        The answer.
    texts:
        Texts of the first candidate.

    Returns
    -------
    :
        HTML; empty where nothing was fitted.
    """
    fitted = [candidate for candidate in result.candidates if candidate.curve is not None]
    if not fitted or fitted[0].curve is None:
        return ""
    numbers = "".join(
        _filled(label, key, texts[key])
        for label, key in (
            ("Rwp", "rwp"),
            ("Rwp, Le Bail", "rwp_le_bail"),
            ("Peaks explained", "peaks"),
            ("Cell", "cell"),
            ("Change of the cell", "strain"),
            ("Note", "status"),
        )
    )
    return (
        '<section id="fit"><h2>The fit</h2><p class="lead">Drag to zoom, double-click to see all. '
        'Below the curves: the reflections, and observed minus calculated.</p><div class="card">'
        f'<div class="tools">{_chooser(result, label="Candidate")}'
        '<button type="button" id="root" class="push" aria-pressed="false" '
        'title="Square root of the intensity: weak peaks become visible">√ intensity</button>'
        "</div>"
        f'<p class="print">Candidate: <span data-fill="name">{escape(texts["name"])}</span></p>'
        f'<div class="figure" id="fit-figure">{preview_svg(fitted[0].curve)}</div>'
        '<p id="fit-none" class="missing" hidden>This candidate was not fitted; the figure shows '
        "the one chosen before.</p>"
        '<ul class="key" aria-hidden="true">'
        '<li><i style="border-color:var(--obs)"></i>observed</li>'
        '<li><i style="border-color:var(--calc)"></i>calculated</li>'
        '<li><i style="border-color:var(--bkg);border-top-style:dotted"></i>background</li>'
        '<li><i class="k-tick" style="border-color:var(--tick)"></i>reflections</li>'
        '<li><i style="border-color:var(--diff)"></i>difference</li>'
        '<li><i class="k-left"></i>left over</li></ul>'
        f'<dl class="numbers">{numbers}</dl></div>'
        "<noscript><p>The figures that zoom and turn need JavaScript.</p></noscript></section>"
    )


def structure_section(result: SolveResult, *, texts: dict[str, str]) -> str:
    """The structure in three dimensions.

    Parameters
    ----------
    result:
        The answer.
    texts:
        Texts of the first candidate.

    Returns
    -------
    :
        HTML; empty without candidates.
    """
    if not result.candidates:
        return ""
    views = "".join(
        f'<button type="button" data-along="{axis}" aria-label="{label}">{name}</button>'
        for axis, name, label in (
            ("0", "a", "Look along a"),
            ("1", "b", "Look along b"),
            ("2", "c", "Look along c"),
            ("", "↺", "First view"),
        )
    )
    facts = "".join(
        _filled(label, key, texts[key])
        for label, key in (
            ("Formula", "formula"),
            ("Space group", "space_group"),
            ("Cell", "cell"),
            ("Volume", "volume"),
            ("Density", "density"),
            ("Atoms in the cell", "atoms"),
            ("Source", "source"),
        )
    )
    views += '</div><div class="group" role="group">' + "".join(
        f'<button type="button" data-zoom="{factor}" aria-label="{label}">{name}</button>'
        for factor, name, label in (("0.8", "−", "Farther"), ("1.25", "+", "Nearer"))
    )
    missing, command = escape(texts["missing"]), escape(texts["command"])
    return (
        '<section id="structure"><h2>The structure</h2><p class="lead">'
        f'<span data-fill="name">{escape(texts["name"])}</span> in its fitted cell. '
        'Drag to turn.</p><div class="card">'
        f'<div class="tools">{_chooser(result, label="Candidate")}'
        f'<span class="push">along</span><div class="group" role="group">{views}</div></div>'
        '<div class="stage"><div><div class="figure" id="structure-figure" role="img" '
        'aria-label="The unit cell with its atoms and bonds"></div>'
        '<img class="print" id="structure-still" alt=""></div><div>'
        f'<div class="missing" data-optional{"" if missing else " hidden"}>'
        f'<span data-fill="missing">{missing}</span> <code data-fill="command">{command}</code>'
        '</div><ul class="elements" id="elements" aria-label="Elements"></ul>'
        f'<dl class="facts-tall">{facts}</dl></div></div></div></section>'
    )


def data_section(result: SolveResult) -> str:
    """What was done to the data, and with which settings.

    Parameters
    ----------
    result:
        The answer.

    Returns
    -------
    :
        HTML.
    """
    notes = [*result.pattern.notes, *result.steps]
    steps = "".join(f"<li>{sentence_html(step)}</li>" for step in dict.fromkeys(notes))
    settings = [
        (key.replace("_", " "), escape(str(value))) for key, value in result.settings.items()
    ]
    settings.append(("porescope", escape(result.version)))
    return (
        '<section id="data"><h2>What was done to the data</h2><p class="lead">Every step, in the '
        f'order in which it was taken.</p><div class="two"><div class="card"><ol class="steps">'
        f'{steps or "<li>Nothing was done.</li>"}</ol></div><div class="card"><h3>Settings</h3>'
        f"{facts_html(settings)}</div></div></section>"
    )


def paper_section(result: SolveResult) -> str:
    """A paragraph for a methods section, and what to cite.

    Parameters
    ----------
    result:
        The answer.

    Returns
    -------
    :
        HTML.
    """
    works = "".join(
        f"<li>{escape(work.text)}. {doi_link(work.doi)} <span class='quiet'>({escape(work.what)})"
        "</span></li>"
        for work in citations_of(result)
    )
    return (
        '<section id="paper"><h2>For a paper</h2><p class="lead">Say what was done, and cite what '
        'it stands on.</p><div class="card methods">'
        f'<p id="methods">{escape(result.methods)}</p>'
        '<button type="button" class="copy" data-copy="methods">Copy the paragraph</button> '
        '<button type="button" class="copy" data-copy="references">Copy the references</button>'
        f'<ol class="refs" id="references">{works}</ol></div></section>'
    )
