"""The page of one prediction: the value, the map of contributions, and the atoms."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import gemmi
import numpy as np
from jaxtyping import Float

import porescope
from porescope.apps.report.assembly import page_text
from porescope.apps.report.markup import count_html, facts_html, formula_html
from porescope.apps.report.packing import Packer
from porescope.apps.report.payload import cell_text
from porescope.apps.report.structure import MAX_ATOMS, structure_record
from porescope.crystal.structure import Crystal
from porescope.datasets.property_set import Target
from porescope.workflows.map_comparison import resampled
from porescope.workflows.map_contributions import ContributionMap

if TYPE_CHECKING:
    from porescope.workflows.map_comparison import MapComparison
    from porescope.workflows.map_selectivity import SelectivityMap
    from porescope.workflows.predict import PropertyPrediction

MOST_POINTS = 90_000
"""Finer maps are made coarser on the page; the .cube keeps every point."""
N_CLASSES = 9
"""Colours by which atoms are told apart."""
N_BINS = 60
MOST_ROWS = 14
"""Rows of the table of atoms."""
_GASES = {"co2": "CO₂", "n2": "N₂", "h2": "H₂", "ch4": "CH₄", "h2o": "H₂O", "o2": "O₂"}
_ALIKE = 2e-3  # of the range: atoms of one element whose means differ by less are one row


def predict_html(
    found: PropertyPrediction,
    *,
    ratio: SelectivityMap | None = None,
    compared: MapComparison | None = None,
) -> str:
    """The whole page as text.

    Parameters
    ----------
    found:
        A prediction with its map.
    ratio:
        The ratio of its map to another.
    compared:
        Its map beside a density.

    Returns
    -------
    :
        HTML that loads nothing from anywhere.
    """
    assert found.map is not None
    main = [
        _hero(found),
        _structure(found.map, ratio=ratio),
        _slices(),
        _atoms(found.map),
        _density(compared),
        _about(found),
    ]
    nav = {"map": "Map", "slices": "Slices", "atoms": "Atoms"}
    if compared is not None:
        nav["density"] = "Density"
    return page_text(
        title=f"{plain_name(found.map.target)} of {found.name} – porescope",
        version=porescope.__version__,
        skip_to="results",
        nav=nav | {"settings": "About"},
        main=main,
        data=predict_data(found, ratio=ratio),
        styles=("predict.css",),
        scripts=("structure.js", "isosurface.js", "predict.js"),
        plots=True,
    )


def predict_data(found: PropertyPrediction, *, ratio: SelectivityMap | None = None) -> str:
    """The packed data of the page.

    Parameters
    ----------
    found:
        A prediction with its map.
    ratio:
        The ratio of its map to another.
    """
    assert found.map is not None
    packer, made = Packer(), found.map
    crystal = made.crystal
    cell = tuple(float(x) for x in crystal.parameters)
    maps = [_grid(made.values, name=made.target.name, unit=made.target.unit, packer=packer)]
    if ratio is not None:
        name = f"{ratio.first.target.name} over {ratio.second.target.name}"
        known = np.nan_to_num(ratio.values, nan=0.0)
        maps.append(_grid(known, name=name, unit="", packer=packer))
    atoms = np.where(np.isfinite(made.atoms.mean), made.atoms.mean, np.nan)
    of_atoms = made.kind == "atoms"
    heights, edges = _histogram(made.atoms.mean if of_atoms else made.values)
    return packer.text(
        {
            "maps": maps,
            "structure": structure_record(crystal, cell=cell, packer=packer),
            "coloured": _coloured(crystal, atoms, packer=packer),
            "histogram": {
                "of": "atoms" if of_atoms else "cell",
                "centres": [float(f"{x:.6g}") for x in 0.5 * (edges[1:] + edges[:-1])],
                "width": float(edges[1] - edges[0]),
                "percent": [float(f"{100.0 * x:.4g}") for x in heights],
                "value": float(f"{made.value:.6g}"),
            },
        }
    )


def _grid(
    values: Float[np.ndarray, "na nb nc"], *, name: str, unit: str, packer: Packer
) -> dict[str, object]:
    """A map with as many points as the page bears."""
    if values.size > MOST_POINTS:
        factor = (MOST_POINTS / values.size) ** (1.0 / 3.0)
        na, nb, nc = (max(2, round(n * factor)) for n in values.shape)
        values = resampled(values, (na, nb, nc))
    low, high = (float(x) for x in np.quantile(values, (0.005, 0.995)))
    span = max(float(values.max() - values.min()), 1e-12)
    both = low < -0.05 * max(high, 0.0) and high > 0.0
    return {
        "name": name,
        "unit": unit,
        "shape": list(values.shape),
        "values": packer.linear(values.ravel(), step=span / 4000.0),
        "low": low,
        "high": high if high > low else low + span,
        "both": both,
    }


def _histogram(
    values: Float[np.ndarray, "..."],
) -> tuple[Float[np.ndarray, "bins"], Float[np.ndarray, "edges"]]:
    """Share of the values by size."""
    low, high = float(values.min()), float(values.max())
    if not high > low:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(values, bins=N_BINS, range=(low, high))
    return counts / values.size, edges


def _coloured(
    crystal: Crystal, mean: Float[np.ndarray, "atoms"], *, packer: Packer
) -> dict[str, object]:
    """The structure with atoms coloured by what they contribute."""
    if crystal.n_atoms > MAX_ATOMS or not np.isfinite(mean).any():
        return {}
    low, high = (float(x) for x in np.nanquantile(mean, (0.02, 0.98)))
    span = max(high - low, 1e-12)
    shade = np.clip(np.floor((mean - low) / span * N_CLASSES), 0, N_CLASSES - 1)
    kinds = np.where(np.isfinite(shade), shade, N_CLASSES).astype(np.int64)
    # The record is that of a crystal of nine elements; colours and radii are set by hand.
    record = structure_record(
        crystal,
        cell=tuple(float(x) for x in crystal.parameters),
        packer=packer,
    )
    record["kind"] = packer.integers(kinds)
    record["elements"] = [
        {"symbol": "", "colour": colour, "radius": 0.34}
        for colour in [*_shades(N_CLASSES), "#b9bec5"]
    ]
    record["range"] = [float(f"{low:.5g}"), float(f"{high:.5g}")]
    return record


def _shades(n: int) -> list[str]:
    """Colours from low to high, which differ in lightness too."""
    ends = np.array(
        [(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)], dtype=float
    )
    place = np.linspace(0.0, len(ends) - 1.0, n)
    made = np.stack([np.interp(place, np.arange(len(ends)), column) for column in ends.T], axis=1)
    return [f"#{round(r):02x}{round(g):02x}{round(b):02x}" for r, g, b in made.tolist()]


def value_html(value: float, *, deviation: float, unit: str) -> str:
    """A value with its deviation and unit, held together on one line."""
    from porescope.apps.cli.show_predict import number_text

    text = number_text(value, deviation=deviation)
    return escape(f"{text} {unit}".strip()).replace(" ", "\N{NO-BREAK SPACE}")


def plain_name(target: Target) -> str:
    """A target's name for people, without the unit at its end."""
    unit = target.unit.lower().replace("/", "_per_").replace(" ", "_")
    ending = "_" + unit.replace("²", "2").replace("³", "3").replace("å", "angstrom")
    first, *others = target.name.removesuffix(ending).split("_")
    return " ".join([_GASES.get(first, first[:1].upper() + first[1:]), *others])


def _hero(found: PropertyPrediction) -> str:
    said = [
        f"{escape(plain_name(target))}: "
        + value_html(float(value), deviation=float(deviation), unit=target.unit)
        for target, value, deviation in zip(
            found.targets, found.values, found.deviations, strict=True
        )
    ]
    more = "".join(f'<p class="alike">{text}</p>' for text in said[1:])
    told = escape(found.domain_sentence)
    if found.is_outside:
        told = f'<ul class="care"><b>Take care</b><li>{told}</li></ul>'
    else:
        told = f'<p class="alike">{told}</p>'
    return (
        f'<div class="hero"><p class="file">{escape(found.name)}, '
        f"{formula_html(found.crystal.formula)}</p><h1>{said[0]}</h1>{more}{told}</div>"
    )


def _structure(made: ContributionMap, *, ratio: SelectivityMap | None) -> str:
    what = {
        "points": "The surface encloses the points that contribute most.",
        "windows": "The surface encloses the centres of the windows that contribute most.",
        "atoms": "Atoms are what contributes; the surface encloses the strongest, each smeared "
        "over 0.7 Å.",
    }[made.kind]
    choose = ""
    if ratio is not None:
        choose = (
            '<label>Map <select id="which"><option value="0">contributions</option>'
            '<option value="1">ratio</option></select></label>'
        )
    share, checked = (20, " checked") if made.kind == "atoms" else (60, "")
    drawn = made.crystal.n_atoms <= MAX_ATOMS
    note = "" if drawn else "<p>The cell has too many atoms to draw them here.</p>"
    return (
        f'<section id="map"><h2>Map</h2><p class="lead">{what} The mean over the cell is the '
        f'value.</p><div class="card"><div class="tools">{choose}'
        f'<label>Encloses <input type="range" id="share" min="5" max="95" value="{share}"> '
        '<output id="share-said"></output></label>'
        f'<label><input type="checkbox" id="by-contribution"{checked}> Atoms by contribution'
        "</label>"
        '<span class="group push" role="group" aria-label="View">'
        '<button data-axis="0">a</button><button data-axis="1">b</button>'
        '<button data-axis="2">c</button><button id="nearer" aria-label="Nearer">+</button>'
        '<button id="farther" aria-label="Farther">−</button></span></div>'
        '<div class="figure" id="structure-figure"></div><ul class="key" id="colours"></ul>'
        f"{note}</div><noscript><p>The map needs JavaScript.</p></noscript></section>"
    )


def _slices() -> str:
    return (
        '<section id="slices"><h2>Slices</h2><p class="lead">Contributions in a plane across the '
        "cell; circles are atoms within 1 Å of it.</p>"
        '<div class="card"><div class="tools"><label>Across <select id="across">'
        '<option value="2">c</option><option value="1">b</option><option value="0">a</option>'
        '</select></label><label>at <input type="range" id="height" min="0" max="100" value="50">'
        ' <output id="height-said"></output></label></div>'
        '<div class="figure" id="slice"></div></div></section>'
    )


def atom_groups(made: ContributionMap) -> list[dict[str, object]]:
    """Atoms of one element whose means are alike, the largest first."""
    crystal, atoms = made.crystal, made.atoms
    known = np.isfinite(atoms.mean)
    if not known.any():
        return []
    span = float(np.ptp(atoms.mean[known])) or 1.0
    groups: list[dict[str, object]] = []
    open_groups: dict[int, dict[str, object]] = {}
    for i in (int(i) for i in atoms.order() if known[i]):
        number, mean = int(crystal.numbers[i]), float(atoms.mean[i])
        group = open_groups.get(number)
        if group is None or abs(float(str(group["first"])) - mean) > _ALIKE * span:
            name = crystal.labels[i] if crystal.labels else ""
            symbol = gemmi.Element(number).name
            group = {"symbol": symbol, "label": name, "first": mean, "atoms": []}
            open_groups[number] = group
            groups.append(group)
        members = group["atoms"]
        assert isinstance(members, list)
        members.append(i)
    return groups


def _atoms(made: ContributionMap) -> str:
    unit = escape(made.target.unit)
    groups = atom_groups(made)
    rows = "".join(_atom_row(group, made) for group in groups[:MOST_ROWS])
    rest = len(groups) - MOST_ROWS
    more = (
        f"<p>{rest} further kinds of atoms are in the table of atoms (CSV).</p>" if rest > 0 else ""
    )
    what = (
        "What the model says of each atom."
        if made.kind == "atoms"
        else "Mean over the open space nearest to each atom; share is what all its space adds to "
        "the value."
    )
    share_of = "many atoms contribute" if made.kind == "atoms" else "much of the cell contributes"
    return (
        '<section id="atoms"><h2>Atoms</h2>'
        f'<p class="lead">{what}</p><div class="two"><div class="card"><div class="wide"><table>'
        '<thead><tr><th>atom</th><th class="n">alike</th>'
        f'<th class="n">mean [{unit}]</th><th class="n">highest [{unit}]</th>'
        f'<th class="n">share</th></tr></thead><tbody>{rows}</tbody></table></div>{more}</div>'
        f'<div class="card"><h3>How {share_of} how much</h3>'
        '<div class="figure" id="histogram"></div></div></div></section>'
    )


def _atom_row(group: dict[str, object], made: ContributionMap) -> str:
    members = group["atoms"]
    assert isinstance(members, list)
    mean = float(made.atoms.mean[members].mean())
    highest = float(made.atoms.highest[members].max())
    total = float(made.atoms.part.sum())
    share = float(made.atoms.part[members].sum()) / total if abs(total) > 1e-12 else math.nan
    said = f"{100.0 * share:.1f} %" if math.isfinite(share) else "–"
    label = f" <small>{escape(str(group['label']))}</small>" if group["label"] else ""
    return (
        f"<tr><td><b>{escape(str(group['symbol']))}</b>{label}</td>"
        f'<td class="n">{len(members)}</td><td class="n">{mean:.4g}</td>'
        f'<td class="n">{highest:.4g}</td><td class="n">{said}</td></tr>'
    )


def _density(compared: MapComparison | None) -> str:
    if compared is None:
        return ""
    c = compared
    facts = facts_html(
        [
            ("Pearson", f"{c.pearson:.3f} over the cell, {c.pearson_open:.3f} in the open space"),
            (
                "Spearman",
                f"{c.spearman:.3f} over the cell, {c.spearman_open:.3f} in the open space",
            ),
            ("Overlap", f"{c.overlap:.3f}"),
            (
                "Density",
                f"{c.density_class}, {100 * c.density_outer_share:.0f} % in the outer half",
            ),
            ("Map", f"{c.map_class}, {100 * c.map_outer_share:.0f} % in the outer half"),
        ]
    )
    return (
        '<section id="density"><h2>Beside a sampled density</h2><p class="lead">Exterior: more in '
        "the half of the open space that is nearest to the framework than in the half about the "
        f'centres of the pores; else interior.</p><div class="card">{facts}</div></section>'
    )


def _about(found: PropertyPrediction) -> str:
    assert found.map is not None
    shape = " × ".join(str(n) for n in found.map.values.shape)
    what = {"atoms": "atoms", "windows": "windows"}.get(found.places_are, "points")
    facts = facts_html(
        [
            ("Weights", escape(f"{found.model} (preset {found.preset})")),
            ("Deviation", escape(found.deviation_sentence)),
            ("Looked at", f"{count_html(found.n_places)} {what}, one of each set of equal ones"),
            ("Map", f"{shape} points, mean {found.map.value:.5g} {escape(found.map.target.unit)}"),
            ("Cell", escape(cell_text(tuple(float(x) for x in found.crystal.parameters)))),
            ("Atoms", count_html(found.crystal.n_atoms)),
        ]
    )
    return (
        '<section id="settings"><h2>About this prediction</h2>'
        f'<div class="card">{facts}</div></section>'
    )
