"""Exchange files of older programs: Philips UDF, MDI JADE and Sietronics CPI."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from jaxtyping import Float

from porescope.errors import ParseError
from porescope.io.patterns.emission import radiation_from_tube
from porescope.io.patterns.formats import PatternFormat
from porescope.io.patterns.ranges import stepped_angles
from porescope.io.patterns.scan import MAX_POINTS, Scan
from porescope.io.patterns.source import number, text_from_bytes

_MDI_LINE = re.compile(
    rb"^\s*-?[\d.]+\s+[\d.]+\s+[\d.]+\s+[A-Za-z]{1,2}\s+[\d.]+\s+[\d.]+\s+\d+\s*$"
)


def _counts(
    texts: list[str], *, start: float, step: float, stop: float, path: Path
) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"]]:
    """Angles and counts, as many as start, step and end say."""
    if not (np.isfinite([start, step, stop]).all() and step > 0.0 and stop > start):
        raise ParseError(
            f"expected start, step and end of the scan, came {start:g}, {step:g} and {stop:g}",
            path=path,
        )
    planned = (stop - start) / step
    if planned > MAX_POINTS:
        raise ParseError(f"expected at most {MAX_POINTS} points, came {planned:.0f}", path=path)
    n_points = round(planned) + 1
    values = np.array([number(text, what="counts", path=path) for text in texts], dtype=float)
    if len(values) < n_points - 1:
        raise ParseError(
            f"expected {n_points} counts as the header says, came {len(values)}: the file is cut "
            "off; copy it again",
            path=path,
        )
    values = values[:n_points]
    return stepped_angles(start, step, len(values), path=path), values


def read_udf(data: bytes, path: Path) -> Scan:
    """Philips UDF.

    Raises
    ------
    ParseError
        Cut off, or no scan in 2θ.
    """
    head, _, body = text_from_bytes(data, path=path).partition("RawScan")
    said: dict[str, list[str]] = {}
    for line in head.splitlines():
        key, *values = (part.strip() for part in line.rstrip().rstrip("/").split(","))
        said[key] = [value for value in values if value]

    def value(key: str, index: int = 0) -> float:
        texts = said.get(key, [])
        return number(texts[index], what=key, path=path) if len(texts) > index else 0.0

    start, stop = value("DataAngleRange", 0), value("DataAngleRange", 1)
    texts = body.partition("/")[0].replace(",", " ").split()
    angle, counts = _counts(texts, start=start, step=value("ScanStepSize"), stop=stop, path=path)
    anode = " ".join(said.get("Anode", []))
    return Scan(
        axis=angle,
        intensity=counts,
        unit="counts",
        format="udf",
        name=" ".join(said.get("SampleIdent", [])),
        radiation=radiation_from_tube(
            anode=anode,
            alpha1=value("LabdaAlpha1"),
            alpha2=value("LabdaAlpha2"),
            ratio=value("RatioAlpha21"),
        ),
        metadata={"anode": anode} if anode else {},
    )


def read_mdi(data: bytes, path: Path) -> Scan:
    """MDI (JADE): a title, a line with the scan, counts.

    Raises
    ------
    ParseError
        Cut off.
    """
    lines = text_from_bytes(data, path=path).splitlines()
    parts = lines[1].split()
    start, step, _, wavelength, stop = (
        number(parts[index], what="the scan", path=path, line=2) for index in (0, 1, 2, 4, 5)
    )
    texts = " ".join(lines[2:]).split()
    angle, counts = _counts(texts, start=start, step=step, stop=stop, path=path)
    return Scan(
        axis=angle,
        intensity=counts,
        format="mdi",
        name=lines[0].strip()[:80],
        radiation=radiation_from_tube(
            anode=parts[3],
            alpha1=wavelength,
            # The file gives one wavelength; the anode's tabulated split is the other one.
            alpha2=_partner(parts[3], wavelength),
        ),
        notes=("the file names the anode and one wavelength: Kα2 was added at half weight",),
    )


def _partner(anode: str, alpha1: float) -> float:
    """Kα2 that belongs to a Kα1 [Å]; 0 where the anode is not known."""
    radiation = radiation_from_tube(anode=anode)
    if radiation is None or len(radiation.wavelengths) < 2:
        return 0.0
    return alpha1 * radiation.wavelengths[1] / radiation.wavelengths[0]


def read_cpi(data: bytes, path: Path) -> Scan:
    """Sietronics CPI: start, end, step, anode, wavelength, title, counts one a line.

    Raises
    ------
    ParseError
        Cut off.
    """
    lines = [line.strip() for line in text_from_bytes(data, path=path).splitlines()]
    at = next((i for i, line in enumerate(lines) if line.upper() == "SCANDATA"), None)
    if at is None or at < 6:
        raise ParseError("expected SCANDATA in the CPI file, came none: cut off", path=path)
    start, stop, step, wavelength = (
        number(lines[index], what="the header", path=path, line=index + 1) for index in (1, 2, 3, 5)
    )
    texts = [line for line in lines[at + 1 :] if line]
    angle, counts = _counts(texts, start=start, step=step, stop=stop, path=path)
    return Scan(
        axis=angle,
        intensity=counts,
        format="cpi",
        name=lines[8][:80] if at > 8 else "",
        radiation=radiation_from_tube(
            anode=lines[4], alpha1=wavelength, alpha2=_partner(lines[4], wavelength)
        ),
        notes=("the file names the anode and one wavelength: Kα2 was added at half weight",),
    )


UDF = PatternFormat(
    name="udf",
    title="Philips UDF",
    extensions=(".udf",),
    matches=lambda data: data[:12].startswith(b"SampleIdent,") or b"\nRawScan" in data[:4096],
    read=read_udf,
)
MDI = PatternFormat(
    name="mdi",
    title="MDI JADE text",
    extensions=(".mdi",),
    matches=lambda data: (
        _MDI_LINE.match(data[:2048].partition(b"\n")[2].partition(b"\n")[0]) is not None
    ),
    read=read_mdi,
)
CPI = PatternFormat(
    name="cpi",
    title="Sietronics CPI",
    extensions=(".cpi",),
    matches=lambda data: data[:19].upper() == b"SIETRONICS XRD SCAN",
    read=read_cpi,
)
