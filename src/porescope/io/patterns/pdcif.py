"""Powder patterns in CIF (pdCIF).

Dictionary: B. H. Toby, R. B. Von Dreele and A. C. Larson, J. Appl. Cryst. 36, 1290 (2003),
https://doi.org/10.1107/S0021889803016819.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
from jaxtyping import Bool, Float

from porescope.diffraction.radiation import Radiation
from porescope.errors import ParseError
from porescope.io.patterns.emission import (
    SYNCHROTRON_POLARISATION,
    is_wavelength,
    monochromator_angle,
    radiation_from_text,
)
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.scan import MAX_POINTS, AxisKind, Scan, Unit
from porescope.io.patterns.source import text_from_bytes
from porescope.io.patterns.uncertainty import scatter_ratio

_AXES: tuple[tuple[str, AxisKind], ...] = (
    ("_pd_proc_2theta_corrected", "two_theta_deg"),
    ("_pd_meas_2theta_corrected", "two_theta_deg"),
    ("_pd_meas_2theta_scan", "two_theta_deg"),
    ("_pd_meas_angle_2theta", "two_theta_deg"),
    ("_pd_calc_2theta", "two_theta_deg"),
    ("_pd_proc_d_spacing", "d"),
    ("_pd_proc_recip_len_q", "q_per_angstrom"),
)
_INTENSITIES: tuple[tuple[str, Unit], ...] = (
    ("_pd_meas_counts_total", "counts"),
    ("_pd_meas_intensity_total", "unknown"),
    ("_pd_proc_intensity_total", "unknown"),
    ("_pd_meas_counts_net", "unknown"),
    ("_pd_meas_intensity_net", "unknown"),
    ("_pd_proc_intensity_net", "unknown"),
)
_VALUE = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\((\d+)\))?$")


def read_pdcif(data: bytes, path: Path) -> Scan:
    """The observed pattern of a CIF; of several, the longest.

    Raises
    ------
    ParseError
        Not parseable, no observed pattern, or time of flight.
    """
    text = text_from_bytes(data, path=path)
    start = re.search(r"^\s*data_", text, re.MULTILINE | re.IGNORECASE)
    try:
        document = gemmi.cif.read_string(text[start.start() :] if start else text)
        blocks = list(document)
    except (ValueError, RuntimeError, UnicodeError, IndexError) as error:
        raise ParseError(
            f"the CIF cannot be parsed ({(str(error).splitlines() or ['damaged'])[0][:120]}); "
            "copy or export the file again",
            path=path,
        ) from error
    found = [one for block in blocks for one in _observed_in(block)]
    if not found:
        raise ParseError(
            "expected a measured pattern, came a CIF without observed powder intensities; "
            "a structure is given to porescope simulate, not read as a pattern",
            path=path,
        )
    block, tag, unit, size = max(found, key=lambda one: one[3])
    if size > MAX_POINTS:
        raise ParseError(f"expected at most {MAX_POINTS} points, came {size}", path=path)
    notes: list[str] = []
    if len(found) > 1:
        notes.append(
            f"the file has {len(found)} lists of intensities: {tag} of {size} points taken"
        )
    intensity, esd = _values(_column(block, tag), path)
    axis, kind, note = _axis_of(block, size, path)
    notes += note
    sigma, unit, note = _sigma_of(block, intensity, esd, unit, path)
    notes += note
    axis, intensity, sigma, note = _measured_only(axis, intensity, sigma)
    notes += note
    radiation, note = _radiation_of([block, *(one for one in blocks if one is not block)])
    notes += note
    return Scan(
        axis=axis,
        axis_kind=kind,
        intensity=intensity,
        sigma=sigma,
        unit=unit,
        format="pdcif",
        radiation=radiation,
        name=block.name[:80],
        metadata=_metadata_of(blocks),
        notes=tuple(notes),
    )


def _column(block: Any, tag: str) -> list[str]:
    """Values of a tag in a block, from a loop or alone."""
    return [str(value) for value in block.find_values(tag)]


def _observed_in(block: Any) -> list[tuple[Any, str, Unit, int]]:
    """Best list of observed intensities of one block: block, tag, unit, length."""
    for tag, unit in _INTENSITIES:
        size = len(_column(block, tag))
        if size > 1:
            return [(block, tag, unit, size)]
    return []


def _values(
    column: Sequence[str], path: Path
) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"]]:
    """Numbers and the uncertainties in their parentheses; NaN where there is none."""
    numbers = np.full(len(column), np.nan)
    errors = np.full(len(column), np.nan)
    for index, raw in enumerate(column):
        text = str(raw).strip("'\"")
        if text in (".", "?"):
            continue
        match = _VALUE.match(text)
        if match is None:
            raise ParseError(
                f"expected a number in the list of points, came {text[:40]!r} at point {index + 1}",
                path=path,
            )
        numbers[index] = float(match.group(1))
        if match.group(2):
            mantissa, _, exponent = match.group(1).lower().partition("e")
            decimals = len(mantissa.partition(".")[2]) - (int(exponent) if exponent else 0)
            errors[index] = float(match.group(2)) * 10.0 ** max(-300, min(300, -decimals))
    return numbers, errors


def _axis_of(
    block: Any, size: int, path: Path
) -> tuple[Float[np.ndarray, "points"], AxisKind, list[str]]:
    for tag, kind in _AXES:
        column = _column(block, tag)
        if len(column) == size:
            values, _ = _values(column, path)
            if np.isfinite(values).sum() > size // 2:
                return values, kind, []
    for part in ("proc", "meas"):
        ends = [_single(block, f"_pd_{part}_2theta_range_{end}") for end in ("min", "inc", "max")]
        low, step, high = ends
        if np.isfinite(low) and np.isfinite(step) and step != 0.0:
            last = low + step * (size - 1)
            if np.isfinite(high) and abs(last - high) > 0.6 * abs(step) + 1e-5 * size:
                raise ParseError(
                    f"the file contradicts itself: {size} points from {low:g}° in steps of "
                    f"{step:g}° end at {last:g}°, not at {high:g}°",
                    path=path,
                )
            return low + step * np.arange(size), "two_theta_deg", []
    if len(_column(block, "_pd_meas_time_of_flight")):
        raise ParseError(
            "this is a time-of-flight pattern without d values; only constant wavelengths or d "
            "are read",
            path=path,
        )
    raise ParseError("expected angles or a range of angles in the CIF, came none", path=path)


def _single(block: Any, tag: str) -> float:
    value = block.find_value(tag)
    match = _VALUE.match(value.strip("'\"")) if value else None
    return float(match.group(1)) if match else float("nan")


def _sigma_of(
    block: Any,
    intensity: Float[np.ndarray, "points"],
    esd: Float[np.ndarray, "points"],
    unit: Unit,
    path: Path,
) -> tuple[Float[np.ndarray, "points"] | None, Unit, list[str]]:
    """From parentheses, else counts, else the least-squares weights if they make sense."""
    good = np.isfinite(esd) & (esd > 0)
    if good.sum() > 0.5 * len(esd):
        return esd, unit, []
    if unit == "counts":
        return None, unit, []
    column = _column(block, "_pd_proc_ls_weight")
    if len(column) != len(intensity):
        return None, unit, []
    weight, _ = _values(column, path)
    used = np.isfinite(weight) & (weight > 0) & np.isfinite(intensity) & (intensity > 0)
    if used.sum() < 0.5 * len(weight):
        return None, unit, []
    expected = scatter_ratio(intensity[np.isfinite(intensity)])
    root = np.sqrt(intensity[used])
    candidates = {
        "the weights were taken as 1/σ²": 1.0 / np.sqrt(weight[used]),
        "the weights are σ and not 1/σ²: taken so": weight[used],
    }
    for note, sigma in candidates.items():
        ratio = float(np.median(sigma / root))
        if 0.5 < ratio < 2.0 or 0.5 * expected < ratio < 3.0 * expected:
            full = np.full(len(weight), np.nan)
            full[used] = sigma
            return full, unit, [note]
    return None, unit, ["the weights in the file fit no uncertainty: left out"]


def _measured_only(
    axis: Float[np.ndarray, "points"],
    intensity: Float[np.ndarray, "points"],
    sigma: Float[np.ndarray, "points"] | None,
) -> tuple[
    Float[np.ndarray, "kept"],
    Float[np.ndarray, "kept"],
    Float[np.ndarray, "kept"] | None,
    list[str],
]:
    """Without the points that the file leaves open."""
    keep: Bool[np.ndarray, "points"] = np.isfinite(axis) & np.isfinite(intensity)
    if keep.all():
        return axis, intensity, sigma, []
    missing = int((~keep).sum())
    return (
        axis[keep],
        intensity[keep],
        None if sigma is None else sigma[keep],
        [f"{missing} points without a value were left out"],
    )


def _first(blocks: Sequence[Any], tag: str) -> list[str]:
    """Values of a tag in the first block that has them."""
    for block in blocks:
        values = [one.strip("'\"; \n") for one in _column(block, tag)]
        values = [one for one in values if one not in (".", "?", "")]
        if values:
            return values
    return []


def _radiation_of(blocks: Sequence[Any]) -> tuple[Radiation | None, tuple[str, ...]]:
    """Radiation from probe, type, wavelengths, weights and monochromator."""
    probe = " ".join(_first(blocks, "_diffrn_radiation_probe")).lower()
    kind = " ".join(_first(blocks, "_diffrn_radiation_type"))
    crystal = " ".join(_first(blocks, "_diffrn_radiation_monochromator"))
    texts = _first(blocks, "_diffrn_radiation_wavelength") or _first(blocks, "_pd_proc_wavelength")
    matches = [_VALUE.match(text) for text in texts]
    waves = [float(match.group(1)) for match in matches if match]
    waves = [wave for wave in waves if is_wavelength(wave)]
    angle = monochromator_angle(crystal, wavelength=waves[0]) if waves else None
    if "neutron" in f"{probe} {kind}".lower():
        if not waves:
            return None, ()
        return Radiation(
            kind="neutron", wavelengths=(waves[0],), monochromator_two_theta_deg=angle
        ), ()
    if len(waves) > 1:
        return _several(waves, _first(blocks, "_diffrn_radiation_wavelength_wt"), angle)
    source = f"{kind} {' '.join(_first(blocks, '_diffrn_source'))}".lower()
    if waves and "synchrotron" in source:
        return Radiation(
            wavelengths=(waves[0],),
            polarisation=SYNCHROTRON_POLARISATION,
            monochromator_two_theta_deg=angle,
        ), ()
    said = f"{kind}\n" + (f"wavelength {waves[0]:.6f}" if waves else "")
    radiation, notes = radiation_from_text(said)
    if radiation is not None and radiation.name.endswith("Ka1") and "graphite" in crystal.lower():
        said = re.sub(r"~?1~?", "", kind, count=1) + f"\nwavelength {waves[0]:.6f}"
        radiation, _ = radiation_from_text(said)
        notes = ("the file names Kα1, but graphite lets Kα2 through: both lines were taken",)
    if radiation is None:
        return None, notes
    return Radiation(
        kind=radiation.kind,
        wavelengths=radiation.wavelengths,
        weights=radiation.weights,
        name=radiation.name,
        polarisation=radiation.polarisation,
        monochromator_two_theta_deg=angle,
    ), notes


def _several(
    waves: list[float], weights: list[str], angle: float | None
) -> tuple[Radiation, tuple[str, ...]]:
    """Lines of a loop, strongest first; only those that belong to one doublet."""
    matches = [_VALUE.match(text) for text in weights]
    parsed = [float(match.group(1)) for match in matches if match]
    notes: tuple[str, ...] = ()
    if len(parsed) != len(waves) or max(parsed, default=0.0) <= 0.0:
        parsed = [1.0] + [0.5] * (len(waves) - 1)
        notes = ("the file gives no weights of its wavelengths: 1 and ½ were taken",)
    order = sorted(range(len(waves)), key=lambda i: -parsed[i])
    first = order[0]
    near = [i for i in order if abs(waves[i] / waves[first] - 1.0) < 0.03 and parsed[i] > 0.0]
    return Radiation(
        wavelengths=tuple(waves[i] for i in near),
        weights=tuple(parsed[i] / parsed[first] for i in near),
        monochromator_two_theta_deg=angle,
    ), notes


def _metadata_of(blocks: Sequence[Any]) -> dict[str, str]:
    tags = {
        "device": "_diffrn_measurement_device_type",
        "radiation": "_diffrn_radiation_type",
        "monochromator": "_diffrn_radiation_monochromator",
        "rwp_published": "_pd_proc_ls_prof_wr_factor",
        "temperature_k": "_diffrn_ambient_temperature",
    }
    said = {name: _first(blocks, tag) for name, tag in tags.items()}
    return {name: values[0][:200] for name, values in said.items() if values}


PDCIF = PatternFormat(
    name="pdcif",
    title="powder CIF",
    extensions=(".cif", ".rtv"),
    matches=lambda data: (
        re.search(rb"(?:^|\n)\s*data_\S", data[:262144]) is not None
        and re.search(rb"(?:^|\n)\s*(?:loop_|_[a-zA-Z]\w*)", data[:262144]) is not None
    ),
    read=read_pdcif,
)
