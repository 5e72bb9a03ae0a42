"""``report.html`` of a comparison: the nearest frameworks, and the pattern that was compared."""

from __future__ import annotations

from html import escape

import numpy as np
from jaxtyping import Float

from porescope.apps.report.assembly import asset, page_text, plotly_script
from porescope.apps.report.markup import count_html, doi_link, facts_html, formula_html
from porescope.apps.report.packing import Packer
from porescope.workflows.similar_result import SimilarFramework, SimilarResult

_MOST_POINTS = 6000


def similar_html(result: SimilarResult, *, file: str) -> str:
    """The whole page as text.

    Parameters
    ----------
    result:
        The answer.
    file:
        What was asked for, as the user named it.

    Returns
    -------
    :
        HTML that loads nothing from anywhere.
    """
    drawn = result.prepared is not None
    main = [_hero(result, file=file), _plot(result), _table(result), _about(result)]
    nav = '<a href="#plot">Pattern</a>' if drawn else ""
    return page_text(
        "similar.html",
        version=result.version,
        scripts=("unpack.js", "similar.js"),
        slots={
            "title": escape(f"Near {file} – porescope"),
            "css": asset("page.css") + asset("screen.css"),
            "nav": nav,
            "main": "\n".join(part for part in main if part),
            "data": similar_data(result),
            "plotly": plotly_script() if drawn else "",
        },
    )


def similar_data(result: SimilarResult) -> str:
    """The packed data of the page.

    Parameters
    ----------
    result:
        The answer.
    """
    packer = Packer()
    head: dict[str, object] = {"pattern": None, "attention": None}
    if result.prepared is not None:
        x, y = result.prepared.two_theta_deg, result.prepared.net
        thin = slice(None, None, -(-len(x) // _MOST_POINTS))
        peaks = result.prepared.peaks
        head["pattern"] = {
            "x": packer.linear(x[thin], step=1e-3),
            "y": packer.intensities(y[thin]),
            "peaks": packer.linear(peaks.two_theta_deg, step=1e-3),
            "heights": packer.intensities(peaks.height),
        }
    if result.attention is not None:
        seen: dict[str, Float[np.ndarray, "points"]] = {
            "x": result.attention.two_theta_deg,
            "y": result.attention.profile,
            "weight": result.attention.weight,
        }
        head["attention"] = {
            name: packer.linear(values, step=1e-3) for name, values in seen.items()
        }
    return packer.text(head)


def _hero(result: SimilarResult, *, file: str) -> str:
    first = result.frameworks[0].name if result.frameworks else "no framework"
    n = count_html(result.n_searched)
    return (
        f'<div class="hero"><p class="file">{escape(file)}: a {result.kind}, compared with {n} '
        f"cards</p><h1>Nearest in the learned space: {escape(first)}</h1></div>"
    )


def _plot(result: SimilarResult) -> str:
    if result.prepared is None:
        return ""
    attention = ""
    if result.attention is not None:
        attention = (
            "<h3>Where the model found the likeness to the nearest framework</h3>"
            '<div class="figure" id="attention"></div>'
            "<p>Gradient-weighted activation (Grad-CAM) of the last convolution over the pattern "
            "as the model read it, 3° to 30° of Cu Kα. Strong colour: more of this draws the "
            "pattern nearer to the framework. It says what the model used, not what is true.</p>"
        )
    return (
        '<section id="plot"><h2>Pattern</h2><p class="lead">Intensities less background; marks are '
        'the peaks that were compared.</p><div class="card"><div class="figure" id="pattern"></div>'
        f"{attention}</div><noscript><p>The drawing needs JavaScript.</p></noscript></section>"
    )


def _table(result: SimilarResult) -> str:
    lines = result.kind == "pattern"
    names = ["", "near", *(["lines"] if lines else []), "framework", "formula", "space group"]
    head = "".join(f"<th>{escape(name)}</th>" for name in [*names, "a, b, c [Å]", "from", "source"])
    rows = "".join(_row(one, lines=lines) for one in result.frameworks)
    explained = "Near is the product of both embeddings: for small, the cosine of their angle. "
    if lines:
        explained += (
            "Lines is the match of the peaks with the framework’s lines, 0 to 1, over small "
            "changes of the cell and the zero of the angles."
        )
    return (
        f'<section id="table"><h2>Nearest frameworks</h2><p class="lead">{explained}</p>'
        f'<div class="card"><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></div></section>"
    )


def _row(one: SimilarFramework, *, lines: bool) -> str:
    cells = [str(one.rank), f"{one.similarity:.3f}"]
    if lines:
        cells.append("–" if one.line_match is None else f"{one.line_match:.3f}")
    cells += [
        f"<b>{escape(one.name)}</b>",
        formula_html(one.formula),
        escape(one.space_group),
        ", ".join(f"{edge:.2f}" for edge in one.cell[:3]),
        escape(one.source),
        doi_link(one.doi),
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _about(result: SimilarResult) -> str:
    facts = [(key.capitalize(), escape(value)) for key, value in result.settings.items()]
    said = "".join(f"<p>{escape(text)}</p>" for text in result.warnings)
    return (
        f'<section id="settings"><h2>Settings</h2><div class="card">{facts_html(facts)}{said}'
        "</div></section>"
    )
