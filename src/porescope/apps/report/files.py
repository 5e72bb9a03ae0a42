"""The files that ``solve`` writes for one pattern."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np

from porescope.diffraction.radiation import Radiation
from porescope.workflows.solution import Candidate, FittedCurve, SolveResult

STALE = ("candidate_[0-9]*.cif", "fit_[0-9]*.csv", "candidates.json", "report.html")
"""Names that belong to one run and must not outlive it."""


def _number(value: float, *, digits: int = 6) -> float | None:
    """A number for JSON, which knows neither NaN nor infinity."""
    value = float(value)
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def _radiation(radiation: Radiation) -> dict[str, object]:
    return {
        "kind": radiation.kind,
        "name": radiation.name,
        "wavelengths": [_number(x, digits=8) for x in radiation.wavelengths],
        "weights": [_number(x) for x in radiation.weights],
    }


def cif_name(candidate: Candidate) -> str | None:
    """Name of the candidate's CIF, or ``None`` where coordinates are not known."""
    return None if candidate.crystal is None else f"candidate_{candidate.rank:02d}.cif"


def fit_name(candidate: Candidate) -> str | None:
    """Name of the candidate's table of the fit, or ``None`` where it was not fitted."""
    return None if candidate.curve is None else f"fit_{candidate.rank:02d}.csv"


def candidate_record(candidate: Candidate) -> dict[str, object]:
    """One candidate as it stands in ``candidates.json``.

    Parameters
    ----------
    candidate:
        The candidate.

    Returns
    -------
    :
        Plain values; lengths in Å, angles in °, shares from 0 to 1.
    """
    return {
        "rank": candidate.rank,
        "id": candidate.id,
        "name": candidate.name,
        "group": candidate.group,
        "source": candidate.source,
        "formula": candidate.formula,
        "cell": [_number(x, digits=7) for x in candidate.cell],
        "space_group": candidate.space_group,
        "rwp": _number(candidate.rwp),
        "rwp_le_bail": _number(candidate.rwp_le_bail),
        "peaks_explained": _number(candidate.peaks_explained),
        "probability": _number(candidate.probability),
        "strain_percent": [_number(x) for x in candidate.strain_percent],
        "similarity": _number(candidate.similarity, digits=4),
        "cif": cif_name(candidate),
        "fit": fit_name(candidate),
        "doi": candidate.doi,
        "licence": candidate.licence,
        "status": candidate.status,
    }


def result_record(result: SolveResult, *, file: str) -> dict[str, object]:
    """The whole answer as it stands in ``candidates.json``.

    Parameters
    ----------
    result:
        The answer.
    file:
        The measured file, as the user named it.

    Returns
    -------
    :
        Plain values that JSON can hold.
    """
    peaks = [
        {
            "two_theta_deg": _number(peak.two_theta_deg),
            "d": _number(peak.d),
            "relative_intensity": _number(peak.relative_intensity, digits=4),
            "assigned_to": peak.assigned_to,
        }
        for peak in result.unexplained_peaks
    ]
    return {
        "file": file,
        "verdict": result.verdict,
        "candidates": [candidate_record(candidate) for candidate in result.candidates],
        "none_of_these": _number(result.none_of_these),
        "wavelength": _number(result.radiation.wavelength, digits=8),
        "radiation": _radiation(result.radiation),
        "unexplained_peaks": peaks,
        "phases": [
            asdict(phase) | {"share_of_intensity": _number(phase.share_of_intensity, digits=4)}
            for phase in result.phases
        ],
        "warnings": list(result.warnings),
        "steps": list(result.steps),
        "methods": result.methods,
        "settings": dict(result.settings),
        "n_searched": result.n_searched,
        "version": result.version,
        "seconds": _number(result.seconds, digits=4),
    }


def _write_fit(curve: FittedCurve, path: Path) -> None:
    """The fit as a table of five columns."""
    columns = np.column_stack(
        [
            curve.two_theta_deg,
            curve.observed,
            curve.calculated,
            curve.background,
            curve.observed - curve.calculated,
        ]
    )
    with path.open("w", encoding="utf-8") as stream:
        stream.write("two_theta_deg,observed,calculated,background,difference\n")
        np.savetxt(stream, columns, fmt=["%.5f", "%.7g", "%.7g", "%.7g", "%.7g"], delimiter=",")


def write_results(
    result: SolveResult,
    folder: Path,
    *,
    file: str,
) -> None:
    """Write ``candidates.json``, the CIFs, the fits and the page into an existing folder.

    Parameters
    ----------
    result:
        The answer.
    folder:
        An existing folder; files of the same names are overwritten.
    file:
        The measured file, as the user named it.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    from porescope.apps.report.page import report_html
    from porescope.io.cif_write import write_cif

    for candidate in result.candidates:
        cif, fit = cif_name(candidate), fit_name(candidate)
        if cif is not None and candidate.crystal is not None:
            write_cif(candidate.crystal, folder / cif)
        if fit is not None and candidate.curve is not None:
            _write_fit(candidate.curve, folder / fit)
    (folder / "report.html").write_text(report_html(result, file=file), encoding="utf-8")
    record = result_record(result, file=file)
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "candidates.json").write_text(text + "\n", encoding="utf-8")
