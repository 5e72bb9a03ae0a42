"""A site as a small drawing: balls and sticks, the near ones in front."""

from __future__ import annotations

from html import escape

import gemmi
import numpy as np
from jaxtyping import Float

from porescope.apps.report.structure import element_colour
from porescope.workflows.site_graphs import SiteGraph

WIDTH, HEIGHT = 240, 190
_MARGIN = 18.0


def site_svg(site: SiteGraph) -> str:
    """The atoms of a site and their bonds, seen along the direction in which they extend least.

    Parameters
    ----------
    site:
        The site; its root, if it has one, is ringed.
    """
    if not len(site.numbers):
        return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="no atoms"></svg>'
    place = turned(site.cart)
    flat, depth = place[:, :2], place[:, 2]
    low, high = flat.min(axis=0), flat.max(axis=0)
    room = np.array([WIDTH - 2 * _MARGIN, HEIGHT - 2 * _MARGIN])
    scale = float(min(np.min(room / np.maximum(high - low, 1.5)), 30.0))
    xy = (flat - 0.5 * (low + high)) * scale + 0.5 * np.array([WIDTH, HEIGHT])
    span = float(np.ptp(depth)) or 1.0
    fade = 0.45 + 0.55 * (depth - depth.min()) / span
    drawn: list[tuple[float, str]] = []
    for i, j in site.bonds:
        (x1, y1), (x2, y2) = xy[i], xy[j]
        drawn.append(
            (
                0.5 * (depth[i] + depth[j]) - 0.3,
                f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                f'stroke="#8a929c" stroke-width="{0.16 * scale:.1f}" stroke-linecap="round" '
                f'opacity="{0.5 * (fade[i] + fade[j]):.2f}"/>',
            )
        )
    for node, (number, (x, y)) in enumerate(zip(site.numbers.tolist(), xy, strict=True)):
        element = gemmi.Element(number)
        radius = scale * (0.17 + 0.2 * float(element.covalent_r or 1.2))
        ring = 'stroke="#0b6e6e" stroke-width="3"' if node == site.root else 'stroke="#00000033"'
        drawn.append(
            (
                depth[node],
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" '
                f'fill="{element_colour(number)}" {ring} fill-opacity="{fade[node]:.2f}">'
                f"<title>{element.name}</title></circle>",
            )
        )
    parts = "".join(part for _, part in sorted(drawn, key=lambda one: one[0]))
    label = escape(f"site of {site.formula}", quote=True)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{parts}</svg>'


def turned(cart: Float[np.ndarray, "nodes 3"]) -> Float[np.ndarray, "nodes 3"]:
    """Coordinates with the longest extent across, the next up, and a little tilt."""
    centred = cart - cart.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred + 1e-9 * np.diag([3.0, 2.0, 1.0]))
    made = centred @ axes[:, ::-1]
    tilt = 0.3
    rotation = np.array(
        [[1.0, 0.0, 0.0], [0.0, np.cos(tilt), np.sin(tilt)], [0.0, -np.sin(tilt), np.cos(tilt)]]
    )
    return made @ rotation
