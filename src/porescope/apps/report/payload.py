"""What the page's scripts get: curves, structures and texts of each candidate."""

from __future__ import annotations

import numpy as np

from porescope.apps.report.advice import percent
from porescope.apps.report.packing import Packer
from porescope.apps.report.preview import thinned
from porescope.apps.report.structure import MAX_ATOMS, structure_record
from porescope.workflows.solution import Candidate, FittedCurve, SolveResult

MAX_POINTS = 16_000
"""Longer curves are thinned on the page; the CSV keeps every point."""
_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_POINT_BUDGET = 160_000
_ATOM_BUDGET = 12_000


def cell_text(cell: tuple[float, ...]) -> str:
    """A cell in one line, equal lengths and right angles said once.

    Parameters
    ----------
    cell:
        a, b, c [Å], alpha, beta, gamma [°].

    Returns
    -------
    :
        Text such as ``a = 16.991 Å`` or ``a = b = 13.675, c = 14.767 Å, γ = 120°``.
    """
    a, b, c, alpha, beta, gamma = cell
    same_ab, same_bc = abs(a - b) < 5e-4, abs(b - c) < 5e-4
    if same_ab and same_bc:
        lengths = f"a = {a:.3f} Å"
    elif same_ab:
        lengths = f"a = b = {a:.3f}, c = {c:.3f} Å"
    else:
        lengths = f"a = {a:.3f}, b = {b:.3f}, c = {c:.3f} Å"
    angles = [
        f"{name} = {value:.2f}°".replace(".00°", "°")
        for name, value in zip("αβγ", (alpha, beta, gamma), strict=True)
        if abs(value - 90.0) > 5e-3
    ]
    return ", ".join([lengths, *angles])


def strain_text(strain: tuple[float, float, float]) -> str:
    """The change of the axes against the library's cell.

    Parameters
    ----------
    strain:
        Change of a, b, c [%].

    Returns
    -------
    :
        One number where the axes agree, otherwise three; empty where it is unknown.
    """
    if any(value != value for value in strain):
        return ""
    shown: tuple[float, ...] = strain
    if max(strain) - min(strain) < 0.005:
        shown = strain[:1]
    text = " / ".join(f"{value:+.2f}" for value in shown) + " %"
    return text.replace("-", "\N{MINUS SIGN}")


def missing_text(candidate: Candidate) -> str:
    """Why the atoms of a candidate are not shown, or nothing."""
    if candidate.crystal is None:
        return (
            "Only the powder card of this framework is in the library: its cell and its lines, "
            "not its atoms. To see them, and to get a CIF, add a folder that holds its structure:"
        )
    if candidate.crystal.n_atoms > MAX_ATOMS:
        n_atoms = f"{candidate.crystal.n_atoms:,}".replace(",", " ")
        return f"The cell holds {n_atoms} atoms, too many to draw here; the CIF holds them all."
    return ""


def candidate_texts(candidate: Candidate) -> dict[str, str]:
    """Texts that change when another candidate is chosen.

    Parameters
    ----------
    candidate:
        The candidate.

    Returns
    -------
    :
        Texts by the name of the place that they fill.
    """
    crystal = candidate.crystal
    return {
        "name": candidate.name or candidate.id,
        "rwp": percent(candidate.rwp, digits=1),
        "rwp_le_bail": percent(candidate.rwp_le_bail, digits=1),
        "peaks": percent(candidate.peaks_explained),
        "probability": percent(candidate.probability),
        "formula": candidate.formula.translate(_LOW),
        "cell": cell_text(candidate.cell),
        "strain": strain_text(candidate.strain_percent),
        "space_group": candidate.space_group,
        "atoms": "" if crystal is None else str(crystal.n_atoms),
        "density": "" if crystal is None else f"{crystal.density:.3f} g/cm³",
        "volume": f"{volume_of(candidate.cell):,.1f} Å³".replace(",", " "),
        "source": candidate.source.removeprefix("library:"),
        "status": "" if candidate.status == "ok" else candidate.status,
        "missing": missing_text(candidate),
        "command": "porescope library add FOLDER" if crystal is None else "",
    }


def volume_of(cell: tuple[float, ...]) -> float:
    """Volume of a cell [Å³] from a, b, c [Å], alpha, beta, gamma [°]."""
    cosines = np.cos(np.deg2rad(np.asarray(cell[3:], dtype=np.float64)))
    root = 1.0 - float(cosines @ cosines) + 2.0 * float(np.prod(cosines))
    return float(np.prod(cell[:3]) * np.sqrt(max(root, 0.0)))


def _curve(curve: FittedCurve, *, packer: Packer) -> dict[str, object]:
    keep = thinned(curve.observed, most=MAX_POINTS)
    return {
        "x": packer.linear(curve.two_theta_deg[keep], step=1e-5),
        "observed": packer.intensities(curve.observed[keep]),
        "calculated": packer.intensities(curve.calculated[keep]),
        "background": packer.intensities(curve.background[keep]),
        "ticks": packer.linear(curve.ticks_two_theta_deg, step=1e-4),
        "hkl": list(curve.ticks_hkl),
    }


def page_data(result: SolveResult) -> str:
    """The packed data of the page.

    Parameters
    ----------
    result:
        The answer.

    Returns
    -------
    :
        Text for the page; see ``packing``.
    """
    packer = Packer()
    points = atoms = 0
    records: list[dict[str, object]] = []
    for candidate in result.candidates:
        record: dict[str, object] = {
            "rank": candidate.rank,
            "texts": candidate_texts(candidate),
            "curve": None,
        }
        if candidate.curve is not None and points < _POINT_BUDGET:
            points += min(len(candidate.curve.observed), MAX_POINTS)
            record["curve"] = _curve(candidate.curve, packer=packer)
        crystal = candidate.crystal
        n_atoms = 0 if crystal is None else crystal.n_atoms
        atoms += n_atoms
        within = crystal if atoms <= _ATOM_BUDGET or not records else None
        if crystal is not None and within is None:
            record["texts"] = candidate_texts(candidate) | {
                "missing": "Its atoms are not drawn here, to keep the page small; see its CIF."
            }
        record["structure"] = structure_record(within, cell=candidate.cell, packer=packer)
        records.append(record)
    unexplained = [
        {
            "x": round(float(peak.two_theta_deg), 4),
            "text": f"{peak.two_theta_deg:.2f}°, "
            + (f"fits {peak.assigned_to}" if peak.assigned_to else "not explained"),
        }
        for peak in result.unexplained_peaks
        if np.isfinite(peak.two_theta_deg)
    ]
    return packer.text(
        {
            "wavelength": float(result.radiation.wavelength),
            "candidates": records,
            "unexplained": unexplained,
        }
    )
