"""``map.html``: the library in the learned space, on one page that needs nothing else."""

from __future__ import annotations

from collections import Counter
from html import escape

import numpy as np

import porescope
from porescope.apps.report.assembly import page_text
from porescope.apps.report.markup import count_html, facts_html
from porescope.apps.report.packing import Packer
from porescope.workflows.library_map import LibraryMap

_METHODS = {"pca": "principal components", "umap": "UMAP"}


def map_html(drawn: LibraryMap) -> str:
    """The whole page as text.

    Parameters
    ----------
    drawn:
        The map, with or without a query.

    Returns
    -------
    :
        HTML that loads nothing from anywhere.
    """
    title = "Map of the library" if drawn.query is None else f"Near {drawn.query.name}"
    return page_text(
        title=f"{title} – porescope",
        version=porescope.__version__,
        skip_to="map",
        nav={"plot": "Map", "about": "About"},
        main=[_hero(drawn, title=title) + _plot() + _about(drawn)],
        data=map_data(drawn),
        styles=("screen.css",),
        scripts=("map.js",),
        plots=True,
    )


def map_data(drawn: LibraryMap) -> str:
    """The packed data of the page.

    Parameters
    ----------
    drawn:
        The map.
    """
    packer = Packer()
    span = max(float(np.ptp(drawn.x)), float(np.ptp(drawn.y)), 1e-9)

    def coded(texts: list[str]) -> dict[str, object]:
        count = Counter(texts)
        names = sorted(count, key=lambda text: (-count[text] if text else 1, text))
        place = {name: i for i, name in enumerate(names)}
        return {"names": names, "codes": packer.integers(np.array([place[t] for t in texts]))}

    def number(values: np.ndarray, *, step: float) -> dict[str, object]:
        known = np.isfinite(values)
        missing = np.flatnonzero(~known).tolist()
        packed = packer.linear(np.where(known, values, 0.0), step=step)
        return {"packed": packed, "missing": missing}

    query = None
    if drawn.query is not None:
        query = {
            "name": drawn.query.name,
            "x": drawn.query.x,
            "y": drawn.query.y,
            "rows": list(drawn.query.rows),
        }
    return packer.text(
        {
            "n": len(drawn.entries),
            "x": packer.linear(drawn.x, step=span / 20_000),
            "y": packer.linear(drawn.y, step=span / 20_000),
            "names": [entry.name or entry.id for entry in drawn.entries],
            "ids": [entry.id if entry.name else "" for entry in drawn.entries],
            "formulas": [entry.formula for entry in drawn.entries],
            "colours": [
                {"title": "volume per atom", "unit": "Å³"}
                | number(drawn.volume_per_atom, step=0.01),
                {"title": "density", "unit": "g/cm³"} | number(drawn.density, step=0.001),
                {"title": "main metal"} | coded(list(drawn.metals)),
                {"title": "collection"} | coded([entry.source for entry in drawn.entries]),
                {"title": "net"} | coded(list(drawn.nets)),
            ],
            "query": query,
        }
    )


def _hero(drawn: LibraryMap, *, title: str) -> str:
    n = count_html(len(drawn.entries))
    return (
        f'<div class="hero"><p class="file">{escape(title)}</p>'
        f"<h1>{n} frameworks, near where their patterns and contents are alike</h1></div>"
    )


def _plot() -> str:
    return (
        '<section id="plot"><div class="card"><div class="tools">'
        '<label>Colour <select id="by-colour"></select></label>'
        '<input type="search" id="search" placeholder="Find a name or formula" '
        'aria-label="Find">'
        '<span class="push" id="found" aria-live="polite"></span></div>'
        '<div class="figure" id="scatter"></div></div>'
        "<noscript><p>The map needs JavaScript.</p></noscript></section>"
    )


def _about(drawn: LibraryMap) -> str:
    shares = ""
    if drawn.plane is not None:
        first, second = drawn.plane.shares
        shares = f"{100 * first:.0f} % across, {100 * second:.0f} % up, of the whole variance"
    facts = facts_html(
        [
            ("Weights", escape(drawn.weights)),
            ("Trained with", escape(f"porescope {drawn.version}")),
            ("Plane", _METHODS[drawn.method]),
            ("What it shows", shares),
        ]
    )
    return (
        '<section id="about"><h2>About this map</h2><p class="lead">Each point is one card of the '
        "library. The space has many more dimensions than two: what lies together here may lie "
        "apart there, so that the list of nearest frameworks goes by the space and not by this "
        f'plane.</p><div class="card">{facts}</div></section>'
    )
