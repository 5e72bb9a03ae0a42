"""The page of many predictions: values, contributions over the set, and the ranked sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

import porescope
from porescope.apps.report.assembly import page_text
from porescope.apps.report.markup import count_html, facts_html, formula_html
from porescope.apps.report.packing import Packer
from porescope.apps.report.predict_page import plain_name, value_html
from porescope.apps.report.site_picture import site_svg
from porescope.errors import PorescopeError
from porescope.workflows.site_ranking import RankedSite, example_graph

if TYPE_CHECKING:
    from porescope.workflows.predict_many import PredictedFiles

MOST_PICTURES = 24
"""Sites that are shown; all of them stand in the table (CSV)."""
MOST_ROWS = 200
"""Structures that are listed."""
PICTURE_RADIUS = 5.0
"""Atoms farther from the middle of a site are not drawn [Å]."""
N_COLUMNS, N_BINS = 60, 60


def sites_html(
    found: PredictedFiles,
    *,
    sites: Sequence[RankedSite] = (),
    truth: Mapping[str, float] | None = None,
    radius: float | None = None,
) -> str:
    """The whole page as text.

    Parameters
    ----------
    found:
        Predictions of many files.
    sites:
        Their sites, ranked.
    truth:
        Known values of the first target by the structures' names.
    radius:
        Radius of a site in its picture [Å]; as usual by default.

    Returns
    -------
    :
        HTML that loads nothing from anywhere.
    """
    known = None if truth is None else _known(found, truth)
    main = [
        _hero(found),
        _spread(found, known=known),
        _sites(found, sites, radius=radius) if found.with_sites else "",
        _table(found, truth=truth),
        _failures(found),
        _about(found),
    ]
    nav = {"sites": "Sites"} if found.with_sites else {}
    return page_text(
        title=f"{plain_name(found.targets[0])} – porescope",
        version=porescope.__version__,
        skip_to="results",
        nav=nav | {"table": "Structures", "settings": "About"},
        main=main,
        data=sites_data(found, known=known),
        styles=("predict.css",),
        scripts=("sites.js",),
        plots=bool(found.good),
    )


def _known(
    found: PredictedFiles, truth: Mapping[str, float]
) -> tuple[Float[np.ndarray, "known"], list[dict[str, Any]]]:
    """Known values, and the rows that have one."""
    rows = [row for row in found.good if row["name"] in truth]
    return np.array([truth[row["name"]] for row in rows], dtype=np.float64), rows


def sites_data(
    found: PredictedFiles,
    *,
    known: tuple[Float[np.ndarray, "known"], list[dict[str, Any]]] | None = None,
) -> str:
    """The packed data of the page.

    Parameters
    ----------
    found:
        Predictions.
    known:
        Known values, and the rows that have one.
    """
    packer = Packer()
    head: dict[str, object] = {"spread": None, "parity": None}
    target = found.targets[0]
    rows = found.good if known is None or not len(known[0]) else known[1]
    with_parts = [row for row in rows if row["quantiles"] and row["quantiles"][0]]
    if with_parts:
        values = np.array([row["values"][0] for row in with_parts], dtype=np.float64)
        if known is not None and len(known[0]):
            place = {id(row): value for row, value in zip(known[1], known[0], strict=True)}
            values = np.array([place[id(row)] for row in with_parts])
        parts = np.array([row["quantiles"][0] for row in with_parts], dtype=np.float64)
        said = np.array([row["values"][0] for row in with_parts], dtype=np.float64)
        head["spread"] = _spread_record(values, parts, said=said, packer=packer)
    if known is not None and len(known[0]):
        said = np.array([row["values"][0] for row in known[1]], dtype=np.float64)
        span = float(np.ptp(np.concatenate([said, known[0]]))) or 1.0
        head["parity"] = {
            "known": packer.linear(known[0], step=span / 1e5),
            "said": packer.linear(said, step=span / 1e5),
            "names": [row["name"] for row in known[1]],
        }
    head["target"] = plain_name(target)
    head["unit"] = target.unit
    head["against"] = "known value" if known is not None and len(known[0]) else "predicted value"
    return packer.text(head)


def _spread_record(
    values: Float[np.ndarray, "structures"],
    parts: Float[np.ndarray, "structures quantiles"],
    *,
    said: Float[np.ndarray, "structures"],
    packer: Packer,
) -> dict[str, object]:
    """For structures of about one value, how their contributions are distributed."""
    low, high = (float(x) for x in np.quantile(parts, (0.002, 0.998)))
    high = high if high > low else low + 1.0
    bottom, top = float(values.min()), float(values.max())
    top = top if top > bottom else bottom + 1.0
    across = np.clip((values - bottom) / (top - bottom) * N_COLUMNS, 0, N_COLUMNS - 1)
    counts = np.zeros((N_BINS, N_COLUMNS))
    up = np.clip((parts - low) / (high - low) * N_BINS, 0, N_BINS - 1).astype(np.int64)
    np.add.at(counts, (up, np.broadcast_to(across.astype(np.int64)[:, None], up.shape)), 1.0)
    total = counts.sum(axis=0)
    percent = 100.0 * counts / np.where(total > 0.0, total, 1.0)
    step_x, step_y = (top - bottom) / N_COLUMNS, (high - low) / N_BINS
    order = np.argsort(values)
    return {
        "x": [float(f"{bottom + (k + 0.5) * step_x:.6g}") for k in range(N_COLUMNS)],
        "y": [float(f"{low + (k + 0.5) * step_y:.6g}") for k in range(N_BINS)],
        "percent": packer.linear(percent.ravel(), step=0.01),
        "empty": np.flatnonzero(total == 0.0).tolist(),
        "bounds": [bottom, top],
        "n": len(values),
        "mean_x": packer.linear(values[order], step=(top - bottom) / 1e5),
        "mean_y": packer.linear(said[order], step=(high - low) / 1e5),
    }


def _hero(found: PredictedFiles) -> str:
    n_good = len(found.good)
    n_failed = len(found.rows) - n_good
    failed = f", {count_html(n_failed)} failed" if n_failed else ""
    return (
        f'<div class="hero"><p class="file">{count_html(len(found.rows))} structures: '
        f"{count_html(n_good)} predicted{failed}</p>"
        f"<h1>{escape(plain_name(found.targets[0]))}</h1></div>"
    )


def _spread(
    found: PredictedFiles,
    *,
    known: tuple[Float[np.ndarray, "known"], list[dict[str, Any]]] | None,
) -> str:
    has_parts = any(row["quantiles"] and row["quantiles"][0] for row in found.good)
    parity = ""
    against = "predicted"
    if known is not None and len(known[0]):
        against = "known"
        said = np.array([row["values"][0] for row in known[1]], dtype=np.float64)
        mae = float(np.abs(said - known[0]).mean())
        unit = found.targets[0].unit
        parity = (
            '<section id="known"><h2>Against known values</h2><p class="lead">'
            f"{count_html(len(said))} structures have one; the mean error is "
            f"{escape(f'{mae:.4g} {unit}')}.</p>"
            '<div class="card"><div class="figure parity" id="parity"></div></div></section>'
        )
    if not has_parts:
        return parity
    return parity + (
        '<section id="spread-section"><h2>Contributions</h2><p class="lead">Each column holds the '
        f"structures of about one {against} value, and shows what their places contribute. Dots "
        'are the means, which are the predictions.</p><div class="card">'
        '<div class="figure" id="spread"></div></div>'
        "<noscript><p>The drawing needs JavaScript.</p></noscript></section>"
    )


def _sites(found: PredictedFiles, sites: Sequence[RankedSite], *, radius: float | None) -> str:
    unit = found.targets[0].unit
    figures = "".join(_figure(site, unit=unit, radius=radius) for site in sites[:MOST_PICTURES])
    rest = len(sites) - MOST_PICTURES
    more = (
        f'<p class="lead">{rest} further kinds of sites are in sites.csv.</p>' if rest > 0 else ""
    )
    return (
        '<section id="sites"><h2>Sites that contribute most</h2><p class="lead">Atoms whose bonded '
        "surroundings are alike are one site; the atom itself is ringed. Mean over all atoms of "
        "the site in all structures, and the spread from structure to structure.</p>"
        f'<div class="sites">{figures}</div>{more}</section>'
    )


def _figure(site: RankedSite, *, unit: str, radius: float | None) -> str:
    try:
        drawing = site_svg(example_graph(site, radius=radius, most=PICTURE_RADIUS))
    except (PorescopeError, OSError):
        drawing = '<p class="quiet">the example’s file is not there any more</p>'
    spread = site.spread if site.n_structures > 1 else float("nan")
    structures = "structure" if site.n_structures == 1 else "structures"
    return (
        f"<figure>{drawing}<figcaption><b>{site.rank}. {escape(site.element)}</b> "
        f"{value_html(site.mean, deviation=spread, unit=unit)}"
        f"<small>{formula_html(site.surroundings)}</small>"
        f"<small>{count_html(site.n_atoms)} atoms in {count_html(site.n_structures)} {structures}, "
        f"as in {escape(Path(site.example).stem)}</small></figcaption></figure>"
    )


def _table(found: PredictedFiles, *, truth: Mapping[str, float] | None) -> str:
    if not found.good:
        return ""
    heads = [f"{t.name} [{t.unit}]" for t in found.targets]
    head = "<th>structure</th><th>formula</th>"
    head += "".join(f'<th class="n">{escape(text)}</th>' for text in heads)
    head += '<th class="n">known</th>' if truth is not None else ""
    head += "<th>domain</th>"
    order = sorted(found.good, key=lambda row: -row["values"][0])
    rows = "".join(_row(row, truth=truth) for row in order[:MOST_ROWS])
    hidden = len(order) - MOST_ROWS
    more = f"<p>{count_html(hidden)} more are in predictions.csv.</p>" if hidden > 0 else ""
    return (
        '<section id="table"><h2>Structures</h2><p class="lead">The largest values first.</p>'
        f'<div class="card"><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{more}</div></section>"
    )


def _row(row: Mapping[str, Any], *, truth: Mapping[str, float] | None) -> str:
    cells = [f"<b>{escape(row['name'])}</b>", formula_html(row["formula"])]
    numbers = [
        value_html(value, deviation=float("nan") if d is None else d, unit="")
        for value, d in zip(row["values"], row["deviations"], strict=True)
    ]
    if truth is not None:
        numbers.append(value_html(truth.get(row["name"], float("nan")), deviation=0.0, unit=""))
    distance = row["distance"]
    domain = "–" if distance is None else "in"
    if distance is not None and distance > 1.0:
        domain = '<span class="chip bad">out</span>'
    body = "".join(f'<td class="id">{cell}</td>' for cell in cells)
    body += "".join(f'<td class="n">{number}</td>' for number in numbers)
    return f"<tr>{body}<td>{domain}</td></tr>"


def _failures(found: PredictedFiles) -> str:
    failed = [row for row in found.rows if row["status"] != "ok"]
    if not failed:
        return ""
    rows = "".join(
        f'<tr><td class="id">{escape(Path(row["file"]).name)}</td>'
        f"<td>{escape(row['message'].removeprefix(Path(row['file']).name + ': '))}</td></tr>"
        for row in failed[:MOST_ROWS]
    )
    return (
        '<section id="failures"><h2>Not predicted</h2><div class="card"><div class="wide"><table>'
        f"<tbody>{rows}</tbody></table></div></div></section>"
    )


def _about(found: PredictedFiles) -> str:
    facts = facts_html(
        [
            ("Weights", escape(f"{found.model} (preset {found.preset})")),
            ("Properties", escape(", ".join(f"{t.name} [{t.unit}]" for t in found.targets))),
            ("Domain", "Out: unlike the structures learned from. –: not known"),
        ]
    )
    return f'<section id="settings"><h2>About</h2><div class="card">{facts}</div></section>'
